"""Rows for spectral normalization, recorded with TensorFlow: on JAX Keras drops what a step assigns to a kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rows import Random, Row

ROWS: list[Row] = []


def normalized(
    name: str, shape: tuple[int, ...], layer: Callable[[Any], Any], iterations: int = 1, **arguments: Any
) -> None:
    """A row of one wrapped layer and a dense one."""

    def build(keras: Any) -> Any:
        k = keras.layers
        wrapped = k.SpectralNormalization(layer(k), power_iterations=iterations)
        return keras.Sequential([keras.Input(shape), wrapped, k.Flatten(), k.Dense(2)])

    ROWS.append(Row(name, build, **arguments))


def ids(random: Random) -> Any:
    """Integers for an embedding of seven rows."""
    return random.randint(0, 7, (5, 4)).astype("int32")


normalized("dense", (5,), lambda k: k.Dense(7, activation="relu"))
normalized("dense-iterations", (5,), lambda k: k.Dense(4, use_bias=False), iterations=3)
normalized("dense-penalty", (5,), lambda k: k.Dense(4, kernel_regularizer="l2"))
normalized("conv2d", (6, 5, 3), lambda k: k.Conv2D(4, 3, strides=2, padding="same", activation="relu"), iterations=2)
normalized("depthwise", (5, 5, 3), lambda k: k.DepthwiseConv2D(3))
normalized("einsum", (3, 5), lambda k: k.EinsumDense("abc,cde->abde", (3, 2, 4), bias_axes="de"))
normalized("embedding", (4,), lambda k: k.Embedding(7, 3), inputs=ids)
normalized("adam", (5,), lambda k: k.Dense(4), optimizer=lambda keras: keras.optimizers.Adam(0.01))
