"""Rows in which the batch is not the first axis alone: joined, repeated, folded, turned, multiplied with itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from rows import Random, Row

ROWS: list[Row] = []


def layer(
    keras: Any, call: Callable[..., Any], weights: dict[str, tuple[Any, ...]] | None = None, shape: Any = None
) -> Any:
    """Returns a custom layer that computes call(layer, ops, x).

    Args:
        keras: The module.
        call: The computation.
        weights: The shapes of its weights, by name.
        shape: The shape of its output; None: that of its input.
    """

    class Custom(keras.layers.Layer):
        def build(self, input_shape: Any) -> None:
            for name, shape in (weights or {}).items():
                setattr(self, name, self.add_weight(shape=shape, initializer="random_normal", name=name))

        def call(self, inputs: Any) -> Any:
            return call(self, keras.ops, inputs)

        def compute_output_shape(self, input_shape: Any) -> Any:
            return shape or input_shape

    return Custom()


def row(name: str, shape: tuple[int, ...], build: Callable[[Any, Any], Any], **arguments: Any) -> None:
    """Adds a model of one input: build(keras, x) returns its output."""

    def model(keras: Any) -> Any:
        x = keras.Input(shape)
        return keras.Model(x, build(keras, x))

    ROWS.append(Row(name, model, **arguments))


def labels(count: int) -> Callable[[Random], Any]:
    return lambda random: (np.arange(6) % count).astype(np.int32)


# Contrastive losses: each sample against each other.


def two_views(keras: Any, x: Any) -> Any:
    """One encoder on both halves of the features as one batch; the two codes side by side."""

    class TwoViews(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = keras.Sequential(
                [keras.layers.Dense(5), keras.layers.BatchNormalization(), keras.layers.Dense(3, "tanh")]
            )

        def call(self, x: Any, training: bool = False) -> Any:
            codes = self.encoder(keras.ops.concatenate([x[:, :4], x[:, 4:]], axis=0), training=training)
            half = keras.ops.shape(codes)[0] // 2
            return keras.ops.concatenate([codes[:half], codes[half:]], axis=-1)

        def compute_output_shape(self, input_shape: Any) -> Any:
            return (input_shape[0], 6)

    return TwoViews()(x)


def nt_xent(keras: Any) -> Any:
    ops = keras.ops

    def loss(y_true: Any, y_pred: Any) -> Any:
        z = ops.normalize(ops.concatenate([y_pred[:, :3], y_pred[:, 3:]], axis=0), axis=-1)
        count = ops.shape(z)[0]
        similar = ops.matmul(z, ops.transpose(z)) / 0.5 - 1e9 * ops.eye(count)
        half = count // 2
        positive = ops.concatenate([ops.arange(half) + half, ops.arange(half)], axis=0)
        return ops.sparse_categorical_crossentropy(positive, similar, from_logits=True)

    return loss


def supervised_contrast(keras: Any) -> Any:
    ops = keras.ops

    def loss(y_true: Any, y_pred: Any) -> Any:
        z = ops.normalize(y_pred, axis=-1)
        logits = ops.einsum("id,jd->ij", z, z) / 0.3
        y = ops.reshape(y_true, (-1, 1))
        others = 1.0 - ops.eye(ops.shape(z)[0])
        same = ops.cast(ops.equal(y, ops.transpose(y)), "float32") * others
        logits = logits - ops.stop_gradient(ops.max(logits, axis=1, keepdims=True))
        likely = logits - ops.log(ops.sum(ops.exp(logits) * others, axis=1, keepdims=True))
        return -ops.sum(same * likely, axis=1) / ops.maximum(ops.sum(same, axis=1), 1.0)

    return loss


def clip_logits(keras: Any, x: Any) -> Any:
    def call(self: Any, ops: Any, x: Any) -> Any:
        image, text = ops.normalize(x[:, :3], axis=-1), ops.normalize(x[:, 3:], axis=-1)
        return ops.exp(self.temperature + 1.0) * ops.matmul(image, ops.transpose(text))

    both = keras.layers.Concatenate()([keras.layers.Dense(3)(x), keras.layers.Dense(3, "tanh")(x)])
    return layer(keras, call, {"temperature": ()}, (None, None))(both)


def clip_loss(keras: Any) -> Any:
    ops = keras.ops

    def loss(y_true: Any, logits: Any) -> Any:
        own = ops.arange(ops.shape(logits)[0])
        rows = ops.sparse_categorical_crossentropy(own, logits, from_logits=True)
        columns = ops.sparse_categorical_crossentropy(own, ops.transpose(logits), from_logits=True)
        return (rows + columns) / 2.0

    return loss


def triplet(keras: Any) -> Any:
    """Triplet loss with the hardest positive and negative of the batch."""
    ops = keras.ops

    def loss(y_true: Any, y_pred: Any) -> Any:
        y = ops.reshape(y_true, (-1,))
        squares = ops.sum(ops.square(y_pred), axis=1)
        pairs = squares[:, None] + squares[None, :] - 2.0 * ops.matmul(y_pred, ops.transpose(y_pred))
        distance = ops.sqrt(ops.maximum(pairs, 0.0) + 1e-4)
        same = ops.equal(y[:, None], y[None, :])
        hardest = ops.max(ops.where(same, distance, 0.0), axis=1)
        nearest = ops.min(ops.where(same, 1e9, distance), axis=1)
        return ops.mean(ops.maximum(hardest - nearest + 0.5, 0.0))

    return loss


def mmd(keras: Any) -> Any:
    """Maximum mean discrepancy between predictions and targets, with a Gaussian kernel."""
    ops = keras.ops

    def gram(a: Any, b: Any) -> Any:
        return ops.mean(ops.exp(-ops.sum(ops.square(ops.expand_dims(a, 1) - ops.expand_dims(b, 0)), axis=-1)))

    return lambda true, made: gram(true, true) + gram(made, made) - 2.0 * gram(true, made)


def barlow(keras: Any) -> Any:
    """Barlow Twins: the correlation of two codes is to be the identity; and the batch's own, off the diagonal."""
    ops = keras.ops

    def off_diagonal(x: Any, n: Any) -> Any:
        flat = ops.reshape(x, (-1,))[:-1]
        return ops.reshape(flat, (n - 1, n + 1))[:, 1:]

    def loss(y_true: Any, y_pred: Any) -> Any:
        n = ops.shape(y_pred)[0]
        one, other = ops.split(y_pred, 2, axis=-1)
        one = (one - ops.mean(one, axis=0)) / (ops.std(one, axis=0) + 0.1)
        other = (other - ops.mean(other, axis=0)) / (ops.std(other, axis=0) + 0.1)
        cross = ops.matmul(ops.transpose(one), other) / ops.cast(n, "float32")
        between = ops.matmul(one, ops.transpose(one))
        return (
            ops.sum(ops.square(ops.diagonal(cross) - 1.0))
            + 0.1 * ops.sum(ops.square(off_diagonal(cross, 3)))
            + 0.01 * ops.sum(ops.square(off_diagonal(between, n)))
        )

    return loss


