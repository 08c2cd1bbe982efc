"""Images sampled at other places: maps of coordinates, affine, perspective and elastic transformations, scaling.

All of them are gathers and weighted sums of elements, on arrays as within a model.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastnn.ops import (
    arithmetic,
    conversion,
    dimensions,
    image_filters,
    joining,
    linear,
    linear_systems,
    logic,
    reduction,
    rounding,
    shaping,
    slicing,
)
from fastnn.ops.data_formats import in_any_data_format
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.trigonometry import sin
from fastnn.precision import floatx, is_float
from fastnn.symbolic.tensors import is_traced, operators

INTERPOLATIONS = ("nearest", "bilinear")
"""Names of interpolations, in the order of their degree."""
FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


def _mirrored(index: Any, size: int) -> Any:
    """Returns indices as seen in mirrors at the centers of the first and the last element."""
    last = size - 1
    return arithmetic.absolute(arithmetic.mod(index + last, 2 * last) - last) if last else index * 0


_INSIDE: dict[str, Callable[[Any, int], Any]] = {
    "constant": lambda index, size: arithmetic.clip(index, 0, size - 1),
    "nearest": lambda index, size: arithmetic.clip(index, 0, size - 1),
    "wrap": lambda index, size: arithmetic.mod(index, size),
    "mirror": _mirrored,
    "reflect": lambda index, size: arithmetic.floor_divide(_mirrored(2 * index + 1, 2 * size + 1) - 1, 2),
}
"""What indices outside an axis stand for."""


def _check(who: str, fill_mode: str, interpolation: str | None = None) -> None:
    if fill_mode not in FILL_MODES:
        raise ValueError(f"ops.image.{who} expects fill_mode one of {FILL_MODES}, got {fill_mode!r}")
    if interpolation is not None and interpolation not in INTERPOLATIONS:
        raise ValueError(f"ops.image.{who} expects interpolation 'nearest' or 'bilinear', got {interpolation!r}")


def _places(coordinate: Any, order: int) -> list[tuple[Any, Any]]:
    """Returns pairs of an index and its weight along one axis; a weight of 1 is None."""
    if order == 0:
        # Halves are rounded away from zero.
        away = rounding.floor(arithmetic.absolute(coordinate) + 0.5)
        return [(conversion.cast(arithmetic.sign(coordinate) * away, "int32"), None)]
    low = rounding.floor(coordinate)
    part = coordinate - low
    index = conversion.cast(low, "int32")
    return [(index, 1.0 - part), (index + 1, part)]


def _sampled(
    take: Callable[[Any], Any], sizes: Sequence[int], coordinates: Sequence[Any], order: int, fill_mode: str,
    fill_value: Any, spread: Callable[[Any], Any],
) -> Any:  # fmt: skip
    """Returns the weighted sum of the elements around coordinates.

    Args:
        take: Returns the elements at indices into the flattened axes.
        sizes: Sizes of these axes.
        coordinates: Coordinates along each.
        order: 0 for the nearest element, 1 for linear interpolation.
        fill_mode: One of `FILL_MODES`.
        fill_value: Value outside, for "constant".
        spread: Gives weights and conditions the axes of the elements.
    """
    total: Any = None
    for several in itertools.product(*[_places(one, order) for one in coordinates]):
        flat: Any = None
        weight: Any = None
        valid: Any = None
        for (index, share), size in zip(several, sizes, strict=True):
            inside = _INSIDE[fill_mode](index, size)
            flat = inside if flat is None else flat * size + inside
            if share is not None:
                weight = share if weight is None else weight * share
            if fill_mode == "constant":
                here = logic.equal(index, inside)
                valid = here if valid is None else logic.logical_and(valid, here)
        found = conversion.cast(take(flat), floatx())
        if valid is not None:
            found = logic.where(spread(valid), found, fill_value)
        found = found if weight is None else found * spread(weight)
        total = found if total is None else total + found
    return total


@as_in_keras(module="image", in_config="fill_value")
def map_coordinates(
    inputs: Any, coordinates: Any, order: int, fill_mode: str = "constant", fill_value: float = 0
) -> Any:
    """Returns the elements of a tensor at fractional coordinates.

    Args:
        inputs: Tensor or array of known shape.
        coordinates: Coordinates along each axis of `inputs`, of shape `(axes, ...)`.
        order: 0 for the nearest element, 1 for linear interpolation.
        fill_mode: What lies outside: "constant" (`fill_value`), "nearest" (the border), "wrap" (the other side),
            "mirror" (mirrored at the centers of the border elements) or "reflect" (at their outer edges).
        fill_value: Value outside.

    Returns:
        Tensor or array of the shape of one coordinate, of the type of `inputs`.

    Raises:
        ValueError: An argument is unknown, or the shapes do not fit.

    Example:
        >>> ops.image.map_coordinates(np.array([1.0, 3.0]), [[0.5, 5.0]], order=1)
        array([2., 0.], dtype=float32)
    """
    _check("map_coordinates", fill_mode)
    inputs = conversion.convert_to_tensor(inputs)
    if isinstance(coordinates, (list, tuple)) and is_traced(coordinates):
        coordinates = joining.stack([conversion.cast(one, floatx()) for one in coordinates], 0)
    coordinates = conversion.cast(coordinates, floatx())
    if order not in (0, 1):
        raise ValueError(f"ops.image.map_coordinates expects order 0 or 1, got {order!r}")
    if len(coordinates.shape) < 2 or coordinates.shape[0] != len(inputs.shape) or None in inputs.shape:
        raise ValueError(
            f"ops.image.map_coordinates expects inputs of a known shape and coordinates of shape (axes, ...), got "
            f"{tuple(inputs.shape)} and {tuple(coordinates.shape)}"
        )
    flat = shaping.reshape(inputs, (-1,))
    found = _sampled(
        lambda index: slicing.take(flat, index, 0), inputs.shape, [coordinates[i] for i in range(len(inputs.shape))],
        order, fill_mode, fill_value, lambda weight: weight,
    )  # fmt: skip
    if is_float(str(inputs.dtype)):
        return found
    return conversion.cast(arithmetic.sign(found) * rounding.floor(arithmetic.absolute(found) + 0.5), inputs.dtype)


def _at(images: Any, rows: Any, columns: Any, interpolation: str, fill_mode: str, fill_value: Any) -> Any:
    """Returns images sampled at the coordinates `(batch or 1, pixels)` of the pixels of the result."""
    height, width, channels = images.shape[1:]
    pixels = shaping.reshape(images, (-1, height * width, channels))
    zeros = np.zeros((1, 1, channels), np.int32)

    def take(index: Any) -> Any:
        if index.shape[0] == 1:
            return slicing.take(pixels, index[0], 1)
        return slicing.take_along_axis(pixels, shaping.expand_dims(index, -1) + zeros, 1)

    made = _sampled(
        take, (height, width), (rows, columns), INTERPOLATIONS.index(interpolation), fill_mode, fill_value,
        lambda weight: shaping.expand_dims(weight, -1),
    )  # fmt: skip
    return shaping.reshape(made, (-1, height, width, channels))


def _images(images: Any, who: str) -> tuple[Any, bool]:
    """Returns images with a batch, and True where there was none."""
    images = conversion.cast(images, floatx())
    if len(images.shape) not in (3, 4) or None in images.shape[-3:]:
        raise ValueError(
            f"ops.image.{who} expects images (batch, height, width, channels) of known sizes, got {tuple(images.shape)}"
        )
    alone = len(images.shape) == 3
    return (shaping.expand_dims(images, 0) if alone else images), alone


def _grid(images: Any) -> tuple[Any, Any]:
    """Returns the rows and the columns of all pixels."""
    height, width = images.shape[1:3]
    rows, columns = np.indices((height, width), dtype=floatx()).reshape(2, 1, -1)
    return rows, columns


@as_in_keras(module="image", in_config="fill_value")
@in_any_data_format(channels_axis=-3)
def affine_transform(
    images: Any, transform: Any, interpolation: str = "bilinear", fill_mode: str = "constant", fill_value: float = 0,
    data_format: Any = None,
) -> Any:  # fmt: skip
    """Returns images transformed by affine or projective maps.

    The pixel (x, y) of the result is that of the image at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), where
    k = c0 x + c1 y + 1.

    Args:
        images: Tensor or array of shape `(batch, height, width, channels)`, or without the batch.
        transform: Numbers (a0, a1, a2, b0, b1, b2, c0, c1) of shape `(8,)` or `(batch, 8)`. The map is affine where
            c0 and c1 are 0.
        interpolation: "nearest" or "bilinear".
        fill_mode: "constant", "nearest", "wrap", "mirror" or "reflect", as in `map_coordinates`.
        fill_value: Value outside, for "constant".
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array of the shape of `images`, float32.

    Raises:
        ValueError: An argument is unknown, or the shapes do not fit.

    Example:
        >>> ops.image.affine_transform(np.arange(3.0).reshape(1, 3, 1), [1, 0, 1, 0, 1, 0, 0, 0])[0, :, 0]
        array([1., 2., 0.], dtype=float32)
    """
    _check("affine_transform", fill_mode, interpolation)
    images, alone = _images(images, "affine_transform")
    transform = conversion.cast(transform, floatx())
    if len(transform.shape) not in (1, 2) or transform.shape[-1] != 8:
        raise ValueError(f"ops.image.affine_transform expects transform (8,) or (batch, 8), got {transform.shape}")
    numbers = transform if len(transform.shape) == 2 else shaping.expand_dims(transform, 0)
    a0, a1, a2, b0, b1, b2, c0, c1 = (numbers[:, i : i + 1] for i in range(8))
    y, x = _grid(images)
    below = c0 * x + c1 * y + 1.0
    columns, rows = (a0 * x + a1 * y + a2) / below, (b0 * x + b1 * y + b2) / below
    made = _at(images, rows, columns, interpolation, fill_mode, fill_value)
    return made[0] if alone else made


@as_in_keras(module="image", in_config="fill_value")
@in_any_data_format(channels_axis=-3)
def perspective_transform(
    images: Any, start_points: Any, end_points: Any, interpolation: str = "bilinear", fill_value: float = 0,
    data_format: Any = None,
) -> Any:  # fmt: skip
    """Returns images in another perspective: that which moves four points to four others.

    Args:
        images: Tensor or array of shape `(batch, height, width, channels)`, or without the batch.
        start_points: Four points (x, y) of the images, of shape `(4, 2)` or `(batch, 4, 2)`.
        end_points: Where these are in the result, of the same shape.
        interpolation: "nearest" or "bilinear".
        fill_value: Value outside.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array of the shape of `images`, float32.

    Raises:
        ValueError: An argument is unknown, or the shapes do not fit.

    Example:
        >>> corners = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
        >>> moved = ops.image.perspective_transform(np.ones((3, 3, 1)), corners, corners + 1.0)
        >>> moved[..., 0].round(3)
        array([[0., 0., 0.],
               [0., 1., 1.],
               [0., 1., 1.]], dtype=float32)
    """
    _check("perspective_transform", "constant", interpolation)
    images, alone = _images(images, "perspective_transform")
    start, end = (conversion.cast(one, floatx()) for one in (start_points, end_points))
    if tuple(start.shape[-2:]) != (4, 2) or len(start.shape) not in (2, 3) or tuple(start.shape) != tuple(end.shape):
        raise ValueError(
            "ops.image.perspective_transform expects start_points and end_points (4, 2) or (batch, 4, 2), got "
            f"{tuple(start.shape)} and {tuple(end.shape)}"
        )
    if len(start.shape) == 2:
        start, end = shaping.expand_dims(start, 0), shaping.expand_dims(end, 0)
    numbers = [shaping.expand_dims(one, -1) for one in _unstacked(homography(start, end), 8)]
    y, x = _grid(images)
    below = numbers[6] * x + numbers[7] * y + 1.0
    columns = (numbers[0] * x + numbers[1] * y + numbers[2]) / below
    rows = (numbers[3] * x + numbers[4] * y + numbers[5]) / below
    made = _at(images, rows, columns, interpolation, "constant", fill_value)
    return made[0] if alone else made


def _unstacked(x: Any, count: int) -> list[Any]:
    return [x[:, i] for i in range(count)]


def homography(start: Any, end: Any) -> Any:
    """Returns the eight numbers of the perspective map that takes the end points to the start points."""
    start_x, start_y, end_x, end_y = start[..., 0], start[..., 1], end[..., 0], end[..., 1]
    zeros, ones = end_x * 0.0, end_x * 0.0 + 1.0
    of_x = joining.stack([end_x, end_y, ones, zeros, zeros, zeros, -start_x * end_x, -start_x * end_y], -1)
    of_y = joining.stack([zeros, zeros, zeros, end_x, end_y, ones, -start_y * end_x, -start_y * end_y], -1)
    return linear_systems.solve(joining.concatenate([of_x, of_y], 1), joining.concatenate([start_x, start_y], -1))


def _triangle(x: Any) -> Any:
    return arithmetic.maximum(1.0 - x, 0.0)


def _cubic(x: Any) -> Any:
    """Keys' cubic convolution kernel with a = -0.5."""
    near = ((1.5 * x - 2.5) * x) * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return logic.where(logic.less(x, 1.0), near, logic.where(logic.less(x, 2.0), far, 0.0))


