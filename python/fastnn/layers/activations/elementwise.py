"""Base of the activation layers that are one node of the core."""

from __future__ import annotations

from fastnn import activations
from fastnn.engine.channels import add_between_transposes
from fastnn.engine.emission import Emission
from fastnn.engine.node_layer import NodeLayer


class ElementwiseActivation(NodeLayer):
    """Layer that is one activation node; it may also be the `activation` of another layer."""

    __fastnn_built_at_once__ = True
    supports_masking = True

    def activation_node(self) -> activations.Node | None:
        """Returns the kind and the config of the layer's node."""
        raise NotImplementedError

    def core_node(self) -> activations.Node | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        return self.activation_node()

    def add_core_node(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        node = self.core_node()
        if node is None or node[0] != "Activation":
            return super().add_core_node(emission, edges)
        return add_between_transposes(emission, edges, self.name, lambda moved: emission.add(self, *node, moved))

    def node_after(self) -> activations.Node | None:
        """Returns the node of the argument `activation`, where there is one."""
        return None
