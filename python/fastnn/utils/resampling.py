"""Images of another size, with every interpolation that Keras and TensorFlow have."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import ops

OF_OPS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")
INTERPOLATIONS = (*OF_OPS[:3], "area", *OF_OPS[3:], "gaussian", "mitchellcubic")


def resized(
    images: NDArray[Any], size: tuple[int, int], interpolation: str = "bilinear", antialias: bool = False
) -> NDArray[np.float32]:
    """Returns images of another size.

    Args:
        images: Array of shape `(height, width, channels)` or `(batch, height, width, channels)`.
        size: New size (height, width).
        interpolation: One of `INTERPOLATIONS`.
        antialias: Smooths images that become smaller.

    Returns:
        Array of the rank of `images`, float32.

    Raises:
        ValueError: The interpolation or the rank is another one.
    """
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f"resize expects interpolation to be one of {INTERPOLATIONS}, got {interpolation!r}")
    if images.ndim not in (3, 4):
        raise ValueError(f"resize expects images (height, width, channels) or a batch of them, got {images.shape}")
    height, width = int(size[0]), int(size[1])
    if height < 1 or width < 1:
        raise ValueError(f"resize expects a size of at least 1 x 1, got {(height, width)}")
    if images.shape[-3:-1] == (height, width):
        return images.astype(np.float32)
    if interpolation in OF_OPS:
        found: NDArray[np.float32] = ops.image.resize(
            images, (height, width), interpolation, antialias, data_format="channels_last"
        )
        return found
    rows = _weights(images.shape[-3], height, interpolation, antialias)
    columns = _weights(images.shape[-2], width, interpolation, antialias)
    taken = np.tensordot(rows, images.astype(np.float32), (1, images.ndim - 3))
    taken = np.moveaxis(taken, 0, images.ndim - 3)
    across = np.tensordot(columns, taken, (1, images.ndim - 2))
    return np.ascontiguousarray(np.moveaxis(across, 0, images.ndim - 2), np.float32)


@functools.lru_cache(64)
def _weights(before: int, after: int, interpolation: str, antialias: bool) -> NDArray[np.float32]:
    """Returns the share of each old row in each new one."""
    ratio = before / after
    if interpolation == "area":
        edges = np.arange(after + 1) * ratio
        old = np.arange(before)
        overlap = np.minimum(edges[1:, None], old + 1) - np.maximum(edges[:-1, None], old)
        made = np.maximum(overlap, 0)
    else:
        scale = max(ratio, 1.0) if antialias else 1.0
        centers = (np.arange(after) + 0.5) * ratio - 0.5
        at = np.abs(np.arange(before) - centers[:, None]) / scale
        made = _gaussian(at) if interpolation == "gaussian" else _mitchell(at)
    return np.asarray(made / made.sum(axis=1, keepdims=True), np.float32)


def _gaussian(x: NDArray[Any]) -> NDArray[Any]:
    """Gaussian kernel of radius 1.5 and standard deviation 0.5."""
    return np.where(x < 1.5, np.exp(-(x**2) / (2 * 0.5**2)), 0.0)


def _mitchell(x: NDArray[Any]) -> NDArray[Any]:
    """Cubic kernel with B = C = 1/3 (Mitchell and Netravali, 1988)."""
    near = ((7 * x / 6 - 2) * x) * x + 8 / 9
    far = ((-7 * x / 18 + 2) * x - 10 / 3) * x + 16 / 9
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def resized_with_pad(
    images: NDArray[Any], size: tuple[int, int], interpolation: str = "bilinear", antialias: bool = False
) -> NDArray[np.float32]:
    """Returns images of another size and the same aspect ratio, with zeros at two sides.

    Args:
        images: Array of shape `(height, width, channels)` or `(batch, height, width, channels)`.
        size: New size (height, width).
        interpolation: One of `INTERPOLATIONS`.
        antialias: Smooths images that become smaller.
    """
    height, width = images.shape[-3:-1]
    ratio = max(width / size[1], height / size[0])
    inner = max(1, math.floor(height / ratio)), max(1, math.floor(width / ratio))
    top = max(0, math.floor((size[0] - height / ratio) / 2))
    left = max(0, math.floor((size[1] - width / ratio) / 2))
    made = np.zeros((*images.shape[:-3], size[0], size[1], images.shape[-1]), np.float32)
    made[..., top : top + inner[0], left : left + inner[1], :] = resized(images, inner, interpolation, antialias)
    return made


def centered_window(images: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Returns the largest centered window of images that has the aspect ratio of a size.

    Args:
        images: Array of shape `(height, width, channels)` or `(batch, height, width, channels)`.
        size: Size (height, width) with the aspect ratio.
    """
    height, width = images.shape[-3:-1]
    rows = max(1, min(height, int(width * size[0] / size[1])))
    columns = max(1, min(width, int(height * size[1] / size[0])))
    top, left = (height - rows) // 2, (width - columns) // 2
    return images[..., top : top + rows, left : left + columns, :]
