"""Conversion of images between files and arrays, by Pillow, which is imported where it is used."""

from __future__ import annotations

import importlib
import io
import os
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fastnn import config
from fastnn.caller import warn
from fastnn.utils.resampling import centered_window, resized

_MODES = {"grayscale": ("L", "I;16", "I"), "rgb": ("RGB",), "rgba": ("RGBA",)}
_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def _pillow(who: str) -> Any:
    try:
        return importlib.import_module("PIL.Image")
    except ImportError:
        raise ImportError(f"{who} needs Pillow; install it with: pip install pillow") from None


def decoded(content: bytes, mode: str | None, who: str) -> NDArray[Any]:
    """Returns the pixels of an image file.

    Args:
        content: The bytes of the file.
        mode: Mode of Pillow: "L", "RGB" or "RGBA"; None: that of the file, or the closest of them.
        who: Who asks, for errors.

    Returns:
        Array of shape `(height, width, channels)`, uint8; of images of 16 or 32 bits in "L" with their own type.

    Raises:
        ImportError: Pillow is not installed.
        ValueError: The content is no image.
    """
    pillow = _pillow(who)
    try:
        image = pillow.open(io.BytesIO(content))
        image.load()
    except Exception as error:
        # Pillow names an object where it was given no path.
        why = "" if isinstance(error, pillow.UnidentifiedImageError) else f": {error}"
        raise ValueError(f"{who} is no image that Pillow reads{why}") from None
    if mode is None:
        mode = image.mode if image.mode in ("L", "RGB", "RGBA", "I;16", "I") else "RGBA" if "A" in image.mode else "RGB"
    if image.mode != mode and not (mode == "L" and image.mode in _MODES["grayscale"]):
        image = image.convert(mode)
    array = np.asarray(image)
    return array[:, :, None] if array.ndim == 2 else array