row("nt-xent", (8,), two_views, loss=nt_xent, rows=4)
row("supervised-contrast", (4,), lambda k, x: k.layers.Dense(3)(x), loss=supervised_contrast, rows=6, targets=labels(2))
row("clip", (4,), clip_logits, loss=clip_loss)
row("triplet", (4,), lambda k, x: k.layers.Dense(3)(x), loss=triplet, rows=6, targets=labels(2))
row("mmd", (4,), lambda k, x: k.layers.Dense(3)(x), loss=mmd)
row("barlow-twins", (4,), lambda k, x: k.layers.Dense(6, "tanh")(x), loss=barlow)


# Layers.


def quantized(keras: Any, x: Any) -> Any:
    """The middle of a VQ-VAE: the nearest vectors of a codebook, with a straight-through gradient."""

    def call(self: Any, ops: Any, x: Any) -> Any:
        flat = ops.reshape(x, [-1, 3])
        distances = (
            ops.sum(flat**2, axis=1, keepdims=True)
            + ops.sum(self.codes**2, axis=0)
            - 2.0 * ops.matmul(flat, self.codes)
        )
        hot = ops.one_hot(ops.argmin(distances, axis=1), 4)
        found = ops.reshape(ops.matmul(hot, ops.transpose(self.codes)), ops.shape(x))
        self.add_loss(0.25 * ops.mean((ops.stop_gradient(found) - x) ** 2))
        self.add_loss(ops.mean((found - ops.stop_gradient(x)) ** 2))
        return x + ops.stop_gradient(found - x)

    return keras.layers.Dense(2)(layer(keras, call, {"codes": (3, 4)})(keras.layers.Dense(3)(x)))


