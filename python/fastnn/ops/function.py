"""How a function of `fastnn.ops` that is called among the tensors of a model is remembered: as a call of that function.

What is computed are the nodes that it adds; what a file and a summary tell is the function, its arguments and what came
out. Within a `call` that is run, and on arrays, nothing is remembered.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastnn import activations
from fastnn.engine.contract import state_of
from fastnn.engine.ownership import once
from fastnn.naming import snake_case
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.node import Operation, node, tensor
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments, Call, KerasTensor, Trace, is_symbolic, operators
from fastnn.symbolic.variable import Variable

functions: dict[str, Callable[..., Any]] = {}
"""The functions that are remembered, by their names."""

_ASK = ("convert_to_numpy", "dtype", "is_tensor", "ndim", "shape", "size")
"""What tells something of a tensor, and computes nothing."""
_LEAVE_OPEN = ("broadcast_to", "reshape", "slice")
"""Functions to which None says the size of the batch as well as `ops.shape(x)[0]` does."""


class Function(Operation):
    """A function of `fastnn.ops` within a model: all the nodes that a call of it comes to.

    Args:
        title: The function's name.
        name: Its name within the model; None makes one.
    """

    def __init__(self, title: str, name: str | None = None) -> None:
        super().__init__(title, "", {})
        self.name = self.name if name is None else name

    def get_config(self) -> dict[str, Any]:
        """Which function it is; with what it was called is told by its calls."""
        self.check_writable()
        return {"name": self.name, "title": self.title}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Function:
        return cls(config["title"], config["name"])

    def __call__(self, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """The function of tensors and other things."""
        arguments = Arguments(args, kwargs)
        with Trace(False) as trace:
            result = functions[self.title](*args, **kwargs)
            structure = Structure(result)
            ends = [tensor(leaf) for leaf in structure.flat(result)]
        state = state_of(self)
        self.read(once([*state.variables, *(one for one in arguments.leaves if isinstance(one, Variable))]))
        call = _Nodes(self, arguments, [end.spec for end in ends], structure)
        call.nodes, call.ends = trace.calls, ends
        state.build_shape = call.inputs[0].shape if len(call.inputs) == 1 else [one.shape for one in call.inputs]
        return call.result()


class _Nodes(Call):
    """A call that is made of others."""

    nodes: list[Call]
    ends: list[KerasTensor]

    def emit(self, emission: Any, edges: list[int]) -> list[int]:
        made = {id(one): edge for one, edge in zip(self.inputs, edges, strict=True)}
        for call in self.nodes:
            outputs = call.emit(emission, [made[id(one)] for one in call.inputs])
            made.update((id(one), edge) for one, edge in zip(call.outputs, outputs, strict=True))
        return [made[id(end)] for end in self.ends]


def activation(kind: str, config: Mapping[str, Any], x: Any) -> Any:
    """An activation of a tensor: the node, or among the tensors of a model the function that is it."""
    if Trace.current() is not None:
        return node(kind, config, [x])
    given = dict(config)
    title = given.pop("activation", snake_case(kind))
    if title in ("gelu", "gelu_tanh"):
        given, title = {"approximate": title == "gelu_tanh"}, "gelu"
    return Function({"exponential": "exp", "relu": "re_lu"}.get(title, title))(x, **given)


operators["activation"] = activation
# Those that `fastnn.ops` has not, or without such arguments.
functions.update(
    mish=as_in_keras("keras.src.activations.activations")(activations.mish),
    re_lu=as_in_keras("keras.src.activations.activations", "ReLU", name="re_lu")(activations.relu),
)


def remember(public: Sequence[dict[str, Any]], further: Sequence[dict[str, Any]]) -> None:
    """Lets functions be remembered, wherever they are found; those that are given functions are not.

    Args:
        public: Namespaces of functions that a user may call.
        further: Namespaces in which they stand too.
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
            if function.__name__ not in _LEAVE_OPEN or given.tensors[0].shape[:1] != (None,):
                return function(*args, **kwargs)
            args, kwargs = given.place([None if _is_size(one) else one for one in given.tensors])
        return Function(function.__name__)(*args, **kwargs)

    return called


def _is_size(one: KerasTensor) -> bool:
    """Whether it is the size of a batch, which is part of a shape."""
    return isinstance(one.call.layer, Operation) and one.call.layer.node_kind == "Rows"
