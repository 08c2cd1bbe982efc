"""Rows for models made of `keras.ops`: in functional models, custom layers, losses and metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from rows import Random, Row

ROWS: list[Row] = []


def functional(name: str, shape: tuple[int, ...], build: Callable[[Any, Any, Any], Any], **arguments: Any) -> None:
    """Returns a row of a model of one input: build(keras, ops, x) returns its output."""

    def model(keras: Any) -> Any:
        x = keras.Input(shape)
        return keras.Model(x, build(keras, keras.ops, x))

    ROWS.append(Row(name, model, **arguments))


def dense(keras: Any, units: int, **kwargs: Any) -> Any:
    """Custom layer: x @ kernel + bias."""

    class Linear(keras.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight(shape=(input_shape[-1], units), initializer="glorot_uniform", name="kernel")
            self.bias = self.add_weight(shape=(units,), initializer="zeros", name="bias")

        def call(self, inputs: Any) -> Any:
            return keras.ops.matmul(inputs, self.kernel) + self.bias

    return Linear(**kwargs)


def layer_norm(keras: Any) -> Any:
    class Norm(keras.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.gamma = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="gamma")
            self.beta = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="beta")

        def call(self, inputs: Any) -> Any:
            ops = keras.ops
            mean = ops.mean(inputs, axis=-1, keepdims=True)
            variance = ops.mean(ops.square(inputs - mean), axis=-1, keepdims=True)
            return (inputs - mean) * ops.rsqrt(variance + 1e-3) * self.gamma + self.beta

    return Norm()


def attention(keras: Any, heads: int, size: int) -> Any:
    class Attention(keras.layers.Layer):
        def build(self, input_shape: Any) -> None:
            shape = (3, input_shape[-1], heads, size)
            self.kernel = self.add_weight(shape=shape, initializer="random_normal", name="kernel")

        def call(self, inputs: Any) -> Any:
            ops = keras.ops
            query, key, value = (ops.einsum("btd,dnh->btnh", inputs, self.kernel[i]) for i in range(3))
            scores = ops.einsum("btnh,bsnh->bnts", query, key) / ops.sqrt(float(size))
            mixed = ops.einsum("bnts,bsnh->btnh", ops.softmax(scores), value)
            return ops.reshape(mixed, (-1, inputs.shape[1], heads * size))

    return Attention()


functional("dense-of-ops", (4,), lambda k, o, x: o.tanh(dense(k, 3)(x)))
functional("dense-of-ops-rank-3", (3, 4), lambda k, o, x: dense(k, 2)(o.relu(dense(k, 5)(x))))
functional("layer-norm-of-ops", (6,), lambda k, o, x: k.layers.Dense(2)(layer_norm(k)(k.layers.Dense(5)(x))))
functional("attention-by-einsum", (5, 4), lambda k, o, x: k.layers.Dense(2)(attention(k, 2, 3)(x) + o.mean(x)))
functional("residual", (4,), lambda k, o, x: x + 0.5 * k.layers.Dense(4, "relu")(x) - o.square(x) / 3)
functional("gate", (6,), lambda k, o, x: o.sigmoid(k.layers.Dense(3)(x[:, :3])) * o.sin(x[:, 3:]))
functional(
    "reductions",
    (4, 5),
    lambda k, o, x: k.layers.Dense(2)(
        o.concatenate([o.max(x, axis=1), o.std(x, axis=1), o.logsumexp(x, axis=-1), o.cumsum(x, axis=-1)[:, :, -1]], -1)
    ),
)
functional(
    "where-and-clip",
    (6,),
    lambda k, o, x: k.layers.Dense(3)(o.where(x > 0.2, o.clip(x, -1, 0.9), o.exp(o.minimum(x, 0.0)))),
)
functional(
    "shapes",
    (4, 6),
    lambda k, o, x: k.layers.Dense(2)(
        o.transpose(o.reshape(o.pad(x, ((0, 0), (1, 1), (0, 0)), mode="reflect"), (-1, 6, 3, 2)), (0, 2, 1, 3))[
            :, 1, ::2
        ]
    ),
)
functional(
    "sorted", (7,), lambda k, o, x: k.layers.Dense(2)(o.concatenate([o.sort(x), o.top_k(x, 3)[0], o.flip(x, 1)], -1))
)
functional(
    "batch-statistics",
    (4,),
    lambda k, o, x: k.layers.Dense(3)((x - o.mean(x, axis=0)) / (o.std(x, axis=0, keepdims=True) + 0.1)),
)
functional(
    "attention-of-heads", (4, 2, 3), lambda k, o, x: o.dot_product_attention(k.layers.Dense(3)(x), x, x, is_causal=True)
)
functional("normalize-gelu", (6,), lambda k, o, x: o.normalize(o.gelu(k.layers.Dense(5)(x)), axis=-1))
functional(
    "convolution",
    (6, 5, 2),
    lambda k, o, x: k.layers.Dense(2)(o.max_pool(o.silu(k.layers.Conv2D(3, 2)(x)), (2, 2), (2, 2))),
)
functional("lambda", (5,), lambda k, o, x: k.layers.Lambda(lambda y: o.softplus(y) * 2)(k.layers.Dense(3)(x)))


def shared(keras: Any) -> Any:
    a, b = keras.Input((4,)), keras.Input((4,))
    layer = dense(keras, 3, name="shared")
    return keras.Model([a, b], keras.ops.abs(layer(a) - layer(b)))


ROWS.append(Row("shared-layer", shared))


def autoencoder(keras: Any) -> Any:
    class Sampling(keras.layers.Layer):
        def call(self, inputs: Any, training: Any = None) -> Any:
            mean, log_variance = inputs
            divergence = 1.0 + log_variance - keras.ops.square(mean) - keras.ops.exp(log_variance)
            self.add_loss(-0.05 * keras.ops.mean(keras.ops.sum(divergence, axis=-1)))
            return mean

    x = keras.Input((6,))
    hidden = keras.layers.Dense(5, "tanh")(x)
    code = Sampling()([keras.layers.Dense(2)(hidden), keras.layers.Dense(2)(hidden)])
    return keras.Model(x, keras.layers.Dense(6)(code))


ROWS.append(Row("variational-autoencoder-of-means", autoencoder))


def pseudo_huber(keras: Any) -> Callable[[Any, Any], Any]:
    def loss(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(keras.ops.sqrt(1.0 + keras.ops.square(y_true - y_pred)) - 1.0, axis=-1)

    return loss


def log_crossentropy(keras: Any) -> Callable[[Any, Any], Any]:
    def loss(y_true: Any, y_pred: Any) -> Any:
        hot = keras.ops.one_hot(keras.ops.cast(y_true[:, 0], "int32"), 3)
        return -keras.ops.sum(hot * keras.ops.log_softmax(y_pred), axis=-1)

    return loss


def labels(random: Random) -> Any:
    return random.randint(0, 3, (5, 1)).astype(np.float32)


functional("loss-of-ops", (4,), lambda k, o, x: k.layers.Dense(3)(x), loss=pseudo_huber)
functional("loss-of-classes", (4,), lambda k, o, x: k.layers.Dense(3)(x), loss=log_crossentropy, targets=labels)
