"""The products and convolutions that are measured by themselves: networks of one layer in the words of `workloads.py`.

The forward pass is one call of the model on all rows. A training step stands in a network with one more layer of the
same shape, so that both gradients are computed, and a small one at its end.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from bench.workloads import Conv2D, Data, Dense, Flatten, Workload


def noise(*shape: int) -> Data:
    """Rows of standard normal numbers, and labels of ten classes."""
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
]
STEPS = [
    dense_step(128, 512),
    dense_step(512, 512),
    convolution_step(64, 32, 64, 3),
    convolution_step(64, 16, 128, 3),
    convolution_step(32, 20, 64, 5),
]
KERNELS = [*FORWARD, *STEPS]
