"""Rows for layers that are adapted by weights of low rank (LoRA)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rows import Random, Row

ROWS: list[Row] = []


def adapted(name: str, shape: tuple[int, ...], layer: Callable[[Any], Any], **arguments: Any) -> None:
    """A row of one layer that is adapted once it is built, with a product that is not zero."""

    def build(keras: Any) -> Any:
        model = keras.Sequential([keras.Input(shape), layer(keras.layers), keras.layers.Flatten()])
        model.layers[0].enable_lora(2, lora_alpha=3, b_initializer="glorot_normal")
        return model

    ROWS.append(Row(name, build, **arguments))


def asked(name: str, shape: tuple[int, ...], layer: Callable[[Any], Any], **arguments: Any) -> None:
    """A row of one layer whose constructor is given a rank."""
    ROWS.append(Row(name, lambda keras: keras.Sequential([keras.Input(shape), layer(keras.layers)]), **arguments))


def ids(random: Random) -> Any:
    """Integers for an embedding of seven rows."""
    return random.randint(0, 7, (5, 4)).astype("int32")


adapted("dense", (5,), lambda k: k.Dense(7, activation="relu"))
adapted("dense-rank-3", (4, 5), lambda k: k.Dense(3, use_bias=False, activation="softmax"))
adapted("dense-penalty", (5,), lambda k: k.Dense(4, kernel_regularizer="l2", activity_regularizer="l1"))
adapted("einsum-product", (3, 5), lambda k: k.EinsumDense("abc,cde->abde", (None, 2, 4), bias_axes="de"))
adapted("einsum-summed-last", (3, 5), lambda k: k.EinsumDense("abc,dc->abd", (None, 4), activation="tanh"))
adapted("einsum-shared", (3, 5), lambda k: k.EinsumDense("abc,bcd->abd", (3, 4), bias_axes="d"))
adapted("conv1d-causal", (7, 3), lambda k: k.Conv1D(4, 3, padding="causal", dilation_rate=2))
adapted("conv2d", (6, 5, 3), lambda k: k.Conv2D(4, 3, strides=2, padding="same", activation="relu"))
adapted("conv2d-groups", (5, 5, 4), lambda k: k.Conv2D(6, 3, groups=2, activation="tanh"))
adapted("conv3d", (4, 3, 4, 2), lambda k: k.Conv3D(3, 2, use_bias=False))
asked("asked-dense", (5,), lambda k: k.Dense(4, lora_rank=2))
asked("asked-conv2d", (5, 5, 2), lambda k: k.Conv2D(3, 3, lora_rank=2, lora_alpha=5))
adapted("embedding", (4,), lambda k: k.Embedding(7, 3), inputs=ids)
