"""Dot product of two inputs, as a layer and as a function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.emission import Emission
from fastnn.layers.merging.merge_layer import Merge


class Dot(Merge):
    """Layer that computes the dot product of two inputs along one axis of each.

    Shapes: (batch, n) and (batch, n) with axes=1 give (batch, 1); (batch, a, n) and (batch, b, n) with axes=2 give
    (batch, a, b).

    Args:
        axes: Integer, the axis of both inputs, or a pair of integers; the batch is axis 0.
        normalize: Whether to divide both by their Euclidean norm along their axis first, which gives the cosine
            similarity.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: The layer is not called on a list of two, or the sizes along the axes differ.

    Example:
        >>> layers.Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
        array([[13.]], dtype=float32)
    """

    __fastnn_makes_masks__ = False
    __fastnn_elementwise__ = False
    __fastnn_kind__ = "Dot"
    __fastnn_least__ = 2
    axes: int | Sequence[int]
    normalize: bool

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns None: the output has other positions."""
        return None

    def __fastnn_merge_masks__(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None], outputs: list[int]
    ) -> int | None:
        """Returns None: the output has other positions."""
        return None

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)


def dot(inputs: Sequence[Any], axes: int | Sequence[int] = -1, **kwargs: Any) -> Any:
    """Returns the dot product of two inputs along one axis of each.

    Equal to `Dot(axes, **kwargs)(inputs)`.

    Args:
        inputs: List of two arrays or symbolic tensors, as for `Dot`.
        axes: Integer, the axis of both inputs, or a pair of integers.
        **kwargs: Arguments of `Dot`, such as `normalize`.

    Returns:
        An array, or a symbolic tensor.

    Example:
        >>> layers.dot([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])], axes=1)
        array([[13.]], dtype=float32)
    """
    return Dot(axes=axes, **kwargs)(inputs)
