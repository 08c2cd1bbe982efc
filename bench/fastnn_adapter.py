"""The workloads in fastnn."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import fastnn
from bench import workloads
from bench.workloads import Array, Labels, Workload
from fastnn import callbacks, layers, optimizers


def translated(layer: workloads.Layer) -> Any:
    match layer:
        case workloads.Dense(units, activation):
            return layers.Dense(units, activation=activation)
        case workloads.Conv2D(filters, k, padding, activation):
            return layers.Conv2D(filters, k, padding=padding, activation=activation)
        case workloads.MaxPooling2D(size):
            return layers.MaxPooling2D(size)
        case workloads.BatchNormalization(momentum, epsilon):
            return layers.BatchNormalization(momentum=momentum, epsilon=epsilon)
        case workloads.Relu():
            return layers.ReLU()
        case workloads.Dropout(rate):
            return layers.Dropout(rate)
        case workloads.Flatten():
            return layers.Flatten()


def peak_gflops(seconds: float) -> float:
    """GFLOP/s of bare multiply-adds on all threads."""
    return float(fastnn._core.peak_gflops(seconds))


class Adapter:
    version = f"{fastnn.__version__} ({fastnn._core.build_info()['isa']})"
    remark = ""

    def __init__(
        self, workload: Workload, shape: tuple[int, ...], weights: Sequence[Array], threads: int, variant: str
    ) -> None:
        fastnn.config.set_num_threads(threads)
        self.workload = workload
        self.model = fastnn.Sequential([layers.Input(shape), *map(translated, workload.layers)])
        self.model.set_weights(list(weights))
        self.model.compile(optimizers.Adam(workload.learning_rate), loss="sparse_categorical_crossentropy")

    def prepared(self, x: Array, y: Labels) -> tuple[Array, Labels]:
        return x, y

    def loss(self, x: Array, y: Labels) -> float:
        """Trains once over the rows as they lie; the mean of the losses on the way."""
        history = self.model.fit(x, y, batch_size=self.workload.batch_size, epochs=1, shuffle=False, verbose=0)
        return float(history.history["loss"][0])

    def epochs(self, x: Array, y: Labels, count: int) -> list[float]:
        """Seconds of each of `count` epochs over shuffled rows."""
        begins: list[float] = []
        ends: list[float] = []
        clock = callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: begins.append(time.perf_counter()),
            on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()),
        )
        self.model.fit(x, y, batch_size=self.workload.batch_size, epochs=count, verbose=0, callbacks=[clock])
        return [end - begin for begin, end in zip(begins, ends, strict=True)]

    def call(self, x: Array) -> Callable[[], Any]:
        return lambda: self.model(x)

    def predict(self, x: Array, batch_size: int) -> Array:
        return np.asarray(self.model.predict(x, batch_size=batch_size, verbose=0))
