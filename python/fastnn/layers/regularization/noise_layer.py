"""Base of the layers that add random noise in training and are the identity in inference."""

from __future__ import annotations

from typing import Any

from fastnn.engine.emission import Emission
from fastnn.engine.node_layer import NodeLayer
from fastnn.seeds import stream_of


class Noise(NodeLayer):
    """Base of the layers that draw random numbers in training and are the identity in inference."""

    built_at_once = True
    supports_masking = True
    call_arguments = ("inputs", "training")
    seed: Any

    def _open_stream(self) -> None:
        self.stream = stream_of(self.seed)

    def add_core_node(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        node = self.core_node()
        assert node is not None
        return emission.add(self, node[0], node[1], edges, self.stream) if emission.training else edges
