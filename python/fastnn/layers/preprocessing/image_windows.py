"""Rectangular parts of images that become whole images, and what becomes of boxes in them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fastnn import ops


class Window(NamedTuple):
    """Part of an image, in pixels."""

    top: Any
    left: Any
    height: Any
    width: Any


def centered_window(height: int, width: int, new_height: int, new_width: int) -> Window:
    """Returns the largest centered part of an image with the aspect ratio of another size."""
    part_height = max(min(height, int(float(width * new_height) / new_width)), 1)
    part_width = max(min(width, int(float(height * new_width) / new_height)), 1)
    return Window((height - part_height) // 2, (width - part_width) // 2, part_height, part_width)


def window_of_images(
    images: Any, window: Window, size: tuple[int, int], data_format: str, interpolation: str = "bilinear"
) -> Any:
    """Returns the part of a batch of images, resized to a size where it has another."""
    last = data_format != "channels_first"
    for start, length, axis in ((window.top, window.height, -3), (window.left, window.width, -2)):
        index = start + np.arange(length, dtype=np.int32)
        images = ops.take(images, index, axis if last else axis + 1)
    if (window.height, window.width) == tuple(size):
        return images
    return ops.image.resize(images, size, interpolation, data_format=data_format)


def window_of_corners(corners: Any, window: Window, size: tuple[int, int]) -> Any:
    """Returns the corners of boxes in the part of an image that is resized to a size."""
    shift = ops.cast(ops.stack([window.left, window.top] * 2), "float32")
    scale = np.array([size[1] / window.width, size[0] / window.height] * 2, np.float32)
    low = np.zeros(4, np.float32)
    high = np.array([window.width, window.height] * 2, np.float32)
    return ops.minimum(ops.maximum(corners - shift, low), high) * scale


def rectangles(of_x: tuple[Any, Any], of_y: tuple[Any, Any], height: int, width: int, data_format: str) -> Any:
    """Returns which pixels of images are in rectangles that begin and end at (batch,), with one channel."""
    y, x = np.indices((height, width), np.float32)
    axes = (np.newaxis, slice(None), slice(None))
    axes = axes[:1] + axes if data_format == "channels_first" else (*axes, np.newaxis)  # type: ignore[assignment]
    inside = None
    for places, bounds in ((x[axes], of_x), (y[axes], of_y)):
        start, end = (ops.reshape(one, (-1, 1, 1, 1)) for one in bounds)
        within = ops.logical_and(ops.greater_equal(places, start), ops.less(places, end))
        inside = within if inside is None else ops.logical_and(inside, within)
    return inside
