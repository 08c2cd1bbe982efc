"""The workloads in JAX, written by hand: one jitted scan over an epoch with Adam inside, without Python.

Networks with convolutions call one jitted step a batch instead: inside a scan XLA runs them on one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bench import workloads
from bench.workloads import Array, Labels, Workload

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {"linear": lambda x: x, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid}


def owned(layer: workloads.Layer) -> tuple[int, int]:
    """Returns the numbers of trainable arrays of a layer, and of those that are updated otherwise."""
    match layer:
        case workloads.Dense() | workloads.Conv2D():
            return 2, 0
        case workloads.BatchNormalization():
            return 2, 2
        case workloads.Recurrent("LSTM", _, False):
            return 3, 0
        case workloads.Residual(inner):
            return sum(owned(one)[0] for one in inner), sum(owned(one)[1] for one in inner)
        case workloads.MaxPooling2D() | workloads.Relu() | workloads.Dropout() | workloads.Flatten():
            return 0, 0
    raise workloads.Unsupported(f"{type(layer).__name__} is not written by hand")


def forward(layers: Sequence[workloads.Layer], weights: Any, moving: Any, x: Any, key: Any) -> tuple[Any, Any]:
    """Returns outputs (logits before a last softmax) and new moving statistics; a key means training."""
    w, m = iter(weights), iter(moving)
    moved = []
    for i, layer in enumerate(layers):
        match layer:
            case workloads.Dense(_, activation):
                x = x @ next(w) + next(w)
                x = x if activation == "softmax" else ACTIVATIONS[activation](x)
            case workloads.Conv2D(_, _, padding, activation):
                layout = ("NHWC", "HWIO", "NHWC")
                x = lax.conv_general_dilated(x, next(w), (1, 1), padding.upper(), dimension_numbers=layout) + next(w)
                x = ACTIVATIONS[activation](x)
            case workloads.MaxPooling2D(s):
                x = lax.reduce_window(x, -jnp.inf, lax.max, (1, s, s, 1), (1, s, s, 1), "VALID")
            case workloads.BatchNormalization(momentum, epsilon):
                gamma, beta, mean, variance = next(w), next(w), next(m), next(m)
                if key is not None:
                    old_mean, old_variance = mean, variance
                    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
                    moved += [
                        momentum * old_mean + (1 - momentum) * mean,
                        momentum * old_variance + (1 - momentum) * variance,
                    ]
                x = (x - mean) * (gamma * lax.rsqrt(variance + epsilon)) + beta
            case workloads.Relu():
                x = jax.nn.relu(x)
            case workloads.Dropout(rate):
                if key is not None:
                    kept = jax.random.bernoulli(jax.random.fold_in(key, i), 1 - rate, x.shape)
                    x = jnp.where(kept, x / (1 - rate), 0)
            case workloads.Flatten():
                x = x.reshape(len(x), -1)
            case workloads.Recurrent("LSTM", units, False):
                x = lstm(x, next(w), next(w), next(w), units)
            case workloads.Residual(inner):
                h, moved_within = forward(inner, w, m, x, key)
                x, moved = x + h, moved + moved_within
    return x, moved


def lstm(x: Any, kernel: Any, recurrent_kernel: Any, bias: Any, units: int) -> Any:
    """Returns the last state: one product for the inputs of all steps, then a scan over them."""
    inputs = jnp.swapaxes(x @ kernel + bias, 0, 1)

    def one(state: Any, z: Any) -> Any:
        h, c = state
        i, f, g, o = jnp.split(z + h @ recurrent_kernel, 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    zeros = jnp.zeros((len(x), units), x.dtype)
    return lax.scan(one, (zeros, zeros), inputs)[0][0]


def step(workload: Workload, state: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Takes one step of Adam; returns the state and the loss of the batch."""
    weights, moving, first, second, count, key = state

    def loss(weights: Any) -> Any:
        out, moved = forward(workload.layers, weights, moving, x, jax.random.fold_in(key, count))
        if workload.loss == "mean_squared_error":
            return jnp.square(out - y).mean(), moved
        logs = jax.nn.log_softmax(out) if workload.probabilities else jnp.log(out / out.sum(1, keepdims=True))
        return -jnp.take_along_axis(logs, y[:, None], 1).mean(), moved

    (value, moving), gradients = jax.value_and_grad(loss, has_aux=True)(weights)
    count += 1
    rate = workload.learning_rate * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    first = [0.9 * m + 0.1 * g for m, g in zip(first, gradients, strict=True)]
    second = [0.999 * v + 0.001 * g * g for v, g in zip(second, gradients, strict=True)]
    moments = zip(weights, first, second, strict=True)
    weights = [w - rate * m / (jnp.sqrt(v) + 1e-7) for w, m, v in moments]
    return (weights, moving, first, second, count, key), value