def _lanczos(radius: float) -> Callable[[Any], Any]:
    def kernel(x: Any) -> Any:
        small = logic.less_equal(x, 1e-3)
        safe = logic.where(small, 1.0, x)
        waves = radius * sin(np.pi * safe) * sin(np.pi * safe / radius) / (np.pi**2 * safe * safe)
        return logic.where(logic.greater(x, radius), 0.0, logic.where(small, 1.0, waves))

    return kernel


_KERNELS = {
    **dict.fromkeys(("linear", "bilinear", "trilinear"), _triangle),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), _cubic),
    "lanczos3": _lanczos(3.0), "lanczos5": _lanczos(5.0),
}  # fmt: skip


@as_in_keras(module="image")
def scale_and_translate(
    images: Any, output_shape: Sequence[int], scale: Any, translation: Any, spatial_dims: Sequence[int], method: str,
    antialias: bool = True,
) -> Any:  # fmt: skip
    """Returns a tensor scaled and moved along some axes.

    The element at x of the input is at x * scale + translation in the result.

    Args:
        images: Tensor or array.
        output_shape: Shape of the result.
        scale: Factor for each axis of `spatial_dims`.
        translation: Distance for each axis of `spatial_dims`.
        spatial_dims: The axes.
        method: "linear" ("bilinear", "trilinear"), "cubic" ("bicubic", "tricubic"), "lanczos3" or "lanczos5".
        antialias: Smooths what becomes smaller.

    Returns:
        Tensor or array of the shape `output_shape`, float32.

    Raises:
        ValueError: `method` is unknown, or the shapes do not fit.

    Example:
        >>> ops.image.scale_and_translate(np.array([[1.0, 3.0]]), (1, 4), [2.0], [0.0], [1], "linear")
        array([[1. , 1.5, 2.5, 3. ]], dtype=float32)
    """
    if method not in _KERNELS:
        raise ValueError(f"ops.image.scale_and_translate expects method one of {[*_KERNELS]}, got {method!r}")
    images, scale, translation = (conversion.cast(one, floatx()) for one in (images, scale, translation))
    rank = len(images.shape)
    axes = [int(one) % rank for one in spatial_dims]
    if len(output_shape) != rank or tuple(scale.shape) != (len(axes),) or tuple(translation.shape) != (len(axes),):
        raise ValueError(
            f"ops.image.scale_and_translate expects output_shape of {rank} sizes, and scale and translation of "
            f"{len(axes)} numbers, got {tuple(output_shape)}, {tuple(scale.shape)} and {tuple(translation.shape)}"
        )
    for i, axis in enumerate(axes):
        weights = _scaling(images.shape[axis], output_shape[axis], scale[i], translation[i], method, antialias)
        images = shaping.moveaxis(linear.matmul(shaping.moveaxis(images, axis, -1), weights), -1, axis)
    return images


