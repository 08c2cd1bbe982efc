"""Symbolic tensors and the calls between them.

A model is made of these: a tensor knows the call that makes it, a call knows its layer and its inputs. The `call()` of
a user is run once on such tensors (a `Trace`), and the calls in it are then computed.

The arithmetic of tensors (`x + 1`, `x @ w`, `x[:, 0]`) is that of `fastnn.ops`, which is above this file and registers
each operator here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastnn.naming import unique_name
from fastnn.precision import is_float
from fastnn.symbolic.structure import Structure

Shape = tuple[int | None, ...]


Spec = tuple[Shape, str]
"""A shape and the name of an element type."""

Trial = tuple[tuple[int, ...], str, float | None]
"""Shape, element type and value of a tensor in a trial batch; None: its value does not follow from sizes."""
Trials = tuple[Trial, ...]
"""Those of two batches; where other sizes are unknown, of two batches for each of two values of these."""


class SizedSpec(tuple[Shape, str]):
    """Spec of a tensor that depends on the number of rows in another way than a batch does.

    Args:
        shape: The shape; None for sizes that depend on it.
        dtype: The element type.
        trials: The tensor in the trial batches.
    """

    trials: Trials

    def __new__(cls, shape: Shape, dtype: str, trials: Trials) -> SizedSpec:
        """Returns a pair of shape and element type that has trials."""
        made = super().__new__(cls, (shape, dtype))
        made.trials = trials
        return made


_METHODS = {
    "T": "transpose", "astype": "cast", "clone": "copy", "contiguous": "copy", "detach": "stop_gradient",
    "flatten": "ravel", "get_shape": "shape", "permute": "transpose", "t": "transpose", "view": "reshape",
}  # fmt: skip
"""Methods of arrays and tensors elsewhere, by the functions of `fastnn.ops` that do the same."""

function_names: set[str] = set()
"""The names of the functions of `fastnn.ops`, which registers them, for messages."""

operators: dict[str, Callable[..., Any]] = {}
"""The operators of tensors and variables, by their names in `fastnn.ops`, which registers them."""


class History(NamedTuple):
    """Origin of a symbolic tensor: an output of one of a layer's calls."""

    layer: Any
    call: int
    output: int


def numpy_refused(name: str, module: str = "np") -> TypeError:
    """Returns the error for a function of NumPy that was called on a symbolic tensor."""
    mend = f"fastnn.ops.{name}" if name in function_names else "the function of fastnn.ops that does the same"
    return TypeError(
        f"{module}.{name} cannot compute with a symbolic tensor, which has no numbers yet; use {mend} in its place"
    )


class Arithmetic:
    """Operators of symbolic tensors and variables."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Computes `array + tensor`, and functions of NumPy on a variable."""
        if is_traced(list(inputs)):
            name = {"true_divide": "divide", "remainder": "mod", "absolute": "abs"}.get(ufunc.__name__, ufunc.__name__)
            if method == "__call__" and name in operators and not kwargs:
                return operators[name](*inputs)
            name = {"add": "sum", "multiply": "prod"}.get(name, name) if method == "reduce" else name
            raise numpy_refused(name)
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

    def __rand__(self, other: Any) -> Any:
        return operators["logical_and"](other, self)

    def __ror__(self, other: Any) -> Any:
        return operators["logical_or"](other, self)

    def __rxor__(self, other: Any) -> Any:
        return operators["logical_xor"](other, self)

    def __invert__(self) -> Any:
        return operators["logical_not"](self)

    def __pos__(self) -> Any:
        return operators["multiply"](self, 1)

    def __round__(self, digits: int | None = None) -> Any:
        return operators["round"](self, digits or 0)

    def __getitem__(self, index: Any) -> Any:
        return operators["getitem"](self, index)


