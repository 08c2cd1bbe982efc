"""Layer that gives each image the same number of bounding boxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.engine.contract import title
from fastnn.engine.layer import Layer


class MaxNumBoundingBoxes(Layer):
    """Layer that cuts the bounding boxes of images to a number, and fills up those of images that have fewer.

    Call it on a dict with the key "bounding_boxes", itself a dict of "boxes" (batch, boxes, 4) and "labels" (batch,
    boxes). All else in it is passed on.

    Args:
        max_number: Positive integer, number of boxes.
        fill_value: Integer that fills up boxes and labels.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `max_number` is not positive, or a dict has other keys.

    Example:
        >>> data = {"bounding_boxes": {"boxes": np.ones((1, 2, 4)), "labels": np.array([[3.0, 4.0]])}}
        >>> layers.MaxNumBoundingBoxes(3)(data)["bounding_boxes"]["labels"]
        array([[ 3.,  4., -1.]], dtype=float32)
    """

    max_number: int
    fill_value: int

    def __init__(self, max_number: int, fill_value: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(max_number, bool) or not isinstance(max_number, (int, np.integer)) or max_number < 1:
            raise ValueError(f"{title(self)} expects max_number to be a positive integer, got {max_number!r}")

    def build(self, input_shape: Any = None) -> None:
        """Builds the layer: it has no weights."""
        self.built = True

    def call(self, data: Any) -> Any:
        """Returns the data with that number of boxes."""
        boxes = data.get("bounding_boxes") if isinstance(data, Mapping) else None
        if not isinstance(boxes, Mapping) or set(boxes) != {"boxes", "labels"}:
            raise ValueError(
                f"{title(self)} expects a dict with 'bounding_boxes', a dict of 'boxes' and 'labels', got "
                f"{sorted(boxes) if isinstance(boxes, Mapping) else type(data).__name__}"
            )
        return {**data, "bounding_boxes": {name: self._fitted(value) for name, value in boxes.items()}}

    def _fitted(self, x: Any) -> Any:
        count = x.shape[1]
        if count is None:
            raise ValueError(f"{title(self)} expects a known number of boxes, got shape {tuple(x.shape)}")
        if count >= self.max_number:
            return x[:, : self.max_number]
        widths = [(0, 0), (0, self.max_number - count), *[(0, 0)] * (len(x.shape) - 2)]
        return ops.pad(x, widths, constant_values=self.fill_value)
