"""Layer that adds a penalty on its input to the loss."""

from __future__ import annotations

from typing import Any

from fastnn.engine.emission import Emission
from fastnn.engine.node_layer import NodeLayer


class ActivityRegularization(NodeLayer):
    """Identity layer that adds a penalty on its input to the loss.

    The penalty is l1 * sum(|x|) + l2 * sum(x**2), averaged over the batch.

    Shapes: input (batch, ...), output of the same shape.

    Args:
        l1: Non-negative number, factor of the sum of absolute values.
        l2: Non-negative number, factor of the sum of squares.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layers.ActivityRegularization(l2=1e-4)(np.array([[1.0, -2.0]]))
        array([[ 1., -2.]], dtype=float32)
    """

    __fastnn_kind__ = "ActivityRegularization"
    __fastnn_built_at_once__ = True
    supports_masking = True
    l1: float
    l2: float

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the input; the second output of the node, the penalty, is left out."""
        return super().compute_output_shape(input_shape)[0]

    def __fastnn_add_core_node__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        node = self.__fastnn_core_node__()
        assert node is not None
        output, penalty = emission.add(self, node[0], node[1], edges)
        emission.add_penalty(self, penalty)
        return [output]