class KerasTensor(Arithmetic):
    """Symbolic tensor: the shape and type of an array that does not exist yet, and the call that makes it.

    `Input` makes the first one. Calling a layer or a function of `fastnn.ops` on one makes the next.

    Args:
        shape: The shape with the batch: (None, 784).
        dtype: "float32", "int32" or "bool"; "string" for texts.
        sparse: False; there are no other tensors.
        ragged: False; there are no other tensors.
        record_history: Accepted for Keras compatibility; ignored.
        name: A name; None makes one.
        call: The call that makes it, or None.
        index: Its index among the outputs of the call.

    Attributes:
        shape: The shape.
        dtype: The element type.
        name: The name.
        call: The call that makes it; an error for a tensor that stands for an argument.
        made_by: The same; None for a tensor that stands for an argument.
        mask_shape: The shape of the mask that comes with it, or None.
        batch_size: The size of the batch that the `Input` it comes from was given, which `shape` shows; None: any.
        is_sketch: Whether it was made by hand with a batch of a fixed size, or of such tensors, to learn of shapes.
        trials: Shapes and values in the trial batches, where they depend on the number of rows in another way than a
            batch does; else None.
        history: The layer that makes it, the number of the layer's call, and the index among the call's outputs.

    Raises:
        ValueError: A sparse or a ragged tensor is asked for.

    Example:
        >>> x = layers.Input((4,))
        >>> y = layers.Dense(3)(x) + 1
        >>> y.shape, y.dtype
        ((None, 3), 'float32')
    """

    sparse = ragged = False
    ragged_rank = row_splits_dtype = None

    def __init__(
        self,
        shape: Sequence[int | None],
        dtype: str = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        *,
        call: Call | None = None,
        index: int = 0,
    ) -> None:
        if sparse or ragged:
            raise ValueError("KerasTensor expects sparse=False and ragged=False: all tensors of fastnn are dense")
        self.shape = tuple(shape)
        self.dtype = dtype if isinstance(dtype, str) else np.dtype(dtype).name
        self.name = unique_name("KerasTensor") if name is None else name
        self.made_by = call
        self.mask_shape: Shape | None = None
        self.batch_size: int | None = None
        self.is_sketch = call is None and len(self.shape) > 0 and self.shape[0] is not None
        self.trials: Trials | None = None
        self._index = index

    @property
    def call(self) -> Call:
        """The call that makes it.

        Raises:
            ValueError: It stands for an argument; no call makes it.
        """
        if self.made_by is None:
            raise ValueError(f"the tensor {self.name!r} only stands for an argument; no layer makes it")
        return self.made_by

    @property
    def history(self) -> History:
        """The layer, the call and the output that it comes from."""
        return History(self.call.layer, self.call.number, self._index)

    @property
    def spec(self) -> Spec:
        """Shape and element type, with a batch of any size where it has one."""
        return self.free_shape, self.dtype

    @property
    def free_shape(self) -> Shape:
        """The shape with None for the batch, also where its size is known: models take batches of any size."""
        return self.shape if self.batch_size is None else (None, *self.shape[1:])

    def fix_batch(self, size: int) -> None:
        """Sets the size of the batch that `shape` shows.

        Args:
            size: The number of rows, in place of None.
        """
        if self.shape[:1] == (None,) and self.trials is None:
            self.shape = (size, *self.shape[1:])
            self.batch_size = size

    @property
    def outline(self) -> Spec:
        """Shape and element type, with what the tensor is in the trial batches."""
        return self.spec if self.trials is None else SizedSpec(self.shape, self.dtype, self.trials)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int | None:
        """The number of elements; None where a dimension is unknown."""
        total = 1
        for size in self.shape:
            if size is None:
                return None
            total *= size
        return total

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name = function.__name__
        if name in ("ndim", "shape", "size") and args[0] is self:
            return getattr(self, name)
        raise numpy_refused(name, function.__module__.replace("numpy", "np", 1))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            function = _METHODS.get(name, name)
            if function in function_names:
                mend = f"; write fastnn.ops.{function}(x)"
            elif name in ("numpy", "item", "tolist", "eval"):
                mend = ": it has no numbers yet; keep computing with fastnn.ops, or call the model on an array"
            else:
                mend = "; what is computed with it is written with the functions of fastnn.ops"
            raise AttributeError(f"the symbolic tensor {self.__dict__.get('name')!r} has no attribute {name!r}{mend}")

    def __eq__(self, other: object) -> Any:
        trace = Trace.current()
        return self is other if trace is None or not trace.compares else operators["equal"](self, other)

    def __ne__(self, other: object) -> Any:
        trace = Trace.current()
        return self is not other if trace is None or not trace.compares else operators["not_equal"](self, other)

    __hash__ = object.__hash__

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            f"the symbolic tensor {self.name!r} cannot be assigned to; make a new one with fastnn.ops.where, "
            "concatenate or slice_update"
        )

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
            "is no array",
            "use the function of fastnn.ops in place of NumPy's or TensorFlow's, or make a Model of it and call that",
        )

    def __float__(self) -> float:
        raise self._no_numbers("is no number", "keep computing with fastnn.ops")

    __int__ = __index__ = __float__

    def __format__(self, spec: str) -> str:
        if spec:
            raise self._no_numbers("cannot be formatted", "return it from the step, and print what comes back")
        return str(self)

    def __len__(self) -> int:
        if self.free_shape and self.free_shape[0] is not None:
            return self.free_shape[0]
        raise self._no_numbers("has no length", "fastnn.ops.shape(x)[0] stands for the size of the batch")

    def __iter__(self) -> Iterator[Any]:
        if self.free_shape and self.free_shape[0] is not None:
            return (self[i] for i in range(self.free_shape[0]))
        raise self._no_numbers(
            "cannot be iterated over", "its first axis is the batch; compute with whole tensors, as fastnn.ops does"
        )

    def reshape(self, *shape: Any) -> Any:
        """Returns `fastnn.ops.reshape` of it.

        Args:
            *shape: The new sizes, one by one or as one tuple; -1 for one that follows from the others.
        """
        return operators["reshape"](self, shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape)

    def squeeze(self, axis: Any = None) -> Any:
        """Returns `fastnn.ops.squeeze` of it.

        Args:
            axis: Axis of size 1 to remove, or several; None: all of size 1.
        """
        return operators["squeeze"](self, axis)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


