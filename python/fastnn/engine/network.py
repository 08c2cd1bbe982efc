"""The part of a model that files, exporters and summaries may read.

Every model derives from `Network`, so that a package below `fastnn.models` can tell a model from another layer without
an import of models, and reads it through this class alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Call, KerasTensor, Shape


class Port(NamedTuple):
    """An input or an output of a model.

    Attributes:
        name: The name by which data and arguments may be given in a dict.
        shape: The shape with the batch; None before the model is built.
        dtype: The element type to which the data of an input are converted.
        optional: True for an input that may be given None in place of data.
    """

    name: str
    shape: Shape | None
    dtype: str = "float32"
    optional: bool = False


class Ports(NamedTuple):
    """All inputs and outputs of a model.

    Attributes:
        inputs: The inputs, in order.
        outputs: The outputs, in order.
        given: The structure in which inputs are given.
        made: The structure in which outputs are returned.
        in_lists: Whether the inputs, and the outputs, were a list of one, which counts as the one in it.
    """

    inputs: list[Port]
    outputs: list[Port]
    given: Structure
    made: Structure
    in_lists: tuple[bool, bool] = (False, False)

    @property
    def known(self) -> bool:
        """True once the shapes of the inputs are known."""
        return self.inputs[0].shape is not None


class Network:
    """Base of all models, as far as others read them."""

    name: str
    built: bool
    optimizer: Any

    @property
    def layers(self) -> list[Any]:
        """The layers, in order."""
        raise NotImplementedError

    def __fastnn_operations__(self) -> list[Any]:
        """Returns the layers, and the functions of `fastnn.ops` that compute with their outputs."""
        raise NotImplementedError

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensors of the inputs."""
        raise NotImplementedError

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic tensors of the outputs."""
        raise NotImplementedError

    def __fastnn_ports__(self) -> Ports:
        """Returns the inputs and outputs: names, shapes, types and structures."""
        raise NotImplementedError

    def __fastnn_joining_calls__(self) -> list[Call]:
        """Returns the calls that join the layers."""
        return []

    def __fastnn_edges__(self) -> list[tuple[Any, Any]]:
        """Returns pairs of operations, of which the second reads what the first makes; none for other models."""
        return []


def edges_of(model: Network) -> list[tuple[Any, Any]]:
    """Returns pairs of operations, of which the second reads what the first makes, each pair once.

    Args:
        model: The model; one whose code joins its layers has no pairs.
    """
    return list(dict.fromkeys(model.__fastnn_edges__()))


def calls_of(model: Network) -> list[Call]:
    """Returns the calls that join the layers of a functional model, in order; none for other models."""
    return model.__fastnn_joining_calls__()
