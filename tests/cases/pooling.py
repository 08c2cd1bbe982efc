"""Rows for pooling over sequences and volumes; the rows of images are among the first ones, in `core`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cases.case import Array, Case, Forward, Weights
from fastnn import layers

Sizes = int | Sequence[int]


def pooling(kind: str, pool_size: Sizes = 2, strides: Sizes | None = None, padding: str = "valid") -> Forward:
    """Yields each window of the input, as far as it lies inside."""

    def forward(x: Array, w: Weights, training: bool) -> Array:
        rank = x.ndim - 2
        size = (pool_size,) * rank if isinstance(pool_size, int) else tuple(pool_size)
        steps = size if strides is None else (strides,) * rank if isinstance(strides, int) else tuple(strides)
        cuts: list[list[slice]] = []
        for n, k, s in zip(x.shape[1:-1], size, steps, strict=True):
            count = -(-n // s) if padding == "same" else (n - k) // s + 1
            before = max((count - 1) * s + k - n, 0) // 2 if padding == "same" else 0
            cuts.append([slice(max(i * s - before, 0), min(i * s - before + k, n)) for i in range(count)])
        y = np.empty((len(x), *map(len, cuts), x.shape[-1]))
        for place in itertools.product(*(range(len(c)) for c in cuts)):
            window = x[(slice(None), *(c[i] for c, i in zip(cuts, place, strict=True)))]
            axes = tuple(range(1, rank + 1))
            y[(slice(None), *place)] = window.max(axis=axes) if kind == "max" else window.mean(axis=axes)
        return y

    return forward


def pooling_cases() -> Iterator[Case]:
    def rows(rank: int, name: str, shape: tuple[int, ...], **arguments: Any) -> Iterator[Case]:
        for word, kind in (("max", "MaxPooling"), ("average", "AveragePooling")):
            given = {"pool_size": 2, **arguments}
            yield Case(
                f"{word}-pooling{rank}d-{name}",
                lambda k=kind, a=given: getattr(layers, f"{k}{rank}D")(**a),
                shape,
                pooling(word, **given),
            )

    for padding in ("valid", "same"):
        yield from rows(1, f"plain-{padding}", (9, 3), padding=padding)
        yield from rows(1, f"k3-s2-{padding}", (10, 33), pool_size=3, strides=2, padding=padding)
        yield from rows(1, f"k2-s3-{padding}", (11, 5), pool_size=2, strides=3, padding=padding)
        yield from rows(1, f"k1-s2-{padding}", (6, 1), pool_size=1, strides=2, padding=padding)
        yield from rows(3, f"plain-{padding}", (5, 4, 3, 3), padding=padding)
        yield from rows(3, f"k3-s1-{padding}", (4, 3, 5, 9), pool_size=3, strides=1, padding=padding)
        yield from rows(3, f"uneven-{padding}", (5, 4, 6, 2), pool_size=(1, 2, 3), strides=(2, 1, 2), padding=padding)
        yield from rows(3, f"k2-s3-{padding}", (5, 6, 4, 17), pool_size=2, strides=3, padding=padding)
    yield from rows(1, "all-of-it", (5, 4), pool_size=5)
    yield from rows(1, "larger-same", (3, 4), pool_size=5, padding="same")
    yield from rows(1, "long", (500, 3), pool_size=4)
    yield from rows(1, "window-of-300", (301, 2), pool_size=300, strides=1)
    yield from rows(3, "one-plane", (1, 4, 4, 3), pool_size=(1, 2, 2))
    yield from rows(3, "deep-window", (9, 6, 6, 2), pool_size=(9, 6, 5), strides=1)

    for shape in [(7, 3), (1, 4), (50, 33)]:
        for keepdims in (False, True):
            name = f"{'x'.join(map(str, shape))}{'-keepdims' * keepdims}"
            yield Case(
                f"global-max-pooling1d-{name}",
                lambda k=keepdims: layers.GlobalMaxPooling1D(keepdims=k),
                shape,
                lambda x, w, t, k=keepdims: x.max(axis=1, keepdims=k),
            )
            yield Case(
                f"global-average-pooling1d-{name}",
                lambda k=keepdims: layers.GlobalAveragePooling1D(keepdims=k),
                shape,
                lambda x, w, t, k=keepdims: x.mean(axis=1, keepdims=k),
            )
    for shape in [(3, 4, 2, 5), (1, 1, 1, 3), (2, 5, 3, 16)]:
        for keepdims in (False, True):
            name = f"{'x'.join(map(str, shape))}{'-keepdims' * keepdims}"
            yield Case(
                f"global-max-pooling3d-{name}",
                lambda k=keepdims: layers.GlobalMaxPooling3D(keepdims=k),
                shape,
                lambda x, w, t, k=keepdims: x.max(axis=(1, 2, 3), keepdims=k),
            )
            yield Case(
                f"global-average-pooling3d-{name}",
                lambda k=keepdims: layers.GlobalAveragePooling3D(keepdims=k),
                shape,
                lambda x, w, t, k=keepdims: x.mean(axis=(1, 2, 3), keepdims=k),
            )


CASES: list[Case] = list(pooling_cases())
