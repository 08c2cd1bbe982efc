"""Softmax as a layer, with masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import activations, ops
from fastnn.engine.emission import Emission
from fastnn.layers.activations.elementwise import ElementwiseActivation
from fastnn.symbolic.tensors import Shape

_HIDDEN = -1e9
"""In place of what takes no part in a softmax."""


def _spread(mask: Any, rank: int) -> Any:
    """A mask with sizes of 1 for the axes that it lacks."""
    return ops.reshape(mask, (-1, *mask.shape[1:], *[1] * (rank - len(mask.shape))))


class Softmax(ElementwiseActivation):
    """exp(x) / sum(exp(x)) along `axis`.

    Where a mask reaches to the axis, as one of (batch, steps) does to axis 1, what does not count takes no part and
    gets 0. A mask of all places, or with sizes of 1, may be given in the call: `Softmax()(x, mask=counts)`.

    Shapes: the input's.

    Args:
        axis: Along which the sum is 1; several where it is a tuple.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> Softmax()
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def activation_node(self) -> activations.Node | None:
        return "Softmax", {"axis": self.axis}

    def _check_mask(self, mask: Shape, shape: Shape) -> None:
        if len(mask) != len(shape) or not all(m in (s, 1, None) or s is None for m, s in zip(mask, shape, strict=True)):
            super()._check_mask(mask, shape)

    def _emit_masked(self, emission: Emission, edges: list[int], masks: Sequence[int | None]) -> list[int]:
        rank = len(emission.graph.spec(edges[0])[0])
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        reach = 0 if masks[0] is None else len(emission.graph.spec(masks[0])[0])
        if masks[0] is None or all(axis % rank >= reach for axis in axes):
            return self._emit_main(emission, edges)

        def hidden(x: Any, counts: Any) -> Any:
            return ops.where(_spread(counts, rank), x, _HIDDEN)

        def nothing(y: Any, counts: Any) -> Any:
            return ops.where(_spread(counts, rank), y, 0.0)

        given = emission.run(hidden, [edges[0], masks[0]], self.who())[1]
        made = self._emit_main(emission, given)
        return emission.run(nothing, [made[0], masks[0]], self.who())[1]
