"""Filters of images, patches of volumes, and the similarity of two images."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import config
from fastnn.ops import conversion, joining, reduction, shaping, windows
from fastnn.ops.data_formats import in_any_data_format
from fastnn.ops.keras_functions import as_in_keras
from fastnn.precision import floatx


def _gaussian(size: int, sigma: float) -> Any:
    curve = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2.0) / sigma) ** 2)
    return curve / curve.sum()


def _filtered(images: Any, kernel: Any, padding: str) -> Any:
    """Returns each channel of images correlated with a kernel."""
    weights = np.repeat(kernel[:, :, np.newaxis, np.newaxis], images.shape[-1], 2).astype(floatx())
    return windows.depthwise_conv(images, weights, 1, padding, "channels_last")


@as_in_keras(module="image")
def sobel_edges(images: Any, data_format: Any = None) -> Any:
    """Returns the slopes of images by the filters of Sobel.

    Args:
        images: Tensor or array of shape `(batch, height, width, channels)`.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array of the shape `(*images.shape, 2)`: slopes along the height and along the width.

    Raises:
        ValueError: There is no batch.

    Example:
        >>> edges = ops.image.sobel_edges(np.arange(3.0).reshape(1, 1, 3, 1))
        >>> edges[0, 0, 1, 0]
        array([0., 4.], dtype=float32)
    """
    if len(images.shape) != 4:
        raise ValueError(
            f"ops.image.sobel_edges expects images (batch, height, width, channels), got {tuple(images.shape)}"
        )
    return _slopes(images, data_format)


def _slopes(images: Any, data_format: Any) -> Any:
    first = config.checked_data_format("ops.image.sobel_edges", data_format) == "channels_first"
    images = conversion.cast(images, floatx())
    images = shaping.moveaxis(images, 1, -1) if first else images
    along_width = np.outer([1.0, 2.0, 1.0], [-1.0, 0.0, 1.0])
    made = joining.stack([_filtered(images, kernel, "same") for kernel in (along_width.T, along_width)], -1)
    return shaping.moveaxis(made, -2, 1) if first else made


@as_in_keras(module="image", class_name="SSIM")
def ssim(
    image1: Any, image2: Any, max_val: float = 1.0, filter_size: int = 11, filter_sigma: float = 1.5, k1: float = 0.01,
    k2: float = 0.03, data_format: Any = None,
) -> Any:  # fmt: skip
    """Returns the structural similarity of images: 1 where they are equal.

    Reference: Wang et al., 2004, "Image quality assessment: from error visibility to structural similarity".

    Args:
        image1: Tensor or array of shape `(batch, height, width, channels)`, or without the batch.
        image2: Tensor or array of the same shape.
        max_val: Largest possible value of a pixel.
        filter_size: Size of the Gaussian window, odd.
        filter_sigma: Standard deviation of the Gaussian window.
        k1: Share of `max_val` that steadies the means.
        k2: Share of `max_val` that steadies the variances.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array of shape `(batch,)`, or one number.

    Raises:
        ValueError: The shapes differ, or `filter_size` is even.

    Example:
        >>> image = np.random.default_rng(0).uniform(size=(16, 16, 3))
        >>> float(ops.image.ssim(image, image))
        1.0
    """
    if len(image1.shape) not in (3, 4) or tuple(image1.shape) != tuple(image2.shape):
        raise ValueError(
            "ops.image.ssim expects two images (batch, height, width, channels) of one shape, got "
            f"{tuple(image1.shape)} and {tuple(image2.shape)}"
        )
    if filter_size < 1 or filter_size % 2 == 0:
        raise ValueError(f"ops.image.ssim expects an odd filter_size, got {filter_size}")
    first = config.checked_data_format("ops.image.ssim", data_format) == "channels_first"
    both = [conversion.cast(one, floatx()) for one in (image1, image2)]
    both = [shaping.moveaxis(one, -3, -1) if first else one for one in both]
    alone = len(both[0].shape) == 3
    a, b = (shaping.expand_dims(one, 0) if alone else one for one in both)
    curve = _gaussian(filter_size, filter_sigma)
    kernel = np.outer(curve, curve)
    mean_a, mean_b, square_a, square_b, product = (
        _filtered(one, kernel, "valid") for one in (a, b, a * a, b * b, a * b)
    )
    steady_means, steady_variances = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    means = (2.0 * mean_a * mean_b + steady_means) / (mean_a * mean_a + mean_b * mean_b + steady_means)
    variances = (square_a - mean_a * mean_a) + (square_b - mean_b * mean_b) + steady_variances
    alike = means * (2.0 * (product - mean_a * mean_b) + steady_variances) / variances
    made = reduction.mean(alike, [1, 2, 3])
    return made[0] if alone else made


# Keras writes both of its functions as one class, whose sizes tell them apart; here it has a class of its own.
@as_in_keras(module="image", class_name="ExtractPatches3D")
@in_any_data_format(channels_axis=-4)
def extract_patches_3d(
    volumes: Any, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid",
    data_format: Any = None,
) -> Any:  # fmt: skip
    """Returns the windows of volumes, each as the channels of one place.

    Args:
        volumes: Tensor or array of shape `(batch, depth, height, width, channels)`, or without the batch.
        size: Size of a window, one number or (depth, height, width).
        strides: Distance between windows; None: `size`.
        dilation_rate: Distance between the elements of a window.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array of shape `(batch, planes, rows, columns, elements of a window)`.

    Raises:
        ValueError: The rank is another.

    Example:
        >>> ops.image.extract_patches_3d(np.ones((1, 4, 4, 4, 3)), 2).shape
        (1, 2, 2, 2, 24)
    """
    volumes = conversion.convert_to_tensor(volumes)
    if len(volumes.shape) not in (4, 5):
        raise ValueError(
            "ops.image.extract_patches_3d expects volumes (batch, depth, height, width, channels), got "
            f"{tuple(volumes.shape)}"
        )
    sizes = (size,) * 3 if isinstance(size, int) else tuple(size)
    channels = volumes.shape[-1]
    count = sizes[0] * sizes[1] * sizes[2] * channels
    kernel = np.eye(count, dtype=floatx()).reshape(*sizes, channels, count)
    alone = len(volumes.shape) == 4
    batch = shaping.expand_dims(volumes, 0) if alone else volumes
    made = windows.conv(batch, kernel, sizes if strides is None else strides, padding, "channels_last", dilation_rate)
    return made[0] if alone else made


def blurred(images: Any, size: int, sigma: float) -> Any:
    """Returns images `(batch, height, width, channels)` smoothed by a Gaussian kernel, with zeros around them."""
    curve = _gaussian(size, sigma)
    return _filtered(images, np.outer(curve, curve), "same")
