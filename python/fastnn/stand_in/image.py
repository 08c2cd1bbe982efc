"""Functions of `tf.image` on arrays, for `Dataset.map`: sizes, borders, flips, colors, files.

Random ones draw from the generator of the element at hand (`fastnn.data.draws`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import ops
from fastnn.data import draws
from fastnn.data.elements import Element, as_element
from fastnn.data.specs import as_dtype
from fastnn.stand_in.files import decode_bmp, decode_gif, decode_image, decode_jpeg, decode_png, encode_jpeg, encode_png
from fastnn.stand_in.functions import traced
from fastnn.stand_in.further import IMAGE
from fastnn.utils.resampling import resized, resized_with_pad

__all__ = [
    *IMAGE, "ResizeMethod", "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation",
    "central_crop", "convert_image_dtype", "crop_to_bounding_box", "decode_bmp", "decode_gif", "decode_image",
    "decode_jpeg", "decode_png", "encode_jpeg", "encode_png", "flip_left_right", "flip_up_down", "grayscale_to_rgb",
    "hsv_to_rgb", "pad_to_bounding_box", "per_image_standardization", "psnr", "random_brightness", "random_contrast",
    "random_crop", "random_flip_left_right", "random_flip_up_down", "random_hue", "random_saturation", "resize",
    "resize_with_crop_or_pad", "resize_with_pad", "rgb_to_grayscale", "rgb_to_hsv", "rot90",
    "stateless_random_brightness", "stateless_random_contrast", "stateless_random_crop",
    "stateless_random_flip_left_right", "stateless_random_flip_up_down", "stateless_random_hue",
    "stateless_random_saturation", "transpose",
]  # fmt: skip


class ResizeMethod:
    """Names of the interpolations."""

    AREA = "area"
    BICUBIC = "bicubic"
    BILINEAR = "bilinear"
    GAUSSIAN = "gaussian"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"
    MITCHELLCUBIC = "mitchellcubic"
    NEAREST_NEIGHBOR = "nearest"


def _images(image: Any, who: str) -> NDArray[Any]:
    array = as_element(image, f"tf.image.{who}").view(np.ndarray)
    if array.ndim not in (3, 4) or array.dtype.kind not in "fiub":
        raise ValueError(
            f"tf.image.{who} expects images (height, width, channels) or a batch of them, got shape {array.shape} and "
            f"dtype {array.dtype}"
        )
    return array


def _made(array: NDArray[Any]) -> Element:
    return np.ascontiguousarray(array).view(Element)


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> Any:
    """Returns an image of another element type, scaled: integers up to their largest value, fractions up to 1."""
    if traced(image):
        raise TypeError("tf.image.convert_image_dtype computes on arrays alone; use layers.Rescaling in a model")
    array, kind = as_element(image).view(np.ndarray), as_dtype(dtype)
    if array.dtype == kind:
        return _made(array)
    if array.dtype.kind == "f" and kind.kind == "f":
        return _made(array.astype(kind))
    if array.dtype.kind == "f":
        most = np.iinfo(kind).max
        scaled = array * (most + 0.5)
        return _made((np.clip(scaled, np.iinfo(kind).min, most) if saturate else np.minimum(scaled, most)).astype(kind))
    most = np.iinfo(array.dtype).max
    if kind.kind == "f":
        return _made(array.astype(kind) * kind.type(1.0 / most))
    ratio = np.iinfo(kind).max / most
    wide = array.astype(np.int64)
    return _made((wide * round(ratio) if ratio > 1 else wide // round(1 / ratio)).astype(kind))


def _in_fractions(image: Any, change: Callable[[NDArray[Any]], Any], who: str) -> Element:
    """Applies a change of colors to an image as fractions, and returns it in its own element type."""
    array = _images(image, who)
    floats = array if array.dtype.kind == "f" else convert_image_dtype(array, "float32").view(np.ndarray)
    made = np.asarray(change(floats), floats.dtype)
    return made.view(Element) if array.dtype.kind == "f" else convert_image_dtype(made, array.dtype, saturate=True)


def resize(
    images: Any, size: Any, method: str = "bilinear", preserve_aspect_ratio: bool = False, antialias: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Returns images of another size, float32; with method "nearest" of their own element type."""
    height, width = (int(one) for one in size)
    if traced(images):
        return ops.image.resize(images, (height, width), method, antialias, data_format="channels_last")
    array = _images(images, "resize")
    if preserve_aspect_ratio:
        scale = min(height / array.shape[-3], width / array.shape[-2])
        height, width = round(array.shape[-3] * scale), round(array.shape[-2] * scale)
    made = resized(array, (height, width), method, antialias)
    return made.astype(array.dtype).view(Element) if method == "nearest" else made.view(Element)


