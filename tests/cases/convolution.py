"""Rows for convolutions of sequences and volumes, transposed, depthwise and separable ones.

One reference for all: for every output, the window of the padded input, tap by tap.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cases.case import Array, Case, Forward, Weights
from fastnn import layers

Sizes = int | Sequence[int]

ACTIVATIONS: dict[str | None, Any] = {
    None: lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}


def each(value: Sizes, rank: int) -> tuple[int, ...]:
    return (value,) * rank if isinstance(value, int) else tuple(value)


def windows(x: Array, size: Sizes, strides: Sizes, padding: str, dilation: Sizes) -> Iterator[tuple[Any, Array]]:
    """Yields for each position of the window the elements below it: (position, (batch, ..., channels))."""
    rank = x.ndim - 2
    size, strides, dilation = each(size, rank), each(strides, rank), each(dilation, rank)
    borders, counts = [(0, 0)], []
    for n, k, s, d in zip(x.shape[1:-1], size, strides, dilation, strict=True):
        span = (k - 1) * d + 1
        before = after = 0
        if padding == "causal":
            before = span - 1
        elif padding == "same":
            total = max((-(-n // s) - 1) * s + span - n, 0)
            before, after = total // 2, total - total // 2
        borders.append((before, after))
        counts.append((n + before + after - span) // s + 1)
    image = np.pad(x, [*borders, (0, 0)])
    for place in itertools.product(*map(range, size)):
        cut = [
            slice(p * d, p * d + (n - 1) * s + 1, s)
            for p, d, n, s in zip(place, dilation, counts, strides, strict=True)
        ]
        yield place, image[(slice(None), *cut)]


def finish(y: Any, w: Weights, activation: str | None) -> Array:
    result: Array = ACTIVATIONS[activation](y + w.get("bias", 0.0))
    return result


def convolution(
    kernel_size: Sizes,
    strides: Sizes = 1,
    padding: str = "valid",
    dilation_rate: Sizes = 1,
    groups: int = 1,
    activation: str | None = None,
    **_: Any,
) -> Forward:
    def forward(x: Array, w: Weights, training: bool) -> Array:
        kernel = w["kernel"]
        y: Any = 0.0
        for place, pixels in windows(x, kernel_size, strides, padding, dilation_rate):
            pieces = np.split(pixels, groups, axis=-1)
            filters = np.split(kernel[place], groups, axis=-1)
            y = y + np.concatenate([a @ b for a, b in zip(pieces, filters, strict=True)], axis=-1)
        return finish(y, w, activation)

    return forward


def transposed(
    kernel_size: Sizes,
    strides: Sizes = 1,
    padding: str = "valid",
    output_padding: Sizes | None = None,
    dilation_rate: Sizes = 1,
    activation: str | None = None,
    **_: Any,
) -> Forward:
    """Adds kernels to a canvas with a margin, then crops the canvas."""

    def forward(x: Array, w: Weights, training: bool) -> Array:
        rank, kernel = x.ndim - 2, w["kernel"]
        size, steps, dilation = each(kernel_size, rank), each(strides, rank), each(dilation_rate, rank)
        cuts, canvas = [slice(None)], []
        for i, (n, k, s, d) in enumerate(zip(x.shape[1:-1], size, steps, dilation, strict=True)):
            span = (k - 1) * d + 1
            extra = None if output_padding is None else each(output_padding, rank)[i]
            before = 0
            if padding == "valid":
                length = (n - 1) * s + span + (max(s - span, 0) if extra is None else extra)
            else:
                length = n * s if extra is None else (n - 1) * s + span % 2 + extra
                # Padding "same" crops both ends, the larger part at the end where it is odd.
                lost = (n - 1) * s + span - length
                before = max(lost // 2, 0)
            cuts.append(slice(before, before + length))
            canvas.append(max((n - 1) * s + span, before + length))
        y = np.zeros((len(x), *canvas, kernel.shape[-2]))
        for place in itertools.product(*map(range, size)):
            at = [
                slice(p * d, p * d + (n - 1) * s + 1, s)
                for p, d, n, s in zip(place, dilation, x.shape[1:-1], steps, strict=True)
            ]
            y[(slice(None), *at)] += x @ kernel[place].T
        return finish(y[tuple(cuts)], w, activation)

    return forward


def case(kind: str, reference: Any, name: str, shape: tuple[int, ...], *given: Any, **arguments: Any) -> Case:
    words = {"Conv1D": "conv1d", "Conv3D": "conv3d"}.get(kind, kind.lower())
    window = given[-1]
    return Case(
        f"{words}-{name}", lambda: getattr(layers, kind)(*given, **arguments), shape, reference(window, **arguments)
    )


def conv1d_cases() -> Iterator[Case]:
    def row(name: str, shape: tuple[int, ...], filters: int, size: int, **arguments: Any) -> Case:
        return case("Conv1D", convolution, name, shape, filters, size, **arguments)

    for padding in ("valid", "same", "causal"):
        for k in (1, 2, 3, 5):
            yield row(f"k{k}-{padding}", (9, 3), 4, k, padding=padding)
        yield row(f"k3-s2-{padding}", (10, 3), 5, 3, strides=2, padding=padding)
        yield row(f"k2-s3-{padding}", (11, 2), 3, 2, strides=3, padding=padding)
        yield row(f"k3-d2-{padding}", (9, 3), 4, 3, dilation_rate=2, padding=padding)
        yield row(f"k2-d4-{padding}", (12, 1), 3, 2, dilation_rate=4, padding=padding)
        yield row(f"groups2-{padding}", (7, 4), 6, 3, groups=2, padding=padding)
        yield row(f"groups-depthwise-d3-{padding}", (10, 3), 6, 3, groups=3, dilation_rate=3, padding=padding)
    for channels, filters in [(1, 1), (1, 33), (33, 1), (16, 32), (33, 17)]:
        yield row(f"c{channels}-f{filters}", (8, channels), filters, 3, padding="same")
    yield row("one-step-same", (1, 3), 2, 5, padding="same")
    yield row("one-step-causal", (1, 3), 2, 3, padding="causal")
    yield row("sequence-is-kernel", (4, 3), 2, 4)
    yield row("no-bias-relu", (7, 3), 16, 3, use_bias=False, activation="relu", padding="causal")
    yield row("sigmoid", (7, 3), 5, 3, activation="sigmoid")
    yield row("long", (301, 5), 7, 4, activation="relu", padding="same")
    yield row("strips-of-the-input", (400, 128), 3, 3, padding="same")
    yield row("strips-of-the-gradient", (399, 2), 128, 4, padding="causal", dilation_rate=2)
    yield row("few-filters", (1300, 24), 1, 5, padding="causal", activation="sigmoid")
    yield row("few-filters-d2", (90, 24), 2, 5, padding="same", dilation_rate=2)
    yield row("strips-strided", (1201, 64), 2, 3, strides=3, padding="same")
    yield row("long-causal-d8", (300, 8), 16, 2, dilation_rate=8, padding="causal")


def conv3d_cases() -> Iterator[Case]:
    def row(name: str, shape: tuple[int, ...], filters: int, size: Sizes, **arguments: Any) -> Case:
        return case("Conv3D", convolution, name, shape, filters, size, **arguments)

    for padding in ("valid", "same"):
        for k in (1, 2, 3):
            yield row(f"k{k}-{padding}", (4, 5, 3, 2), 3, k, padding=padding)
        yield row(f"k2-s2-{padding}", (5, 4, 3, 2), 3, 2, strides=2, padding=padding)
        yield row(f"k3-s1x2x3-{padding}", (4, 5, 6, 2), 3, 3, strides=(1, 2, 3), padding=padding)
        yield row(f"k2-s3-{padding}", (5, 4, 4, 1), 2, 2, strides=3, padding=padding)
        yield row(f"k2-d2-{padding}", (4, 4, 5, 2), 3, 2, dilation_rate=2, padding=padding)
        yield row(f"k3x1x2-{padding}", (5, 2, 4, 3), 4, (3, 1, 2), padding=padding)
        yield row(f"k1x2x3-{padding}", (3, 4, 5, 2), 3, (1, 2, 3), padding=padding)
        yield row(f"groups2-{padding}", (3, 4, 3, 4), 6, 2, groups=2, padding=padding)
    yield row("one-plane", (1, 5, 4, 3), 4, (1, 3, 3), activation="relu")
    yield row("one-plane-k3-same", (1, 5, 4, 3), 4, 3, padding="same", activation="sigmoid")
    # Both taps of the only plane stand beside it.
    yield row("no-tap-in-depth", (1, 4, 4, 2), 3, (2, 2, 2), dilation_rate=2, padding="same", activation="relu")
    yield row("volume-is-kernel", (3, 2, 4, 2), 3, (3, 2, 4))
    yield row("no-bias-sigmoid-c17-f33", (3, 4, 3, 17), 33, 2, use_bias=False, activation="sigmoid", padding="same")
    yield row("large", (9, 9, 8, 4), 8, 3, padding="same", activation="sigmoid")
    yield row("few-filters", (4, 6, 5, 24), 1, 3, padding="same", activation="sigmoid")


def transposed_cases() -> Iterator[Case]:
    def row(kind: str, name: str, shape: tuple[int, ...], filters: int, size: Sizes, **arguments: Any) -> Case:
        return case(kind, transposed, name, shape, filters, size, **arguments)

    for padding in ("valid", "same"):
        for k, s in [(1, 1), (3, 1), (2, 2), (3, 2), (4, 2), (1, 3), (2, 3), (5, 3), (2, 1)]:
            yield row("Conv1DTranspose", f"k{k}-s{s}-{padding}", (5, 3), 4, k, strides=s, padding=padding)
            yield row("Conv2DTranspose", f"k{k}-s{s}-{padding}", (4, 3, 3), 5, k, strides=s, padding=padding)
        yield row("Conv2DTranspose", f"k3x2-s2x1-{padding}", (4, 3, 3), 5, (3, 2), strides=(2, 1), padding=padding)
        yield row("Conv1DTranspose", f"k3-d2-{padding}", (6, 3), 4, 3, dilation_rate=2, padding=padding)
        yield row("Conv2DTranspose", f"k3-d2-{padding}", (5, 4, 2), 4, 3, dilation_rate=2, padding=padding)
        for extra in (0, 1, 2):
            arguments = {"strides": 3, "padding": padding, "output_padding": extra}
            yield row("Conv1DTranspose", f"k3-s3-extra{extra}-{padding}", (4, 2), 3, 3, **arguments)
            yield row("Conv1DTranspose", f"k4-s3-extra{extra}-{padding}", (4, 2), 3, 4, **arguments)
        yield row(
            "Conv2DTranspose", f"extra1x0-{padding}", (3, 4, 2), 3, 3, strides=2, padding=padding, output_padding=(1, 0)
        )
        for k, s in [(1, 1), (2, 2), (3, 1), (3, 2)]:
            yield row("Conv3DTranspose", f"k{k}-s{s}-{padding}", (2, 3, 2, 2), 3, k, strides=s, padding=padding)
        yield row("Conv3DTranspose", f"k2-s3-gaps-{padding}", (2, 2, 2, 2), 2, 2, strides=3, padding=padding)
    yield row("Conv3DTranspose", "uneven", (3, 2, 4, 3), 4, (2, 1, 3), strides=(1, 2, 2), activation="relu")
    yield row("Conv3DTranspose", "d2", (2, 3, 2, 2), 3, 2, dilation_rate=2)
    yield row("Conv3DTranspose", "extra", (2, 2, 3, 2), 3, 3, strides=2, padding="same", output_padding=1)
    for channels, filters in [(1, 1), (16, 33), (33, 16)]:
        yield row("Conv2DTranspose", f"c{channels}-f{filters}", (4, 3, channels), filters, 3, strides=2, padding="same")
    yield row("Conv2DTranspose", "no-bias-relu", (4, 3, 3), 5, 3, strides=2, use_bias=False, activation="relu")
    yield row("Conv2DTranspose", "gaps-relu", (4, 3, 3), 5, 1, strides=2, activation="sigmoid")
    yield row("Conv2DTranspose", "one-pixel", (1, 1, 7), 4, 4)
    yield row("Conv2DTranspose", "large", (12, 13, 16), 8, 4, strides=2, padding="same", activation="relu")
    for filters in (1, 3):
        yield row("Conv2DTranspose", f"few-f{filters}", (6, 5, 32), filters, 5, strides=2, padding="same")
    yield row("Conv1DTranspose", "few", (600, 24), 1, 4, strides=2, activation="sigmoid", padding="same")
    yield row("Conv3DTranspose", "few", (3, 4, 5, 24), 1, 3, strides=(1, 2, 1), padding="same")
    for padding in ("valid", "same"):
        yield row("Conv2DTranspose", f"subpixel-k4-s2-{padding}", (9, 10, 16), 17, 4, strides=2, padding=padding)
        yield row("Conv2DTranspose", f"subpixel-k5-s2-{padding}", (15, 15, 18), 16, 5, strides=2, padding=padding)
        yield row("Conv2DTranspose", f"subpixel-k6-s3-{padding}", (9, 9, 16), 16, 6, strides=3, padding=padding)
        yield row(
            "Conv2DTranspose", f"subpixel-uneven-{padding}", (9, 14, 16), 19, (4, 2), strides=(2, 1), padding=padding
        )
    extra = {"strides": 2, "padding": "same", "output_padding": 1, "activation": "sigmoid"}
    yield row("Conv2DTranspose", "subpixel-extra", (10, 9, 16), 16, 4, **extra)
    extra = {"strides": 2, "padding": "valid", "use_bias": False, "activation": "sigmoid"}
    yield row("Conv2DTranspose", "subpixel-no-bias", (9, 9, 32), 48, 4, **extra)


def depthwise(
    kernel_size: Sizes,
    strides: Sizes = 1,
    padding: str = "valid",
    depth_multiplier: int = 1,
    dilation_rate: Sizes = 1,
    activation: str | None = None,
    **_: Any,
) -> Forward:
    def forward(x: Array, w: Weights, training: bool) -> Array:
        kernel = w["kernel"] if "kernel" in w else w["depthwise_kernel"]
        y: Any = 0.0
        for place, pixels in windows(x, kernel_size, strides, padding, dilation_rate):
            y = y + pixels[..., None] * kernel[place]
        y = y.reshape(*y.shape[:-2], -1)
        if "pointwise_kernel" in w:
            pointwise = w["pointwise_kernel"]
            y = y @ pointwise.reshape(pointwise.shape[-2:])
        return finish(y, w, activation)

    return forward


def depthwise_cases() -> Iterator[Case]:
    def row(kind: str, name: str, shape: tuple[int, ...], *given: Any, **arguments: Any) -> Case:
        return case(kind, depthwise, name, shape, *given, **arguments)

    for padding in ("valid", "same"):
        for k in (1, 2, 3, 5, 7):
            yield row("DepthwiseConv2D", f"k{k}-{padding}", (9, 8, 3), k, padding=padding)
        for k, s in [(1, 2), (2, 2), (3, 2), (3, 3), (5, 3), (2, 4)]:
            yield row("DepthwiseConv2D", f"k{k}-s{s}-{padding}", (11, 9, 5), k, strides=s, padding=padding)
            yield row("DepthwiseConv1D", f"k{k}-s{s}-{padding}", (13, 4), k, strides=s, padding=padding)
        yield row("DepthwiseConv2D", f"k3-d2-{padding}", (8, 9, 3), 3, dilation_rate=2, padding=padding)
        yield row("DepthwiseConv2D", f"k2x3-s2x1-{padding}", (6, 7, 3), (2, 3), strides=(2, 1), padding=padding)
        yield row(
            "DepthwiseConv2D", f"k3-s2-d3-{padding}", (12, 11, 2), 3, strides=2, dilation_rate=(3, 2), padding=padding
        )
        yield row("DepthwiseConv2D", f"k3-s4-d2-{padding}", (13, 12, 2), 3, strides=4, dilation_rate=2, padding=padding)
        for multiplier in (2, 3):
            name = f"m{multiplier}-{padding}"
            yield row("DepthwiseConv2D", name, (6, 7, 3), 3, depth_multiplier=multiplier, padding=padding)
            yield row(
                "DepthwiseConv2D", f"{name}-s2", (7, 6, 5), 3, strides=2, depth_multiplier=multiplier, padding=padding
            )
            yield row("DepthwiseConv1D", name, (9, 3), 3, depth_multiplier=multiplier, padding=padding)
    for channels in (1, 8, 16, 33, 70):
        yield row("DepthwiseConv2D", f"c{channels}", (6, 7, channels), 3, padding="same")
    yield row("DepthwiseConv2D", "m70-c2", (4, 5, 2), 3, depth_multiplier=70)
    yield row("DepthwiseConv2D", "c40-m3-s2", (7, 6, 40), 3, strides=2, depth_multiplier=3, padding="same")
    yield row("DepthwiseConv2D", "image-is-kernel", (3, 4, 3), (3, 4))
    yield row("DepthwiseConv2D", "same-kernel-larger", (2, 1, 3), 5, padding="same")
    for width in (1, 2, 3, 8, 10, 17):
        for k in (3, 5, 7):
            yield row("DepthwiseConv2D", f"k{k}-w{width}", (4, width, 17), k, padding="same")
    yield row("DepthwiseConv2D", "k7x5-d2x1", (15, 12, 6), (7, 5), dilation_rate=(2, 1), padding="same")
    yield row("DepthwiseConv2D", "k3x7-m2", (6, 11, 5), (3, 7), depth_multiplier=2, padding="same")
    yield row("DepthwiseConv2D", "no-bias-relu", (5, 6, 3), 3, use_bias=False, activation="relu")
    yield row("DepthwiseConv2D", "sigmoid", (5, 6, 9), 3, activation="sigmoid", padding="same")
    yield row("DepthwiseConv2D", "large", (33, 31, 16), 3, padding="same", activation="sigmoid")
    yield row("DepthwiseConv2D", "large-k5-s2-m2", (30, 29, 8), 5, strides=2, depth_multiplier=2, padding="same")
    yield row("DepthwiseConv1D", "long", (400, 5), 4, padding="same", activation="sigmoid")
    for padding in ("valid", "same"):
        yield row("SeparableConv2D", f"k3-{padding}", (6, 7, 3), 4, 3, padding=padding)
        yield row(
            "SeparableConv2D", f"k3-s2-m2-{padding}", (7, 6, 3), 5, 3, strides=2, padding=padding, depth_multiplier=2
        )
        yield row("SeparableConv2D", f"k2-d2-{padding}", (6, 7, 4), 3, 2, dilation_rate=2, padding=padding)
        yield row("SeparableConv1D", f"k3-{padding}", (9, 3), 4, 3, padding=padding)
        yield row(
            "SeparableConv1D", f"k4-s3-m2-{padding}", (11, 2), 5, 4, strides=3, depth_multiplier=2, padding=padding
        )
    yield row("SeparableConv2D", "c33-f17-relu", (5, 4, 33), 17, 3, padding="same", activation="relu")
    yield row("SeparableConv2D", "no-bias", (5, 4, 1), 2, 3, use_bias=False)
    yield row("SeparableConv1D", "sigmoid", (8, 5), 3, 2, activation="sigmoid")


CASES: list[Case] = [*conv1d_cases(), *conv3d_cases(), *transposed_cases(), *depthwise_cases()]
