"""Layer that adds a penalty on its input to the loss."""

from __future__ import annotations

from typing import Any

from fastnn.engine.emission import Emission
from fastnn.engine.node_layer import NodeLayer


class ActivityRegularization(NodeLayer):
    """Passes its input on and adds l1 * sum(|x|) + l2 * sum(x**2) to the loss.

    Shapes: the input's.

    Args:
        l1: The strength of the first.
        l2: The strength of the second.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> ActivityRegularization(l2=1e-4)
    """

    kind = "ActivityRegularization"
    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input: the node's other output is the penalty."""
        return super().compute_output_shape(input_shape)[0]

    def add_core_node(self, emission: Emission, edges: list[int]) -> list[int]:
        node = self.core_node()
        assert node is not None
        output, penalty = emission.add(self, node[0], node[1], edges)
        emission.penalties.append(penalty)
        return [output]
