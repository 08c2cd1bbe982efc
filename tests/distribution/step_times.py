"""A script for `mpiexec` that prints what docs/guides/several-machines.md computes with, and how long a step takes.

Bandwidth and latency of the network, the size of the gradient, and the time of a step of a dense network: as measured,
and as the formula of the guide has it.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
from mpi4py import MPI

import fastnn
from fastnn import Sequential, layers
from fastnn.distribution import DataParallel, set_distribution

BATCH, STEPS = 256, 8


def there_and_back(count: int, bytes_: int) -> float:
    """Returns the seconds that a message takes in one direction."""
    world, data = MPI.COMM_WORLD, np.zeros(bytes_, np.uint8)
    world.Barrier()
    begin = time.perf_counter()
    for _ in range(count):
        if world.rank == 0:
            world.Send(data, 1)
            world.Recv(data, 1)
        else:
            world.Recv(data, 0)
            world.Send(data, 0)
    return (time.perf_counter() - begin) / (2 * count)


def build() -> Any:
    model = Sequential([layers.Input((784,)), layers.Dense(512, "relu"), layers.Dense(512, "relu"), layers.Dense(10)])
    model.compile("sgd", "mse")
    return model


def seconds_of_a_step(model: Any, x: Any, y: Any) -> float:
    model.fit(x[:BATCH], y[:BATCH], batch_size=BATCH, verbose=0)
    MPI.COMM_WORLD.Barrier()
    begin = time.perf_counter()
    model.fit(x, y, batch_size=BATCH, verbose=0)
    return (time.perf_counter() - begin) / STEPS


def main() -> None:
    world = MPI.COMM_WORLD
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(BATCH * STEPS, n)).astype(np.float32) for n in (784, 10))
    fastnn.config.set_num_threads(1)
    latency = there_and_back(200, 1)
    size = 1 << 20
    bandwidth = size / (there_and_back(4, size) - latency)
    computed = 0.0
    # One after the other: on one machine processes that compute at the same time share its memory.
    for rank in range(world.size):
        if rank == world.rank:
            computed = min(seconds_of_a_step_alone(x, y) for _ in range(3))
        world.Barrier()
    set_distribution(DataParallel(parts=2))
    model = build()
    measured = min(seconds_of_a_step(model, x, y) for _ in range(3))
    n, gradient = world.size, 4 * model.count_params()
    expected = computed / n + (n + math.log2(n)) * latency + (3 - 2 / n) * gradient / bandwidth
    if world.rank == 0:
        print(
            f"bandwidth {bandwidth / 1e6:.1f} MB/s, latency {latency * 1e6:.0f} us, gradient {gradient / 1e6:.2f} MB, "
            f"computation {computed * 1e3:.1f} ms; a step: measured {measured * 1e3:.1f} ms, by the formula "
            f"{expected * 1e3:.1f} ms, ratio {measured / expected:.2f}"
        )


def seconds_of_a_step_alone(x: Any, y: Any) -> float:
    model = build()
    model.fit(x[:BATCH], y[:BATCH], batch_size=BATCH, verbose=0)
    begin = time.perf_counter()
    model.fit(x, y, batch_size=BATCH, verbose=0)
    return (time.perf_counter() - begin) / STEPS


if __name__ == "__main__":
    main()
