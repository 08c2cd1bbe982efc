"""Symbolic tensors, the calls between them, and how several are put together.

A model is made of these: a tensor knows the call that makes it, a call its layer and the tensors it reads. What a user
writes in `call()` is run once on such tensors (a `Trace`), and its calls are then what is computed.

The arithmetic of tensors (`x + 1`, `x @ w`, `x[:, 0]`) is that of `fastnn.ops`, which stands above this file and says
here what each operator does.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastnn.symbolic.structure import Structure

Shape = tuple[int | None, ...]


Spec = tuple[Shape, str]


"""A shape and the name of an element type."""


operators: dict[str, Callable[..., Any]] = {}


"""What the operators of tensors and variables do, by the names of `fastnn.ops`, which fills this in."""


class History(NamedTuple):
    """Where a symbolic tensor comes from: an output of one of a layer's calls."""

    layer: Any
    call: int
    output: int


class Arithmetic:
    """The operators of what stands for numbers: symbolic tensors and variables."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """What NumPy asks for `array + tensor`, and for a function of its own on one."""
        if is_traced(list(inputs)):
            name = {"true_divide": "divide", "remainder": "mod", "absolute": "abs"}.get(ufunc.__name__, ufunc.__name__)
            if method == "__call__" and name in operators and not kwargs:
                return operators[name](*inputs)
            raise TypeError(
                f"np.{ufunc.__name__} cannot compute with a symbolic tensor, which has no numbers yet; use "
                f"fastnn.ops.{name} in its place"
            )
        arrays = [np.asarray(one) if isinstance(one, Arithmetic) else one for one in inputs]
        return getattr(ufunc, method)(*arrays, **kwargs)

    def __add__(self, other: Any) -> Any:
        return operators["add"](self, other)

    def __radd__(self, other: Any) -> Any:
        return operators["add"](other, self)

    def __sub__(self, other: Any) -> Any:
        return operators["subtract"](self, other)

    def __rsub__(self, other: Any) -> Any:
        return operators["subtract"](other, self)

    def __mul__(self, other: Any) -> Any:
        return operators["multiply"](self, other)

    def __rmul__(self, other: Any) -> Any:
        return operators["multiply"](other, self)

    def __truediv__(self, other: Any) -> Any:
        return operators["divide"](self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return operators["divide"](other, self)

    def __floordiv__(self, other: Any) -> Any:
        return operators["floor_divide"](self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return operators["floor_divide"](other, self)

    def __mod__(self, other: Any) -> Any:
        return operators["mod"](self, other)

    def __rmod__(self, other: Any) -> Any:
        return operators["mod"](other, self)

    def __pow__(self, other: Any) -> Any:
        return operators["power"](self, other)

    def __rpow__(self, other: Any) -> Any:
        return operators["power"](other, self)

    def __matmul__(self, other: Any) -> Any:
        return operators["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return operators["matmul"](other, self)

    def __neg__(self) -> Any:
        return operators["negative"](self)

    def __abs__(self) -> Any:
        return operators["abs"](self)

    def __lt__(self, other: Any) -> Any:
        return operators["less"](self, other)

    def __le__(self, other: Any) -> Any:
        return operators["less_equal"](self, other)

    def __gt__(self, other: Any) -> Any:
        return operators["greater"](self, other)

    def __ge__(self, other: Any) -> Any:
        return operators["greater_equal"](self, other)

    def __and__(self, other: Any) -> Any:
        return operators["logical_and"](self, other)

    def __or__(self, other: Any) -> Any:
        return operators["logical_or"](self, other)

    def __xor__(self, other: Any) -> Any:
        return operators["logical_xor"](self, other)

    def __invert__(self) -> Any:
        return operators["logical_not"](self)

    def __getitem__(self, index: Any) -> Any:
        return operators["getitem"](self, index)


class KerasTensor(Arithmetic):
    """What stands for an array before it exists: its shape and type, and the call that makes it.

    `Input` makes the first, and calling a layer or a function of `fastnn.ops` on one makes the next.

    Attributes:
        shape: With the batch, which is None: (None, 784).
        dtype: "float32", "int32" or "bool".
        name: Its name.
        call: The call that makes it; an error for a tensor that stands for an argument.
        made_by: The same; None for a tensor that stands for an argument.
        history: The layer that makes it, which of the layer's calls, and which of the call's outputs it is.
    """

    def __init__(self, shape: Shape, dtype: str, name: str, call: Call | None, index: int) -> None:
        self.shape = shape
        self.dtype = dtype
        self.name = name
        self.made_by = call
        self._index = index

    @property
    def call(self) -> Call:
        if self.made_by is None:
            raise ValueError(f"the tensor {self.name!r} only stands for an argument; no layer makes it")
        return self.made_by

    @property
    def history(self) -> History:
        return History(self.call.layer, self.call.number, self._index)

    @property
    def spec(self) -> Spec:
        return self.shape, self.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int | None:
        """How many numbers, where that is known."""
        total = 1
        for size in self.shape:
            if size is None:
                return None
            total *= size
        return total

    def _no_numbers(self, what: str, mend: str) -> TypeError:
        return TypeError(
            f"the symbolic tensor {self.name!r} of shape {self.shape} {what}: it has no numbers yet; {mend}"
        )

    def __bool__(self) -> bool:
        raise self._no_numbers(
            "is neither true nor false",
            "choose between values with fastnn.ops.where(condition, a, b), and keep `if` for what is known beforehand "
            "(shapes, arguments, training)",
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        raise self._no_numbers(
            "is no array", "use the function of fastnn.ops in place of NumPy's, or make a Model of it and call that"
        )

    def __float__(self) -> float:
        raise self._no_numbers("is no number", "keep computing with fastnn.ops")

    __int__ = __index__ = __float__

    def __len__(self) -> int:
        if self.shape and self.shape[0] is not None:
            return self.shape[0]
        raise self._no_numbers("has no length", "fastnn.ops.shape(x)[0] stands for the size of the batch")

    def __iter__(self) -> Iterator[Any]:
        if self.shape and self.shape[0] is not None:
            return (self[i] for i in range(self.shape[0]))
        raise self._no_numbers(
            "cannot be iterated over", "its first axis is the batch; compute with whole tensors, as fastnn.ops does"
        )

    def reshape(self, *shape: Any) -> Any:
        """`fastnn.ops.reshape` of it."""
        return operators["reshape"](self, shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


class Arguments:
    """The arguments of one call: some of them tensors, at any depth, the others plain values.

    Args:
        args: Those without a name.
        kwargs: Those with one.

    Attributes:
        leaves: All of them, tensors and values, one by one.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        given = (args, dict(kwargs))
        self._structure = Structure(given)
        self.leaves = self._structure.flat(given)
        self._places = [i for i, leaf in enumerate(self.leaves) if isinstance(leaf, KerasTensor)]

    @property
    def tensors(self) -> list[KerasTensor]:
        """The tensors, one by one."""
        return [self.leaves[i] for i in self._places]

    def place(self, values: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with other values in place of the tensors."""
        leaves = list(self.leaves)
        for i, value in zip(self._places, values, strict=True):
            leaves[i] = value
        args, kwargs = self._structure.pack(leaves)
        return args, kwargs


class Call:
    """One call of a layer on symbolic tensors.

    Attributes:
        layer: What was called.
        arguments: With what.
        inputs: The tensors among the arguments.
        outputs: What came out, one by one.
        structure: How the outputs are put together.
        training: The `training=` that was given, which stays with the call; None: as the model runs.
        number: Which of the layer's calls it is.
    """

    def __init__(
        self,
        layer: Any,
        arguments: Arguments,
        outputs: Sequence[Spec],
        structure: Structure | None = None,
        training: bool | None = None,
    ) -> None:
        self.layer = layer
        self.arguments = arguments
        self.inputs = arguments.tensors
        self.structure = structure or Structure(list(outputs) if len(outputs) > 1 else None)
        self.training = training
        trace = Trace.current()
        self.number = 0 if trace is not None else len(layer.__fastnn_calls__())
        stem = layer.name if self.number == 0 else f"{layer.name}_call_{self.number}"
        names = [stem] if len(outputs) == 1 else [f"{stem}_{i}" for i in range(len(outputs))]
        self.outputs = [
            KerasTensor(tuple(shape), dtype, name, self, i)
            for i, ((shape, dtype), name) in enumerate(zip(outputs, names, strict=True))
        ]
        # What happens within a trace belongs to the trace, not to the layer's history.
        (layer.__fastnn_calls__() if trace is None else trace.calls).append(self)

    def result(self) -> Any:
        """The outputs as the caller gets them."""
        return self.structure.pack(self.outputs)

    def emit(self, emission: Any, edges: list[int]) -> list[int]:
        """Adds what the call computes to a graph; returns the edges of its outputs."""
        outer = emission.training
        if self.training is not None:
            emission.training = self.training
        try:
            made: list[int] = self.layer.__fastnn_emit__(emission, edges, self.arguments)
            return made
        finally:
            emission.training = outer


class Trace:
    """A run of Python code on symbolic tensors, whose calls are kept in their order.

    Args:
        training: As what the code runs: a `training` argument that is not given has this value.

    Attributes:
        calls: What was called.
        losses: What `add_loss` was given.
    """

    _running = threading.local()

    def __init__(self, training: bool) -> None:
        self.training = training
        self.calls: list[Call] = []
        self.losses: list[KerasTensor] = []
        self._outer: Trace | None = None

    @staticmethod
    def current() -> Trace | None:
        """The trace that this thread is in."""
        trace: Trace | None = getattr(Trace._running, "trace", None)
        return trace

    @staticmethod
    @contextlib.contextmanager
    def paused() -> Iterator[None]:
        """While a model within is put together: its calls are its own, and no part of what is traced."""
        outer = Trace.current()
        Trace._running.trace = None
        try:
            yield
        finally:
            Trace._running.trace = outer

    def __enter__(self) -> Trace:
        self._outer = Trace.current()
        Trace._running.trace = self
        return self

    def __exit__(self, *exc: object) -> None:
        Trace._running.trace = self._outer


def is_symbolic(given: Any) -> bool:
    """Whether there are symbolic tensors among these things."""
    if isinstance(given, (list, tuple)):
        return any(is_symbolic(item) for item in given)
    if isinstance(given, Mapping):
        return any(is_symbolic(item) for item in given.values())
    return isinstance(given, KerasTensor)


def is_traced(given: Any) -> bool:
    """Whether a function of `fastnn.ops` is to add to a graph: for symbolic tensors, and while a `call` is run for
    variables too."""
    if isinstance(given, Arithmetic):
        return isinstance(given, KerasTensor) or Trace.current() is not None
    if isinstance(given, (list, tuple)):
        return any(is_traced(item) for item in given)
    return False
