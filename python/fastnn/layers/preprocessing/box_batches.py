"""Bounding boxes as the layers of images are given them: checked, and with the same number in each image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.engine.arrays import numeric
from fastnn.symbolic.tensors import is_symbolic

_FILLING = {"boxes": 0.0, "labels": -1}


def dense_boxes(bounding_boxes: Any, who: str) -> dict[str, Any]:
    """Returns the entry "bounding_boxes" of a dict of data as arrays or tensors of the same number of boxes.

    Lists of images with different numbers of boxes are filled up: boxes with 0, labels with -1, all else with 0.

    Args:
        bounding_boxes: A dict of "boxes" (batch, boxes, 4) and "labels" (batch, boxes), or both without the batch, and
            perhaps more, such as "scores".
        who: The layer, for messages.

    Returns:
        A new dict of the same keys, with "boxes" in float32.

    Raises:
        ValueError: A key is missing, or the shapes do not fit.
    """
    if not isinstance(bounding_boxes, Mapping) or not {"boxes", "labels"} <= set(bounding_boxes):
        got = sorted(bounding_boxes) if isinstance(bounding_boxes, Mapping) else type(bounding_boxes).__name__
        raise ValueError(f"{who} expects 'bounding_boxes' to be a dict of 'boxes' and 'labels', got {got}")
    made = {name: _dense(value, name, who) for name, value in bounding_boxes.items()}
    made["boxes"] = ops.cast(made["boxes"], "float32")
    boxes, labels = tuple(made["boxes"].shape), tuple(made["labels"].shape)
    if len(boxes) not in (2, 3) or boxes[-1] != 4:
        raise ValueError(f"{who} expects boxes (batch, boxes, 4), or (boxes, 4) of one image, got shape {boxes}")
    # Labels of as many axes as the boxes have may be one-hot, or have an axis of their own before that of the boxes.
    counts = labels[len(boxes) - 2 :]
    if len(labels) not in (len(boxes) - 1, len(boxes)) or not {boxes[-2], None} & set(counts):
        raise ValueError(f"{who} expects a label for each of the boxes {boxes}, got labels of shape {labels}")
    return made


def _dense(value: Any, name: str, who: str) -> Any:
    if is_symbolic(value):
        return value
    if isinstance(value, (list, tuple)) and value and all(isinstance(one, (list, tuple, np.ndarray)) for one in value):
        longest = max(len(one) for one in value)
        if any(len(one) != longest for one in value):
            return _filled([np.asarray(one) for one in value], longest, _FILLING.get(name, 0))
    made: Any = numeric(value, f"{who}: {name!r} of 'bounding_boxes'")
    return made


def _filled(rows: list[Any], count: int, filling: float) -> Any:
    like = next(row for row in rows if len(row))
    made = np.full((len(rows), count, *like.shape[1:]), filling, like.dtype)
    for i, row in enumerate(rows):
        made[i, : len(row)] = row.reshape(-1, *like.shape[1:])
    return made
