"""Layer that gives its input another shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.inference import Weight, are_free
from fastnn.engine.node_layer import NodeLayer
from fastnn.symbolic.tensors import Spec


class Reshape(NodeLayer):
    """Layer that gives its input another shape.

    The elements keep their order, the last axis runs fastest.

    Shapes: input (batch, ...), output (batch, *target_shape).

    Args:
        target_shape: Integers, sizes of a sample, without the batch. One of them may be -1: it is inferred from the
            others.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: The sizes do not fit the number of elements of a sample.

    Example:
        >>> layers.Reshape((2, -1))(np.arange(6.0).reshape(1, 6)).tolist()
        [[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]]
    """

    __fastnn_kind__ = "Reshape"
    target_shape: Sequence[int]

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __fastnn_infer_node__(self, specs: Sequence[Spec]) -> tuple[list[Spec], list[Weight]]:
        """Returns the output specs and the weights of the node for these inputs."""
        if are_free([specs[0][0]]):
            # With unknown sizes the number of elements is checked when data comes.
            return [((None, *(None if size == -1 else size for size in self.target_shape)), specs[0][1])], []
        return super().__fastnn_infer_node__(specs)
