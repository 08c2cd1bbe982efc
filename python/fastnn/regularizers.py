"""Regularizers: penalties on weights or activations that are added to the loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from fastnn import object_forms
from fastnn.configurable import Configurable, converts
from fastnn.custom_objects import get_registered_object
from fastnn.naming import lookup
from fastnn.naming import missing_names as _missing_names
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced, operators

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "FunctionRegularizer",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


class Regularizer(Configurable):
    """Base class of all regularizers: l1 * sum(|w|) + l2 * sum(w**2).

    A custom regularizer returns its penalty from `__call__`, computed with `fastnn.ops`.

    Example:
        >>> class Spread(fastnn.regularizers.Regularizer):
        ...     def __call__(self, x):
        ...         return 0.5 * ops.var(x)
        >>> float(Spread()(np.array([0.0, 2.0])))
        0.5
    """

    __fastnn_keras_module__ = "keras.regularizers"

    def __fastnn_is_custom__(self) -> bool:
        """Returns True where the penalty is Python code rather than factors of l1 and l2."""
        return type(self).__call__ is not Regularizer.__call__

    def __fastnn_strengths__(self) -> tuple[float, float]:
        """Returns the factors (l1, l2)."""
        return float(self.__dict__.get("l1") or 0.0), float(self.__dict__.get("l2") or 0.0)

    def __call__(self, x: ArrayLike) -> float:
        """Returns the penalty of an array.

        Args:
            x: Array, or symbolic tensor.

        Returns:
            The penalty.
        """
        l1, l2 = self.__fastnn_strengths__()
        if is_traced(x):
            tensor: Any = x
            traced: float = operators["sum"](l1 * operators["abs"](tensor) + l2 * (tensor * tensor))
            return traced
        array = np.asarray(x, dtype=np.float64)
        return l1 * float(np.abs(array).sum()) + l2 * float(np.square(array).sum())

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Checks the arguments and keeps them as attributes."""
        super().__fastnn_store_arguments__(arguments)
        for name, value in arguments.items():
            if name not in ("l1", "l2", "factor"):
                continue
            number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
            if value is not None and not (number and 0 <= value < np.inf):
                raise ValueError(f"{type(self).__name__} expects {name} to be a number of at least 0, got {value!r}")


class L1(Regularizer):
    """L1 regularizer: l1 * sum(|w|), which drives weights to zero.

    Also called lasso. Its gradient has the same size for all weights (Tibshirani, 1996).

    Args:
        l1: Factor.

    Raises:
        ValueError: `l1` is not a number of at least 0.

    Example:
        >>> fastnn.regularizers.L1(0.5)(np.array([1.0, -2.0]))
        1.5
    """

    l1: float

    def __init__(self, l1: float = 0.01) -> None:
        pass


class L2(Regularizer):
    """L2 regularizer: l2 * sum(w**2), which keeps weights small.

    Also called ridge; with plain gradient descent it is weight decay (Krogh and Hertz, 1992).

    A text that writes the penalty as lambda / (2 m) * sum(w**2) means l2 = lambda / (2 m).

    Args:
        l2: Factor.

    Raises:
        ValueError: `l2` is not a number of at least 0.

    Example:
        >>> fastnn.regularizers.L2(0.5)(np.array([1.0, -2.0]))
        2.5
    """

    l2: float

    def __init__(self, l2: float = 0.01) -> None:
        pass


class L1L2(Regularizer):
    """L1 and L2 regularizer: l1 * sum(|w|) + l2 * sum(w**2). Also called elastic net (Zou and Hastie, 2005).

    Args:
        l1: Factor of the absolute values.
        l2: Factor of the squares.

    Raises:
        ValueError: A factor is not a number of at least 0.

    Example:
        >>> fastnn.regularizers.L1L2(l1=0.5, l2=0.5)(np.array([1.0, -2.0]))
        4.0
    """

    l1: float
    l2: float

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        pass