class Arguments:
    """Arguments of one call: tensors, at any depth, and plain values.

    Args:
        args: The positional arguments.
        kwargs: The keyword arguments.

    Attributes:
        leaves: All tensors and values, one by one.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        given = (args, dict(kwargs))
        self._structure = Structure(given)
        self.leaves = self._structure.flat(given)
        self._places = [i for i, leaf in enumerate(self.leaves) if isinstance(leaf, KerasTensor)]

    @property
    def tensors(self) -> list[KerasTensor]:
        """The tensors among them, one by one."""
        return [self.leaves[i] for i in self._places]

    def without(self, absent: Sequence[bool]) -> Arguments:
        """Returns the arguments with None in place of the tensors for which `absent` is True."""
        return Arguments(*self.place([None if gone else one for one, gone in zip(self.tensors, absent, strict=True)]))

    def place(self, values: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Returns (args, kwargs) with these values in place of the tensors."""
        leaves = list(self.leaves)
        for i, value in zip(self._places, values, strict=True):
            leaves[i] = value
        args, kwargs = self._structure.pack(leaves)
        return args, kwargs


class Call:
    """One call of a layer on symbolic tensors.

    Attributes:
        layer: The layer, model or operation that was called.
        arguments: Its arguments.
        inputs: The tensors among the arguments.
        outputs: The outputs, one by one.
        structure: The structure of the outputs.
        training: The `training=` that was given, which stays with the call; None: as the model runs.
        number: Its number among the layer's calls, from 0.
    """

    def __init__(
        self,
        layer: Any,
        arguments: Arguments,
        outputs: Sequence[Spec],
        structure: Structure | None = None,
        training: bool | None = None,
        floats: str = "float32",
    ) -> None:
        self.layer, self.arguments, self.inputs = layer, arguments, arguments.tensors
        self.structure = structure or Structure(list(outputs) if len(outputs) > 1 else None)
        self.training = training
        trace = Trace.current()
        self.number = 0 if trace is not None else len(layer.__fastnn_calls__())
        stem = layer.name if self.number == 0 else f"{layer.name}_call_{self.number}"
        names = [stem] if len(outputs) == 1 else [f"{stem}_{i}" for i in range(len(outputs))]
        self.outputs = [
            KerasTensor(tuple(shape), floats if is_float(dtype) else dtype, name=name, call=self, index=i)
            for i, ((shape, dtype), name) in enumerate(zip(outputs, names, strict=True))
        ]
        for tensor, spec in zip(self.outputs, outputs, strict=True):
            if isinstance(spec, SizedSpec):
                tensor.trials = spec.trials
        # What happens within a trace belongs to the trace, not to the layer's history.
        (layer.__fastnn_calls__() if trace is None else trace.calls).append(self)

    def adopt(self, tensor: KerasTensor) -> None:
        """Makes a tensor that no call makes its only output, in place of the one it has."""
        (own,) = self.outputs
        tensor.made_by, tensor.shape, tensor.trials = self, own.shape, own.trials
        tensor.is_sketch = False
        self.outputs = [tensor]

    def result(self) -> Any:
        """Returns the outputs in their structure."""
        return self.structure.pack(self.outputs)

    @property
    def operation(self) -> Any:
        """The layer, under the name that a node of Keras has for it."""
        return self.layer

    @property
    def parent_nodes(self) -> list[Call]:
        """The calls that made the inputs, in order, as a node of Keras has them."""
        return [tensor.made_by for tensor in self.inputs if tensor.made_by is not None]

    def emit(self, emission: Any, edges: list[int], arguments: Arguments | None = None) -> list[int]:
        """Adds what the call computes to a graph; returns the output edges.

        Args:
            emission: The graph.
            edges: One for each tensor among the arguments.
            arguments: Those of the call, with None for tensors that are not there; None: as they were recorded.
        """
        outer = emission.training
        if self.training is not None:
            emission.training = self.training
        try:
            made: list[int] = self.layer.__fastnn_emit__(emission, edges, arguments or self.arguments)
            return made
        finally:
            emission.training = outer


