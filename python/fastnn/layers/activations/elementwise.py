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

    def __fastnn_activation_node__(self) -> activations.Node | None:
        """Returns the kind and the config of the layer's node."""
        raise NotImplementedError

    def __fastnn_core_node__(self) -> activations.Node | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        return self.__fastnn_activation_node__()

    def __fastnn_add_core_node__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        node = self.__fastnn_core_node__()
        if node is None or node[0] != "Activation":
            return super().__fastnn_add_core_node__(emission, edges)
        return add_between_transposes(emission, edges, self.name, lambda moved: emission.add(self, *node, moved))

    def __fastnn_node_after__(self) -> activations.Node | None:
        """Returns the node of the argument `activation`, where there is one."""
        return None
