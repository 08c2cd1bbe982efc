"""Nodes of the core for the functions of `fastnn.ops`.

A call on symbolic tensors is a call of an `Operation`, which adds one node; arrays are computed by NumPy. Numbers,
arrays and variables among symbolic tensors become nodes too.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.engine.calls import CallHistory
from fastnn.engine.contract import Computation, begin, copied_attributes, state_of
from fastnn.engine.emission import Emission
from fastnn.engine.inference import agreed, trials
from fastnn.engine.ownership import WeightOwner
from fastnn.engine.sizes import depend_on_rows, learn
from fastnn.naming import unique_name
from fastnn.precision import FLOATS, array_type, floatx, is_float, same_type
from fastnn.symbolic.structure import sequence_like
from fastnn.symbolic.tensors import Arguments, Call, KerasTensor, Spec, Trace, Trial, is_traced, operators
from fastnn.symbolic.variable import Variable

Array = NDArray[Any]


class _ByOperation(Computation["Operation"]):
    """Computation of functions: the node; a variable that was assigned to before has its newest value."""

    def emit(self, part: Operation, emission: Emission, edges: list[int], arguments: Arguments | None) -> list[int]:
        variables = state_of(part).variables
        variable = variables[0] if variables else None
        if part.node_kind == "Variable" and variable in emission.current:
            return [emission.current[variable]]
        if part.node_kind == "Dense" and variable in emission.current:
            return emission.graph.add("Matmul", part.name, {}, [*edges, emission.current[variable]])
        if part.node_kind == "accumulate" and variable in emission.current:
            edges = [*edges, *(emission.current[one] for one in variables)]
        made = emission.add(part, part.node_kind, part.arguments, edges, part.stream, variables)
        if part.node_kind in ("Assign", "accumulate") and not emission.in_order:
            emission.current.update(zip(variables, made, strict=True))
        return made

    def output_shape(self, part: Operation, input_shape: Any) -> Any:
        calls = state_of(part).calls
        return calls[0].outputs[0].shape if calls else None


class Operation(WeightOwner, CallHistory):
    """Function of `fastnn.ops` in a model: one node.

    Args:
        title: Name of the function.
        kind: The core's name of the node.
        arguments: Arguments of the node.
        weights: Variables that it reads.
        stream: The stream from which it draws random numbers.
    """

    __fastnn_computation__ = _ByOperation()
    __fastnn_keras_module__ = "fastnn.ops"  # only fastnn reads what Keras has no word for

    def __init__(
        self,
        title: str,
        kind: str,
        arguments: Mapping[str, Any],
        weights: Sequence[Variable] = (),
        stream: _core.Stream | None = None,
    ) -> None:
        # One is created for every call in every trace, so nothing is looked up or checked again.
        begin(self, True)
        self.title = title
        self.name = title if Trace.current() is not None else unique_name(title)
        self.node_kind = kind
        self.arguments = dict(arguments)
        self._reads_sizes = kind == "Rows" or any(
            isinstance(size, dict) for value in self.arguments.values() if isinstance(value, list) for size in value
        )
        self.stream = stream
        self.built = True
        if weights:
            self.read(weights)

    def __fastnn_title__(self) -> str:
        return f"ops.{self.title}"

    def read(self, variables: Sequence[Variable]) -> None:
        """Sets the variables that it reads."""
        state = state_of(self)
        state.variables = list(variables)
        state.learned = [variable for variable in variables if variable.learned]

    def __fastnn_type_name__(self) -> str:
        """Returns the name of the function as summaries show it."""
        return "".join(part.capitalize() for part in self.title.split("_"))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(title={self.title!r}, name={self.name!r})"

    def __getstate__(self) -> dict[str, Any]:
        return copied_attributes(self)

    def get_config(self) -> dict[str, Any]:
        """Returns what the node is; the values of its variables are not part of it."""
        self.check_writable()
        return {"name": self.name, "title": self.title, "kind": self.node_kind, "arguments": self.arguments}

    def check_writable(self) -> None:
        """Raises an error where no config can describe the operation.

        Raises:
            ValueError: It reads a variable, or draws random numbers.
        """
        if state_of(self).variables or self.stream is not None:
            raise ValueError(
                f"ops.{self.title} reads a variable or draws random numbers and cannot be described by a config; "
                "put it into the call() of a layer"
            )

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Operation:
        """Returns the operation that `get_config` described."""
        made = cls(config["title"], config["kind"], config["arguments"])
        made.name = config["name"]
        return made

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Returns the function of other tensors."""
        return self.record(list(args))

    @property
    def reads(self) -> bool:
        """True for a function of tensors, False for a constant."""
        state = state_of(self)
        return bool(state.variables) or any(call.inputs for call in state.calls)

    def record(self, tensors: Sequence[KerasTensor]) -> Any:
        """Records a call on tensors and returns its outputs."""
        specs = self._for_any_rows(tensors) or self._for_each_rows(tensors)
        call = Call(self, Arguments(tuple(tensors), {}), specs, floats=self._floats(tensors))
        state_of(self).build_shape = _shapes_of(tensors)
        return call.outputs[0] if len(call.outputs) == 1 else call.outputs

    def _floats(self, tensors: Sequence[KerasTensor]) -> str:
        """Returns the type of floats of what it computes."""
        variables = state_of(self).variables
        double = any(one.dtype == "float64" for one in tensors) or any(one.floats == "float64" for one in variables)
        return "float64" if double or self.arguments.get("dtype") == "float64" else "float32"

    def _for_any_rows(self, tensors: Sequence[KerasTensor]) -> list[Spec] | None:
        """Returns the output specs of a node that takes the rows as they come; None where it cannot."""
        if self._reads_sizes or depend_on_rows(tensors):
            return None
        specs = [tensor.spec for tensor in tensors]
        try:
            return agreed(
                [_core.infer(self.node_kind, self.name, self.arguments, known)[0] for _, known in trials(specs)]
            )
        except _core.RowsNeeded:
            return None

    def _for_each_rows(self, tensors: Sequence[KerasTensor]) -> list[Spec]:
        """Returns the output specs of a node that is made for each number of rows."""
        if Trace.current() is not None:
            self.name = f"{self.title}{_line_of_caller()}"
        constants = [_constant_value(tensor) for tensor in tensors]

        def infer(inputs: list[Trial]) -> list[Trial]:
            known = [one if value is None else (*one[:2], value) for one, value in zip(inputs, constants, strict=True)]
            found: list[Trial] = _core.infer_sized(self.node_kind, self.name, self.arguments, known)
            return found

        return learn(tensors, infer)


