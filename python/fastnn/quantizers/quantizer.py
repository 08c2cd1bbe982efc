"""Quantizers as objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from fastnn.configurable import Configurable
from fastnn.quantizers.scaling import abs_max_quantize


class Quantizer(Configurable):
    """Base of quantizers, which returns numbers as they are.

    Args:
        output_dtype: Type of the integers.

    Example:
        >>> fastnn.quantizers.Quantizer()(3.0)
        3.0
    """

    __fastnn_keras_module__ = "keras.quantizers"
    output_dtype: str

    def __init__(self, output_dtype: str = "int8") -> None:
        pass

    def __call__(self, x: Any) -> Any:
        """Returns `x` as it is; a class of your own returns integers of it."""
        return x

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal quantizer.

        Raises:
            NotImplementedError: A class of your own has no `get_config`, or it is the base itself.
        """
        if type(self) is Quantizer:
            raise NotImplementedError("Quantizer has no config of its own; a class derived from it has a get_config()")
        return super().get_config()


class AbsMaxQuantizer(Quantizer):
    """Quantizer by the largest absolute value; see `abs_max_quantize`.

    Args:
        axis: Axes over which the largest absolute value is taken; None: the last, or as the call says.
        value_range: Smallest and largest integer.
        epsilon: Added to the largest absolute value, so that zeros have a scale.
        output_dtype: Type of the integers.

    Raises:
        ValueError: The range does not fit into "int8".

    Example:
        >>> integers, scale = fastnn.quantizers.AbsMaxQuantizer()(np.array([[0.5, -1.0]]))
        >>> integers
        array([[  63, -127]], dtype=int8)
    """

    axis: tuple[int, ...] | None
    value_range: Sequence[float]
    epsilon: float

    def __init__(
        self,
        axis: int | Sequence[int] | None = None,
        value_range: Sequence[float] = (-127, 127),
        epsilon: float = 1e-7,
        output_dtype: str = "int8",
    ) -> None:
        super().__init__(output_dtype)
        if isinstance(axis, int):
            self.axis = (axis,)
        if output_dtype == "int8" and (value_range[0] < -128 or value_range[1] > 127):
            raise ValueError(
                f"AbsMaxQuantizer: output_dtype='int8' holds -128 to 127, got value_range={tuple(value_range)}"
            )

    def __call__(self, x: Any, axis: Any = None, to_numpy: bool = False) -> tuple[NDArray[Any], NDArray[Any]]:
        """Returns integers and the scale.

        Args:
            x: Array of numbers.
            axis: Axes over which the largest absolute value is taken; None: those of the constructor.
            to_numpy: Accepted for Keras compatibility; ignored.
        """
        axis = self.axis if axis is None else axis
        return abs_max_quantize(x, -1 if axis is None else axis, self.value_range, self.output_dtype, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal quantizer."""
        config = super().get_config()
        return config if self.axis is not None else {k: v for k, v in config.items() if k != "axis"}