def time_major(keras: Any, x: Any) -> Any:
    """A recurrent layer that walks over the first axis."""

    def call(self: Any, ops: Any, x: Any) -> Any:
        steps = ops.transpose(x, (1, 0, 2))
        state = ops.zeros((ops.shape(x)[0], 3))
        states = []
        for i in range(x.shape[1]):
            state = ops.tanh(ops.matmul(steps[i], self.kernel) + ops.matmul(state, self.recurrent))
            states.append(state)
        return ops.transpose(ops.stack(states, axis=0), (1, 0, 2))

    weights = {"kernel": (4, 3), "recurrent": (3, 3)}
    return keras.layers.Dense(2)(layer(keras, call, weights, (None, 3, 3))(x))


def time_distributed(keras: Any, x: Any) -> Any:
    """A head on all steps as one batch."""
    fold = layer(keras, lambda self, ops, x: ops.reshape(x, (-1, 4)), shape=(None, 4))
    unfold = layer(keras, lambda self, ops, x: ops.reshape(x, (-1, 3, 2)), shape=(None, 3, 2))
    made = keras.layers.BatchNormalization()(keras.layers.Dense(5, "relu")(fold(x)))
    return unfold(keras.layers.Dense(2)(made))


def repeated(keras: Any, x: Any) -> Any:
    """Copies of the batch, once sample by sample and once as a whole, and their means."""

    def call(self: Any, ops: Any, x: Any) -> Any:
        n = ops.shape(x)[0]
        each = ops.tanh(ops.matmul(ops.repeat(x, 3, axis=0), self.kernel))
        whole = ops.tanh(ops.matmul(ops.tile(x, (2, 1)) + ops.ones((2 * n, 4)), self.kernel))
        each, whole = ops.reshape(each, (n, 3, 2)), ops.reshape(whole, (2, n, 2))
        return ops.max(each, axis=1) + ops.mean(whole, axis=0)

    return keras.layers.Dense(2)(layer(keras, call, {"kernel": (4, 2)}, (None, 2))(x))


def across(keras: Any, x: Any) -> Any:
    """Softmax, sums, orders and selections along the batch."""

    def call(self: Any, ops: Any, x: Any) -> Any:
        weights = ops.softmax(x, axis=0) + ops.cumsum(x, axis=0)
        first, second = ops.split(x, 2, axis=0)
        halves = ops.concatenate([second, first * 2.0], axis=0)
        ordered = ops.take_along_axis(x, ops.argsort(x, axis=0), axis=0)
        mixed = 0.7 * x + 0.3 * ops.flip(x, axis=0) + ops.roll(x, 1, axis=0)
        best = ops.take(x, ops.argmax(x, axis=0), axis=0)
        return weights * halves + ops.sort(x, axis=0) * ordered + mixed + x[-1] - x[:1] + ops.matmul(x, best)

    return keras.layers.Dense(2)(layer(keras, call)(x))


def attention_over_batch(keras: Any, x: Any) -> Any:
    """Each sample attends to the earlier ones of its batch."""

    def call(self: Any, ops: Any, x: Any) -> Any:
        scores = ops.matmul(ops.matmul(x, self.kernel), ops.transpose(x))
        earlier = ops.tril(ops.ones_like(scores))
        scores = ops.where(earlier > 0, scores, -1e9)
        return ops.matmul(ops.softmax(scores, axis=-1), x) + ops.trace(scores) / 10.0

    return keras.layers.Dense(2)(layer(keras, call, {"kernel": (4, 4)})(x))


row("vq-vae", (5, 4), quantized)
row("time-major", (3, 4), time_major)
row("time-distributed", (3, 4), time_distributed)
row("repeated", (4,), repeated)
row("across", (4,), across, rows=4)
row("attention-over-batch", (4,), attention_over_batch)