def resize_with_pad(
    image: Any, target_height: int, target_width: int, method: str = "bilinear", antialias: bool = False
) -> Any:
    """Returns images of another size and the same aspect ratio, with zeros at two sides."""
    size = (int(target_height), int(target_width))
    return resized_with_pad(_images(image, "resize_with_pad"), size, method, antialias).view(Element)


def resize_with_crop_or_pad(image: Any, target_height: int, target_width: int) -> Any:
    """Returns images whose borders are cropped or padded with zeros, evenly at both sides, to a size."""
    array = _images(image, "resize_with_crop_or_pad")
    for axis, size in ((-3, int(target_height)), (-2, int(target_width))):
        extra = array.shape[axis] - size
        if extra > 0:
            array = np.take(array, np.arange(extra // 2, extra // 2 + size), axis)
        elif extra < 0:
            width = [(0, 0)] * array.ndim
            width[axis] = (-extra // 2, -extra - -extra // 2)
            array = np.pad(array, width)
    return _made(array)


def central_crop(image: Any, central_fraction: float) -> Any:
    """Returns the central part of images, a fraction of each side."""
    if not 0 < central_fraction <= 1:
        raise ValueError(f"tf.image.central_crop expects central_fraction above 0 and up to 1, got {central_fraction}")
    array = _images(image, "central_crop")
    top, left = (int((size - size * central_fraction) / 2) for size in array.shape[-3:-1])
    return _made(array[..., top : array.shape[-3] - top, left : array.shape[-2] - left, :])


def crop_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Any:
    """Returns a window of images."""
    array = _images(image, "crop_to_bounding_box")
    top, left, height, width = (int(one) for one in (offset_height, offset_width, target_height, target_width))
    if min(top, left) < 0 or top + height > array.shape[-3] or left + width > array.shape[-2]:
        raise ValueError(
            f"tf.image.crop_to_bounding_box: a window of {height} x {width} at ({top}, {left}) is not within an image "
            f"of {array.shape[-3]} x {array.shape[-2]}"
        )
    return _made(array[..., top : top + height, left : left + width, :])


def pad_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Any:
    """Returns images with zeros around them."""
    array = _images(image, "pad_to_bounding_box")
    top, left = int(offset_height), int(offset_width)
    bottom, right = int(target_height) - top - array.shape[-3], int(target_width) - left - array.shape[-2]
    if min(top, left, bottom, right) < 0:
        raise ValueError(
            f"tf.image.pad_to_bounding_box: an image of {array.shape[-3]} x {array.shape[-2]} at ({top}, {left}) is "
            f"not within {target_height} x {target_width}"
        )
    return _made(np.pad(array, [(0, 0)] * (array.ndim - 3) + [(top, bottom), (left, right), (0, 0)]))


def flip_left_right(image: Any) -> Any:
    """Returns images flipped left to right."""
    return ops.flip(image, -2) if traced(image) else _made(_images(image, "flip_left_right")[..., ::-1, :])


def flip_up_down(image: Any) -> Any:
    """Returns images flipped upside down."""
    return ops.flip(image, -3) if traced(image) else _made(_images(image, "flip_up_down")[..., ::-1, :, :])


def transpose(image: Any, name: str | None = None) -> Any:
    """Returns images whose rows are their columns."""
    return _made(np.swapaxes(_images(image, "transpose"), -3, -2))


def rot90(image: Any, k: int = 1, name: str | None = None) -> Any:
    """Returns images rotated counterclockwise by k times 90 degrees."""
    return _made(np.rot90(_images(image, "rot90"), int(k), (-3, -2)))


def rgb_to_grayscale(images: Any, name: str | None = None) -> Any:
    """Returns the brightness of each pixel, of the element type of the images."""
    if traced(images):
        return ops.image.rgb_to_grayscale(images, "channels_last")
    weights = np.array([0.2989, 0.5870, 0.1140], np.float32)
    return _in_fractions(images, lambda x: x @ weights[:, None].astype(x.dtype), "rgb_to_grayscale")


def grayscale_to_rgb(images: Any, name: str | None = None) -> Any:
    """Returns images of three equal channels."""
    if traced(images):
        return ops.concatenate([images] * 3, -1)
    return _made(np.repeat(_images(images, "grayscale_to_rgb"), 3, -1))


def rgb_to_hsv(images: Any, name: str | None = None) -> Any:
    """Returns hue, saturation and value of fractions of red, green and blue."""
    return (
        ops.image.rgb_to_hsv(images, "channels_last")
        if traced(images)
        else as_element(ops.image.rgb_to_hsv(np.asarray(images), "channels_last"))
    )


def hsv_to_rgb(images: Any, name: str | None = None) -> Any:
    """Returns red, green and blue of hue, saturation and value."""
    return (
        ops.image.hsv_to_rgb(images, "channels_last")
        if traced(images)
        else as_element(ops.image.hsv_to_rgb(np.asarray(images), "channels_last"))
    )


def per_image_standardization(image: Any) -> Any:
    """Returns images of mean 0 and standard deviation 1, each for itself, float32."""
    array = _images(image, "per_image_standardization").astype(np.float32)
    axes = (-3, -2, -1)
    least = 1 / np.sqrt(np.float32(np.prod(array.shape[-3:])))
    spread = np.maximum(array.std(axis=axes, keepdims=True), least)
    return _made((array - array.mean(axis=axes, keepdims=True)) / spread)


def adjust_brightness(image: Any, delta: float) -> Any:
    """Returns images to whose fractions a number is added."""
    return _in_fractions(image, lambda x: x + x.dtype.type(delta), "adjust_brightness")


def adjust_contrast(images: Any, contrast_factor: float) -> Any:
    """Returns images whose distances from the mean of each channel are multiplied."""

    def change(x: NDArray[Any]) -> NDArray[Any]:
        mean = x.mean(axis=(-3, -2), keepdims=True)
        return np.asarray((x - mean) * x.dtype.type(contrast_factor) + mean)

    return _in_fractions(images, change, "adjust_contrast")


def adjust_gamma(image: Any, gamma: float = 1, gain: float = 1) -> Any:
    """Returns images whose fractions are raised to a power and multiplied."""
    return _in_fractions(image, lambda x: x.dtype.type(gain) * x ** x.dtype.type(gamma), "adjust_gamma")


def _in_hsv(image: Any, change: Callable[[NDArray[Any]], None], who: str) -> Any:
    def through(x: NDArray[Any]) -> Any:
        hsv = np.array(ops.image.rgb_to_hsv(x, "channels_last"))
        change(hsv)
        return ops.image.hsv_to_rgb(hsv, "channels_last")

    return _in_fractions(image, through, who)


def adjust_hue(image: Any, delta: float, name: str | None = None) -> Any:
    """Returns images whose hues are turned by a fraction of the circle."""

    def change(hsv: NDArray[Any]) -> None:
        hsv[..., 0] = np.mod(hsv[..., 0] + delta, 1)

    return _in_hsv(image, change, "adjust_hue")


def adjust_saturation(image: Any, saturation_factor: float, name: str | None = None) -> Any:
    """Returns images whose saturation is multiplied."""

    def change(hsv: NDArray[Any]) -> None:
        hsv[..., 1] = np.clip(hsv[..., 1] * saturation_factor, 0, 1)

    return _in_hsv(image, change, "adjust_saturation")


def psnr(a: Any, b: Any, max_val: float, name: str | None = None) -> Any:
    """Returns the peak signal-to-noise ratio of two images, in decibels."""
    first, second = (convert_image_dtype(one, "float32").view(np.ndarray) for one in (a, b))
    largest = convert_image_dtype(np.asarray(max_val, np.asarray(a).dtype), "float32").view(np.ndarray)
    error = np.mean((first - second) ** 2, axis=(-3, -2, -1))
    return as_element(np.asarray(20 * np.log10(largest) - 10 * np.log10(error), np.float32))


def _rng(seed: Any) -> np.random.Generator:
    """Returns the generator for a seed: two numbers start a new one, as the stateless functions have it."""
    if seed is not None and np.ndim(seed) == 1:
        return draws.rng(*(int(one) & 0xFFFFFFFF for one in np.asarray(seed)))
    return draws.current()


def _flipped(image: Any, seed: Any, axis: int, who: str) -> Any:
    array, rng = _images(image, who), _rng(seed)
    if array.ndim == 3:
        return _made(np.flip(array, axis) if rng.random() < 0.5 else array)
    chosen = rng.random(len(array)) < 0.5
    return _made(np.where(chosen[:, None, None, None], np.flip(array, axis), array))


def random_flip_left_right(image: Any, seed: Any = None) -> Any:
    """Returns each image flipped left to right with probability 1/2."""
    return _flipped(image, seed, -2, "random_flip_left_right")


def random_flip_up_down(image: Any, seed: Any = None) -> Any:
    """Returns each image flipped upside down with probability 1/2."""
    return _flipped(image, seed, -3, "random_flip_up_down")


def random_brightness(image: Any, max_delta: float, seed: Any = None) -> Any:
    """Returns images to whose fractions a random number up to `max_delta` is added."""
    if max_delta < 0:
        raise ValueError(f"tf.image.random_brightness expects max_delta of at least 0, got {max_delta}")
    return adjust_brightness(image, _rng(seed).uniform(-max_delta, max_delta))


def _between(lower: float, upper: float, seed: Any, who: str) -> float:
    if not 0 <= lower <= upper:
        raise ValueError(f"tf.image.{who} expects 0 <= lower <= upper, got {lower} and {upper}")
    return float(_rng(seed).uniform(lower, upper))


def random_contrast(image: Any, lower: float, upper: float, seed: Any = None) -> Any:
    """Returns images whose contrast is multiplied by a random factor."""
    return adjust_contrast(image, _between(lower, upper, seed, "random_contrast"))


def random_saturation(image: Any, lower: float, upper: float, seed: Any = None) -> Any:
    """Returns images whose saturation is multiplied by a random factor."""
    return adjust_saturation(image, _between(lower, upper, seed, "random_saturation"))


def random_hue(image: Any, max_delta: float, seed: Any = None) -> Any:
    """Returns images whose hues are turned by a random fraction of the circle."""
    if not 0 <= max_delta <= 0.5:
        raise ValueError(f"tf.image.random_hue expects max_delta from 0 to 0.5, got {max_delta}")
    return adjust_hue(image, _rng(seed).uniform(-max_delta, max_delta))


def random_crop(value: Any, size: Any, seed: Any = None, name: str | None = None) -> Any:
    """Returns a random window of an array."""
    array, rng = as_element(value).view(np.ndarray), _rng(seed)
    sizes = [int(one) for one in np.asarray(size)]
    if len(sizes) != array.ndim or any(want > have for want, have in zip(sizes, array.shape, strict=True)):
        raise ValueError(f"tf.image.random_crop expects a size within {array.shape}, got {tuple(sizes)}")
    begins = [int(rng.integers(have - want + 1)) for want, have in zip(sizes, array.shape, strict=True)]
    return _made(array[tuple(slice(at, at + want) for at, want in zip(begins, sizes, strict=True))])


stateless_random_brightness = random_brightness
stateless_random_contrast = random_contrast
stateless_random_crop = random_crop
stateless_random_flip_left_right = random_flip_left_right
stateless_random_flip_up_down = random_flip_up_down
stateless_random_hue = random_hue
stateless_random_saturation = random_saturation


globals().update(IMAGE)
