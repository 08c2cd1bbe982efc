"""Concatenation of inputs along an axis, as a layer and as a function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import ops
from fastnn.engine.emission import Emission
from fastnn.layers.merging.merge_layer import Merge


class Concatenate(Merge):
    """Its inputs one after the other along an axis.

    Shapes: a list of inputs that differ along the axis alone -> their sizes there added up.

    Args:
        axis: Along which; 0 would be the batch and is refused.
        **kwargs: `name`, as in `Layer`.

    Example:
        >>> Concatenate()([a, b])
    """

    kind = "Concatenate"

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def _merged_mask(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None], outputs: list[int]
    ) -> int | None:
        """Along the axis of time the masks follow one another too, ones where an input has none."""
        rank = len(emission.graph.spec(edges[0])[0])
        ranks = {len(emission.graph.spec(mask)[0]) for mask in masks if mask is not None}
        if self.axis % rank != 1 or ranks != {2}:
            return super()._merged_mask(emission, edges, masks, outputs)
        pieces = [edge if mask is None else mask for edge, mask in zip(edges, masks, strict=True)]

        def joined(*tensors: Any) -> Any:
            found = []
            for tensor, mask in zip(tensors, masks, strict=True):
                if mask is None:
                    nothing = ops.zeros_like(tensor, dtype="bool")
                    tensor = ops.logical_not(ops.any(nothing, axis=tuple(range(2, rank))))
                found.append(tensor)
            return ops.concatenate(found, axis=1)

        return emission.run(joined, pieces, self.who())[1][0]


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """The inputs one after the other: `Concatenate(axis, **kwargs)(inputs)`."""
    return Concatenate(axis=axis, **kwargs)(inputs)
