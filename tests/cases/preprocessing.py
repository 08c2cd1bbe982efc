"""Rows for rescaling, normalization, encodings, resizing, and random images with degenerate distributions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from cases.case import Array, Case, Weights
from fastnn import layers

Matrix = Array


def one(
    name: str, make: Callable[[], Any], shape: tuple[int, ...], function: Callable[[Array], Array], **more: Any
) -> Case:
    """Returns a row of a layer that is the same in training and in inference."""
    return Case(name, make, shape, lambda x, w, t: function(x), **more)


def trained(
    name: str, make: Callable[[], Any], shape: tuple[int, ...], function: Callable[[Array], Array], **more: Any
) -> Case:
    """Returns a row of a layer that is the identity in inference."""

    def forward(x: Array, w: Weights, training: bool) -> Array:
        return function(x) if training else x

    return Case(name, make, shape, forward, **more)


# Numbers --------------------------------------------------------------------------------------------------------------


def number_cases() -> Iterator[Case]:
    yield one("rescaling", lambda: layers.Rescaling(0.25, -1.5), (37,), lambda x: x * 0.25 - 1.5)
    scale, offset = np.array([0.5, -2.0, 3.0]), np.array([[1.0], [2.0], [3.0], [4.0]])
    yield one("rescaling-channels", lambda: layers.Rescaling(scale, 0.5), (5, 4, 3), lambda x: x * scale + 0.5)
    yield one("rescaling-two-arrays", lambda: layers.Rescaling(scale, offset), (5, 4, 3), lambda x: x * scale + offset)
    long = np.linspace(-1, 1, 700)
    yield one("rescaling-long", lambda: layers.Rescaling(long), (3, 700), lambda x: x * long)

    mean, variance = np.array([0.5, -2.0, 3.0]), np.array([0.25, 4.0, 1.0])
    one_of_each = {"mean": mean, "variance": variance}
    deviation = np.sqrt(variance)
    yield one("normalization", lambda: layers.Normalization(**one_of_each), (5, 4, 3), lambda x: (x - mean) / deviation)
    yield one(
        "normalization-invert",
        lambda: layers.Normalization(invert=True, **one_of_each),
        (7, 3),
        lambda x: x * deviation + mean,
    )
    yield one(
        "normalization-axis1",
        lambda: layers.Normalization(axis=1, **one_of_each),
        (3, 5, 2),
        lambda x: (x - mean[:, None, None]) / deviation[:, None, None],
    )
    yield one(
        "normalization-two-axes",
        lambda: layers.Normalization(axis=(-1, 1), mean=np.outer(mean, [1, 2]), variance=np.outer(variance, [1, 4])),
        (3, 5, 2),
        lambda x: (x - np.outer(mean, [1, 2])[:, None]) / np.sqrt(np.outer(variance, [1, 4]))[:, None],
    )
    yield one("normalization-number", lambda: layers.Normalization(None, 2.0, 9.0), (4, 3), lambda x: (x - 2) / 3)
    yield one(
        "normalization-no-spread",
        lambda: layers.Normalization(axis=-1, mean=[0.0, 1.0], variance=[0.0, 1.0]),
        (2,),
        lambda x: (x - [0, 1]) / [1e-7, 1],
    )


def encoded(x: Array, depth: int, mode: str) -> Array:
    """Returns vectors for the integer parts of x; those of a sample are added, or counted once."""
    hot = np.trunc(x)[..., None] == np.arange(depth)
    hot = np.where(np.isnan(x)[..., None], np.nan, hot)
    if mode == "one_hot":
        return hot[..., 0, :] if x.ndim > 1 and x.shape[-1] == 1 else hot
    axis = 1 if x.ndim > 1 else 0
    return hot.sum(axis=axis) if mode == "count" else hot.max(axis=axis)


def encoding_cases() -> Iterator[Case]:
    for mode in ("one_hot", "multi_hot", "count"):
        for shape in ((7,), (1,), (3, 5)):
            yield one(
                f"category-encoding-{mode}-{'x'.join(map(str, shape))}",
                lambda mode=mode: layers.CategoryEncoding(6, output_mode=mode),
                shape,
                lambda x, mode=mode: encoded(x, 6, mode),
                scale=3.0,
                offset=2.5,
            )


# Sizes ----------------------------------------------------------------------------------------------------------------


CURVES: dict[str, Callable[[Array], Array]] = {
    "bilinear": lambda d: np.maximum(0, 1 - d),
    "bicubic": lambda d: np.where(
        d < 1, 1.5 * d**3 - 2.5 * d**2 + 1, np.where(d < 2, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2, 0)
    ),
    "lanczos3": lambda d: np.where(d < 3, np.sinc(d) * np.sinc(d / 3), 0),
    "lanczos5": lambda d: np.where(d < 5, np.sinc(d) * np.sinc(d / 5), 0),
}


def shares(size: int, target: int, interpolation: str, antialias: bool) -> Matrix:
    """Returns the weights of each of `size` pixels in each of `target` pixels."""
    scale = size / target
    if interpolation == "nearest":
        return np.eye(size)[[math.floor((o + 0.5) * scale) for o in range(target)]]
    centres = (np.arange(target)[:, None] + 0.5) * scale - 0.5
    distance = np.abs(centres - np.arange(size)) / (max(scale, 1) if antialias else 1)
    weights = CURVES[interpolation](distance)
    return weights / weights.sum(axis=1, keepdims=True)


def mixed(matrix: Matrix, x: Array) -> Array:
    """Returns matrix @ x along axis 1 of x; a NaN with weight 0 has no effect."""
    parts = np.where(matrix[None, :, :, None, None] == 0, 0, matrix[None, :, :, None, None] * x[:, None])
    return parts.sum(axis=2)


def resized(x: Array, height: int, width: int, interpolation: str = "bilinear", **more: Any) -> Array:
    h, w = x.shape[1:3]
    if more.get("crop_to_aspect_ratio"):
        rows, columns = min(h, w * height // width), min(w, h * width // height)
        top, left = (h - rows) // 2, (w - columns) // 2
        x = x[:, top : top + rows, left : left + columns]
    if more.get("pad_to_aspect_ratio"):
        above = (max(h, w * height // width) - h) // 2
        before = 0 if above else (max(w, h * width // height) - w) // 2
        border = ((0, 0), (above, above), (before, before), (0, 0))
        x = np.pad(x, border, constant_values=more.get("fill_value", 0.0))
    antialias = more.get("antialias", False)
    x = mixed(shares(x.shape[1], height, interpolation, antialias), x)
    across = shares(x.shape[2], width, interpolation, antialias)
    return mixed(across, x.swapaxes(1, 2)).swapaxes(1, 2)


def resizing_cases() -> Iterator[Case]:
    def row(name: str, shape: tuple[int, ...], height: int, width: int, **arguments: Any) -> Case:
        return one(
            f"resizing-{name}",
            lambda: layers.Resizing(height, width, **arguments),
            shape,
            lambda x: resized(x, height, width, **arguments),
        )

    for interpolation in ("nearest", *CURVES):
        yield row(f"{interpolation}-up", (5, 4, 3), 8, 11, interpolation=interpolation)
        yield row(f"{interpolation}-down", (9, 13, 1), 4, 5, interpolation=interpolation, antialias=True)
    yield row("down-not-smoothed", (9, 13, 2), 4, 5)
    yield row("same", (5, 4, 3), 5, 4, interpolation="bicubic")
    yield row("one-pixel", (1, 1, 2), 3, 2)
    yield row("to-one-pixel", (6, 5, 33), 1, 1, antialias=True)
    yield row("crop-wide", (5, 9, 3), 4, 4, crop_to_aspect_ratio=True)
    yield row("crop-tall", (11, 4, 1), 3, 5, crop_to_aspect_ratio=True, interpolation="nearest")
    yield row("pad-wide", (4, 9, 3), 6, 6, pad_to_aspect_ratio=True, fill_value=0.75)
    yield row("pad-tall", (9, 4, 1), 5, 6, pad_to_aspect_ratio=True, fill_value=-0.5, interpolation="bicubic")

    for height, width in [(5, 4), (3, 4), (2, 1)]:
        top, left = (5 - height) // 2, (4 - width) // 2
        yield one(
            f"center-crop-{height}x{width}",
            lambda h=height, w=width: layers.CenterCrop(h, w),
            (5, 4, 3),
            lambda x, t=top, s=left, h=height, w=width: x[:, t : t + h, s : s + w],
        )
    yield one(
        "center-crop-of-smaller",
        lambda: layers.CenterCrop(6, 3),
        (5, 4, 3),
        lambda x: resized(x, 6, 3, crop_to_aspect_ratio=True),
    )


# Draws that leave no choice -------------------------------------------------------------------------------------------


def beyond(fill: str, size: int, index: Any) -> Any:
    """Returns the index inside an axis for one beyond its border."""
    if fill == "nearest":
        return np.clip(index, 0, size - 1)
    once = np.arange(size)
    around = once if fill == "wrap" else np.concatenate([once, once[::-1]])
    return around[index % len(around)]


def warped(
    x: Array, matrix: Any, fill_mode: str = "reflect", interpolation: str = "bilinear", fill_value: float = 0.0
) -> Array:
    """Returns for each pixel (column, row) the one at matrix @ (column, row, 1)."""
    _, height, width, _ = x.shape
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    across, down = np.einsum("ij,jhw->ihw", np.asarray(matrix, float), np.stack([columns, rows, np.ones_like(rows)]))

    def at(row: Any, column: Any) -> Array:
        if fill_mode == "constant":
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            pixels = x[:, np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
            return np.where(inside[..., None], pixels, fill_value)
        return x[:, beyond(fill_mode, height, row), beyond(fill_mode, width, column)]

    if interpolation == "nearest":
        return at(np.floor(down + 0.5).astype(int), np.floor(across + 0.5).astype(int))
    top, left = np.floor(down).astype(int), np.floor(across).astype(int)
    low, right = (down - top)[..., None], (across - left)[..., None]
    upper = at(top, left) * (1 - right) + at(top, left + 1) * right
    lower = at(top + 1, left) * (1 - right) + at(top + 1, left + 1) * right
    return upper * (1 - low) + lower * low


def about_middle(turn: Any, height: int, width: int) -> Any:
    """Returns the matrix that rotates (column, row) around the center."""
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    return np.column_stack([turn, middle - np.asarray(turn) @ middle])


def warp_cases() -> Iterator[Case]:
    shape = (6, 5, 2)

    def row(name: str, make: Callable[..., Any], matrix: Any, **arguments: Any) -> Case:
        return trained(name, lambda: make(**arguments), shape, lambda x: warped(x, matrix, **arguments))

    for fill in ("reflect", "wrap", "constant", "nearest"):
        for interpolation in ("bilinear", "nearest"):
            how = {"fill_mode": fill, "interpolation": interpolation, "fill_value": 0.5}
            angle = 2 * np.pi * 0.13
            turn = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
            yield row(
                f"random-rotation-{fill}-{interpolation}",
                lambda **a: layers.RandomRotation((0.13, 0.13), **a),
                about_middle(turn, 6, 5),
                **how,
            )
            yield row(
                f"random-translation-{fill}-{interpolation}",
                lambda **a: layers.RandomTranslation((-0.77, -0.77), (0.43, 0.43), **a),
                [[1, 0, -0.43 * 5], [0, 1, 0.77 * 6]],
                **how,
            )
    yield row(
        "random-zoom",
        lambda **a: layers.RandomZoom((0.7, 0.7), (-0.4, -0.4), **a),
        about_middle([[0.6, 0], [0, 1.7]], 6, 5),
    )
    yield row(
        "random-zoom-both",
        lambda **a: layers.RandomZoom((-0.3, -0.3), **a),
        about_middle([[0.7, 0], [0, 0.7]], 6, 5),
        fill_mode="constant",
    )
    yield trained(
        "random-rotation-quarter",
        lambda: layers.RandomRotation((0.25, 0.25)),
        (5, 5, 3),
        lambda x: np.rot90(x, 1, axes=(1, 2)),
    )
    yield trained(
        "random-rotation-half",
        lambda: layers.RandomRotation((-0.5, -0.5), interpolation="nearest"),
        (4, 7, 1),
        lambda x: x[:, ::-1, ::-1],
    )
    yield trained("random-crop-of-all", lambda: layers.RandomCrop(6, 5), shape, lambda x: x)
    yield one(
        "random-crop-of-smaller",
        lambda: layers.RandomCrop(7, 3),
        shape,
        lambda x: resized(x, 7, 3, crop_to_aspect_ratio=True),
    )


GREY = np.array([0.2989, 0.5870, 0.1140])


def solarized(x: Array, more: float, threshold: float) -> Array:
    x = np.clip(x + more, 0, 255)
    return np.where(x < threshold, x, 255 - x)


def saturated(x: Array, factor: float) -> Array:
    """Multiplies the saturation of hue, saturation and value by factor / (1 - factor)."""
    high, low = x.max(axis=-1, keepdims=True), x.min(axis=-1, keepdims=True)
    saturation = (high - low) / high
    more = np.minimum(saturation * factor / (1 - factor), 1) / saturation
    return high - more * (high - x)


def sharpened(x: Array, factor: float) -> Array:
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = x.shape[1:3]
    nine = sum(padded[:, r : r + height, c : c + width] for r in range(3) for c in range(3))
    return np.clip(x + (1 - 2 * factor) * ((nine + 4 * x) / 13 - x), 0, 255)


def color_cases() -> Iterator[Case]:
    def row(name: str, make: Callable[[], Any], function: Callable[[Array], Array], **more: Any) -> Case:
        return trained(name, make, (5, 4, 3), function, **{"scale": 60.0, "offset": 128.0, **more})

    yield row(
        "random-brightness", lambda: layers.RandomBrightness((0.3, 0.3)), lambda x: np.clip(x + 0.3 * 255, 0, 255)
    )
    yield row(
        "random-brightness-range",
        lambda: layers.RandomBrightness((-0.25, -0.25), value_range=(-1, 1)),
        lambda x: np.clip(x - 0.5, -1, 1),
        scale=0.5,
        offset=0.0,
    )
    yield row("random-contrast-of-one", lambda: layers.RandomContrast((0, 0)), lambda x: np.clip(x, 0, 255), scale=90.0)
    yield row("random-invert", lambda: layers.RandomInvert((1.0, 1.0)), lambda x: 255 - x)
    yield row("random-invert-none", lambda: layers.RandomInvert(0.0), lambda x: x)
    yield row(
        "random-grayscale", lambda: layers.RandomGrayscale(1.0), lambda x: np.repeat((x @ GREY)[..., None], 3, axis=-1)
    )
    yield row(
        "random-color-degeneration",
        lambda: layers.RandomColorDegeneration((0.4, 0.4)),
        lambda x: np.clip(x + 0.4 * ((x @ GREY)[..., None] - x), 0, 255),
        scale=90.0,
    )
    yield row(
        "random-posterization", lambda: layers.RandomPosterization(3), lambda x: np.floor(np.clip(x, 0, 255) / 32) * 32
    )
    yield row(
        "random-saturation-less", lambda: layers.RandomSaturation((0.3, 0.3)), lambda x: saturated(x, 0.3), scale=30
    )
    yield row(
        "random-saturation-more",
        lambda: layers.RandomSaturation((0.7, 0.7)),
        lambda x: saturated(x, 0.7),
        scale=30.0,
    )
    yield row("random-sharpness-blur", lambda: layers.RandomSharpness((0.2, 0.2)), lambda x: sharpened(x, 0.2))
    yield row("random-sharpness-edges", lambda: layers.RandomSharpness((0.9, 0.9)), lambda x: sharpened(x, 0.9))
    yield row("random-color-jitter-none", lambda: layers.RandomColorJitter(), lambda x: x)
    yield row(
        "random-color-jitter",
        lambda: layers.RandomColorJitter((0, 255), (-0.1, -0.1), saturation_factor=(0.3, 0.3)),
        lambda x: saturated(np.clip(x - 25.5, 0, 255), 0.3),
        scale=20.0,
    )
    yield row("random-erasing-none", lambda: layers.RandomErasing(0.0), lambda x: x)
    yield row(
        "random-erasing-all",
        lambda: layers.RandomErasing((1, 1), (1, 1), (7.0, 300.0, 9.0)),
        lambda x: 0 * x + [7, 255, 9],
    )
    yield row("random-hue-none", lambda: layers.RandomHue(0.0), lambda x: np.clip(x, 0, 255), scale=90.0)
    yield row("solarization", lambda: layers.Solarization(), lambda x: solarized(x, 0, 0))
    yield row(
        "solarization-some",
        lambda: layers.Solarization((0.1, 0.1), (0.6, 0.6)),
        lambda x: solarized(x, 25.5, 153),
    )


CASES = [
    *number_cases(),
    *encoding_cases(),
    *resizing_cases(),
    *warp_cases(),
    *color_cases(),
]
