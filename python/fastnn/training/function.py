"""`fastnn.function`: a function of arrays that runs whole in the core, with gradients and updates of weights in it.

Its code runs once for each set of shapes and of plain arguments, on symbolic tensors. Arrays whose first axis has the
length of the first array's are rows of a batch, whose size may change from call to call; other arrays, and single
numbers in arrays, enter with a fixed shape. Code that needs the number of rows while it runs (`x.shape[0]`) is run anew
for each number, and all arrays have fixed shapes then. Everything else (Python numbers, strings, models) counts as it
is when the code runs.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, overload

import numpy as np

from fastnn.engine.arrays import edge_dtype, numeric
from fastnn.engine.step_trace import StepTrace
from fastnn.ops.node import tensor
from fastnn.precision import floatx
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import KerasTensor, Trace, operators
from fastnn.symbolic.variable import Variable
from fastnn.training.own_steps import StepProgram, made_either, traced

_MOST_PROGRAMS = 16
"""The number of programs that a function keeps."""
_MOST_CALLS = 256
"""The number of shapes of arguments of which a function remembers the program."""
_ONE_ROW = [np.zeros(1, np.float32)]
"""Stands for the rows of a step that has none."""


class _Program(NamedTuple):
    """A program of a function.

    Attributes:
        program: The program.
        columns: The places of the arrays of rows among all arrays; None: all are.
        fixed: The places of other arrays, each with the variable by which it enters.
    """

    program: StepProgram
    columns: list[int] | None
    fixed: list[tuple[int, Variable]]

    def run(self, arrays: Sequence[Any], rows: int) -> Any:
        """Runs it once; returns what the function returns."""
        for place, variable in self.fixed:
            variable.assign(arrays[place])
        if self.columns is None and arrays:
            return self.program.once(arrays, rows)
        if not self.columns:
            return self.program.once(_ONE_ROW, 1)
        return self.program.once([arrays[place] for place in self.columns], rows)


class TracedFunction:
    """Function whose calls run in the core; what `fastnn.function` makes.

    Args:
        code: The function.

    Attributes:
        python_function: The function as it was written.
    """

    def __init__(self, code: Callable[..., Any]) -> None:
        functools.update_wrapper(self, code)
        self.python_function = code
        self._programs: dict[Any, _Program] = {}
        self._calls: dict[Any, tuple[_Program, int]] = {}
        self._sized: set[Any] = set()

    def __get__(self, owner: Any, of: type | None = None) -> Any:
        """Returns the method of an object, each of which has programs of its own."""
        if owner is None:
            return self
        name = f"_fastnn_function_{self.python_function.__name__}"
        try:
            return owner.__dict__[name]
        except KeyError:
            made = TracedFunction(functools.partial(self.python_function, owner))
            object.__setattr__(owner, name, made)
            return made

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Returns what the function returns for these arguments.

        Raises:
            TypeError: The code cannot be traced; the message says in which line.
        """
        if Trace.current() is not None:
            return self.python_function(*args, **kwargs)
        if not kwargs:
            # Arrays of types and shapes that were given before; anything else has another key, or none.
            try:
                known = self._calls.get(tuple([(type(one), one.dtype, one.shape) for one in args]))
            except (AttributeError, TypeError):
                known = None
            if known is not None:
                return known[0].run(args, known[1])
        plain = not kwargs and all(type(one) is np.ndarray for one in args)
        if plain:
            leaves, structure, arrays = list(args), None, list(args)
            key: Any = tuple([(one.shape[1:] if one.ndim else None, one.dtype.kind, one.ndim) for one in args])
        else:
            structure = Structure((args, kwargs))
            leaves = [_as_array(leaf) for leaf in structure.flat((args, kwargs))]
            arrays = [leaf for leaf in leaves if isinstance(leaf, np.ndarray)]
            key = (
                tuple([_key(leaf) for leaf in leaves]),
                repr(structure.pack([None] * len(leaves))),
            )
        rows = next((len(one) for one in arrays if one.ndim), 1)
        if len(arrays) > 1:
            lengths = tuple([one.shape[0] if one.ndim and one.shape[0] != rows else None for one in arrays])
            key = key, lengths
        sized = key in self._sized
        if sized:
            key = key, rows
        found = self._programs.get(key)
        if found is None:
            given = args, kwargs, structure, leaves, arrays
            of_rows = [not sized and array.ndim > 0 and len(array) == rows for array in arrays]
            if any(of_rows):
                made, is_sized = made_either(
                    lambda: self._made(*given, of_rows),
                    lambda: self._made(*given, [False] * len(arrays)),
                    tells_of_first=False,
                )
            else:
                made, is_sized = self._made(*given, of_rows), False
            if is_sized:
                self._sized.add(key)
                key = key, rows
            while len(self._programs) >= _MOST_PROGRAMS:
                self._programs.pop(next(iter(self._programs)))
                self._calls.clear()
            self._programs[key] = found = made
        if rows == 0:
            raise ValueError(f"{_name_of(self.python_function)} expects arrays of at least one row")
        if plain:
            if len(self._calls) >= _MOST_CALLS:
                self._calls.clear()
            self._calls[tuple([(type(one), one.dtype, one.shape) for one in args])] = found, rows
        return found.run(arrays, rows)

    def _made(
        self, args: Any, kwargs: Any, structure: Structure | None, leaves: list[Any], arrays: list[Any],
        of_rows: list[bool],
    ) -> _Program:  # fmt: skip
        name = _name_of(self.python_function)
        fixed: list[Variable] = []

        def code(step: StepTrace) -> Any:
            if not any(of_rows):
                step.input((None,), "float32", "rows")
            stands: list[Any] = []
            for leaf in leaves:
                if not isinstance(leaf, np.ndarray):
                    stands.append(leaf)
                    continue
                number = sum(isinstance(one, (KerasTensor, np.ndarray)) for one in stands)
                dtype = edge_dtype(leaf.dtype, f"{name}: argument {number}")
                if of_rows[number]:
                    stands.append(step.input((None, *leaf.shape[1:]), dtype, f"argument_{number}"))
                else:
                    fixed.append(
                        Variable(
                            np.zeros(leaf.shape, np.float32), dtype=floatx(), trainable=False, name=f"argument_{number}"
                        )
                    )
                    stands.append(operators["cast"](tensor(fixed[-1]), dtype))
            if structure is None:
                return self.python_function(*stands)
            given, named = structure.pack(stands)
            return self.python_function(*given, **named)

        program = StepProgram(traced(name, code, floatx()))
        columns = [place for place, row in enumerate(of_rows) if row]
        others = [place for place, row in enumerate(of_rows) if not row]
        return _Program(program, columns if others else None, list(zip(others, fixed, strict=True)))


