"""The workloads in fastnn.

Two variants are measured against fastnn itself: "own" has a custom Dense, written with `fastnn.ops`, in place of
each Dense; "chain" omits the sums of residual blocks, so that its results differ.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import fastnn
from bench import workloads
from bench.workloads import Array, Labels, Workload
from fastnn import activations, callbacks, layers, ops, optimizers


class OwnDense(layers.Layer):
    """Dense layer as a user would write it."""

    def __init__(self, units: int, activation: str) -> None:
        super().__init__()
        self.units, self.activation = units, activations.get(activation)

    def build(self, input_shape: Any = None) -> None:
        self.w = self.add_weight((input_shape[-1], self.units), name="w")
        self.b = self.add_weight((self.units,), "zeros", name="b")

    def call(self, inputs: Any) -> Any:
        return self.activation(ops.matmul(inputs, self.w) + self.b)


def translated(layer: workloads.Layer, own: bool = False) -> Any:
    match layer:
        case workloads.Dense(units, activation):
            return OwnDense(units, activation) if own else layers.Dense(units, activation=activation)
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
        case workloads.Recurrent(kind, units, return_sequences):
            return getattr(layers, kind)(units, return_sequences=return_sequences)
        case workloads.Conv1D(filters, k, padding):
            return layers.Conv1D(filters, k, padding=padding)
        case workloads.DepthwiseConv2D(k, padding):
            return layers.DepthwiseConv2D(k, padding=padding)
        case workloads.Conv2DTranspose(filters, k, strides):
            return layers.Conv2DTranspose(filters, k, strides=strides, padding="same")
        case workloads.LayerNormalization(epsilon):
            return layers.LayerNormalization(epsilon=epsilon)
        case workloads.Embedding(rows, columns):
            return layers.Embedding(rows, columns)


def applied(layer: workloads.Layer, x: Any) -> Any:
    match layer:
        case workloads.Residual(inner):
            h = x
            for one in inner:
                h = applied(one, h)
            return layers.Add()([x, h])
        case workloads.SelfAttention(heads, size):
            return layers.MultiHeadAttention(heads, size)(x, x)
        case workloads.Categories(columns, rows, width):
            embedded = [layers.Embedding(rows, width)(x[:, i]) for i in range(columns)]
            return layers.Concatenate()([*embedded, x[:, columns:]])
    return translated(layer)(x)


def peak_gflops(seconds: float) -> float:
    """Returns the GFLOP/s of multiply-adds alone, on all threads."""
    return float(fastnn._core.peak_gflops(seconds))


class Adapter:
    version = f"{fastnn.__version__} ({fastnn._core.build_info()['isa']})"
    remark = ""

    def __init__(
        self, workload: Workload, shape: tuple[int, ...], weights: Sequence[Array], threads: int, variant: str
    ) -> None:
        fastnn.config.set_num_threads(threads)
        self.comparable = variant != "chain"
        self.workload = workloads.without_sums(workload) if variant == "chain" else workload
        entry = layers.Input(shape, dtype=workload.input_dtype)
        if self.workload.chained:
            stack = [translated(layer, own=variant == "own") for layer in self.workload.layers]
            self.model: Any = fastnn.Sequential([entry, *stack])
        else:
            outputs = entry
            for layer in workload.layers:
                outputs = applied(layer, outputs)
            self.model = fastnn.Model(entry, outputs)
        self.model.set_weights(list(weights))
        self.model.compile(optimizers.Adam(workload.learning_rate), loss=workload.loss)

    def prepared(self, x: Array, y: Labels) -> tuple[Array, Labels]:
        return x, y

    def loss(self, x: Array, y: Labels) -> float:
        """Trains one epoch over the rows in their order and returns the mean of the losses."""
        history = self.model.fit(x, y, batch_size=self.workload.batch_size, epochs=1, shuffle=False, verbose=0)
        return float(history.history["loss"][0])

    def epochs(self, x: Array, y: Labels, count: int) -> list[float]:
        """Returns the seconds of each of `count` epochs over shuffled rows."""
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