def load_img(
    path: str | PathLike[str] | io.BytesIO,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Loads an image from a file.

    Args:
        path: Path of the file, or its content as `io.BytesIO`.
        color_mode: "grayscale", "rgb" or "rgba".
        target_size: Size (height, width) to which the image is resized; None: its own.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: Resizes the largest centered window that has the aspect ratio of the target.

    Returns:
        An image of Pillow.

    Raises:
        ImportError: Pillow is not installed.
        ValueError: An argument is unknown.
        TypeError: `path` is neither a path nor `io.BytesIO`.

    Example:
        >>> fastnn.utils.save_img("noise.png", np.random.random((8, 8, 3)))
        >>> fastnn.utils.load_img("noise.png", target_size=(4, 6)).size
        (6, 4)
    """
    if color_mode not in _MODES:
        raise ValueError(f"load_img expects color_mode to be one of {tuple(_MODES)}, got {color_mode!r}")
    if interpolation not in _INTERPOLATIONS:
        raise ValueError(f"load_img expects interpolation to be one of {_INTERPOLATIONS}, got {interpolation!r}")
    if not isinstance(path, (str, bytes, PathLike, io.BytesIO)):
        raise TypeError(f"load_img expects a path or io.BytesIO, got {type(path).__name__}")
    pillow = _pillow("load_img")
    named = "the content" if isinstance(path, io.BytesIO) else repr(os.fsdecode(path))
    source = path if isinstance(path, io.BytesIO) else io.BytesIO(Path(os.fsdecode(path)).read_bytes())
    try:
        image = pillow.open(source)
    except pillow.UnidentifiedImageError:
        raise pillow.UnidentifiedImageError(f"load_img: {named} is no image that Pillow reads") from None
    image.load()
    if image.mode not in _MODES[color_mode]:
        image = image.convert(_MODES[color_mode][0])
    if target_size is None:
        return image
    height, width = target_size
    if image.size == (width, height):
        return image
    box = None
    if keep_aspect_ratio:
        all_columns, all_rows = image.size
        rows, columns = min(all_rows, all_columns * height // width), min(all_columns, all_rows * width // height)
        left, top = (all_columns - columns) // 2, (all_rows - rows) // 2
        box = (left, top, left + columns, top + rows)
    return image.resize((width, height), getattr(pillow.Resampling, interpolation.upper()), box=box)


def img_to_array(img: Any, data_format: str | None = None, dtype: DTypeLike | None = None) -> NDArray[Any]:
    """Returns the pixels of an image as an array.

    Args:
        img: An image of Pillow, or an array of shape `(height, width)` or `(height, width, channels)`.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dtype: Type of the result; None: float32.

    Returns:
        Array of shape `(height, width, channels)`, or `(channels, height, width)` with "channels_first".

    Raises:
        ValueError: `img` has another rank, or `data_format` is unknown.

    Example:
        >>> fastnn.utils.img_to_array(np.zeros((8, 6))).shape
        (8, 6, 1)
    """
    found = config.checked_data_format("img_to_array", data_format)
    array = np.asarray(img, dtype=np.float32 if dtype is None else dtype)
    if array.ndim not in (2, 3):
        raise ValueError(f"img_to_array expects (height, width) or (height, width, channels), got {array.shape}")
    if array.ndim == 2:
        return array[:, :, None] if found == "channels_last" else array[None]
    return array if found == "channels_last" else np.moveaxis(array, -1, 0)


def array_to_img(
    x: ArrayLike, data_format: str | None = None, scale: bool = True, dtype: DTypeLike | None = None
) -> Any:
    """Returns an image with the pixels of an array.

    Args:
        x: Array of shape `(height, width, channels)` with 1, 3 or 4 channels, or `(channels, height, width)`.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        scale: Scales values linearly so that the smallest becomes 0 and the largest 255.
        dtype: Type to which the array is converted first; None: float32.

    Returns:
        An image of Pillow.

    Raises:
        ImportError: Pillow is not installed.
        ValueError: The array has another shape, or `data_format` is unknown.

    Example:
        >>> fastnn.utils.array_to_img(np.random.random((8, 6, 3))).size
        (6, 8)
    """
    found = config.checked_data_format("array_to_img", data_format)
    array = np.asarray(x, dtype=np.float32 if dtype is None else dtype)
    if array.ndim == 3 and found == "channels_first":
        array = np.moveaxis(array, 0, -1)
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        raise ValueError(f"array_to_img expects (height, width, channels) with 1, 3 or 4 channels, got {array.shape}")
    pillow = _pillow("array_to_img")
    if scale:
        array = array - array.min(initial=np.inf)
        largest = array.max(initial=0)
        array = array * (255 / largest) if largest != 0 else array
    if array.shape[2] == 1:
        wide = array.max(initial=0) > 255
        return pillow.fromarray(array[:, :, 0].astype(np.int32 if wide else np.uint8))
    return pillow.fromarray(array.astype(np.uint8))


def smart_resize(
    x: ArrayLike, size: tuple[int, int], interpolation: str = "bilinear", data_format: str = "channels_last"
) -> NDArray[np.float32]:
    """Returns images of another size that are cropped, not distorted.

    The largest centered window with the aspect ratio of the new size is resized.

    Args:
        x: Array of shape `(height, width, channels)` or `(batch, height, width, channels)`.
        size: New size (height, width).
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        data_format: "channels_last" or "channels_first".

    Returns:
        Array of the rank of `x`, float32.

    Raises:
        ValueError: An argument is unknown, or the rank is another one.

    Example:
        >>> fastnn.preprocessing.image.smart_resize(np.ones((340, 500, 3)), (200, 200)).shape
        (200, 200, 3)
    """
    if len(size) != 2:
        raise ValueError(f"smart_resize expects size to be (height, width), got {size!r}")
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(f"smart_resize expects data_format channels_last or channels_first, got {data_format!r}")
    images = np.asarray(x)
    if images.ndim not in (3, 4):
        raise ValueError(f"smart_resize expects images (height, width, channels) or a batch, got {images.shape}")
    first = data_format == "channels_first"
    images = np.moveaxis(images, -3, -1) if first else images
    made = resized(centered_window(images, size), size, interpolation)
    return np.ascontiguousarray(np.moveaxis(made, -1, -3)) if first else made


def save_img(
    path: Any,
    x: ArrayLike,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Writes an array to an image file.

    Args:
        path: Path of the file, or an open file.
        x: Array of shape `(height, width, channels)` with 1, 3 or 4 channels, or `(channels, height, width)`.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        file_format: Format such as "png"; None: by the suffix of the path.
        scale: Scales values linearly so that the smallest becomes 0 and the largest 255.
        **kwargs: Further arguments of Pillow's `save`.

    Raises:
        ImportError: Pillow is not installed.
        ValueError: The array has another shape.

    Example:
        >>> fastnn.utils.save_img("noise.png", np.random.random((8, 8, 3)))
    """
    if file_format is None and isinstance(path, (str, PathLike)):
        file_format = Path(path).suffix[1:]
    file_format = {"jpg": "jpeg"}.get((file_format or "").lower(), file_format or None)
    image = array_to_img(x, data_format, scale)
    if image.mode == "RGBA" and (file_format or "").lower() == "jpeg":
        warn("save_img: JPEG holds no transparency, which is left out; write a PNG to keep it")
        image = image.convert("RGB")
    image.save(path, format=file_format, **kwargs)
