"""Layer that masks steps by a value."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.engine.layer import Layer


class Masking(Layer):
    """Layer that masks the steps whose elements all equal a value.

    The masked steps are set to 0, and recurrent layers skip them.

    Shapes: input (batch, steps, ...), output of the same shape.

    Args:
        mask_value: Number that marks a masked step.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Example:
        >>> layers.Masking(-1.0)(np.array([[[1.0, 2.0], [-1.0, -1.0]]])).tolist()
        [[[1.0, 2.0], [0.0, 0.0]]]
    """

    __fastnn_built_at_once__ = True
    supports_masking = True
    mask_value: float

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def call(self, inputs: Any) -> Any:
        """Returns the inputs with zeros at the masked steps."""
        counts = ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return ops.where(counts, inputs, 0.0)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the mask that is true where an element of a step differs from `mask_value`."""
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)
