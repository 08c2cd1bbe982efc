"""Rows for layers that move elements: axes permuted, repeated, cropped, padded, enlarged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from cases.case import Array, Case
from fastnn import layers


def moving_cases() -> Iterator[Case]:
    for shape, dims in [
        ((5, 3), (2, 1)),
        ((5, 3), (1, 2)),
        ((1, 4), (2, 1)),
        ((40, 33), (2, 1)),
        ((2, 3, 4), (3, 1, 2)),
        ((2, 3, 4), (1, 3, 2)),
        ((2, 1, 4, 3), (4, 2, 3, 1)),
        ((2, 3, 1, 2, 3), (2, 1, 5, 3, 4)),
        ((7,), (1,)),
    ]:
        yield Case(
            f"permute-{'x'.join(map(str, shape))}-to-{''.join(map(str, dims))}",
            lambda d=dims: layers.Permute(d),
            shape,
            lambda x, w, t, d=dims: x.transpose(0, *d),
        )
    for n, size in [(1, 1), (1, 5), (3, 1), (4, 7), (5, 33)]:
        yield Case(
            f"repeat-vector-{n}x{size}",
            lambda n=n: layers.RepeatVector(n),
            (size,),
            lambda x, w, t, n=n: np.repeat(x[:, None], n, axis=1),
        )
    for shape, amounts, pairs in [
        ((4, 3), 2, [(2, 2)]),
        ((4, 3), (0, 3), [(0, 3)]),
        ((1, 1), (1, 0), [(1, 0)]),
        ((4, 3, 2), 1, [(1, 1), (1, 1)]),
        ((4, 3, 5), (2, 0), [(2, 2), (0, 0)]),
        ((3, 3, 1), ((0, 1), (2, 3)), [(0, 1), (2, 3)]),
        ((3, 4, 2), 0, [(0, 0), (0, 0)]),
        ((2, 3, 2, 3), 1, [(1, 1)] * 3),
        ((2, 3, 2, 1), (0, 1, 2), [(0, 0), (1, 1), (2, 2)]),
        ((2, 1, 2, 3), ((1, 0), (0, 2), (3, 1)), [(1, 0), (0, 2), (3, 1)]),
    ]:
        rank = len(pairs)
        name = "x".join(f"{before}+{after}" for before, after in pairs)
        yield Case(
            f"zero-padding{rank}d-{name}",
            lambda r=rank, a=amounts: getattr(layers, f"ZeroPadding{r}D")(a),
            shape,
            lambda x, w, t, p=pairs: np.pad(x, [(0, 0), *p, (0, 0)]),
        )
        larger = (*(n + sum(pair) for n, pair in zip(shape[:-1], pairs, strict=True)), shape[-1])
        cut = tuple(slice(before, before + n) for n, (before, _) in zip(shape[:-1], pairs, strict=True))
        yield Case(
            f"cropping{rank}d-{name}",
            lambda r=rank, a=amounts: getattr(layers, f"Cropping{r}D")(a),
            larger,
            lambda x, w, t, c=cut: x[(slice(None), *c)],
        )


def hat(x: Array) -> Array:
    return np.maximum(1 - x, 0)


def keys(x: Array) -> Array:
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


CURVES: dict[str, Callable[[Array], Array]] = {
    "bilinear": hat,
    "bicubic": keys,
    "lanczos3": lambda x: np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0),
    "lanczos5": lambda x: np.where(x < 5, np.sinc(x) * np.sinc(x / 5), 0),
}


def blended(x: Array, axis: int, factor: int, interpolation: str) -> Array:
    """Enlarges one axis: each new element is a weighted sum of old ones."""
    x = np.moveaxis(x, axis, 0)
    y = []
    for i in range(len(x) * factor):
        if interpolation == "nearest":
            y.append(x[i // factor])
            continue
        weights = CURVES[interpolation](np.abs((i + 0.5) / factor - 0.5 - np.arange(len(x))))
        places = np.flatnonzero(np.abs(weights) > 1e-12)
        y.append(np.tensordot(weights[places], x[places], 1) / weights.sum())
    return np.moveaxis(np.array(y), 0, axis)


def up_sampling_cases() -> Iterator[Case]:
    def row(rank: int, name: str, shape: tuple[int, ...], size: Any, **arguments: Any) -> Case:
        factors = (size,) * rank if isinstance(size, int) else size

        def forward(x: Array, w: Any, t: bool) -> Array:
            for i, factor in enumerate(factors):
                x = blended(x, i + 1, factor, arguments.get("interpolation", "nearest"))
            return x

        return Case(
            f"up-sampling{rank}d-{name}",
            lambda: getattr(layers, f"UpSampling{rank}D")(size, **arguments),
            shape,
            forward,
        )

    yield row(1, "twice", (5, 3), 2)
    yield row(1, "once", (5, 3), 1)
    yield row(1, "five-times-c33", (4, 33), 5)
    yield row(2, "twice", (3, 4, 3), 2)
    yield row(2, "uneven", (3, 4, 17), (3, 1))
    yield row(2, "wide", (1, 5, 1), (1, 4))
    yield row(2, "large", (20, 21, 16), 2)
    yield row(3, "twice", (2, 3, 2, 3), 2)
    yield row(3, "uneven", (2, 3, 1, 9), (3, 1, 2))
    for interpolation in CURVES:
        yield row(2, f"{interpolation}-twice", (5, 4, 3), 2, interpolation=interpolation)
        yield row(2, f"{interpolation}-uneven", (4, 7, 9), (3, 1), interpolation=interpolation)
        yield row(2, f"{interpolation}-of-one-pixel", (1, 1, 2), 4, interpolation=interpolation)
        yield row(2, f"{interpolation}-large", (12, 11, 8), (2, 3), interpolation=interpolation)


CASES: list[Case] = [*moving_cases(), *up_sampling_cases()]
