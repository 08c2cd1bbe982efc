"""Rows for the recurrent layers: each step of a cell, written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from cases.case import Array, Case, Forward, Weights
from cases.core import ACTIVATIONS
from fastnn import layers

Drops = tuple[Any, Any]
"""Factors of the inputs and of the states, one array for all gates or one for each; None: nothing is dropped."""
Cell = Callable[[Array, list[Array], Weights, Drops], list[Array]]


def product(x: Array, kernel: Array, drops: Any) -> Array:
    """Returns x times the kernel, with the dropout factor of each gate applied to x."""
    if drops is None:
        return x @ kernel
    kernels = np.split(kernel, len(drops), axis=-1)
    return np.concatenate([(x * drop) @ part for drop, part in zip(drops, kernels, strict=True)], axis=-1)


def simple_cell(arguments: dict[str, Any]) -> Cell:
    activation = ACTIVATIONS[arguments.get("activation", "tanh")]

    def step(x: Array, states: list[Array], w: Weights, drops: Drops) -> list[Array]:
        share = product(states[0], w["recurrent_kernel"], drops[1])
        return [activation(product(x, w["kernel"], drops[0]) + share + w.get("bias", 0.0))]

    return step


def lstm_cell(arguments: dict[str, Any]) -> Cell:
    activation = ACTIVATIONS[arguments.get("activation", "tanh")]
    gate = ACTIVATIONS[arguments.get("recurrent_activation", "sigmoid")]

    def step(x: Array, states: list[Array], w: Weights, drops: Drops) -> list[Array]:
        h, c = states
        sums = product(x, w["kernel"], drops[0]) + product(h, w["recurrent_kernel"], drops[1]) + w.get("bias", 0.0)
        i, f, g, o = np.split(sums, 4, axis=-1)
        c = gate(f) * c + gate(i) * activation(g)
        return [gate(o) * activation(c), c]

    return step


def gru_cell(arguments: dict[str, Any]) -> Cell:
    activation = ACTIVATIONS[arguments.get("activation", "tanh")]
    gate = ACTIVATIONS[arguments.get("recurrent_activation", "sigmoid")]
    reset_after = arguments.get("reset_after", True)

    def step(x: Array, states: list[Array], w: Weights, drops: Drops) -> list[Array]:
        h = states[0]
        units = h.shape[-1]
        bias, own_bias = w.get("bias", np.zeros((2, 3 * units))) if reset_after else (w.get("bias", 0.0), 0.0)
        recurrent = w["recurrent_kernel"]
        xz, xr, xg = np.split(product(x, w["kernel"], drops[0]) + bias, 3, axis=-1)
        hz, hr, hg = np.split(product(h, recurrent, drops[1]) + own_bias, 3, axis=-1)
        z, r = gate(xz + hz), gate(xr + hr)
        kept = h if drops[1] is None else h * drops[1][2]
        g = activation(xg + (r * hg if reset_after else (r * kept) @ recurrent[:, 2 * units :]))
        return [z * h + (1 - z) * g]

    return step


CELLS: dict[str, tuple[Callable[[dict[str, Any]], Cell], int]] = {
    "SimpleRNN": (simple_cell, 1),
    "LSTM": (lstm_cell, 2),
    "GRU": (gru_cell, 1),
}


def walk(
    kind: str,
    arguments: dict[str, Any],
    x: Array,
    w: Weights,
    mask: Any = None,
    first: list[Array] | None = None,
    drops: Drops = (None, None),
) -> tuple[Array, list[Array]]:
    """The output of a layer and its last states."""
    make, count = CELLS[kind]
    step = make(arguments)
    units = w["recurrent_kernel"].shape[0]
    states = first if first is not None else [np.zeros((len(x), units))] * count
    order = range(x.shape[1])[::-1] if arguments.get("go_backwards") else range(x.shape[1])
    outputs = []
    for t in order:
        after = step(x[:, t], states, w, drops)
        seen = np.ones((len(x), 1), bool) if mask is None else mask[:, t, None]
        states = [np.where(seen, new, old) for new, old in zip(after, states, strict=True)]
        outputs.append(np.where(seen, states[0], 0.0) if arguments.get("zero_output_for_mask") else states[0])
    if not arguments.get("return_sequences"):
        return outputs[-1], states
    if arguments.get("go_backwards") and arguments.get("time_order"):
        outputs.reverse()
    return np.stack(outputs, axis=1), states


def reference(kind: str, arguments: dict[str, Any]) -> Forward:
    def forward(x: Array, w: Weights, training: bool) -> Array:
        return walk(kind, arguments, x, w)[0]

    return forward


def row(name: str, kind: str, shape: tuple[int, int], units: int, **arguments: Any) -> Case:
    return Case(
        f"{kind.lower()}-{name}",
        lambda: getattr(layers, kind)(units, **arguments),
        shape,
        reference(kind, arguments),
    )


def recurrent_cases() -> Iterator[Case]:
    variants: list[tuple[str, str, dict[str, Any]]] = [
        ("SimpleRNN", "", {}),
        ("LSTM", "", {}),
        ("GRU", "", {}),
        ("GRU", "before-", {"reset_after": False}),
    ]
    for kind, prefix, given in variants:
        for time, features, units in [(1, 1, 1), (1, 5, 8), (5, 1, 3), (4, 7, 16), (3, 3, 17), (2, 2, 33), (9, 4, 5)]:
            yield row(f"{prefix}{time}x{features}-{units}", kind, (time, features), units, **given)
        yield row(f"{prefix}sequences", kind, (5, 3), 6, return_sequences=True, **given)
        yield row(f"{prefix}sequences-wide", kind, (3, 70), 40, return_sequences=True, **given)
        yield row(f"{prefix}backwards", kind, (6, 2), 5, go_backwards=True, **given)
        yield row(f"{prefix}backwards-sequences", kind, (4, 3), 18, go_backwards=True, return_sequences=True, **given)
        yield row(f"{prefix}no-bias", kind, (4, 3), 7, use_bias=False, **given)
        yield row(f"{prefix}long", kind, (101, 2), 4, **given)
        for activation in ("linear", "relu", "silu"):
            yield row(f"{prefix}{activation}", kind, (3, 4), 9, activation=activation, **given)
        if kind != "SimpleRNN":
            yield row(f"{prefix}hard-gates", kind, (4, 3), 6, recurrent_activation="hard_sigmoid", **given)
            yield row(f"{prefix}mish-gates", kind, (3, 3), 6, recurrent_activation="mish", **given)
            yield row(f"{prefix}all-silu", kind, (3, 3), 5, activation="silu", recurrent_activation="silu", **given)


CASES = list(recurrent_cases())
