"""Concatenation of inputs along an axis, as a layer and as a function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import ops
from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.layers.merging.merge_layer import Merge
from fastnn.precision import floatx


class Concatenate(Merge):
    """Layer that concatenates its inputs along an axis.

    Shapes: a list of tensors whose sizes differ along `axis` only, output with the sum of these sizes.

    Args:
        axis: Integer, axis along which to concatenate; the batch axis 0 is not supported.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: The layer is not called on a list, or the shapes do not fit together.

    Example:
        >>> layers.Concatenate()([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
        array([[1., 2., 3., 5.]], dtype=float32)
    """

    __fastnn_makes_masks__ = False
    __fastnn_elementwise__ = False
    __fastnn_kind__ = "Concatenate"
    axis: int

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __fastnn_separate_inputs__(self, inputs: Any) -> list[Any]:
        """Returns the tensors, arrays or shapes of a call, one by one."""
        if self.axis == 0:
            raise ValueError(
                f"{title(self)} joins along an axis from 1 on, got 0 (0 is the batch); write "
                "ops.concatenate(tensors, axis=0) to join batches"
            )
        return super().__fastnn_separate_inputs__(inputs)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the masks joined along the axis of steps, or else their logical or; see `Merge.compute_mask`.

        An input without a mask counts everywhere.
        """
        if mask is None or all(one is None for one in self._listed_masks(inputs, mask)):
            return None
        masks = [
            ops.ones_like(ops.sum(ops.cast(x, floatx()), axis=tuple(range(2, len(x.shape)))), dtype="bool")
            if one is None
            else ops.cast(one, "bool")
            for x, one in zip(inputs, mask, strict=True)
        ]
        if self.axis % len(inputs[0].shape) != 1:
            return super().compute_mask(inputs, masks)
        return ops.concatenate(masks, axis=1)

    def __fastnn_merge_masks__(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None], outputs: list[int]
    ) -> int | None:
        """Concatenates the masks along the axis of steps; an input without a mask counts everywhere."""
        rank = len(emission.graph.spec(edges[0])[0])
        ranks = {len(emission.graph.spec(mask)[0]) for mask in masks if mask is not None}
        if self.axis % rank != 1 or ranks != {2}:
            return super().__fastnn_merge_masks__(emission, edges, masks, outputs)
        pieces = [edge if mask is None else mask for edge, mask in zip(edges, masks, strict=True)]

        def joined(*tensors: Any) -> Any:
            found = []
            for tensor, mask in zip(tensors, masks, strict=True):
                if mask is None:
                    false = ops.zeros_like(tensor, dtype="bool")
                    tensor = ops.logical_not(ops.any(false, axis=tuple(range(2, rank))))
                found.append(tensor)
            return ops.concatenate(found, axis=1)

        return emission.run(joined, pieces, title(self))[1][0]


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """Returns the concatenation of the inputs along an axis.

    Equal to `Concatenate(axis, **kwargs)(inputs)`.

    Args:
        inputs: List of arrays or symbolic tensors, as for `Concatenate`.
        axis: Integer, axis along which to concatenate.
        **kwargs: Arguments of `Concatenate`.

    Returns:
        An array, or a symbolic tensor.

    Example:
        >>> layers.concatenate([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
        array([[1., 2., 3., 5.]], dtype=float32)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)