class Adapter:
    version = jax.__version__
    remark = ""

    def __init__(
        self, workload: Workload, shape: tuple[int, ...], weights: Sequence[Array], threads: int, variant: str
    ) -> None:
        # The threads of XLA were fixed by the environment (NPROC) before it was imported.
        self.workload, self.random = workload, np.random.default_rng(2)
        queue = [jnp.array(w) for w in weights]
        trained: list[Any] = []
        moving: list[Any] = []
        for layer in workload.layers:
            count, moved = owned(layer)
            trained, queue = trained + queue[:count], queue[count:]
            moving, queue = moving + queue[:moved], queue[moved:]
        first, second = ([jnp.zeros_like(w) for w in trained] for _ in range(2))
        self.state: Any = (trained, moving, first, second, jnp.zeros((), jnp.int32), jax.random.key(0, impl="rbg"))
        self.scanned = not any(isinstance(layer, workloads.Conv2D) for layer in workload.layers)

        @partial(jax.jit, donate_argnums=0)
        def one_step(state: Any, x: Any, y: Any, rows: Any) -> Any:
            return step(workload, state, x[rows], y[rows])

        @partial(jax.jit, donate_argnums=0)
        def epoch(state: Any, x: Any, y: Any, order: Any) -> Any:
            size = workload.batch_size
            whole = len(order) // size * size
            batches = order[:whole].reshape(-1, size)
            state, losses = lax.scan(lambda s, rows: step(workload, s, x[rows], y[rows]), state, batches)
            total = losses.sum() * size
            if whole < len(order):
                rest = order[whole:]
                state, loss = step(workload, state, x[rest], y[rest])
                total += loss * len(rest)
            return state, total / len(order)

        @jax.jit
        def outputs(weights: Any, moving: Any, x: Any) -> Any:
            out, _ = forward(workload.layers, weights, moving, x, None)
            return jax.nn.softmax(out) if workload.probabilities else out

        self.one_step, self.epoch, self.outputs = one_step, epoch, outputs

    def prepared(self, x: Array, y: Labels) -> tuple[Any, Any]:
        return jnp.array(x), jnp.array(y.astype(np.int32) if y.dtype.kind == "i" else y)

    def train(self, x: Any, y: Any, order: Labels) -> float:
        order = order.astype(np.int32)
        if self.scanned:
            self.state, loss = self.epoch(self.state, x, y, order)
            return float(loss)
        losses = []
        for begin in range(0, len(order), self.workload.batch_size):
            rows = order[begin : begin + self.workload.batch_size]
            self.state, loss = self.one_step(self.state, x, y, rows)
            losses.append(loss * len(rows))
        return float(sum(float(loss) for loss in losses)) / len(order)

    def loss(self, x: Any, y: Any) -> float:
        return self.train(x, y, np.arange(len(x)))

    def epochs(self, x: Any, y: Any, count: int) -> list[float]:
        seconds = []
        for _ in range(count):
            begin = time.perf_counter()
            self.train(x, y, self.random.permutation(len(x)))
            jax.block_until_ready(self.state[0])
            seconds.append(time.perf_counter() - begin)
        return seconds

    def call(self, x: Any) -> Callable[[], Any]:
        return lambda: self.outputs(*self.state[:2], x).block_until_ready()

    def predict(self, x: Any, batch_size: int) -> Array:
        weights, moving = self.state[:2]
        begins = range(0, len(x), batch_size)
        return np.concatenate([np.asarray(self.outputs(weights, moving, x[i : i + batch_size])) for i in begins])