class OrthogonalRegularizer(Regularizer):
    """Regularizer towards orthogonal rows or columns: factor / 2 times the mean |cosine| of the angles between them.

    Args:
        factor: Factor.
        mode: "rows" or "columns".

    Raises:
        ValueError: `mode` is unknown, or the weight is not a matrix.

    Example:
        >>> float(fastnn.regularizers.OrthogonalRegularizer(factor=1.0)(np.eye(2)))
        0.0
    """

    factor: float
    mode: str

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer expects mode 'rows' or 'columns', got {mode!r}")

    def __call__(self, x: Any) -> Any:
        """Returns the penalty of a weight, an array or a symbolic tensor."""
        if len(x.shape) != 2:
            raise ValueError(f"OrthogonalRegularizer expects a matrix, got shape {tuple(x.shape)}")
        axis = 1 if self.mode == "rows" else 0
        unit = x / operators["sqrt"](operators["sum"](x * x, axis, True) + 1e-12)
        turned = operators["transpose"](unit)
        product = operators["matmul"](unit, turned) if axis else operators["matmul"](turned, unit)
        size = x.shape[1 - axis]
        others = product * (1.0 - np.eye(size, dtype=floatx()))
        return self.factor * 0.5 * operators["sum"](operators["abs"](others)) / max(size * (size - 1) / 2.0, 1.0)


class FunctionRegularizer(Regularizer):
    """Regularizer that calls a Python function of the weight.

    Args:
        function: Returns the penalty, computed with `fastnn.ops`.

    Example:
        >>> float(fastnn.regularizers.FunctionRegularizer(lambda w: ops.sum(w**4))(np.array([1.0, 2.0])))
        17.0
    """

    __fastnn_keras_function__ = "function"
    function: Callable[[Any], Any]

    def __init__(self, function: Callable[[Any], Any]) -> None:
        pass

    def __call__(self, x: Any) -> Any:
        """Returns the penalty of a weight, an array or a symbolic tensor."""
        return self.function(x)


l1 = L1
l2 = L2
orthogonal_regularizer = OrthogonalRegularizer


def l1_l2(l1: float = 0.0, l2: float = 0.0) -> L1L2:
    """Returns an `L1L2`, with the name of older Keras.

    Args:
        l1: Factor of the absolute values.
        l2: Factor of the squares.

    Returns:
        The regularizer.

    Example:
        >>> fastnn.regularizers.l1_l2(l2=0.5)
        L1L2(l2=0.5)
    """
    return L1L2(l1, l2)


_classes: dict[str, Any] = {
    "l1": L1, "l2": L2, "l1_l2": l1_l2, "L1": L1, "L2": L2, "L1L2": L1L2, "l1l2": L1L2,
    "OrthogonalRegularizer": OrthogonalRegularizer, "orthogonal_regularizer": OrthogonalRegularizer,
}  # fmt: skip


@converts("_regularizer")
def get(identifier: Any) -> Regularizer | None:
    """Returns the regularizer for a name, a config, a class, an object or a function.

    Args:
        identifier: Name such as "l2", config with "class_name" and "config", class or object of `Regularizer`, function
            of a weight, or None.

    Returns:
        The regularizer; None for None.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.
        TypeError: `identifier` is none of these.

    Example:
        >>> fastnn.regularizers.get("l2")
        L2()
    """
    if identifier is None or isinstance(identifier, Regularizer):
        return identifier
    if isinstance(identifier, str):
        registered = get_registered_object(identifier)
        if registered is None:
            return lookup("regularizer", identifier, _classes)()  # type: ignore[no-any-return]
        identifier = registered
    if isinstance(identifier, Mapping):
        return deserialize(identifier)  # type: ignore[no-any-return]
    if isinstance(identifier, type) and issubclass(identifier, Regularizer):
        return identifier()
    if callable(identifier):
        return FunctionRegularizer(identifier)
    raise TypeError(f"regularizer expects a name, an object of fastnn.regularizers or a function, got {identifier!r}")


def serialize(regularizer: Any) -> Any:
    """Returns a regularizer as values of JSON, in the form of Keras' files.

    Args:
        regularizer: The regularizer, or a registered class or function.

    Returns:
        Dict with "module", "class_name", "config" and "registered_name".

    Example:
        >>> fastnn.regularizers.serialize(fastnn.regularizers.L2(0.5))["class_name"]
        'L2'
    """
    return object_forms.serialize(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the regularizer that `serialize` described.

    Args:
        config: Dict with "class_name" and "config"; or a name.
        custom_objects: Classes and functions by the names that the config uses for them.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.

    Example:
        >>> fastnn.regularizers.deserialize(fastnn.regularizers.serialize(fastnn.regularizers.L2(0.5)))
        L2(l2=0.5)
    """
    return object_forms.deserialize(config, custom_objects, "regularizers")


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
