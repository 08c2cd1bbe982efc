"""Dot product of two inputs, as a layer and as a function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.layers.merging.merge_layer import Merge


class Dot(Merge):
    """The product of two inputs, summed along one axis of each.

    Shapes: (batch, n) and (batch, n) with axes=1 -> (batch, 1); (batch, a, n) and (batch, b, n) with axes=2 ->
    (batch, a, b).

    Args:
        axes: The axis of both, or one for each; 0 is the batch.
        normalize: Whether both are divided by their norm along their axis first, which makes it the cosine.
        **kwargs: `name`, as in `Layer`.

    Example:
        >>> Dot(axes=1, normalize=True)([a, b])
    """

    kind = "Dot"
    least = 2

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: what comes out has other places."""
        return None

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)


def dot(inputs: Sequence[Any], axes: int | Sequence[int] = -1, **kwargs: Any) -> Any:
    """The product of two inputs along an axis: `Dot(axes, **kwargs)(inputs)`."""
    return Dot(axes=axes, **kwargs)(inputs)
