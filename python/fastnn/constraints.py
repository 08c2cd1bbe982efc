"""Constraints: projections of weights that are applied after each update."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import _core, object_forms
from fastnn.configurable import Configurable, converts, is_foreign
from fastnn.custom_objects import get_registered_object
from fastnn.naming import lookup, snake_case
from fastnn.naming import missing_names as _missing_names
from fastnn.precision import floatx

__all__ = [
    "Constraint",
    "FunctionConstraint",
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
_WITHOUT_CALL = "{}: a constraint returns the allowed weight from __call__(w)"


class Constraint(Configurable):
    """Base class of all constraints: called with a weight, it returns the closest weight that is allowed.

    A constraint of your own computes with `fastnn.ops` in `__call__`. It is read once for each weight and applied by
    the core after each update.

    Example:
        >>> class Centered(fastnn.constraints.Constraint):
        ...     def __call__(self, w):
        ...         return w - ops.mean(w, axis=0, keepdims=True)
        >>> Centered()(np.array([[1.0], [3.0]]))
        array([[-1.],
               [ 1.]])
    """

    __fastnn_keras_module__ = "keras.constraints"
    _numbers: ClassVar[tuple[str, ...]] = ()

    def __fastnn_bind__(self, handle: _core.Variable) -> None:
        """Lets the core apply the constraint to a weight after each update.

        Args:
            handle: Variable of the core.
        """
        kind: Any = next(base for base in type(self).__mro__ if "__call__" in vars(base))
        if kind is Constraint:
            raise NotImplementedError(_WITHOUT_CALL.format(type(self).__name__))
        if is_foreign(kind) or kind is FunctionConstraint:
            _project[0](self, handle)
            return
        numbers = [float(getattr(self, name)) for name in kind._numbers]
        handle.set_constraint(snake_case(kind.__name__), numbers, list(_axes(self)))

    def __call__(self, w: ArrayLike) -> Any:
        """Returns the array as it is after an update: here without a change.

        Args:
            w: Array.

        Returns:
            Array of the same shape, float32.
        """
        return np.asarray(w)


_project: list[Callable[[Constraint, _core.Variable], None]] = []


def use(project: Callable[[Constraint, _core.Variable], None]) -> None:
    """Sets the function that gives a weight a constraint written in Python.

    Args:
        project: Called with (constraint, variable of the core).
    """
    _project[:] = [project]


def _axes(constraint: Constraint) -> tuple[int, ...]:
    """Returns the axes along which a norm is computed; none for a constraint without the argument `axis`."""
    axis = vars(constraint).get("axis", ())
    return (int(axis),) if isinstance(axis, (int, np.integer)) else tuple(int(one) for one in axis)


def _norm(constraint: Constraint, array: NDArray[Any]) -> NDArray[Any]:
    norm: NDArray[Any] = np.sqrt(np.square(array).sum(axis=_axes(constraint), keepdims=True))
    return norm


class MaxNorm(Constraint):
    """Constraint that limits the norm of the weights along an axis.

    Often used with dropout (Srivastava et al., 2014). Weights below the limit stay as they are.

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

    _numbers = ("max_value",)
    max_value: float
    axis: int | Sequence[int]

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0) -> None:
        if not max_value >= 0:
            raise ValueError(f"MaxNorm expects max_value of at least 0, got {max_value!r}")

    def __call__(self, w: ArrayLike) -> NDArray[np.float32]:
        """Returns the array as it is after an update."""
        array = np.asarray(w, dtype=floatx())
        norm = _norm(self, array)
        return np.asarray(array * (np.clip(norm, 0, self.max_value) / (_EPSILON + norm)), dtype=floatx())


class NonNeg(Constraint):
    """Constraint that sets negative weights to 0.

    Example:
        >>> fastnn.constraints.NonNeg()([-1.0, 2.0])
        array([-0.,  2.], dtype=float32)
    """

    def __call__(self, w: ArrayLike) -> NDArray[np.float32]:
        """Returns the array as it is after an update."""
        array = np.asarray(w, dtype=floatx())
        return array * (array >= 0)


class UnitNorm(Constraint):
    """Constraint that scales the weights along an axis to norm 1. Weights that are all 0 stay 0.

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
        array = np.asarray(w, dtype=floatx())
        return np.asarray(array / (_EPSILON + _norm(self, array)), dtype=floatx())


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

    _numbers = ("min_value", "max_value", "rate")
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

    def __call__(self, w: ArrayLike) -> NDArray[np.float32]:
        """Returns the array as it is after an update."""
        array = np.asarray(w, dtype=floatx())
        norm = _norm(self, array)
        wanted = self.rate * np.clip(norm, self.min_value, self.max_value) + (1 - self.rate) * norm
        return np.asarray(array * (wanted / (_EPSILON + norm)), dtype=floatx())


class FunctionConstraint(Constraint):
    """Constraint that calls a Python function of the weight.

    Args:
        function: Returns the allowed weight, computed with `fastnn.ops`.

    Example:
        >>> fastnn.constraints.FunctionConstraint(lambda w: ops.clip(w, -1, 1))(np.array([-3.0, 0.5]))
        array([-1. ,  0.5], dtype=float32)
    """

    __fastnn_keras_function__ = "function"
    function: Callable[[Any], Any]

    def __init__(self, function: Callable[[Any], Any]) -> None:
        pass

    def __call__(self, w: Any) -> Any:
        """Returns the allowed weight for an array or a symbolic tensor."""
        return self.function(w)


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
        identifier: Name such as "max_norm", config with "class_name" and "config", class or object of `Constraint`, a
            function of the weight, or None.

    Returns:
        The constraint; None for None.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.
        TypeError: `identifier` is none of these.

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
    if callable(identifier):
        return FunctionConstraint(identifier)
    raise TypeError(f"constraint expects a name, an object of fastnn.constraints or a function, got {identifier!r}")


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
