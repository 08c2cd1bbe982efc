"""Variable: one weight of a layer.

The values belong to the core and never move in memory. This object holds their path, regularizer and constraint, and
gives them to NumPy.
"""

from __future__ import annotations

import copyreg
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.configurable import Configurable
from fastnn.naming import scoped, unique_name
from fastnn.precision import BFLOAT16, array_type, computed, floatx, is_float
from fastnn.symbolic.moment import value_of
from fastnn.symbolic.tensors import Arithmetic, Trace, operators


def assign_at_once(pairs: Sequence[tuple[Variable, Any]]) -> None:
    """Writes values into variables between two steps, of which none reads some old and some new ones.

    Args:
        pairs: Variables, each with an array of its shape.
    """
    if Trace.current() is not None:
        for variable, value in pairs:
            variable.assign(value)
        return
    values = [_as_stored(variable, value) for variable, value in pairs]
    for core in _core.loaded_cores():
        of_core = [
            (v.handle, value)
            for (v, _), value in zip(pairs, values, strict=True)
            if isinstance(v.handle, core.Variable)
        ]
        if of_core:
            core.assign_all([handle for handle, _ in of_core], [value for _, value in of_core])


class Variable(Arithmetic):
    """Array of float32 or float64 values that a layer reads and that training changes if it is `trainable`.

    `numpy()` and `np.asarray(variable)` copy. `assign` writes in place, so every model that shares the layer sees it.
    In the `call` of a layer the variable stands for its value in each step, and `assign` for a change at the end of
    each step.

    Args:
        initializer: The first value: an array, or a name or an object of `fastnn.initializers`, which is called with
            the shape.
        shape: Its shape; needed for an initializer.
        dtype: "float32", "float64", "bool" or an integer type, whose values are exact up to 2**24; "bfloat16": held in
            16 bits, read as float32; None: that of the value, for floats `fastnn.config.floatx()`.
        trainable: Whether training may change it.
        autocast: Accepted for Keras compatibility; ignored.
        aggregation: Accepted for Keras compatibility; ignored.
        synchronization: Accepted for Keras compatibility; ignored.
        layout: Accepted for Keras compatibility; ignored.
        name: Its name, or the names on the way to it: "dense/kernel"; None makes one.
        regularizer: Its penalty in the loss, or None.
        constraint: The constraint applied after each update, or None.

    Raises:
        ValueError: An initializer has no shape, or an array has another shape than `shape`.

    Example:
        >>> layer = layers.Dense(2)
        >>> layer.build((None, 3))
        >>> layer.kernel.assign(np.zeros(layer.kernel.shape)).shape
        (3, 2)
        >>> float(layer.kernel.numpy().sum())
        0.0
        >>> fastnn.Variable("ones", shape=(2,)).numpy()
        array([1., 1.], dtype=float32)
    """

    overwrite_with_gradient = False
    """False: gradients are for optimizers."""

    def __init__(
        self,
        initializer: Any,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = "none",
        synchronization: str | None = "auto",
        layout: Any = None,
        name: str | None = None,
        *,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> None:
        value = _first_value(initializer, shape, name or "variable")
        self.dtype = _dtype(value.dtype, floatx()) if dtype is None else _dtype(dtype, _float_type(dtype))
        path = scoped(unique_name("Variable") if name is None else name)
        of_type = computed(self.dtype)
        floats = of_type if is_float(of_type) else floatx()
        held = self.dtype == BFLOAT16 or (self.dtype == "int8" and not trainable)
        stored = self.dtype if held else floats
        self.handle: _core.Variable = _core.core_for(floats).Variable(path, value.shape, trainable, stored)
        self.handle.assign(_as_stored(self, value))
        self.trainable = trainable
        self.learned = trainable
        self.aggregation = aggregation
        self.synchronization = synchronization
        self.regularizer = regularizer
        self._constraint = None
        self.constraint = constraint

    @classmethod
    def __fastnn_around__(cls, handle: _core.Variable) -> Variable:
        """Returns the variable of what the core holds, such as a slot of an optimizer."""
        made = cls.__new__(cls)
        made.handle, made.dtype, made.trainable, made.learned = handle, handle.dtype, False, False
        made.aggregation, made.synchronization = "none", "auto"
        made._regularizer = made._constraint = None
        return made

    @property
    def floats(self) -> str:
        """The type of floats of the graphs that can read it: "float32" or "float64"."""
        return "float64" if _core.core_of(self.handle) is not _core.core_for("float32") else "float32"

    def __fastnn_move__(self, floats: str) -> bool:
        """Moves the variable to the core of another type of floats, where a model of that type uses it.

        Args:
            floats: "float32" or "float64".

        Returns:
            True where it has moved: what was made with it before is outdated.
        """
        if floats == self.floats:
            return False
        before = self.handle
        stored = before.dtype if before.dtype == "int8" else floats
        self.handle = _core.core_for(floats).Variable(before.path, before.shape, before.trainable, stored)
        self.handle.assign(before.numpy())
        self.handle.l1, self.handle.l2 = before.l1, before.l2
        self.dtype = floats if is_float(computed(self.dtype)) else self.dtype
        if self._constraint is not None:
            self._constraint.__fastnn_bind__(self.handle)
        return True

    def __eq__(self, other: object) -> Any:
        return operators["equal"](self, other) if _is_value(other) else self is other

    def __ne__(self, other: object) -> Any:
        return operators["not_equal"](self, other) if _is_value(other) else self is not other

    __hash__ = object.__hash__

    @property
    def constraint(self) -> Any:
        """The constraint applied after each update, or None."""
        return self._constraint

    @constraint.setter
    def constraint(self, constraint: Any) -> None:
        if self._constraint is not None:
            self.handle.set_constraint(None)
        self._constraint = constraint
        if constraint is not None:
            constraint.__fastnn_bind__(self.handle)

    @property
    def regularizer(self) -> Any:
        """Its penalty in the loss, or None; another one counts from the next `compile`."""
        return self._regularizer

    @regularizer.setter
    def regularizer(self, regularizer: Any) -> None:
        self._regularizer = regularizer
        known = regularizer is not None and not regularizer.__fastnn_is_custom__()
        self.handle.l1, self.handle.l2 = regularizer.__fastnn_strengths__() if known else (0.0, 0.0)

    @property
    def path(self) -> str:
        """The names on the way to it, joined by "/"."""
        return self.handle.path

    @property
    def name(self) -> str:
        """The last part of the path: "kernel"."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape."""
        return tuple(self.handle.shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.handle.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    def numpy(self) -> NDArray[Any]:
        """Returns a copy of the values, of the variable's type; float32 for bfloat16, which NumPy does not have.

        Raises:
            TypeError: A `call` or a step is being traced, in which the values are not known.

        Example:
            >>> fastnn.Variable(np.ones(2)).numpy()
            array([1., 1.], dtype=float32)
        """
        if Trace.current() is not None:
            raise TypeError(
                f'the values of variable "{self.path}" were asked for (by numpy(), NumPy, float(), bool() or the like) '
                "while call() or a step is traced, which runs once; use the variable itself with fastnn.ops "
                "(ops.where, ops.cond), or assign() it to another"
            )
        values = value_of(self.handle)
        return values.astype(computed(self.dtype), copy=False)

    @property
    def value(self) -> Any:
        """A copy of the values; in the `call` of a layer, a symbolic tensor for them."""
        return self.numpy() if Trace.current() is None else operators["tensor"](self)

    def assign(self, value: Any) -> Any:
        """Writes `value` in place.

        Args:
            value: An array of the variable's shape; in the `call` of a layer a tensor.

        Returns:
            The new value.

        Raises:
            ValueError: The shapes differ.

        Example:
            >>> weight = fastnn.Variable(np.zeros(2))
            >>> weight.assign([1.0, 2.0])
            array([1., 2.], dtype=float32)
        """
        return self._assigned("assign", value)

    def assign_add(self, value: Any) -> Any:
        """Adds `value` in place.

        Args:
            value: An array of the variable's shape; in the `call` of a layer a tensor.

        Returns:
            The new value.

        Raises:
            ValueError: The shapes differ.

        Example:
            >>> fastnn.Variable(np.ones(2)).assign_add([1.0, 2.0])
            array([2., 3.], dtype=float32)
        """
        return self._assigned("add", value)

    def assign_sub(self, value: Any) -> Any:
        """Subtracts `value` in place.

        Args:
            value: An array of the variable's shape; in the `call` of a layer a tensor.

        Returns:
            The new value.

        Raises:
            ValueError: The shapes differ.

        Example:
            >>> fastnn.Variable(np.ones(2)).assign_sub([1.0, 2.0])
            array([ 0., -1.], dtype=float32)
        """
        return self._assigned("subtract", value)

    def _assigned(self, how: str, value: Any) -> Any:
        if Trace.current() is not None:
            return operators["assign"](self, value, how)
        of_type = computed(self.dtype)
        array = _as_stored(self, value) if self.dtype == "int8" else np.asarray(value).astype(of_type, copy=False)
        if how != "assign":
            array = self.handle.numpy() + (array if how == "add" else -array)
        self.handle.assign(_as_stored(self, array))
        return self.numpy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self.constraint is not None:
            self.constraint.__fastnn_bind__(self.handle)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        array = self.numpy()
        return array if dtype is None else array.astype(dtype, copy=False)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a variable without axes")
        return self.shape[0]

    def __bool__(self) -> bool:
        return bool(self.numpy())

    def __float__(self) -> float:
        return float(self.numpy())

    def __int__(self) -> int:
        return int(self.numpy())

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}, value={value_of(self.handle)}>"


def _is_value(other: object) -> bool:
    """Returns whether an object has values to compare with; variables are compared by what they are."""
    return isinstance(other, (np.ndarray, np.generic, int, float, list, tuple))


def _as_stored(variable: Variable, value: Any) -> NDArray[Any]:
    """Returns a value as the core takes it: rounded to the variable's type, as floats or int8."""
    array = np.asarray(value)
    if variable.handle.dtype == "int8" and array.dtype != np.int8:
        fits = (array >= -128) & (array <= 127) & (array == np.round(array))
        if not fits.all():
            raise ValueError(
                f'Variable "{variable.path}" holds integers of 8 bits, from -128 to 127, got {array[~fits].flat[0]}'
            )
    array = array.astype(computed(variable.dtype), copy=False)
    array = array.astype(computed(variable.handle.dtype), order="C", copy=False)
    if array.shape != variable.shape:
        raise ValueError(f'Variable "{variable.path}" has shape {variable.shape}, got {array.shape}')
    return array


def _first_value(initializer: Any, shape: Sequence[int] | None, name: str) -> NDArray[Any]:
    """Returns the first value of a variable."""
    if isinstance(initializer, str) or callable(initializer):
        if shape is None:
            raise ValueError(f"Variable {name!r} expects a shape, since its initializer is {initializer!r}")
        # The family of initializers, which is above this file, knows their names.
        return np.asarray(Configurable.__fastnn_convert_argument__("_initializer", initializer)(tuple(shape)))
    value = np.asarray(initializer)
    if shape is not None and value.shape != tuple(shape):
        raise ValueError(f"Variable {name!r} expects a value of shape {tuple(shape)}, got {value.shape}")
    return value


def _float_type(dtype: Any) -> str:
    """Returns the type of floats that a given element type stands for; shorter ones are float32."""
    return (
        floatx()
        if dtype is float
        else "float64"
        if getattr(dtype, "name", dtype) in ("float64", "double")
        else "float32"
    )


def _dtype(dtype: Any, floats: str) -> str:
    """Returns the name of a variable's type: `floats` for any of floats, int32 for int64."""
    if getattr(dtype, "name", dtype) == BFLOAT16:
        return BFLOAT16
    found = array_type(dtype)
    if found.kind not in "fiub":
        raise ValueError(
            f"Variable expects dtype 'float32', 'float64', 'bfloat16', 'bool' or an integer type, got {dtype!r}"
        )
    return floats if found.kind == "f" else {"int64": "int32", "uint64": "uint32"}.get(found.name, found.name)


def _revived_variable(
    path: str, value: NDArray[Any], trainable: bool, l1: float, l2: float, held: str = ""
) -> _core.Variable:
    handle: _core.Variable = _core.core_for(value.dtype.name).Variable(
        path, value.shape, trainable, held or value.dtype.name
    )
    handle.assign(value)
    handle.l1, handle.l2 = l1, l2
    return handle


# How pickle and copy take what the core owns; constraints are bound anew by the `Variable` around it.
_core.for_each_core(
    lambda core: copyreg.pickle(
        core.Variable, lambda v: (_revived_variable, (v.path, v.numpy(), v.trainable, v.l1, v.l2, v.dtype))
    )
)
copyreg.pickle(_core.Stream, lambda s: (_core.Stream, (s.seed, s.position)))
