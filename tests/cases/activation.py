"""Rows for the activations beyond the common ones: shrinking, gated and piecewise ones, sparsemax, learned slopes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from cases.case import Array, Case, Forward, Weights
from cases.core import elu, sigmoid, softplus
from fastnn import layers


def sparsemax(x: Array, axis: int = -1) -> Array:
    """By its definition: the support whose threshold lies between the elements inside and outside of it."""
    x = np.moveaxis(x, axis, -1)
    ordered = -np.sort(-x, axis=-1)
    total = np.cumsum(ordered, axis=-1)
    counts = np.arange(1, x.shape[-1] + 1)
    size = (1 + counts * ordered > total).sum(axis=-1, keepdims=True)
    tau = (np.take_along_axis(total, np.maximum(size, 1) - 1, axis=-1) - 1) / size
    return np.moveaxis(np.maximum(x - tau, 0), -1, axis)


def glu(x: Array, axis: int = -1) -> Array:
    a, b = np.split(x, 2, axis=axis)
    return a * sigmoid(b)


ELEMENTWISE: dict[str, Callable[[Array], Array]] = {
    "celu": elu,
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "hard_shrink": lambda x: x * (np.abs(x) > 0.5),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "squareplus": lambda x: (x + np.sqrt(x**2 + 4)) / 2,
    "sparse_plus": lambda x: np.where(x <= -1, 0, np.where(x < 1, (x + 1) ** 2 / 4, x)),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "log_sigmoid": lambda x: -softplus(-x),
}


def prelu_reference(x: Array, w: Weights, training: bool) -> Array:
    return np.where(x > 0, x, w["alpha"] * x)


def activation_cases() -> Iterator[Case]:
    def plain(f: Callable[[Array], Array]) -> Forward:
        return lambda x, w, training: f(x)

    for name, function in ELEMENTWISE.items():
        yield Case(f"activation-{name}", lambda n=name: layers.Activation(n), (37,), plain(function), scale=2.0)
        yield Case(
            f"dense-then-{name}",
            lambda n=name: layers.Dense(5, use_bias=False, activation=n),
            (6,),
            lambda x, w, training, f=function: f(x @ w["kernel"]),
            scale=2.0,
        )
    for name in ("tanh_shrink", "hard_silu", "log_sigmoid"):
        yield Case(
            f"activation-{name}-small", lambda n=name: layers.Activation(n), (19,), plain(ELEMENTWISE[name]), scale=0.1
        )
        yield Case(
            f"activation-{name}-far", lambda n=name: layers.Activation(n), (19,), plain(ELEMENTWISE[name]), scale=40.0
        )
    yield Case(
        "activation-squareplus-far-below",
        lambda: layers.Activation("squareplus"),
        (19,),
        lambda x, w, t: 2 / (np.sqrt(x**2 + 4) - x),
        offset=-500.0,
    )
    for name, shape in [("pair", (2,)), ("row", (14,)), ("image", (3, 5, 18))]:
        yield Case(f"glu-{name}", lambda: layers.Activation("glu"), shape, plain(glu))
    for name, shape, scale in [
        ("one", (1,), 1.0),
        ("row", (9,), 1.0),
        ("wide", (131,), 0.3),
        ("image", (3, 4, 7), 0.5),
        ("far", (23,), 30.0),
    ]:
        yield Case(f"sparsemax-{name}", lambda: layers.Activation("sparsemax"), shape, plain(sparsemax), scale=scale)
    for name, shape, shared in [
        ("row", (11,), None),
        ("row-shared", (11,), 1),
        ("image", (3, 4, 5), None),
        ("image-channels", (3, 4, 33), (1, 2)),
        ("image-columns", (3, 4, 5), [1, 3]),
        ("image-all", (3, 4, 5), [1, 2, 3]),
        ("image-first", (3, 4, 5), [1]),
        ("last-shared", (6, 7), [2]),
    ]:
        yield Case(f"prelu-{name}", lambda s=shared: layers.PReLU("normal", shared_axes=s), shape, prelu_reference)


CASES: list[Case] = list(activation_cases())
