"""Base of the layers that add random noise in training and are the identity in inference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.engine.inference import Weight, inferred
from fastnn.engine.node_layer import NodeLayer
from fastnn.seeds import stream_of
from fastnn.symbolic.tensors import Spec


class Noise(NodeLayer):
    """Base of the layers that draw random numbers in training and are the identity in inference."""

    __fastnn_built_at_once__ = True
    supports_masking = True
    __fastnn_call_arguments__ = ("inputs", "training")
    seed: Any

    def _open_stream(self) -> None:
        self.stream = stream_of(self.seed)

    def __fastnn_add_core_node__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        node = self.__fastnn_core_node__()
        assert node is not None
        return emission.add(self, node[0], node[1], edges, self.stream) if emission.training else edges


class ShapedNoise(Noise):
    """Base of the layers with a `noise_shape`, the shape of their random numbers."""

    noise_shape: Sequence[int | None] | None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open_stream()

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Checks the arguments and keeps them as attributes."""
        sizes = arguments["noise_shape"]
        one_by_one = sizes if isinstance(sizes, (list, tuple)) else () if sizes is None else (sizes,)
        if any(
            one is not None and (isinstance(one, bool) or not isinstance(one, (int, np.integer)) or one < 1)
            for one in one_by_one
        ):
            raise ValueError(
                f"{type(self).__name__} expects noise_shape to be a tuple of positive integers and None, got {sizes!r}"
            )
        super().__fastnn_store_arguments__(arguments)

    def _node_for(self, rank: int) -> tuple[str, dict[str, Any]]:
        """Returns the node for inputs with a number of axes: axes that noise_shape leaves out share one draw."""
        node = self.__fastnn_core_node__()
        assert node is not None
        if self.noise_shape is None:
            return node
        sizes = [*[1] * (rank - len(self.noise_shape)), *self.noise_shape]
        # Samples have draws of their own where the first size is that of the batch.
        return node[0], {**node[1], "noise_shape": [1 if sizes[0] == 1 else None, *sizes[1:]]}

    def __fastnn_infer_node__(self, specs: Sequence[Spec]) -> tuple[list[Spec], list[Weight]]:
        """Returns the output specs and the weights of the node for these inputs."""
        return inferred(title(self), self.name, self._node_for(len(specs[0][0])), [(specs[0][0], "float32")])

    def __fastnn_add_core_node__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        node = self._node_for(len(emission.graph.spec(edges[0])[0]))
        return emission.add(self, node[0], node[1], edges, self.stream) if emission.training else edges
