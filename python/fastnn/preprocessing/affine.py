"""Geometric and color changes of one image, by given amounts and by random ones."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILL_MODES = ("constant", "nearest", "reflect", "wrap")


def apply_affine_transform(
    x: NDArray[Any],
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> NDArray[Any]:
    """Returns an image rotated, shifted, sheared and zoomed about its center.

    Args:
        x: Array of rank 3.
        theta: Angle of the rotation in degrees.
        tx: Shift of what is seen along the columns, in pixels.
        ty: Shift of what is seen along the rows, in pixels.
        shear: Angle of the shear in degrees.
        zx: Width of what is seen, in widths of the image; below 1 zooms in.
        zy: Height of what is seen, in heights of the image.
        row_axis: Axis of the rows.
        col_axis: Axis of the columns.
        channel_axis: Axis of the channels, 0 or 2.
        fill_mode: Values beyond the border: "constant" (`cval`), "nearest", "reflect" or "wrap".
        cval: Value beyond the border with "constant".
        order: Order of the interpolation: 0 takes the nearest pixel, 1 is bilinear; 2 to 5 are splines of SciPy.

    Returns:
        Array of the shape and type of `x`.

    Raises:
        ValueError: An argument is out of its range.
        ImportError: `order` is above 1, and SciPy is not installed.

    Example:
        >>> image = np.arange(4.0).reshape(1, 4, 1)
        >>> apply = fastnn.preprocessing.image.apply_affine_transform
        >>> apply(image, tx=1, row_axis=0, col_axis=1, channel_axis=2).ravel()
        array([1., 2., 3., 3.])
    """
    x = np.asarray(x)
    who = "apply_affine_transform"
    if x.ndim != 3 or {row_axis, col_axis, channel_axis} != {0, 1, 2} or channel_axis == 1:
        raise ValueError(
            f"{who} expects an image of rank 3 whose channels are first or last, got shape {x.shape} and "
            f"row_axis={row_axis}, col_axis={col_axis}, channel_axis={channel_axis}"
        )
    if fill_mode not in FILL_MODES:
        raise ValueError(f"{who} expects fill_mode to be one of {FILL_MODES}, got {fill_mode!r}")
    if order not in range(6):
        raise ValueError(f"{who} expects order from 0 to 5, got {order}")
    matrix = _matrix(theta, tx, ty, shear, zx, zy)
    if np.array_equal(matrix, np.eye(3)):
        return x
    image = np.transpose(x, (row_axis, col_axis, channel_axis))
    height, width = image.shape[:2]
    center = np.array([[1, 0, width / 2 - 0.5], [0, 1, height / 2 - 0.5], [0, 0, 1]])
    matrix = center @ matrix @ np.linalg.inv(center)
    columns, rows = np.arange(width), np.arange(height)[:, None]
    across = matrix[0, 0] * columns + matrix[0, 1] * rows + matrix[0, 2]
    down = matrix[1, 0] * columns + matrix[1, 1] * rows + matrix[1, 2]
    made = _sampled(image, down, across, fill_mode, cval, order)
    if x.dtype.kind in "iu":
        made = np.trunc(made + np.copysign(0.5, made))
    back = np.argsort((row_axis, col_axis, channel_axis))
    made = np.ascontiguousarray(np.transpose(made, back))
    return np.asarray(made, x.dtype)


def _matrix(theta: float, tx: float, ty: float, shear: float, zx: float, zy: float) -> NDArray[np.float64]:
    """Returns the matrix that maps a place (x, y, 1) of the result to one of the image."""
    angle, slant = math.radians(theta), math.radians(shear)
    rotation = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
    shift = np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1.0]])
    sheared = np.array([[1, -math.sin(slant), 0], [0, math.cos(slant), 0], [0, 0, 1]])
    made: NDArray[np.float64] = rotation @ shift @ sheared @ np.diag([zx, zy, 1.0])
    return made


def _inside(at: NDArray[Any], size: int, mode: str) -> NDArray[Any]:
    """Returns places within an axis, to which those beyond its ends are mapped."""
    if mode == "reflect":
        at = np.mod(at + 0.5, 2 * size)
        return np.asarray(np.where(at > size, 2 * size - at, at) - 0.5)
    if mode == "wrap" and size > 1:
        # The period of SciPy's "wrap", at which the first and the last pixel meet.
        low = at + (size - 1) * (np.trunc(-at / (size - 1)) + 1)
        high = at - (size - 1) * np.trunc(at / (size - 1))
        return np.asarray(np.where(at < 0, low, np.where(at > size - 1, high, at)))
    return np.asarray(np.clip(at, 0, size - 1))


def _sampled(
    image: NDArray[Any], down: NDArray[Any], across: NDArray[Any], mode: str, cval: float, order: int
) -> NDArray[Any]:
    """Returns the values of an image at places between its pixels."""
    height, width, channels = image.shape
    if order > 1:
        try:
            ndimage = importlib.import_module("scipy.ndimage")
        except ImportError:
            raise ImportError(
                f"an interpolation of order {order} needs SciPy; install it with: pip install scipy, or use order 1"
            ) from None
        places = np.stack([down, across])
        parts = [
            ndimage.map_coordinates(image[..., c], places, order=order, mode=mode, cval=cval) for c in range(channels)
        ]
        return np.stack(parts, -1)
    y, x = _inside(down, height, mode), _inside(across, width, mode)
    if order == 0:
        rows = np.clip(np.floor(y + 0.5), 0, height - 1).astype(np.intp)
        columns = np.clip(np.floor(x + 0.5), 0, width - 1).astype(np.intp)
        made = image[rows, columns].astype(np.float64)
    else:
        top, left = np.floor(y), np.floor(x)
        share_down, share_across = (y - top)[..., None], (x - left)[..., None]
        rows, columns = top.astype(np.intp), left.astype(np.intp)
        r0, r1 = np.clip(rows, 0, height - 1), np.clip(rows + 1, 0, height - 1)
        c0, c1 = np.clip(columns, 0, width - 1), np.clip(columns + 1, 0, width - 1)
        above = image[r0, c0] * (1 - share_across) + image[r0, c1] * share_across
        below = image[r1, c0] * (1 - share_across) + image[r1, c1] * share_across
        made = above * (1 - share_down) + below * share_down
    if mode == "constant":
        # A place that rounding has moved a hair beyond the border is on it.
        slack = 1e-9
        outside = (down < -slack) | (down > height - 1 + slack) | (across < -slack) | (across > width - 1 + slack)
        made[outside] = cval
    return made


def apply_channel_shift(x: NDArray[Any], intensity: float, channel_axis: int = 0) -> NDArray[Any]:
    """Returns an image to whose values a number is added, within their range.

    Args:
        x: Array of rank 3.
        intensity: The number.
        channel_axis: Axis of the channels; it makes no difference.

    Example:
        >>> fastnn.preprocessing.image.apply_channel_shift(np.array([[[0.0, 5.0, 9.0]]]), 2.0)
        array([[[2., 7., 9.]]])
    """
    return np.asarray(np.clip(x + np.asarray(intensity, x.dtype), x.min(), x.max()))


def apply_brightness_shift(x: NDArray[Any], brightness: float, scale: bool = True) -> NDArray[np.float32]:
    """Returns an image whose values are multiplied, in 256 steps from 0 to 255.

    Args:
        x: Array of shape `(height, width, channels)`.
        brightness: Factor; 0 is black, 1 leaves the image as it is.
        scale: Scales the values of the image to the range from 0 to 255 first; else only those of an image that has
            values out of this range, which are scaled back.

    Returns:
        Array of the shape of `x`, float32.

    Example:
        >>> fastnn.preprocessing.image.apply_brightness_shift(np.array([[[0.0], [100.0]]]), 1.5, scale=False).ravel()
        array([  0., 150.], dtype=float32)
    """
    image = np.asarray(x, np.float32)
    least, largest = image.min(initial=np.inf), image.max(initial=-np.inf)
    beyond = bool(least < 0 or largest > 255)
    if beyond or scale:
        image = image - least
        most = image.max(initial=0)
        image = image * np.float32(255 / most) if most != 0 else image
    steps = np.trunc(image)
    colors = steps[..., :3] if steps.shape[-1] == 4 else steps  # an alpha channel stays
    colors[...] = np.trunc(np.clip(colors * np.float32(brightness), 0, 255))
    made = steps / 255 * (largest - least) + least if beyond and not scale else steps
    return made.astype(np.float32)


def random_rotation(
    x: NDArray[Any], rg: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
    fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1,
) -> NDArray[Any]:  # fmt: skip
    """Returns an image rotated by a random angle of at most `rg` degrees, drawn from NumPy's global generator.

    Args:
        x: Array of rank 3.
        rg: Largest angle in degrees.
        row_axis: Axis of the rows.
        col_axis: Axis of the columns.
        channel_axis: Axis of the channels.
        fill_mode: Values beyond the border.
        cval: Value beyond the border with "constant".
        interpolation_order: Order of the interpolation.

    Example:
        >>> fastnn.preprocessing.image.random_rotation(np.ones((3, 8, 8)), 30).shape
        (3, 8, 8)
    """
    return apply_affine_transform(
        x, theta=np.random.uniform(-rg, rg), row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis,
        fill_mode=fill_mode, cval=cval, order=interpolation_order,
    )  # fmt: skip


def random_shift(
    x: NDArray[Any], wrg: float, hrg: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
    fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1,
) -> NDArray[Any]:  # fmt: skip
    """Returns an image shifted by random distances, drawn from NumPy's global generator.

    Args:
        x: Array of rank 3.
        wrg: Largest shift along the columns, as a fraction of the width.
        hrg: Largest shift along the rows, as a fraction of the height.
        row_axis: Axis of the rows.
        col_axis: Axis of the columns.
        channel_axis: Axis of the channels.
        fill_mode: Values beyond the border.
        cval: Value beyond the border with "constant".
        interpolation_order: Order of the interpolation.

    Example:
        >>> fastnn.preprocessing.image.random_shift(np.ones((3, 8, 8)), 0.2, 0.2).shape
        (3, 8, 8)
    """
    ty = np.random.uniform(-hrg, hrg) * x.shape[row_axis]
    tx = np.random.uniform(-wrg, wrg) * x.shape[col_axis]
    return apply_affine_transform(
        x, tx=tx, ty=ty, row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis, fill_mode=fill_mode,
        cval=cval, order=interpolation_order,
    )  # fmt: skip


def random_shear(
    x: NDArray[Any], intensity: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
    fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1,
) -> NDArray[Any]:  # fmt: skip
    """Returns an image sheared by a random angle, drawn from NumPy's global generator.

    Args:
        x: Array of rank 3.
        intensity: Largest angle in degrees.
        row_axis: Axis of the rows.
        col_axis: Axis of the columns.
        channel_axis: Axis of the channels.
        fill_mode: Values beyond the border.
        cval: Value beyond the border with "constant".
        interpolation_order: Order of the interpolation.

    Example:
        >>> fastnn.preprocessing.image.random_shear(np.ones((3, 8, 8)), 20).shape
        (3, 8, 8)
    """
    return apply_affine_transform(
        x, shear=np.random.uniform(-intensity, intensity), row_axis=row_axis, col_axis=col_axis,
        channel_axis=channel_axis, fill_mode=fill_mode, cval=cval, order=interpolation_order,
    )  # fmt: skip


def random_zoom(
    x: NDArray[Any], zoom_range: Sequence[float], row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
    fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1,
) -> NDArray[Any]:  # fmt: skip
    """Returns an image zoomed by random factors, drawn from NumPy's global generator.

    Args:
        x: Array of rank 3.
        zoom_range: Smallest and largest factor of what is seen; below 1 zooms in.
        row_axis: Axis of the rows.
        col_axis: Axis of the columns.
        channel_axis: Axis of the channels.
        fill_mode: Values beyond the border.
        cval: Value beyond the border with "constant".
        interpolation_order: Order of the interpolation.

    Raises:
        ValueError: `zoom_range` is no pair.

    Example:
        >>> fastnn.preprocessing.image.random_zoom(np.ones((3, 8, 8)), (0.8, 1.2)).shape
        (3, 8, 8)
    """
    low, high = pair("random_zoom", "zoom_range", zoom_range)
    zx, zy = (1, 1) if low == high == 1 else np.random.uniform(low, high, 2)
    return apply_affine_transform(
        x, zx=zx, zy=zy, row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis, fill_mode=fill_mode,
        cval=cval, order=interpolation_order,
    )  # fmt: skip


def random_channel_shift(x: NDArray[Any], intensity_range: float, channel_axis: int = 0) -> NDArray[Any]:
    """Returns an image to whose values a random number is added, drawn from NumPy's global generator.

    Args:
        x: Array of rank 3.
        intensity_range: Largest number.
        channel_axis: Axis of the channels; it makes no difference.

    Example:
        >>> fastnn.preprocessing.image.random_channel_shift(np.ones((3, 8, 8)), 0.1).shape
        (3, 8, 8)
    """
    return apply_channel_shift(x, np.random.uniform(-intensity_range, intensity_range), channel_axis)


def random_brightness(x: NDArray[Any], brightness_range: Sequence[float], scale: bool = True) -> NDArray[np.float32]:
    """Returns an image whose values are multiplied by a random factor, drawn from NumPy's global generator.

    Args:
        x: Array of shape `(height, width, channels)`.
        brightness_range: Smallest and largest factor.
        scale: Scales the values of the image to the range from 0 to 255 first.

    Raises:
        ValueError: `brightness_range` is no pair.

    Example:
        >>> fastnn.preprocessing.image.random_brightness(np.ones((8, 8, 3)), (0.5, 1.5)).shape
        (8, 8, 3)
    """
    low, high = pair("random_brightness", "brightness_range", brightness_range)
    return apply_brightness_shift(x, np.random.uniform(low, high), scale)


def pair(who: str, name: str, value: Any) -> tuple[float, float]:
    """Returns an argument that is a pair of numbers.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, (list, tuple, np.ndarray)) or len(value) != 2:
        raise ValueError(f"{who} expects {name} to be a pair (lowest, highest) of numbers, got {value!r}")
    return float(value[0]), float(value[1])