def _name_of(code: Any) -> str:
    """Returns the name of a function, also of a method that is bound to its object."""
    return str(getattr(code, "__name__", None) or getattr(getattr(code, "func", None), "__name__", "the function"))


def _as_array(leaf: Any) -> Any:
    """Returns arrays, and tensors of other packages, as arrays; anything else as it is."""
    if isinstance(leaf, (KerasTensor, Variable, bool, int, float, str)) or leaf is None:
        return leaf
    if isinstance(leaf, (np.ndarray, np.generic)) or hasattr(leaf, "__array__"):
        return numeric(np.asarray(leaf), "an argument")
    return leaf


def _key(leaf: Any) -> Any:
    """Returns what tells arguments apart for which the code runs anew."""
    if isinstance(leaf, np.ndarray):
        return leaf.shape[1:], leaf.dtype.kind, leaf.ndim
    try:
        hash(leaf)
    except TypeError:
        return type(leaf), id(leaf)
    return type(leaf), leaf


@overload
def function(func: Callable[..., Any]) -> TracedFunction: ...
@overload
def function(func: None = None, **kwargs: Any) -> Callable[[Callable[..., Any]], TracedFunction]: ...


def function(func: Callable[..., Any] | None = None, **kwargs: Any) -> Any:
    """Decorates a function so that its calls run whole in the core.

    Args:
        func: Function of arrays, computed with layers, models, losses and `fastnn.ops`. It may take gradients with a
            `GradientTape`, let optimizers apply them, assign to variables and update metrics.
        **kwargs: Arguments of `tf.function`, accepted and ignored.

    Returns:
        Function that takes arrays and returns arrays, in the structure in which `func` returns tensors.

    Raises:
        TypeError: An argument is unknown.

    Example:
        >>> weight, optimizer = fastnn.Variable(np.zeros(2)), fastnn.optimizers.SGD(0.25)
        >>> @fastnn.function
        ... def step(x, y):
        ...     with fastnn.GradientTape() as tape:
        ...         loss = ops.mean((ops.matmul(x, ops.reshape(weight, (2, 1))) - y) ** 2)
        ...     optimizer.apply([tape.gradient(loss, weight)], [weight])
        ...     return loss
        >>> x, y = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0], [2.0]])
        >>> losses = [float(step(x, y)) for _ in range(3)]
        >>> losses[0], losses[2] < losses[1] < losses[0]
        (2.5, True)
    """
    known = ("input_signature", "jit_compile", "reduce_retracing", "autograph", "experimental_compile")
    for name in kwargs:
        if name not in known:
            raise TypeError(f"fastnn.function has no argument {name!r}; it takes the function alone")
    if func is None:
        return function
    if isinstance(func, TracedFunction):
        return func
    if not callable(func) or inspect.isclass(func) or isinstance(func, Mapping):
        raise TypeError(f"fastnn.function expects a function, got {type(func).__name__}")
    return TracedFunction(func)
