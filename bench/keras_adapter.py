"""The workloads in Keras 3; the variant names its backend: "jax", "torch" or "tensorflow"."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bench import workloads
from bench.workloads import Array, Labels, Workload


def translated(layers: Any, layer: workloads.Layer) -> Any:
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


def applied(layers: Any, layer: workloads.Layer, x: Any) -> Any:
    match layer:
        case workloads.Residual(inner):
            h = x
            for one in inner:
                h = applied(layers, one, h)
            return layers.Add()([x, h])
        case workloads.SelfAttention(heads, size):
            return layers.MultiHeadAttention(heads, size)(x, x)
        case workloads.Categories(columns, rows, width):
            embedded = [layers.Embedding(rows, width)(x[:, i]) for i in range(columns)]
            return layers.Concatenate()([*embedded, x[:, columns:]])
    return translated(layers, layer)(x)


class Adapter:
    remark = ""

    def __init__(
        self, workload: Workload, shape: tuple[int, ...], weights: Sequence[Array], threads: int, variant: str
    ) -> None:
        os.environ["KERAS_BACKEND"] = variant
        backend: Any = importlib.import_module(variant)
        if variant == "torch":
            backend.set_num_threads(threads)
        elif variant == "tensorflow":
            backend.config.threading.set_intra_op_parallelism_threads(threads)
            backend.config.threading.set_inter_op_parallelism_threads(threads)
        import keras

        self.keras = keras
        self.version = f"{keras.__version__} on {variant} {backend.__version__}"
        self.batch_size = workload.batch_size
        entry = keras.Input(shape, dtype=workload.input_dtype)
        if workload.chained:
            self.model = keras.Sequential([entry, *(translated(keras.layers, layer) for layer in workload.layers)])
        else:
            outputs = entry
            for layer in workload.layers:
                outputs = applied(keras.layers, layer, outputs)
            self.model = keras.Model(entry, outputs)
        self.model.set_weights(list(weights))
        self.model.compile(keras.optimizers.Adam(workload.learning_rate), loss=workload.loss)

    def prepared(self, x: Array, y: Labels) -> tuple[Array, Labels]:
        return x, y

    def loss(self, x: Array, y: Labels) -> float:
        history = self.model.fit(x, y, batch_size=self.batch_size, epochs=1, shuffle=False, verbose=0)
        return float(history.history["loss"][0])

    def epochs(self, x: Array, y: Labels, count: int) -> list[float]:
        begins: list[float] = []
        ends: list[float] = []
        clock = self.keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: begins.append(time.perf_counter()),
            on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()),
        )
        self.model.fit(x, y, batch_size=self.batch_size, epochs=count, verbose=0, callbacks=[clock])
        return [end - begin for begin, end in zip(begins, ends, strict=True)]

    def call(self, x: Array) -> Callable[[], Any]:
        rows = self.keras.ops.convert_to_tensor(x)
        return lambda: self.keras.ops.convert_to_numpy(self.model(rows))

    def predict(self, x: Array, batch_size: int) -> Array:
        return np.asarray(self.model.predict(x, batch_size=batch_size, verbose=0))
