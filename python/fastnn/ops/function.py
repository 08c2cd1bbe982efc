"""Functions of `fastnn.ops` as parts of a model: a call on a model's tensors is remembered as a call of the function.

The nodes that the function adds are what is computed. Files and summaries show the function, its arguments and its
outputs. In a `call` that is traced, and on arrays, nothing is remembered.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastnn import activations, config
from fastnn.engine.calls import fix_batch, with_free_batch
from fastnn.engine.contract import state_of
from fastnn.engine.ownership import once
from fastnn.naming import snake_case
from fastnn.ops.dimensions import is_batch_size, is_batched
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.node import Operation, node, tensor
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments, Call, KerasTensor, Trace, is_symbolic, operators
from fastnn.symbolic.variable import Variable

functions: dict[str, Callable[..., Any]] = {}
"""Functions that are remembered, by name."""

_ASK = ("convert_to_numpy", "dtype", "is_tensor", "ndim", "shape", "size")
"""Functions that describe a tensor and compute nothing."""
_LEAVE_OPEN = ("broadcast_to", "reshape", "slice")
"""Functions that accept None for the size of the batch, as well as `ops.shape(x)[0]`."""


class Function(Operation):
    """Function of `fastnn.ops` in a model: all nodes that a call of it adds.

    Args:
        title: Name of the function.
        name: Name in the model; None: an automatic one.
    """

    def __init__(self, title: str, name: str | None = None) -> None:
        super().__init__(title, "", {})
        self.name = self.name if name is None else name

    def get_config(self) -> dict[str, Any]:
        """Returns the name of the function; its calls hold the arguments."""
        self.check_writable()
        return {"name": self.name, "title": self.title}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Function:
        """Returns the function that `get_config` described."""
        return cls(config["title"], config["name"])

    def __call__(self, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """Returns the outputs of the function for tensors and other arguments."""
        arguments = Arguments(args, kwargs)
        given, size = with_free_batch(arguments)
        if any(one.is_sketch for one in arguments.tensors):
            given, size = self._batch_or_not(arguments, given, size)
        trace, structure, ends = self._traced(given)
        state = state_of(self)
        self.read(once([*state.variables, *(one for one in arguments.leaves if isinstance(one, Variable))]))
        call = _Nodes(self, arguments, [end.outline for end in ends], structure)
        call.starts, call.nodes, call.ends = given.tensors, trace.calls, ends
        state.build_shape = (
            call.inputs[0].free_shape if len(call.inputs) == 1 else [one.free_shape for one in call.inputs]
        )
        fix_batch(call.outputs, call.inputs, size)
        return call.result()

    def _batch_or_not(self, arguments: Arguments, free: Arguments, size: int | None) -> tuple[Arguments, int | None]:
        """Returns the arguments as they are; with a batch where the function computes on batches alone."""
        try:
            self._traced(arguments)
        except ValueError:
            try:
                self._traced(free)
            except ValueError:
                return arguments, None
            return free, size
        return arguments, None

    def _traced(self, arguments: Arguments) -> tuple[Trace, Structure, list[KerasTensor]]:
        """Returns the calls of nodes, the structure of the results and the results one by one."""
        args, kwargs = arguments.place(arguments.tensors)
        trace = Trace(False)

        def results() -> tuple[Structure, list[KerasTensor]]:
            result = functions[self.title](*args, **kwargs)
            structure = Structure(result)
            return structure, [tensor(leaf) for leaf in structure.flat(result)]

        return trace, *trace.run(results)


class _Nodes(Call):
    """Call that consists of the calls of nodes."""

    starts: list[KerasTensor]
    nodes: list[Call]
    ends: list[KerasTensor]

    def emit(self, emission: Any, edges: list[int], arguments: Arguments | None = None) -> list[int]:
        if arguments is not None:
            raise ValueError(f"the function {self.layer.name!r} reads an optional input that has no data")
        made = {id(one): edge for one, edge in zip(self.starts, edges, strict=True)}
        for call in self.nodes:
            outputs = call.emit(emission, [made[id(one)] for one in call.inputs])
            made.update((id(one), edge) for one, edge in zip(call.outputs, outputs, strict=True))
        return [made[id(end)] for end in self.ends]


def activation(kind: str, config: Mapping[str, Any], x: Any) -> Any:
    """Returns an activation of a tensor: its node, or on the tensors of a model the function of that name."""
    if Trace.current() is not None:
        return node(kind, config, [x])
    given = dict(config)
    title = given.pop("activation", snake_case(kind))
    if title in ("gelu", "gelu_tanh"):
        given, title = {"approximate": title == "gelu_tanh"}, "gelu"
    return Function({"exponential": "exp", "relu": "re_lu"}.get(title, title))(x, **given)


operators["activation"] = activation
# Functions that `fastnn.ops` lacks, or has without these arguments.
functions.update(
    mish=as_in_keras("keras.src.activations.activations")(activations.mish),
    re_lu=as_in_keras("keras.src.activations.activations", "ReLU", name="re_lu")(activations.relu),
)


def remember(public: Sequence[dict[str, Any]], further: Sequence[dict[str, Any]]) -> None:
    """Replaces functions by their remembered form in namespaces, except those that take functions as arguments.

    Args:
        public: Namespaces of public functions.
        further: Other namespaces that contain them.
    """
    made: dict[Any, Any] = {}
    for name, one in (item for names in public for item in names.items()):
        known = inspect.isfunction(one) and one.__module__.startswith("fastnn.ops.") and name[0] != "_"
        if known and one.__name__ not in _ASK and one.__module__ != "fastnn.ops.control":
            functions[one.__name__] = one
            made[one] = _remembered(one)
    for names in (operators, *public, *further):
        names.update({name: made[one] for name, one in names.items() if inspect.isfunction(one) and one in made})


def _remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        if Trace.current() is not None or not (is_symbolic(args) or is_symbolic(kwargs)):
            return function(*args, **kwargs)
        given = Arguments(args, kwargs)
        if any(_is_size(one) for one in given.tensors):
            first, *sizes = given.tensors
            open_size = len(sizes) == 1 and is_batch_size(sizes[0]) and is_batched(first)
            if function.__name__ not in _LEAVE_OPEN or not open_size:
                return function(*args, **kwargs)
            args, kwargs = given.place([None if _is_size(one) else one for one in given.tensors])
        parameters = inspect.signature(function).parameters
        if "data_format" in parameters:
            # The setting of now holds for the call, wherever it is made again.
            named = dict(zip(parameters, args, strict=False)) | kwargs
            set_to = named.get("data_format", parameters["data_format"].default)
            args, kwargs = (), named | {"data_format": config.checked_data_format(f"ops.{function.__name__}", set_to)}
        return Function(function.__name__)(*args, **kwargs)

    return called


def _is_size(one: KerasTensor) -> bool:
    """Returns True for the size of a batch, which is part of a shape."""
    made_by = one.made_by
    return made_by is not None and isinstance(made_by.layer, Operation) and made_by.layer.node_kind == "Rows"
