"""Functions of images (batch, height, width, channels), or of one without a batch: sizes, borders, colours, patches."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import arithmetic, conversion, joining, logic, shaping, windows
from fastnn.symbolic.tensors import is_traced

__all__ = [
    "crop_images",
    "extract_patches",
    "gaussian_blur",
    "hsv_to_rgb",
    "is_traced",
    "pad_images",
    "resize",
    "rgb_to_grayscale",
    "rgb_to_hsv",
]


def _checked(images: Any, data_format: Any, who: str) -> Any:
    if data_format not in (None, "channels_last"):
        raise ValueError(
            f"ops.image.{who} expects data_format 'channels_last', got {data_format!r}; move the channels to the end: "
            "ops.moveaxis(x, 1, -1)"
        )
    images = conversion.convert_to_tensor(images)
    if len(images.shape) not in (3, 4):
        raise ValueError(f"ops.image.{who} expects images (batch, height, width, channels), got {tuple(images.shape)}")
    return images


def _one(images: Any, function: Any) -> Any:
    """A function of a batch, on one image too."""
    return function(shaping.expand_dims(images, 0))[0] if len(images.shape) == 3 else function(images)


def resize(
    images: Any, size: Any, interpolation: str = "bilinear", antialias: bool = False,
    crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False, fill_mode: str = "constant",
    fill_value: float = 0.0, data_format: Any = None,
) -> Any:  # fmt: skip
    """Images of another size.

    Args:
        images: Of shape (batch, height, width, channels).
        size: (height, width).
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        antialias: Whether what is made smaller is smoothed first.
        crop_to_aspect_ratio: Whether images are cut so that they are not stretched.
        pad_to_aspect_ratio: Whether borders are put around for that.
        fill_mode: "constant".
        fill_value: What those borders hold.
        data_format: "channels_last" or None.
    """
    images = _checked(images, data_format, "resize")
    arguments = {
        "height": int(size[0]), "width": int(size[1]), "interpolation": interpolation, "antialias": antialias,
        "crop_to_aspect_ratio": crop_to_aspect_ratio, "pad_to_aspect_ratio": pad_to_aspect_ratio,
        "fill_mode": fill_mode, "fill_value": fill_value,
    }  # fmt: skip
    if is_traced(images) and images.shape[0] is not None:
        raise ValueError(f"ops.image.resize expects images with a batch, got the fixed shape {images.shape}")
    return _one(images, lambda batch: windows.run("Resizing", batch, arguments, [], "resize"))


def _border(before: int | None, after: int | None, target: int | None, size: Any, sign: int, who: str) -> list[int]:
    """(before, after) from two of the three: what comes before, what comes after, what it comes to."""
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
        raise ValueError(f"ops.image.{who}: borders of {first} and {last} do not go with a size of {size}")
    return [first, last]


def pad_images(
    images: Any, top_padding: int | None = None, left_padding: int | None = None, bottom_padding: int | None = None,
    right_padding: int | None = None, target_height: int | None = None, target_width: int | None = None,
    data_format: Any = None,
) -> Any:  # fmt: skip
    """Zeros put around images, so many on each side, or until they have a size.

    Args:
        images: Of shape (batch, height, width, channels).
        top_padding: How many rows are put above.
        left_padding: How many columns are put to the left.
        bottom_padding: How many rows are put below.
        right_padding: How many columns are put to the right.
        target_height: The height that comes out; two of the three say the third.
        target_width: The width that comes out.
        data_format: "channels_last" or None.
    """
    images = _checked(images, data_format, "pad_images")
    height, width = images.shape[-3:-1]
    rows = _border(top_padding, bottom_padding, target_height, height, 1, "pad_images")
    columns = _border(left_padding, right_padding, target_width, width, 1, "pad_images")
    return shaping.pad(images, [*[[0, 0]] * (len(images.shape) - 3), rows, columns, [0, 0]])


def crop_images(
    images: Any, top_cropping: int | None = None, left_cropping: int | None = None, bottom_cropping: int | None = None,
    right_cropping: int | None = None, target_height: int | None = None, target_width: int | None = None,
    data_format: Any = None,
) -> Any:  # fmt: skip
    """Images without rows and columns at their borders; arguments as of `pad_images`."""
    images = _checked(images, data_format, "crop_images")
    height, width = images.shape[-3:-1]
    top, bottom = _border(top_cropping, bottom_cropping, target_height, height, -1, "crop_images")
    left, right = _border(left_cropping, right_cropping, target_width, width, -1, "crop_images")
    return images[..., top : height - bottom, left : width - right, :]


def rgb_to_grayscale(images: Any, data_format: Any = None) -> Any:
    """How bright each pixel is (ITU-R BT.601): one channel of three."""
    images = _checked(images, data_format, "rgb_to_grayscale")
    if images.shape[-1] != 3:
        raise ValueError(f"ops.image.rgb_to_grayscale expects three channels, got {tuple(images.shape)}")
    weights = np.array([0.2989, 0.5870, 0.1140], np.float32)
    gray = arithmetic.add(
        arithmetic.add(images[..., 0:1] * weights[0], images[..., 1:2] * weights[1]), images[..., 2:3] * weights[2]
    )
    return gray


def rgb_to_hsv(images: Any, data_format: Any = None) -> Any:
    """Red, green and blue in [0, 1] as hue, saturation and value."""
    images = _checked(images, data_format, "rgb_to_hsv")
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


def hsv_to_rgb(images: Any, data_format: Any = None) -> Any:
    """Hue, saturation and value as red, green and blue in [0, 1]."""
    images = _checked(images, data_format, "hsv_to_rgb")
    hue, saturation, value = images[..., 0] * 6.0, images[..., 1], images[..., 2]

    def channel(part: Any) -> Any:
        return (1.0 - saturation + saturation * arithmetic.clip(part, 0.0, 1.0)) * value

    red = arithmetic.absolute(hue - 3.0) - 1.0
    green = 2.0 - arithmetic.absolute(hue - 2.0)
    blue = 2.0 - arithmetic.absolute(hue - 4.0)
    return joining.stack([channel(red), channel(green), channel(blue)], -1)


def extract_patches(
    images: Any, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid", data_format: Any = None
) -> Any:
    """The windows of images, each as the channels of one pixel.

    Args:
        images: Of shape (batch, height, width, channels).
        size: The window's size.
        strides: How far it moves; None: its size.
        dilation_rate: The distance between its pixels.
        padding: "valid" or "same".
        data_format: "channels_last" or None.

    Returns:
        Of shape (batch, windows down, windows across, size * size * channels).
    """
    images = _checked(images, data_format, "extract_patches")
    height, width = windows.two(size)
    channels = images.shape[-1]
    count = height * width * channels
    kernel = np.eye(count, dtype=np.float32).reshape(height, width, channels, count)
    step = (height, width) if strides is None else strides
    return _one(images, lambda batch: windows.conv(batch, kernel, step, padding, None, dilation_rate))


def gaussian_blur(images: Any, kernel_size: Any = (3, 3), sigma: Any = (1.0, 1.0), data_format: Any = None) -> Any:
    """Images smoothed by a bell curve.

    Args:
        images: Of shape (batch, height, width, channels).
        kernel_size: How far the curve reaches, down and across.
        sigma: How wide it is, down and across.
        data_format: "channels_last" or None.
    """
    images = _checked(images, data_format, "gaussian_blur")
    curves = []
    for count, width in zip(windows.two(kernel_size), np.broadcast_to(sigma, (2,)).tolist(), strict=True):
        places = np.arange(count) - (count - 1) / 2.0
        curve = np.exp(-0.5 * (places / width) ** 2)
        curves.append(curve / curve.sum())
    kernel = np.repeat(np.outer(*curves)[:, :, np.newaxis, np.newaxis], images.shape[-1], 2).astype(np.float32)
    return _one(images, lambda batch: windows.depthwise_conv(batch, kernel, 1, "same"))


def __dir__() -> list[str]:
    return __all__