def _line_of_caller() -> str:
    """Returns the place in a user's code that is running: " in line 12 of losses.py"; "" where there is none."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] == "fastnn":
        frame = frame.f_back
    return "" if frame is None else f" in line {frame.f_lineno} of {os.path.basename(frame.f_code.co_filename)}"


def _constant_value(tensor: KerasTensor) -> float | None:
    """Returns the value of a tensor that is one constant number; None for any other."""
    layer: Any = None if tensor.made_by is None or tensor.shape else tensor.made_by.layer
    return float(layer.arguments["value"]) if getattr(layer, "node_kind", "") == "Constant" else None


def _shapes_of(tensors: Sequence[KerasTensor]) -> Any:
    return tensors[0].free_shape if len(tensors) == 1 else [tensor.free_shape for tensor in tensors]


def node(
    kind: str,
    arguments: Mapping[str, Any],
    inputs: Sequence[Any],
    title: str | None = None,
    weights: Sequence[Variable] = (),
    stream: _core.Stream | None = None,
) -> Any:
    """Returns the outputs of a node on tensors, and on values that can become tensors.

    Lists among the arguments may hold sizes that are symbolic tensors.
    """
    tensors = [tensor(one) for one in inputs]
    sizes = [one for value in arguments.values() if isinstance(value, list) for one in value]
    if any(isinstance(one, KerasTensor) for one in sizes):
        arguments = {key: _with_references(value, tensors) for key, value in arguments.items()}
    return Operation(title or kind.lower(), kind, arguments, weights, stream).record(tensors)


def _with_references(value: Any, tensors: list[KerasTensor]) -> Any:
    """Returns an argument with references to inputs in place of tensors, which become further inputs."""
    if not isinstance(value, list):
        return value
    made = []
    for one in value:
        if isinstance(one, KerasTensor):
            tensors.append(one)
            one = {"input": len(tensors) - 1}
        made.append(one)
    return made


def tensor(value: Any, dtype: str | None = None) -> KerasTensor:
    """Returns a symbolic tensor for a variable, an array or a number, and a symbolic tensor unchanged.

    Raises:
        TypeError: It is none of these.
    """
    made: KerasTensor
    if isinstance(value, KerasTensor):
        made = value
    elif isinstance(value, Variable):
        config = {"shape": list(value.shape), "held": value.handle.dtype}
        made = node("Variable", config, [], "variable", [value])
        from_variable = edge_type(array_type(value.dtype))
        made = made if is_float(from_variable) else node("Cast", {"dtype": from_variable}, [made], "cast")
    elif isinstance(value, (list, tuple)) and is_traced(value):
        made = operators["stack"](value)
    else:
        found = np.asarray(value)
        if found.dtype.kind not in "fiub":
            batch = "; for x.shape[0], which is None, write ops.shape(x)[0]" if value is None else ""
            raise TypeError(f"a tensor, an array or a number is expected, got {value!r}{batch}")
        of_type = dtype or edge_type(found.dtype)
        made = _constant(found, of_type)
    return made if dtype is None or same_type(made.dtype, dtype) else node("Cast", {"dtype": dtype}, [made], "cast")


def _constant(value: Array, dtype: str) -> Any:
    if dtype == "int32" and value.size and np.abs(value.astype(np.int64)).max() > 1 << 24:
        # A float32 holds 24 bits exactly, so the upper and the lower half are separate constants.
        whole = np.asarray(value.astype(np.int32))
        return operators["add"](
            operators["multiply"](_constant(np.asarray(whole >> 16), dtype), 1 << 16),
            _constant(np.asarray(whole & 0xFFFF), dtype),
        )
    return node(
        "Constant",
        {"value": value if value.dtype == np.float64 else value.astype(floatx()), "dtype": dtype},
        [],
        "constant",
    )


def edge_type(dtype: np.dtype[Any]) -> str:
    """Returns the name of an array's type in the core."""
    return {"f": floatx(), "b": "bool"}.get(dtype.kind, "int32")


