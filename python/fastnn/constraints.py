"""Constraints: projections of weights that are applied after each update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import _core, object_forms
from fastnn.configurable import Configurable, converts
from fastnn.custom_objects import get_registered_object
from fastnn.naming import lookup, snake_case
from fastnn.naming import missing_names as _missing_names

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]

_EPSILON = 1e-7


class Constraint(Configurable):
    """Base class of all constraints: called with a weight, it returns the closest weight that is allowed.

    Example:
        >>> fastnn.constraints.Constraint()
        Constraint()
    """

    keras_module = "keras.constraints"

    def bind(self, handle: _core.Variable) -> None:
        """Lets the core apply the constraint to a weight after each update.

        Args:
            handle: Variable of the core.
        """
        handle.set_constraint(snake_case(type(self).__name__), self.values(), self.axes())

    def values(self) -> list[float]:
        """Returns the numbers that the core needs."""
        return []

    def axes(self) -> list[int]:
        """Returns the axes along which the norm is computed."""
        axis = self.__dict__.get("axis")
        return [] if axis is None else [int(axis)] if isinstance(axis, (int, np.integer)) else [int(a) for a in axis]

    def _norm(self, array: NDArray[Any]) -> NDArray[Any]:
        norm: NDArray[Any] = np.sqrt(np.square(array).sum(axis=tuple(self.axes()), keepdims=True))
        return norm

    def __call__(self, w: ArrayLike) -> NDArray[np.float32]:
        """Returns the array as it is after an update.

        Args:
            w: Array.

        Returns:
            Array of the same shape, float32.
        """
        raise NotImplementedError


class MaxNorm(Constraint):
    """Constraint that limits the norm of the weights along an axis.

    Args:
        max_value: Largest norm.
        axis: Axis or axes along which the norm is computed: 0 for the kernel of Dense, (0, 1, 2) for that of Conv2D.

    Raises:
        ValueError: `max_value` is below 0.

    Example:
        >>> fastnn.constraints.MaxNorm(max_value=1)([[3.0], [4.0]])
        array([[0.6],
               [0.8]], dtype=float32)
    """

    max_value: float
    axis: int | Sequence[int]

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0) -> None:
        if not max_value >= 0:
            raise ValueError(f"MaxNorm expects max_value of at least 0, got {max_value!r}")

    def values(self) -> list[float]:
        """Returns the numbers that the core needs."""
        return [float(self.max_value)]

    def __call__(self, w: ArrayLike) -> NDArray[np.float32]:
        """Returns the array as it is after an update."""
        array = np.asarray(w, dtype=np.float32)
        norm = self._norm(array)
        return np.asarray(array * (np.clip(norm, 0, self.max_value) / (_EPSILON + norm)), dtype=np.float32)


class NonNeg(Constraint):
    """Constraint that sets negative weights to 0.

    Example:
        >>> fastnn.constraints.NonNeg()([-1.0, 2.0])
        array([-0.,  2.], dtype=float32)
    """

    def __call__(self, w: ArrayLike) -> NDArray[np.float32]:
        """Returns the array as it is after an update."""
        array = np.asarray(w, dtype=np.float32)
        return array * (array >= 0)


class UnitNorm(Constraint):
    """Constraint that scales the weights along an axis to norm 1.

    Args:
        axis: Axis or axes along which the norm is computed: 0 for the kernel of Dense, (0, 1, 2) for that of Conv2D.

    Example:
        >>> fastnn.constraints.UnitNorm()([[3.0], [4.0]])
        array([[0.6],
               [0.8]], dtype=float32)
    """

    axis: int | Sequence[int]

    def __init__(self, axis: int | Sequence[int] = 0) -> None:
        pass

    def __call__(self, w: ArrayLike) -> NDArray[np.float32]:
        """Returns the array as it is after an update."""
        array = np.asarray(w, dtype=np.float32)
        return np.asarray(array / (_EPSILON + self._norm(array)), dtype=np.float32)


class MinMaxNorm(Constraint):
    """Constraint that moves the norm of the weights along an axis into a range.

    Args:
        min_value: Smallest norm.
        max_value: Largest norm.
        rate: Fraction of the way to the range that one update goes; 1 goes all the way.
        axis: Axis or axes along which the norm is computed: 0 for the kernel of Dense, (0, 1, 2) for that of Conv2D.

    Raises:
        ValueError: The range is empty or begins below 0, or `rate` is outside 0 to 1.

    Example:
        >>> fastnn.constraints.MinMaxNorm(min_value=10.0, max_value=20.0)([[3.0], [4.0]])
        array([[6.],
               [8.]], dtype=float32)
    """

    min_value: float
    max_value: float
    rate: float
    axis: int | Sequence[int]

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: int | Sequence[int] = 0
    ) -> None:
        if not 0 <= min_value <= max_value:
            raise ValueError(f"MinMaxNorm expects 0 <= min_value <= max_value, got {min_value!r} and {max_value!r}")
        if not 0 <= rate <= 1:
            raise ValueError(f"MinMaxNorm expects a rate from 0 to 1, got {rate!r}")

    def values(self) -> list[float]:
        """Returns the numbers that the core needs."""
        return [float(self.min_value), float(self.max_value), float(self.rate)]

    def __call__(self, w: ArrayLike) -> NDArray[np.float32]:
        """Returns the array as it is after an update."""
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
    """Returns the constraint for a name, a config, a class or an object.

    Args:
        identifier: Name such as "max_norm", config with "class_name" and "config", class or object of `Constraint`, or
            None.

    Returns:
        The constraint; None for None.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.
        TypeError: `identifier` is none of these; Python functions are not supported.

    Example:
        >>> fastnn.constraints.get("max_norm")
        MaxNorm()
    """
    if identifier is None or isinstance(identifier, Constraint):
        return identifier
    if isinstance(identifier, str):
        identifier = get_registered_object(identifier) or lookup("constraint", identifier, _classes)
    if isinstance(identifier, Mapping):
        return deserialize(identifier)  # type: ignore[no-any-return]
    if isinstance(identifier, type) and issubclass(identifier, Constraint):
        return identifier()
    raise TypeError(
        f"constraint {identifier!r} is not supported yet: use MaxNorm, NonNeg, UnitNorm or MinMaxNorm of "
        "fastnn.constraints"
    )


def serialize(constraint: Any) -> Any:
    """Returns a constraint as values of JSON, in the form of Keras' files.

    Args:
        constraint: The constraint, or a registered class or function.

    Returns:
        Dict with "module", "class_name", "config" and "registered_name".

    Example:
        >>> fastnn.constraints.serialize(fastnn.constraints.NonNeg())["class_name"]
        'NonNeg'
    """
    return object_forms.serialize(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the constraint that `serialize` described.

    Args:
        config: Dict with "class_name" and "config"; or a name.
        custom_objects: Classes and functions by the names that the config uses for them.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.

    Example:
        >>> fastnn.constraints.deserialize(fastnn.constraints.serialize(fastnn.constraints.NonNeg()))
        NonNeg()
    """
    return object_forms.deserialize(config, custom_objects, "constraints")


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