def _scaling(size: int, new_size: int, scale: Any, translation: Any, method: str, antialias: bool) -> Any:
    """Returns the weight of each element for each one of the result, of shape `(size, new_size)`."""
    back = arithmetic.divide(1.0, scale)
    width = arithmetic.maximum(back, 1.0) if antialias else 1.0
    centers = (np.arange(new_size, dtype=floatx()) + 0.5) * back - translation * back - 0.5
    apart = arithmetic.absolute(shaping.expand_dims(centers, 0) - np.arange(size, dtype=floatx())[:, np.newaxis])
    weights = _KERNELS[method](apart / width)
    total = reduction.sum(weights, 0, True)
    least = 1000.0 * float(np.finfo(floatx()).eps)
    counts = logic.greater(arithmetic.absolute(total), least)
    inside = logic.logical_and(logic.greater_equal(centers, -0.5), logic.less_equal(centers, size - 0.5))
    return logic.where(logic.logical_and(counts, inside), weights / logic.where(counts, total, 1.0), 0.0)


@as_in_keras(module="image", in_config="fill_value")
@in_any_data_format(channels_axis=-3)
def elastic_transform(
    images: Any, alpha: float = 20.0, sigma: float = 5.0, interpolation: str = "bilinear", fill_mode: str = "reflect",
    fill_value: float = 0.0, seed: Any = None, data_format: Any = None,
) -> Any:  # fmt: skip
    """Returns images whose pixels are moved at random, neighbors alike.

    Reference: Simard et al., 2003, "Best practices for convolutional neural networks applied to visual document
    analysis".

    Args:
        images: Tensor or array of shape `(batch, height, width, channels)`, or without the batch.
        alpha: Factor of the distances.
        sigma: Standard deviation of the distances before they are smoothed, and of the Gaussian that smooths them.
        interpolation: "nearest" or "bilinear".
        fill_mode: "constant", "nearest", "wrap", "mirror" or "reflect", as in `map_coordinates`.
        fill_value: Value outside, for "constant".
        seed: An integer, a `SeedGenerator`, or None for the generator of the module `random`.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array of the shape of `images`, float32.

    Raises:
        ValueError: An argument is unknown.

    Example:
        >>> ops.image.elastic_transform(np.ones((4, 4, 1)), seed=1).shape
        (4, 4, 1)
    """
    _check("elastic_transform", fill_mode, interpolation)
    images, alone = _images(images, "elastic_transform")
    rows = dimensions.shape(images)[0]
    height, width = images.shape[1:3]
    drawn = operators["normal"]((rows, height, width, 2), 0.0, float(sigma), seed=seed)
    moved = displaced(images, drawn, float(alpha), float(sigma), interpolation, fill_mode, fill_value)
    return moved[0] if alone else moved


def displaced(
    images: Any, distances: Any, alpha: Any, sigma: float, interpolation: str, fill_mode: str, fill_value: Any
) -> Any:
    """Returns images whose pixels are moved by distances `(batch, height, width, 2)` along x and y, smoothed."""
    height, width = images.shape[1:3]
    smooth = image_filters.blurred(distances, int(6 * sigma) | 1, sigma) * alpha
    y, x = _grid(images)
    flat = shaping.reshape(smooth, (-1, height * width, 2))
    return _at(images, flat[..., 1] + y, flat[..., 0] + x, interpolation, fill_mode, fill_value)
