"""The layers that are measured alone: networks of one layer, described as in `workloads.py`.

The forward pass is one call of the model on all rows. A training step runs in a network with one more layer of the
same shape, so that both gradients are computed, and a small one at its end. Layers that compute almost nothing are
measured by the bytes that they read and write.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from bench.workloads import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Data,
    Dense,
    DepthwiseConv2D,
    Embedding,
    Flatten,
    Layer,
    LayerNormalization,
    Recurrent,
    SelfAttention,
    Workload,
)


def noise(*shape: int) -> Data:
    """Returns rows of standard normal values, and labels of ten classes."""
    rng = np.random.default_rng(0)
    return rng.normal(size=shape).astype(np.float32), rng.integers(0, 10, size=shape[0])


def product(rows: int, depth: int, columns: int) -> Workload:
    title = f"product {rows} x {depth} x {columns}"
    name = f"product-{rows}-{depth}-{columns}"
    return Workload(name, title, partial(noise, rows, depth), (Dense(columns),), batch_size=rows)


def convolution(rows: int, size: int, channels: int, filters: int, k: int, padding: str = "same") -> Workload:
    title = f"convolution {k}x{k} {padding}, {rows} x {size}x{size}x{channels} to {filters}"
    name = f"conv-{k}-{size}-{channels}-{filters}-{rows}"
    data = partial(noise, rows, size, size, channels)
    return Workload(name, title, data, (Conv2D(filters, k, padding),), batch_size=rows)


def dense_step(rows: int, units: int) -> Workload:
    layers = (Dense(units, "relu"), Dense(units, "relu"), Dense(10, "softmax"))
    title = f"training step of two products {rows} x {units} x {units}"
    return Workload(f"step-product-{rows}-{units}", title, partial(noise, rows, units), layers, rows, check_batches=1)


def convolution_step(rows: int, size: int, channels: int, k: int) -> Workload:
    layer = Conv2D(channels, k, "same", "relu")
    layers = (layer, layer, Flatten(), Dense(10, "softmax"))
    title = f"training step of two convolutions {k}x{k}, {rows} x {size}x{size}x{channels}"
    data = partial(noise, rows, size, size, channels)
    return Workload(f"step-conv-{k}-{size}-{channels}-{rows}", title, data, layers, rows, 1e-5, check_batches=1)


def alone(name: str, title: str, layer: Layer, *shape: int) -> Workload:
    return Workload(name, title, partial(noise, *shape), (layer,), batch_size=shape[0])


def recurrent(kind: str, rows: int, steps: int, units: int) -> Workload:
    title = f"{kind}({units}), {rows} x {steps} steps x {units}"
    return alone(f"{kind.lower()}-{rows}-{steps}-{units}", title, Recurrent(kind, units), rows, steps, units)


def recurrent_step(kind: str, rows: int, steps: int, units: int) -> Workload:
    layers = (Recurrent(kind, units, return_sequences=True), Recurrent(kind, units), Dense(10, "softmax"))
    title = f"training step of two {kind}({units}), {rows} x {steps} steps x {units}"
    data = partial(noise, rows, steps, units)
    return Workload(f"step-{kind.lower()}-{rows}-{steps}-{units}", title, data, layers, rows, check_batches=1)


def ids(rows: int, steps: int, count: int) -> Data:
    """Returns rows of integers below `count`."""
    rng = np.random.default_rng(0)
    return rng.integers(0, count, size=(rows, steps), dtype=np.int32), rng.integers(0, 10, size=rows)


def embedding(rows: int, steps: int, input_dim: int, output_dim: int) -> Workload:
    title = f"embedding of {rows} x {steps} ids in {input_dim} x {output_dim}"
    layer = Embedding(input_dim, output_dim)
    return Workload(f"embedding-{input_dim}-{output_dim}", title, partial(ids, rows, steps, input_dim), (layer,), rows)


FORWARD = [
    product(10, 16, 32),
    product(1, 784, 512),
    product(128, 784, 512),
    product(512, 512, 512),
    product(1024, 1024, 1024),
    product(2048, 2048, 2048),
    convolution(128, 28, 1, 32, 3, "valid"),
    convolution(128, 13, 32, 64, 3, "valid"),
    convolution(64, 32, 3, 64, 3),
    convolution(64, 32, 64, 64, 3),
    convolution(64, 16, 128, 128, 3),
    convolution(64, 8, 256, 256, 3),
    convolution(64, 16, 128, 128, 1),
    convolution(32, 20, 32, 64, 5),
    convolution(32, 20, 64, 128, 7),
    alone("conv1d-5-64-128", "Conv1D 5 same, 64 x 256 steps x 64 to 128", Conv1D(128, 5, "same"), 64, 256, 64),
    alone("depthwise-3-32-64", "DepthwiseConv2D 3x3 same, 64 x 32x32x64", DepthwiseConv2D(3), 64, 32, 32, 64),
    alone("depthwise-5-14-256", "DepthwiseConv2D 5x5 same, 64 x 14x14x256", DepthwiseConv2D(5), 64, 14, 14, 256),
    alone(
        "transpose-4-16-64-32",
        "Conv2DTranspose 4x4 by 2, 64 x 16x16x64 to 32",
        Conv2DTranspose(32, 4, 2),
        64,
        16,
        16,
        64,
    ),
    recurrent("LSTM", 64, 50, 128),
    recurrent("GRU", 64, 50, 128),
    recurrent("SimpleRNN", 64, 50, 128),
    alone("attention-4-32", "MultiHeadAttention 4 x 32, 32 x 64 steps x 128", SelfAttention(4, 32), 32, 64, 128),
]
MOVED = [
    alone("layernorm-512", "LayerNormalization, 64 x 128 steps x 512", LayerNormalization(), 64, 128, 512),
    embedding(256, 128, 10_000, 64),
]
STEPS = [
    dense_step(128, 512),
    dense_step(512, 512),
    convolution_step(64, 32, 64, 3),
    convolution_step(64, 16, 128, 3),
    convolution_step(32, 20, 64, 5),
    *(recurrent_step(kind, 64, 50, 128) for kind in ("LSTM", "GRU", "SimpleRNN")),
]
KERNELS = [*FORWARD, *MOVED, *STEPS]
