"""Functions of images: size, borders, colors, patches; and those of `image_sampling` and `image_filters`."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import arithmetic, conversion, joining, logic, shaping, windows
from fastnn.ops.data_formats import in_any_data_format
from fastnn.ops.image_filters import extract_patches_3d, sobel_edges, ssim
from fastnn.ops.image_sampling import (
    affine_transform,
    elastic_transform,
    map_coordinates,
    perspective_transform,
    scale_and_translate,
)
from fastnn.ops.keras_functions import as_in_keras
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced

__all__ = [
    "affine_transform",
    "crop_images",
    "elastic_transform",
    "extract_patches",
    "extract_patches_3d",
    "gaussian_blur",
    "hsv_to_rgb",
    "map_coordinates",
    "pad_images",
    "perspective_transform",
    "resize",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "scale_and_translate",
    "sobel_edges",
    "ssim",
]


def _checked(images: Any, who: str) -> Any:
    images = conversion.convert_to_tensor(images)
    if len(images.shape) not in (3, 4):
        raise ValueError(f"ops.image.{who} expects images (batch, height, width, channels), got {tuple(images.shape)}")
    return images


def _of_three_channels(images: Any, who: str) -> Any:
    images = _checked(images, who)
    if images.shape[-1] != 3:
        raise ValueError(f"ops.image.{who} expects images of 3 channels, got {images.shape[-1]}")
    if not str(images.dtype).startswith("float"):
        raise ValueError(
            f"ops.image.{who} expects fractions from 0 to 1, got {images.dtype}; divide the images by 255.0"
        )
    return images


def _one(images: Any, function: Any) -> Any:
    """Applies a function of a batch, also to one image without a batch."""
    return function(shaping.expand_dims(images, 0))[0] if len(images.shape) == 3 else function(images)


@as_in_keras(in_config="fill_value")
@in_any_data_format(channels_axis=-3)
def resize(
    images: Any, size: Any, interpolation: str = "bilinear", antialias: bool = False,
    crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False, fill_mode: str = "constant",
    fill_value: float = 0.0, data_format: Any = None,
) -> Any:  # fmt: skip
    """Returns images of another size.

    Args:
        images: Tensor or array of shape `(batch, height, width, channels)`, or without the batch.
        size: New size (height, width).
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        antialias: Smooths images that become smaller.
        crop_to_aspect_ratio: Crops images to the aspect ratio of the new size, in place of distorting them.
        pad_to_aspect_ratio: Pads images to the aspect ratio of the new size, in place of distorting them.
        fill_mode: "constant".
        fill_value: Value of the padding.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array with the rank of `images`.

    Raises:
        ValueError: An argument is unknown, or a tensor has no batch.

    Example:
        >>> ops.image.resize(np.ones((1, 8, 8, 3)), (4, 6)).shape
        (1, 4, 6, 3)
    """
    images = _checked(images, "resize")
    arguments = {
        "height": int(size[0]), "width": int(size[1]), "interpolation": interpolation, "antialias": antialias,
        "crop_to_aspect_ratio": crop_to_aspect_ratio, "pad_to_aspect_ratio": pad_to_aspect_ratio,
        "fill_mode": fill_mode, "fill_value": fill_value,
    }  # fmt: skip
    if is_traced(images) and images.shape[0] is not None:
        raise ValueError(f"ops.image.resize expects images with a batch, got the fixed shape {images.shape}")
    return _one(images, lambda batch: windows.run("Resizing", batch, arguments, [], "resize"))


def _border(before: int | None, after: int | None, target: int | None, size: Any, sign: int, who: str) -> list[int]:
    """Returns [before, after], from two of the three: border before, border after, size of the result."""
    given = [one is not None for one in (before, after, target)]
    if size is None or sum(given) != 2:
        raise ValueError(
            f"ops.image.{who} expects two of the three along each axis: the two borders and the target; got {before}, "
            f"{after} and {target} for a size of {size}"
        )
    all_borders = sign * ((target or 0) - size)
    first = all_borders - (after or 0) if before is None else before
    last = all_borders - first if after is None else after
    if first < 0 or last < 0 or (sign < 0 and first + last >= size):
        raise ValueError(f"ops.image.{who}: borders of {first} and {last} do not fit a size of {size}")
    return [first, last]


@as_in_keras(required="bottom_padding left_padding right_padding target_height target_width top_padding")
@in_any_data_format(channels_axis=-3)
def pad_images(
    images: Any, top_padding: int | None = None, left_padding: int | None = None, bottom_padding: int | None = None,
    right_padding: int | None = None, target_height: int | None = None, target_width: int | None = None,
    data_format: Any = None,
) -> Any:  # fmt: skip
    """Returns images with zeros added at their borders, in given numbers or up to a given size.

    Args:
        images: Tensor or array of shape `(batch, height, width, channels)`, or without the batch.
        top_padding: Number of rows added at the top.
        left_padding: Number of columns added at the left.
        bottom_padding: Number of rows added at the bottom.
        right_padding: Number of columns added at the right.
        target_height: Height of the result; two of top, bottom and target determine the third.
        target_width: Width of the result; two of left, right and target determine the third.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array with the rank of `images`.

    Raises:
        ValueError: Not exactly two of three are given, or they do not fit.

    Example:
        >>> ops.image.pad_images(np.ones((4, 4, 1)), 1, 2, target_height=6, target_width=8).shape
        (6, 8, 1)
    """
    images = _checked(images, "pad_images")
    height, width = images.shape[-3:-1]
    rows = _border(top_padding, bottom_padding, target_height, height, 1, "pad_images")
    columns = _border(left_padding, right_padding, target_width, width, 1, "pad_images")
    return shaping.pad(images, [*[[0, 0]] * (len(images.shape) - 3), rows, columns, [0, 0]])


@as_in_keras(required="bottom_cropping left_cropping right_cropping target_height target_width top_cropping")
@in_any_data_format(channels_axis=-3)
def crop_images(
    images: Any, top_cropping: int | None = None, left_cropping: int | None = None, bottom_cropping: int | None = None,
    right_cropping: int | None = None, target_height: int | None = None, target_width: int | None = None,
    data_format: Any = None,
) -> Any:  # fmt: skip
    """Returns images without rows and columns at their borders, in given numbers or down to a given size.

    Args:
        images: Tensor or array of shape `(batch, height, width, channels)`, or without the batch.
        top_cropping: Number of rows removed at the top.
        left_cropping: Number of columns removed at the left.
        bottom_cropping: Number of rows removed at the bottom.
        right_cropping: Number of columns removed at the right.
        target_height: Height of the result; two of top, bottom and target determine the third.
        target_width: Width of the result; two of left, right and target determine the third.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array with the rank of `images`.

    Raises:
        ValueError: Not exactly two of three are given, or they do not fit.

    Example:
        >>> ops.image.crop_images(np.ones((6, 8, 1)), 1, 2, target_height=4, target_width=4).shape
        (4, 4, 1)
    """
    images = _checked(images, "crop_images")
    height, width = images.shape[-3:-1]
    top, bottom = _border(top_cropping, bottom_cropping, target_height, height, -1, "crop_images")
    left, right = _border(left_cropping, right_cropping, target_width, width, -1, "crop_images")
    return images[..., top : height - bottom, left : width - right, :]


@as_in_keras(class_name="RGBToGrayscale")
@in_any_data_format(channels_axis=-3)
def rgb_to_grayscale(images: Any, data_format: Any = None) -> Any:
    """Returns the brightness of each pixel: 0.2989 red + 0.5870 green + 0.1140 blue (ITU-R BT.601).

    Args:
        images: Tensor or array of shape `(batch, height, width, channels)`, or without the batch.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array with one channel.

    Raises:
        ValueError: The images do not have three channels.

    Example:
        >>> ops.image.rgb_to_grayscale(np.ones((4, 4, 3))).shape
        (4, 4, 1)
    """
    images = _checked(images, "rgb_to_grayscale")
    if images.shape[-1] != 3:
        raise ValueError(f"ops.image.rgb_to_grayscale expects three channels, got {tuple(images.shape)}")
    weights = np.array([0.2989, 0.5870, 0.1140], dtype=floatx())
    gray = arithmetic.add(
        arithmetic.add(images[..., 0:1] * weights[0], images[..., 1:2] * weights[1]), images[..., 2:3] * weights[2]
    )
    return gray


@as_in_keras(class_name="RGBToHSV")
@in_any_data_format(channels_axis=-3)
def rgb_to_hsv(images: Any, data_format: Any = None) -> Any:
    """Returns hue, saturation and value of pixels in red, green and blue, all in the range from 0 to 1.

    Args:
        images: Tensor or array of shape `(batch, height, width, channels)`, or without the batch.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array with the rank of `images`.

    Raises:
        ValueError: There are not 3 channels, or the images hold integers.

    Example:
        >>> ops.image.rgb_to_hsv(np.array([[[1.0, 0.5, 0.5]]]))
        array([[[0. , 0.5, 1. ]]], dtype=float32)
    """
    images = _of_three_channels(images, "rgb_to_hsv")
    red, green, blue = images[..., 0], images[..., 1], images[..., 2]
    value = arithmetic.maximum(arithmetic.maximum(red, green), blue)
    least = arithmetic.minimum(arithmetic.minimum(red, green), blue)
    span = value - least
    gray = logic.equal(span, 0.0)
    divisor = logic.where(gray, 1.0, span) * 6.0
    hue = logic.where(
        logic.equal(value, red),
        (green - blue) / divisor,
        logic.where(logic.equal(value, green), (blue - red) / divisor + 1.0 / 3.0, (red - green) / divisor + 2.0 / 3.0),
    )
    hue = logic.where(gray, 0.0, logic.where(logic.less(hue, 0.0), hue + 1.0, hue))
    return joining.stack([hue, arithmetic.divide_no_nan(span, value), value], -1)


@as_in_keras(class_name="HSVToRGB")
@in_any_data_format(channels_axis=-3)
def hsv_to_rgb(images: Any, data_format: Any = None) -> Any:
    """Returns red, green and blue of pixels in hue, saturation and value, all in the range from 0 to 1.

    Args:
        images: Tensor or array of shape `(batch, height, width, channels)`, or without the batch.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array with the rank of `images`.

    Raises:
        ValueError: There are not 3 channels, or the images hold integers.

    Example:
        >>> ops.image.hsv_to_rgb(np.array([[[0.0, 0.5, 1.0]]]))
        array([[[1. , 0.5, 0.5]]], dtype=float32)
    """
    images = _of_three_channels(images, "hsv_to_rgb")
    hue, saturation, value = images[..., 0] * 6.0, images[..., 1], images[..., 2]

    def channel(part: Any) -> Any:
        return (1.0 - saturation + saturation * arithmetic.clip(part, 0.0, 1.0)) * value

    red = arithmetic.absolute(hue - 3.0) - 1.0
    green = 2.0 - arithmetic.absolute(hue - 2.0)
    blue = 2.0 - arithmetic.absolute(hue - 4.0)
    return joining.stack([channel(red), channel(green), channel(blue)], -1)


@in_any_data_format(channels_axis=-3)
def extract_patches(
    images: Any, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid", data_format: Any = None
) -> Any:
    """Returns the windows of images, each as the channels of one pixel.

    Args:
        images: Tensor or array of shape `(batch, height, width, channels)`, or without the batch.
        size: Size of a window, one number or (height, width).
        strides: Distance between windows; None: `size`.
        dilation_rate: Distance between the pixels of a window.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array of shape `(batch, rows, columns, height * width * channels)`, with the size of a window.

    Raises:
        ValueError: The images have another rank, or are smaller than a window without padding.

    Example:
        >>> ops.image.extract_patches(np.ones((1, 4, 4, 3)), 2).shape
        (1, 2, 2, 12)
    """
    images = _checked(images, "extract_patches")
    height, width = windows.two(size)
    channels = images.shape[-1]
    count = height * width * channels
    kernel = np.eye(count, dtype=floatx()).reshape(height, width, channels, count)
    step = (height, width) if strides is None else strides
    return _one(images, lambda batch: windows.conv(batch, kernel, step, padding, "channels_last", dilation_rate))


@in_any_data_format(channels_axis=-3)
def gaussian_blur(images: Any, kernel_size: Any = (3, 3), sigma: Any = (1.0, 1.0), data_format: Any = None) -> Any:
    """Returns images smoothed by a Gaussian kernel.

    Args:
        images: Tensor or array of shape `(batch, height, width, channels)`, or without the batch.
        kernel_size: Size (width, height) of the kernel.
        sigma: Standard deviations (horizontal, vertical) of the kernel.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array with the rank of `images`.

    Raises:
        ValueError: The images have another rank.

    Example:
        >>> ops.image.gaussian_blur(np.ones((1, 4, 4, 3))).shape
        (1, 4, 4, 3)
    """
    images = _checked(images, "gaussian_blur")
    curves = []
    for count, width in zip(windows.two(kernel_size), np.broadcast_to(sigma, (2,)).tolist(), strict=True):
        places = np.arange(count) - (count - 1) / 2.0
        curve = np.exp(-0.5 * (places / width) ** 2)
        curves.append(curve / curve.sum())
    kernel = np.repeat(np.outer(*curves[::-1])[:, :, np.newaxis, np.newaxis], images.shape[-1], 2).astype(floatx())
    return _one(images, lambda batch: windows.depthwise_conv(batch, kernel, 1, "same", "channels_last"))


def __dir__() -> list[str]:
    return __all__