def array(value: Any) -> Array:
    """Returns a value as an array in the types of the core."""
    found: Array = np.asarray(value)
    if found.dtype.kind not in "fiub":
        raise TypeError(f"an array of numbers is expected, got {value!r}")
    made: Array = lowered(found)
    return made


def lowered(value: Any) -> Any:
    """Returns results of NumPy in the types of the core: int64 as int32, and float64 as `floatx()`."""
    if isinstance(value, (list, tuple)):
        return sequence_like(value, (lowered(item) for item in value))
    found = np.asarray(value)
    if found.dtype == np.float64 or found.dtype == np.float16:
        return found.astype(floatx())
    if found.dtype.kind in "iu" and found.dtype != np.int32:
        return found.astype(np.int32)
    return found


def one_type(*values: Any, least: str = "bool") -> list[KerasTensor]:
    """Returns tensors of the widest type of the values: floats before int32 before bool.

    A number has the type of its array: int32, float32 or bool.
    """
    order = ["bool", "int32", *FLOATS]
    types = [least]
    given = [tensor(value) if isinstance(value, (list, tuple)) and is_traced(value) else value for value in values]
    for value in given:
        if isinstance(value, KerasTensor):
            types.append(value.dtype)
        elif isinstance(value, Variable):
            types.append(edge_type(array_type(value.dtype)))
        else:
            types.append(edge_type(np.asarray(value).dtype))
    widest = max(types, key=order.index)
    return [tensor(value, widest) for value in given]


def axes_of(axis: Any, rank: int, who: str) -> list[int]:
    """Returns axes counted from the front; all for None.

    Raises:
        ValueError: There is no such axis.
    """
    if axis is None:
        return list(range(rank))
    many = [axis] if isinstance(axis, (int, np.integer)) else list(axis)
    for one in many:
        if not -rank <= one < rank:
            raise ValueError(f"ops.{who}: axis {one} is outside a tensor of {rank} axes")
    return sorted({int(one) % rank for one in many})