Result = TypeVar("Result")


class _Running(threading.local):
    """The innermost running trace of each thread; a default of the class is found without an exception."""

    trace: Trace | None = None


class Trace:
    """Run of Python code on symbolic tensors, which keeps the calls in their order.

    Args:
        training: The value of a `training` argument that is not given.

    Attributes:
        calls: The calls.
        losses: The tensors that `add_loss` was given, each with the part that gave it.
        compares: Whether `==` compares the elements of tensors; otherwise it says whether two are the same object.
    """

    compares = False
    _running = _Running()

    def __init__(self, training: bool | None) -> None:
        self.training = training
        self.calls: list[Call] = []
        self.losses: list[tuple[Any, KerasTensor]] = []

    @staticmethod
    def current() -> Trace | None:
        """Returns the innermost running trace of this thread, or None."""
        return Trace._running.trace

    @staticmethod
    def paused(code: Callable[[], Result]) -> Result:
        """Runs the code that makes a nested model: the calls in it are not part of what is traced."""
        return Trace._run(None, code)

    def run(self, code: Callable[[], Result]) -> Result:
        """Runs code whose calls the trace keeps."""
        return Trace._run(self, code)

    # Ctrl-C may come at the beginning of any function of Python, that of an `__exit__` too, and a trace that went on
    # after its code had ended would take every later call for its own. It cannot come between the lines here.
    @staticmethod
    def _run(trace: Trace | None, code: Callable[[], Result]) -> Result:
        outer = Trace.current()
        Trace._running.trace = trace
        try:
            return code()
        finally:
            Trace._running.trace = outer


_PLAIN = frozenset((str, bytes, bool, int, float))
"""Types of the elements of long lists, which are told apart first."""


def is_symbolic(given: Any) -> bool:
    """Returns whether there is a symbolic tensor among values, at any depth."""
    if type(given) in _PLAIN:
        return False
    if isinstance(given, (list, tuple)):
        return any(map(is_symbolic, given))
    if isinstance(given, Mapping):
        return any(is_symbolic(item) for item in given.values())
    return isinstance(given, KerasTensor)


def is_traced(given: Any) -> bool:
    """Returns whether a function of `fastnn.ops` adds to a graph: for tensors, within a trace for variables too."""
    if isinstance(given, Arithmetic):
        return isinstance(given, KerasTensor) or Trace.current() is not None
    if isinstance(given, (list, tuple)):
        return any(is_traced(item) for item in given)
    return False
