"""Rows for rescaling, normalization, encodings, resizing, and random images with degenerate distributions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from rows import Random, Row

ROWS: list[Row] = []

Layers = Callable[[Any], list[Any]]


def row(name: str, shape: tuple[int, ...], layers: Layers, dense: bool = True, **arguments: Any) -> None:
    """Returns a chain that begins with `layers`, followed by a dense layer that is trained."""

    def build(keras: Any) -> Any:
        behind = [keras.layers.Flatten(), keras.layers.Dense(2)] if dense else []
        return keras.Sequential([keras.Input(shape), *layers(keras.layers), *behind])

    ROWS.append(Row(name, build, **arguments))


def colors(random: Random) -> Any:
    return random.uniform(0, 255, size=(5, 6, 5, 3)).astype(np.float32)


def tokens(random: Random) -> Any:
    return random.randint(0, 6, size=(5, 4)).astype(np.float32)


def adapted(layer: Any, *shape: int) -> Any:
    """Returns the layer after `adapt`."""
    layer.adapt(np.sin(np.arange(np.prod(shape)) ** 1.5).reshape(shape).astype(np.float32) * 2 + 0.5)
    return layer


row("rescaling", (7,), lambda k: [k.Dense(4), k.Rescaling(0.25, -1.5)])
row("rescaling-channels", (3, 2), lambda k: [k.Dense(3), k.Rescaling([0.5, -2.0, 3.0], 0.5)])
row("normalization", (7,), lambda k: [adapted(k.Normalization(), 9, 7), k.Dense(4)])
row("normalization-axes", (3, 4, 2), lambda k: [k.Dense(3), adapted(k.Normalization(axis=(1, 3)), 5, 3, 4, 3)])
row("normalization-one", (5,), lambda k: [k.Dense(3), k.Normalization(axis=None, mean=0.5, variance=3.0)])
row(
    "normalization-given",
    (4, 3),
    lambda k: [k.Dense(3), k.Normalization(mean=[0.5, 1.0, -1.0], variance=[1.0, 0.25, 4.0])],
)
row("normalization-invert", (5,), lambda k: [k.Dense(3), adapted(k.Normalization(invert=True), 6, 3)])
for mode in ("one_hot", "multi_hot", "count"):
    row(f"category-encoding-{mode}", (4,), lambda k, m=mode: [k.CategoryEncoding(6, output_mode=m)], inputs=tokens)
row("discretization-one-hot", (4,), lambda k: [k.Discretization([-0.5, 0.0, 1.0], output_mode="one_hot")])

for interpolation in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"):
    row(
        f"resizing-{interpolation}-up",
        (4, 3, 2),
        lambda k, i=interpolation: [k.Dense(2), k.Resizing(6, 5, interpolation=i)],
    )
row("resizing-bilinear-down", (7, 9, 2), lambda k: [k.Dense(2), k.Resizing(3, 4)])
row("resizing-antialias", (7, 9, 2), lambda k: [k.Dense(2), k.Resizing(3, 4, antialias=True)])
row("resizing-crop", (4, 9, 2), lambda k: [k.Dense(2), k.Resizing(5, 3, crop_to_aspect_ratio=True)])
row("resizing-pad", (4, 9, 2), lambda k: [k.Dense(2), k.Resizing(5, 5, pad_to_aspect_ratio=True, fill_value=0.5)])
row("center-crop", (5, 6, 2), lambda k: [k.Dense(2), k.CenterCrop(2, 3)])
row("center-crop-of-smaller", (5, 6, 2), lambda k: [k.Dense(2), k.CenterCrop(7, 3)])

for fill in ("reflect", "wrap", "constant", "nearest"):
    for interpolation in ("bilinear", "nearest"):
        how = {"fill_mode": fill, "interpolation": interpolation, "fill_value": 0.5}
        row(
            f"random-rotation-{fill}-{interpolation}",
            (6, 5, 2),
            lambda k, how=how: [k.Dense(2), k.RandomRotation((0.13, 0.13), **how)],
        )
        row(
            f"random-zoom-{fill}-{interpolation}",
            (6, 5, 2),
            lambda k, how=how: [k.Dense(2), k.RandomZoom((0.7, 0.7), (-0.4, -0.4), **how)],
        )
        row(
            f"random-translation-{fill}-{interpolation}",
            (6, 5, 2),
            lambda k, how=how: [k.Dense(2), k.RandomTranslation((-0.77, -0.77), (0.43, 0.43), **how)],
        )


def colored(name: str, layer: Callable[[Any], Any]) -> None:
    """Returns a chain that changes colors before a trained layer."""
    row(name, (6, 5, 3), lambda k: [layer(k), k.Rescaling(1 / 255)], inputs=colors)


colored("random-brightness", lambda k: k.RandomBrightness((0.3, 0.3)))
colored("random-invert", lambda k: k.RandomInvert((1.0, 1.0)))
colored("random-grayscale", lambda k: k.RandomGrayscale(1.0))
colored("random-color-degeneration", lambda k: k.RandomColorDegeneration((0.4, 0.4)))
colored("random-posterization", lambda k: k.RandomPosterization((3, 3)))
colored("solarization", lambda k: k.Solarization())
colored("random-saturation-less", lambda k: k.RandomSaturation((0.3, 0.3)))
colored("random-sharpness-blur", lambda k: k.RandomSharpness((0.2, 0.2)))
colored("random-sharpness-edges", lambda k: k.RandomSharpness((0.9, 0.9)))
colored("random-hue-none", lambda k: k.RandomHue((0.0, 0.0)))
row(
    "random-saturation-more",
    (6, 5, 3),
    lambda k: [k.RandomSaturation((0.7, 0.7), value_range=(0, 1))],
    inputs=lambda random: colors(random) / 255,
)
