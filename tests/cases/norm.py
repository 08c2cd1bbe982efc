"""Rows for normalizations within a sample: layer, group, root mean square and unit normalization."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from cases.case import Array, Case, Forward, Weights
from fastnn import layers


def axes_of(x: Array, axis: int | tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(a % x.ndim for a in ([axis] if isinstance(axis, int) else axis)))


def along(x: Array, weight: Array, axes: tuple[int, ...]) -> Array:
    """Returns a weight with the sizes of `axes`, reshaped to broadcast with x."""
    return weight.reshape([n if d in axes else 1 for d, n in enumerate(x.shape)])


def scaled(y: Array, w: Weights, axes: tuple[int, ...]) -> Array:
    for name in ("gamma", "scale"):
        y = y * along(y, w[name], axes) if name in w else y
    return y + along(y, w["beta"], axes) if "beta" in w else y


def layer_reference(
    axis: int | tuple[int, ...] = -1, epsilon: float = 1e-3, rms_scaling: bool = False, **_: Any
) -> Forward:
    def forward(x: Array, w: Weights, training: bool) -> Array:
        axes = axes_of(x, axis)
        shift = 0.0 if rms_scaling else x.mean(axis=axes, keepdims=True)
        return scaled((x - shift) / np.sqrt(x.var(axis=axes, keepdims=True) + epsilon), w, axes)

    return forward


def rms_reference(axis: int | tuple[int, ...] = -1, epsilon: float = 1e-6) -> Forward:
    def forward(x: Array, w: Weights, training: bool) -> Array:
        axes = axes_of(x, axis)
        return scaled(x / np.sqrt((x**2).mean(axis=axes, keepdims=True) + epsilon), w, axes)

    return forward


def unit_reference(axis: int | tuple[int, ...] = -1) -> Forward:
    def forward(x: Array, w: Weights, training: bool) -> Array:
        return x / np.sqrt((x**2).sum(axis=axes_of(x, axis), keepdims=True))

    return forward


def group_reference(groups: int, axis: int = -1, epsilon: float = 1e-3, **_: Any) -> Forward:
    def forward(x: Array, w: Weights, training: bool) -> Array:
        (at,) = axes_of(x, axis)
        channels = np.moveaxis(x, at, 1)
        count = channels.shape[1] if groups == -1 else groups
        parts = channels.reshape(len(x), count, -1)
        parts = (parts - parts.mean(axis=2, keepdims=True)) / np.sqrt(parts.var(axis=2, keepdims=True) + epsilon)
        return scaled(np.moveaxis(parts.reshape(channels.shape), 1, at), w, (at,))

    return forward


def norm_cases() -> Iterator[Case]:
    for name, shape, arguments in [
        ("5", (5,), {}),
        ("wide", (131,), {"epsilon": 1e-5}),
        ("large", (700,), {}),
        ("rank3", (6, 17), {}),
        ("one-value", (4, 1), {}),
        ("many-rows", (300, 3), {}),
        ("no-center", (9,), {"center": False}),
        ("no-scale", (9,), {"scale": False}),
        ("bare", (9,), {"scale": False, "center": False}),
        ("axis1", (5, 7), {"axis": 1}),
        ("axis1-image", (5, 3, 4), {"axis": 1}),
        ("axes-last", (5, 3, 4), {"axis": (2, 3)}),
        ("axes-all", (5, 3, 4), {"axis": [-1, -2, -3]}),
        ("axes-apart", (5, 3, 4), {"axis": (1, 3)}),
        ("axes-apart-bare", (5, 3, 4), {"axis": (1, 3), "scale": False, "center": False}),
        ("rms-scaling", (4, 11), {"rms_scaling": True}),
    ]:
        yield Case(
            f"layernorm-{name}",
            lambda a=arguments: layers.LayerNormalization(**a),
            shape,
            layer_reference(**arguments),
            offset=0.5,
        )
    yield Case("layernorm-far", lambda: layers.LayerNormalization(), (40,), layer_reference(), offset=100.0, rtol=1e-4)
    for name, shape, arguments in [
        ("7", (7,), {}),
        ("rank3", (5, 19), {"epsilon": 1e-3}),
        ("axis1", (5, 4), {"axis": 1}),
        ("axes", (3, 5, 4), {"axis": (2, 3)}),
    ]:
        yield Case(
            f"rmsnorm-{name}", lambda a=arguments: layers.RMSNormalization(**a), shape, rms_reference(**arguments)
        )
    for name, shape, axis in [
        ("7", (7,), -1),
        ("rank3", (5, 19), -1),
        ("axis1", (5, 4), 1),
        ("axes", (3, 5, 4), (1, 3)),
    ]:
        yield Case(f"unitnorm-{name}", lambda a=axis: layers.UnitNormalization(a), shape, unit_reference(axis))
    for name, shape, arguments in [
        ("2-of-6", (6,), {"groups": 2}),
        ("one", (5, 3, 4), {"groups": 1}),
        ("image", (5, 3, 12), {"groups": 4}),
        ("channels33", (4, 3, 33), {"groups": 11, "epsilon": 1e-5}),
        ("instance", (5, 4, 3), {"groups": -1}),
        ("bare", (5, 4, 6), {"groups": 3, "scale": False, "center": False}),
        ("no-scale", (5, 4, 6), {"groups": 3, "scale": False}),
        ("axis1", (6, 5, 3), {"groups": 3, "axis": 1}),
        ("axis2", (5, 6, 3), {"groups": 2, "axis": -2}),
    ]:
        yield Case(
            f"groupnorm-{name}",
            lambda a=arguments: layers.GroupNormalization(**a),
            shape,
            group_reference(**arguments),
            offset=0.5,
        )


CASES: list[Case] = list(norm_cases())
