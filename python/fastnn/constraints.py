"""Constraints: what is imposed on a weight after each update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import _core
from fastnn.configurable import Configurable, converts
from fastnn.naming import lookup, snake_case

_EPSILON = 1e-7


class Constraint(Configurable):
    """Base of all constraints: called with an array, it returns the nearest allowed one."""

    keras_module = "keras.constraints"

    def bind(self, handle: _core.Variable) -> None:
        """Has the core impose it on a weight after each update."""
        handle.set_constraint(snake_case(type(self).__name__), self.values(), self.axes())

    def values(self) -> list[float]:
        """The numbers the core needs."""
        return []

    def axes(self) -> list[int]:
        """The axes along which the norm is taken."""
        axis = self.__dict__.get("axis")
        return [] if axis is None else [int(axis)] if isinstance(axis, (int, np.integer)) else [int(a) for a in axis]

    def _norm(self, array: NDArray[Any]) -> NDArray[Any]:
        norm: NDArray[Any] = np.sqrt(np.square(array).sum(axis=tuple(self.axes()), keepdims=True))
        return norm

    def __call__(self, w: ArrayLike) -> NDArray[np.float32]:
        """The array as it would be after an update."""
        raise NotImplementedError


class MaxNorm(Constraint):
    """No column of weights is longer than `max_value`.

    Args:
        max_value: The longest norm allowed.
        axis: Along which the norm is taken: 0 for Dense, (0, 1, 2) for Conv2D.
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0) -> None:
        if not max_value >= 0:
            raise ValueError(f"MaxNorm expects max_value of at least 0, got {max_value!r}")

    def values(self) -> list[float]:
        return [float(self.max_value)]

    def __call__(self, w: ArrayLike) -> NDArray[np.float32]:
        array = np.asarray(w, dtype=np.float32)
        norm = self._norm(array)
        return np.asarray(array * (np.clip(norm, 0, self.max_value) / (_EPSILON + norm)), dtype=np.float32)


class NonNeg(Constraint):
    """No weight is below zero."""

    def __call__(self, w: ArrayLike) -> NDArray[np.float32]:
        array = np.asarray(w, dtype=np.float32)
        return array * (array >= 0)


class UnitNorm(Constraint):
    """Every column of weights has length 1.

    Args:
        axis: Along which the norm is taken.
    """

    def __init__(self, axis: int | Sequence[int] = 0) -> None:
        pass

    def __call__(self, w: ArrayLike) -> NDArray[np.float32]:
        array = np.asarray(w, dtype=np.float32)
        return np.asarray(array / (_EPSILON + self._norm(array)), dtype=np.float32)


class MinMaxNorm(Constraint):
    """Every column's length is drawn towards the range from `min_value` to `max_value`.

    Args:
        min_value: The shortest norm.
        max_value: The longest norm.
        rate: How far to go at each update: 1 is all the way.
        axis: Along which the norm is taken.
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: int | Sequence[int] = 0
    ) -> None:
        if not 0 <= min_value <= max_value:
            raise ValueError(f"MinMaxNorm expects 0 <= min_value <= max_value, got {min_value!r} and {max_value!r}")
        if not 0 <= rate <= 1:
            raise ValueError(f"MinMaxNorm expects a rate from 0 to 1, got {rate!r}")

    def values(self) -> list[float]:
        return [float(self.min_value), float(self.max_value), float(self.rate)]

    def __call__(self, w: ArrayLike) -> NDArray[np.float32]:
        array = np.asarray(w, dtype=np.float32)
        norm = self._norm(array)
        wanted = self.rate * np.clip(norm, self.min_value, self.max_value) + (1 - self.rate) * norm
        return np.asarray(array * (wanted / (_EPSILON + norm)), dtype=np.float32)


max_norm = MaxNorm
non_neg = NonNeg
unit_norm = UnitNorm
min_max_norm = MinMaxNorm

_classes: dict[str, type[Constraint]] = {
    name: cls for cls in (MaxNorm, NonNeg, UnitNorm, MinMaxNorm) for name in (snake_case(cls.__name__), cls.__name__)
}


@converts("_constraint")
def get(identifier: Any) -> Constraint | None:
    """The constraint that a name, a config, a class or an object means.

    Raises:
        ValueError: The name is unknown; the message proposes the nearest.
        TypeError: A Python function: not supported yet.
    """
    if identifier is None or isinstance(identifier, Constraint):
        return identifier
    if isinstance(identifier, str):
        return lookup("constraint", identifier, _classes)()  # type: ignore[no-any-return]
    if isinstance(identifier, Mapping):
        cls = lookup("constraint", identifier["class_name"], _classes)
        return cls.from_config(identifier.get("config", {}))  # type: ignore[no-any-return]
    if isinstance(identifier, type) and issubclass(identifier, Constraint):
        return identifier()
    raise TypeError(
        f"constraint {identifier!r} is not supported yet: use MaxNorm, NonNeg, UnitNorm or MinMaxNorm of "
        "fastnn.constraints"
    )
