"""Regularizers: penalties on weights (or activities) that are added to the loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastnn.configurable import Configurable, converts
from fastnn.naming import lookup
from fastnn.symbolic.tensors import operators


class Regularizer(Configurable):
    """Base of all penalties: l1 * sum(|w|) + l2 * sum(w**2).

    A regularizer of your own says its penalty in `__call__`, with the functions of `fastnn.ops`.
    """

    keras_module = "keras.regularizers"

    def is_custom(self) -> bool:
        """Whether the penalty is Python code, and not l1 and l2."""
        return type(self).__call__ is not Regularizer.__call__

    def strengths(self) -> tuple[float, float]:
        """(l1, l2)."""
        return float(self.__dict__.get("l1") or 0.0), float(self.__dict__.get("l2") or 0.0)

    def __call__(self, x: ArrayLike) -> float:
        """The penalty of an array."""
        array = np.asarray(x, dtype=np.float64)
        l1, l2 = self.strengths()
        return l1 * float(np.abs(array).sum()) + l2 * float(np.square(array).sum())

    def store_arguments(self, arguments: dict[str, Any]) -> None:
        super().store_arguments(arguments)
        for name, value in arguments.items():
            if name not in ("l1", "l2", "factor"):
                continue
            number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
            if value is not None and not (number and 0 <= value < np.inf):
                raise ValueError(f"{type(self).__name__} expects {name} to be a number of at least 0, got {value!r}")


class L1(Regularizer):
    """l1 * sum(|w|): drives weights to zero.

    Args:
        l1: The strength.
    """

    def __init__(self, l1: float = 0.01) -> None:
        pass


class L2(Regularizer):
    """l2 * sum(w**2): keeps weights small. A text that writes lambda/(2m) * sum(w**2) means l2 = lambda / (2 m).

    Args:
        l2: The strength.

    Example:
        >>> layers.Dense(32, activation="relu", kernel_regularizer=regularizers.L2(0.01))
    """

    def __init__(self, l2: float = 0.01) -> None:
        pass


class L1L2(Regularizer):
    """l1 * sum(|w|) + l2 * sum(w**2).

    Args:
        l1: The strength of the first.
        l2: The strength of the second.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        pass


class OrthogonalRegularizer(Regularizer):
    """Keeps the rows (or columns) of a matrix at right angles: factor * the mean |cosine| of two of them, halved.

    Args:
        factor: The strength.
        mode: "rows" or "columns".

    Raises:
        ValueError: The mode is another, or the weight is no matrix.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer expects mode 'rows' or 'columns', got {mode!r}")

    def __call__(self, x: Any) -> Any:
        if len(x.shape) != 2:
            raise ValueError(f"OrthogonalRegularizer expects a matrix, got shape {tuple(x.shape)}")
        axis = 1 if self.mode == "rows" else 0
        unit = x / operators["sqrt"](operators["sum"](x * x, axis, True) + 1e-12)
        turned = operators["transpose"](unit)
        product = operators["matmul"](unit, turned) if axis else operators["matmul"](turned, unit)
        size = x.shape[1 - axis]
        others = product * (1.0 - np.eye(size, dtype=np.float32))
        return self.factor * 0.5 * operators["sum"](operators["abs"](others)) / max(size * (size - 1) / 2.0, 1.0)


class FunctionRegularizer(Regularizer):
    """A Python function of a weight as a regularizer.

    Args:
        function: Returns the penalty, computed with `fastnn.ops`.
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        pass

    def __call__(self, x: Any) -> Any:
        return self.function(x)


l1 = L1
l2 = L2


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """An `L1L2`, by its older name and with its older defaults."""
    return L1L2(l1, l2)


_classes: dict[str, Any] = {
    "l1": L1, "l2": L2, "l1_l2": l1_l2, "L1": L1, "L2": L2, "L1L2": L1L2, "l1l2": L1L2,
    "OrthogonalRegularizer": OrthogonalRegularizer, "orthogonal_regularizer": OrthogonalRegularizer,
}  # fmt: skip


@converts("_regularizer")
def get(identifier: Any) -> Regularizer | None:
    """The regularizer that a name, a config, a class or an object means.

    Raises:
        ValueError: The name is unknown; the message proposes the nearest.
        TypeError: It is nothing of the kind.
    """
    if identifier is None or isinstance(identifier, Regularizer):
        return identifier
    if isinstance(identifier, str):
        return lookup("regularizer", identifier, _classes)()  # type: ignore[no-any-return]
    if isinstance(identifier, Mapping):
        cls = lookup("regularizer", identifier["class_name"], _classes)
        return cls(**identifier.get("config", {}))  # type: ignore[no-any-return]
    if isinstance(identifier, type) and issubclass(identifier, Regularizer):
        return identifier()
    if callable(identifier):
        return FunctionRegularizer(identifier)
    raise TypeError(f"regularizer expects a name, an object of fastnn.regularizers or a function, got {identifier!r}")
