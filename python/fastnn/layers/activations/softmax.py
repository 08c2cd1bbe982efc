"""Softmax as a layer, with masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import activations, ops
from fastnn.engine.arrays import numeric
from fastnn.engine.contract import title
from fastnn.engine.eager_array import EagerArray
from fastnn.engine.emission import Emission
from fastnn.layers.activations.elementwise import ElementwiseActivation
from fastnn.precision import floatx
from fastnn.symbolic.tensors import Shape, Trace, is_symbolic

_MASKED = -1e9
"""Stands for masked elements before the softmax."""


def _spread(mask: Any, rank: int) -> Any:
    """Returns a mask with axes of size 1 appended up to `rank`."""
    return ops.reshape(mask, (-1, *mask.shape[1:], *[1] * (rank - len(mask.shape))))


class Softmax(ElementwiseActivation):
    """Softmax along an axis.

    Computes exp(x) / sum(exp(x)), with the sum along `axis`, so that the outputs are positive and sum to 1.

    A mask excludes elements where it reaches to `axis`, as a mask (batch, steps) does for axis 1: their outputs are 0.
    A mask of the input's shape, or with sizes of 1, may be passed in the call: `Softmax()(x, mask=mask)`.

    Shapes: input of any shape, output of the same shape.

    Args:
        axis: Integer or tuple of integers, the axes along which the outputs sum to 1.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `axis` names an axis that the input does not have, or the mask does not fit the input.

    References:
        - Bridle, "Probabilistic Interpretation of Feedforward Classification Network Outputs, with Relationships to
          Statistical Pattern Recognition", 1990.

    Example:
        >>> layers.Softmax()(np.array([[0.0, 0.0, 1.0]])).round(3)
        array([[0.212, 0.212, 0.576]], dtype=float32)
    """

    __fastnn_call_arguments__ = ("inputs", "mask")
    axis: int | Sequence[int]

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __fastnn_activation_node__(self) -> activations.Node | None:
        """Returns the kind and the config of the layer's node."""
        return "Softmax", {"axis": self.axis}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Returns the outputs for arrays or symbolic tensors; see `Layer.__call__`. Arrays may sum over their batch."""
        axes = [self.axis] if isinstance(self.axis, int) else list(self.axis)
        x: Any = args[0] if args else kwargs.get("inputs")
        if is_symbolic(x) or Trace.current() is not None or not any(axis in (0, -np.ndim(x)) for axis in axes):
            return super().__call__(*args, **kwargs)
        mask = args[1] if len(args) > 1 else kwargs.get("mask")
        x = numeric(x, f"{title(self)}: the input").astype(floatx())
        counts = True if mask is None else np.broadcast_to(np.asarray(mask, bool), x.shape)
        made = np.asarray(ops.softmax(np.where(counts, x, np.float32(_MASKED)), tuple(axes)))
        return np.where(counts, made, np.float32(0)).view(EagerArray)

    def __fastnn_check_mask_shape__(self, mask: Shape, shape: Shape) -> None:
        """Refuses a mask that cannot go with an input."""
        if len(mask) != len(shape) or not all(m in (s, 1, None) or s is None for m, s in zip(mask, shape, strict=True)):
            super().__fastnn_check_mask_shape__(mask, shape)

    def __fastnn_spread_mask__(self, mask: NDArray[Any], shape: Shape) -> NDArray[Any]:
        """Returns a mask with the sizes of the input where it can be broadcast to it."""
        sizes: Any = shape
        begins = all(m in (s, 1) for m, s in zip(mask.shape, sizes, strict=False))
        fits = all(m in (s, 1) for m, s in zip(mask.shape[::-1], sizes[::-1], strict=False))
        if mask.ndim <= len(sizes) and fits and (mask.ndim == len(sizes) or not begins):
            return np.broadcast_to(mask, sizes)
        return super().__fastnn_spread_mask__(mask, shape)

    def __fastnn_add_masked_node__(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None]
    ) -> list[int]:
        """Adds the node to a graph; a layer that reads masks adds more, or another."""
        rank = len(emission.graph.spec(edges[0])[0])
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        reach = 0 if masks[0] is None else len(emission.graph.spec(masks[0])[0])
        if masks[0] is None or all(axis % rank >= reach for axis in axes):
            return self.__fastnn_add_core_node__(emission, edges)

        def masked(x: Any, counts: Any) -> Any:
            return ops.where(_spread(counts, rank), x, _MASKED)

        def zeroed(y: Any, counts: Any) -> Any:
            return ops.where(_spread(counts, rank), y, 0.0)

        given = emission.run(masked, [edges[0], masks[0]], title(self))[1]
        made = self.__fastnn_add_core_node__(emission, given)
        return emission.run(zeroed, [made[0], masks[0]], title(self))[1]
