"""What files, exporters and summaries may ask of a model.

`fastnn.models.Model` derives from `Network`, so that files find out what is a model without an import of models.
"""

from __future__ import annotations

from typing import Any

from fastnn.symbolic.tensors import Call, KerasTensor


class Network:
    """Base of all models, as far as others read them."""

    name: str
    built: bool
    compiled: bool
    optimizer: Any

    @property
    def layers(self) -> list[Any]:
        """The layers, in order."""
        raise NotImplementedError

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensors of the inputs."""
        raise NotImplementedError

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic tensors of the outputs."""
        raise NotImplementedError


def calls_of(model: Network) -> list[Call]:
    """Returns the calls that join the layers of a functional model; none for other models."""
    graph = getattr(model, "_graph", None)
    return [] if graph is None else list(graph.calls)
