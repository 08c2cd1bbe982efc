"""Random models: graphs of layers with random arguments, by number.

    python tests/random_models.py [--count 1000] [--from 0]

trains each model on 1 to 4 threads and predicts it in batches of any size, and prints those whose bits differ. Files of
some of them are read by real Keras in `.ci/interop`; `write.py --random 1000` writes more.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import fastnn
from fastnn import Input, Model, layers, losses, ops, optimizers

ROWS = 8
ACTIVATIONS = ("tanh", "sigmoid", "elu", "gelu", "softplus", "swish", "relu", "linear", "selu", "mish", "softsign")


class Builder:
    """Draws a model.

    Args:
        seed: Number of the model.
    """

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng([seed, 7])
        self.count = 0

    def one_of(self, *choices: Any) -> Any:
        return choices[self.rng.integers(len(choices))]

    def size(self, low: int = 1, high: int = 5) -> int:
        return int(self.rng.integers(low, high + 1))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def name(self) -> str:
        self.count += 1
        return f"n{self.count}"

    def activation(self) -> str:
        return self.one_of(*ACTIVATIONS)

    def weights(self) -> dict[str, Any]:
        """Returns arguments of layers with a kernel and a bias."""
        given: dict[str, Any] = {"use_bias": self.chance(0.8), "activation": self.activation(), "name": self.name()}
        if self.chance(0.15):
            given["kernel_regularizer"] = self.one_of("l2", "l1", "l1_l2")
        if self.chance(0.1):
            given["kernel_constraint"] = self.one_of("max_norm", "unit_norm", "non_neg")
        if self.chance(0.1):
            given["activity_regularizer"] = "l2"
        if self.chance(0.1):
            given["bias_initializer"] = "ones"
        return given

    # A step returns a tensor for a tensor of its rank (without the batch).

    def anything(self, x: Any) -> Any:
        """A layer that takes every rank."""
        kind = self.size(0, 9)
        name = self.name()
        if kind == 0:
            return layers.Activation(self.activation(), name=name)(x)
        if kind == 1:
            return layers.BatchNormalization(momentum=0.9, center=self.chance(0.8), scale=self.chance(0.8), name=name)(
                x
            )
        if kind == 2:
            return layers.LayerNormalization(epsilon=1e-3, name=name)(x)
        if kind == 3:
            return self.one_of(layers.LeakyReLU, layers.ELU, layers.PReLU)(name=name)(x)
        if kind == 4:
            return layers.Rescaling(0.5, 0.1, name=name)(x)
        if kind == 5:
            return self.one_of(layers.Dropout, layers.GaussianNoise)(0.0, name=name)(x)
        if kind == 6:
            return self.one_of(layers.Add, layers.Average, layers.Multiply, layers.Maximum, layers.Minimum)(name=name)(
                [x, self.shared(x)]
            )
        if kind == 7:
            return layers.Concatenate(name=name)([x, self.shared(x)])
        if kind == 8:
            return self.one_of(ops.tanh, ops.sin, ops.softplus, ops.square, ops.abs)(x) * 0.7
        return layers.Dense(self.size(), **self.weights())(x)

    def shared(self, x: Any) -> Any:
        return layers.Dense(x.shape[-1], activation="tanh", name=self.name())(x)

    def vector(self, x: Any) -> Any:
        kind = self.size(0, 4)
        if kind == 0:
            return layers.RepeatVector(self.size(2, 4), name=self.name())(x)
        if kind == 1:
            return layers.Reshape((-1, 1), name=self.name())(x)
        if kind == 2:
            return layers.UnitNormalization(name=self.name())(x)
        return layers.Dense(self.size(1, 9), **self.weights())(x)

    def sequence(self, x: Any) -> Any:
        steps = x.shape[1]
        kind = self.size(0, 13)
        name = self.name()
        padding = self.one_of("same", "causal") if steps < 4 else self.one_of("same", "causal", "valid")
        if kind == 0:
            dilation = self.size(1, 2)
            return layers.Conv1D(
                self.size(), self.size(1, 3) if dilation == 1 else 2, padding=padding, dilation_rate=dilation,
                strides=self.size(1, 2) if dilation == 1 else 1, **self.weights(),
            )(x)  # fmt: skip
        if kind == 1:
            return layers.SeparableConv1D(
                self.size(),
                2,
                padding="same",
                depth_multiplier=self.size(1, 2),
                activation=self.activation(),
                name=name,
            )(x)
        if kind == 2:
            return layers.DepthwiseConv1D(2, padding="same", depth_multiplier=self.size(1, 2), name=name)(x)
        if kind == 3:
            return layers.Conv1DTranspose(
                self.size(), self.size(1, 3), strides=self.size(1, 2), padding="same", name=name
            )(x)
        if kind == 4:
            pool = self.one_of(layers.MaxPooling1D, layers.AveragePooling1D)
            return pool(2, strides=self.size(1, 2), padding="same", name=name)(x)
        if kind in (5, 6):
            cls = self.one_of(layers.LSTM, layers.GRU, layers.SimpleRNN)
            made = cls(self.size(), return_sequences=self.chance(0.6), go_backwards=self.chance(0.2), name=name)
            return made(x)
        if kind == 7:
            inner = self.one_of(layers.LSTM, layers.GRU)(self.size(1, 3), return_sequences=self.chance(0.6))
            return layers.Bidirectional(inner, merge_mode=self.one_of("concat", "sum", "ave", "mul"), name=name)(x)
        if kind == 8:
            return layers.TimeDistributed(layers.Dense(self.size(), activation=self.activation()), name=name)(x)
        if kind == 9:
            return layers.MultiHeadAttention(self.size(1, 2), self.size(1, 3), name=name)(x, x)
        if kind == 10:
            return layers.Permute((2, 1), name=name)(x)
        if kind == 11:
            return self.one_of(layers.ZeroPadding1D(1, name=name), layers.UpSampling1D(2, name=name))(x)
        if kind == 12:
            return self.one_of(layers.GlobalMaxPooling1D, layers.GlobalAveragePooling1D)(name=name)(x)
        return layers.Flatten(name=name)(x)

    def image(self, x: Any) -> Any:
        height, width, channels = x.shape[1:]
        kind = self.size(0, 10)
        name = self.name()
        padding = "same" if min(height, width) < 4 else self.one_of("same", "valid")
        if kind in (0, 1):
            dilation = self.size(1, 2)
            groups = self.one_of(*(n for n in (1, 1, 2, 3) if channels % n == 0))
            return layers.Conv2D(
                groups * self.size(1, 3), (self.size(1, 3), self.size(1, 3)) if dilation == 1 else 2, padding=padding,
                strides=self.size(1, 2) if dilation == 1 else 1, dilation_rate=dilation, groups=groups,
                **self.weights(),
            )(x)  # fmt: skip
        if kind == 2:
            return layers.DepthwiseConv2D(
                self.size(1, 3),
                padding="same",
                depth_multiplier=self.size(1, 2),
                activation=self.activation(),
                name=name,
            )(x)
        if kind == 3:
            return layers.SeparableConv2D(self.size(), self.size(1, 3), padding="same", name=name)(x)
        if kind == 4:
            return layers.Conv2DTranspose(
                self.size(1, 3),
                self.size(1, 3),
                strides=self.size(1, 2),
                padding=self.one_of("same", "valid"),
                name=name,
            )(x)
        if kind == 5:
            pool = self.one_of(layers.MaxPooling2D, layers.AveragePooling2D)
            return pool(2, strides=self.size(1, 2), padding="same", name=name)(x)
        if kind == 6:
            return self.one_of(
                layers.ZeroPadding2D(((1, 0), (0, 2)), name=name),
                layers.UpSampling2D(2, interpolation=self.one_of("nearest", "bilinear"), name=name),
                layers.Cropping2D(((1, 0), (0, 1)) if min(height, width) > 2 else 0, name=name),
            )(x)
        if kind == 7:
            return layers.GroupNormalization(self.one_of(1, -1), name=name)(x)
        if kind == 8:
            return self.one_of(layers.GlobalMaxPooling2D, layers.GlobalAveragePooling2D)(name=name)(x)
        if kind == 9:
            return layers.Reshape((-1, channels), name=name)(x)
        return layers.Flatten(name=name)(x)

    def volume(self, x: Any) -> Any:
        name = self.name()
        kind = self.size(0, 4)
        if kind == 0:
            return layers.Conv3D(self.size(1, 3), 2, padding="same", strides=self.size(1, 2), **self.weights())(x)
        if kind == 1:
            return self.one_of(layers.MaxPooling3D, layers.AveragePooling3D)(2, padding="same", name=name)(x)
        if kind == 2:
            return layers.Conv3DTranspose(self.size(1, 2), 2, padding="same", name=name)(x)
        if kind == 3:
            return layers.Reshape((x.shape[1] * x.shape[2], *x.shape[3:]), name=name)(x)
        return self.one_of(layers.GlobalMaxPooling3D, layers.GlobalAveragePooling3D, layers.Flatten)(name=name)(x)

    def branch(self, x: Any, length: int) -> Any:
        """Returns a tensor some layers later."""
        for _ in range(length):
            if np.prod(x.shape[1:]) > 600 or max(x.shape[1:]) > 40:
                x = layers.Dense(3, activation="tanh", name=self.name())(layers.Flatten(name=self.name())(x))
            step: Callable[[Any], Any] = [self.vector, self.sequence, self.image, self.volume][len(x.shape) - 2]
            x = self.anything(x) if self.chance(0.4) else step(x)
        return x

    def head(self, x: Any, name: str) -> Any:
        if len(x.shape) > 2:
            x = layers.Flatten(name=self.name())(x)
        activation = self.one_of("linear", "tanh", "softmax", "sigmoid")
        return layers.Dense(self.size(2, 3), activation=activation, name=name)(x)


SHAPES = ((5,), (3,), (6, 3), (4, 2), (6, 6, 2), (5, 4, 3), (4, 4, 4, 1))


def draw(seed: int) -> tuple[Any, list[Any], list[Any]]:
    """Returns the compiled model of a number, its inputs and its targets."""
    builder = Builder(seed)
    rng = builder.rng
    given = [Input(builder.one_of(*SHAPES), name=f"x{i}") for i in range(builder.one_of(1, 1, 2))]
    ends = [builder.branch(x, builder.size(1, 4)) for x in given]
    if len(ends) == 2:
        flat = [layers.Flatten(name=builder.name())(end) for end in ends]
        ends = [layers.Concatenate(name=builder.name())(flat)]
    middle = ends[0]
    made = [builder.head(builder.branch(middle, builder.size(0, 3)), f"y{i}") for i in range(builder.one_of(1, 1, 2))]
    model = Model(given, made, name=f"random_{seed}")
    # Losses without a kink: a step would otherwise depend on the last bit.
    loss = [builder.one_of("mse", losses.Huber(), "log_cosh", losses.MeanSquaredError(reduction="sum")) for _ in made]
    # A weight before a normalization has a gradient of nothing but rounding errors, which a small epsilon would turn
    # into steps of full length.
    epsilon = 1e-2
    optimizer = builder.one_of(
        optimizers.SGD(0.01), optimizers.SGD(0.01, momentum=0.9, nesterov=builder.chance(0.5)),
        optimizers.Adam(1e-3, epsilon=epsilon), optimizers.AdamW(1e-3, epsilon=epsilon),
        optimizers.RMSprop(1e-3, momentum=0.5, epsilon=epsilon), optimizers.SGD(0.02, clipnorm=0.5),
        optimizers.Adagrad(0.01, epsilon=epsilon), optimizers.Nadam(1e-3, epsilon=epsilon),
    )  # fmt: skip
    model.compile(optimizer, loss)
    xs = [rng.normal(size=(ROWS, *x.shape[1:])).astype(np.float32) for x in given]
    ys = [rng.random(size=(ROWS, y.shape[1])).astype(np.float32) for y in made]
    for weight, value in zip(model.weights, model.get_weights(), strict=True):
        if "variance" not in weight.path:
            weight.assign((value + 0.1 * rng.normal(size=value.shape)).astype(np.float32))
    return model, xs, ys


def digest(seed: int, threads: int) -> str:
    """Returns a hash of outputs, losses and weights of three steps."""
    fastnn.config.set_num_threads(threads)
    fastnn.utils.set_random_seed(seed)
    model, xs, ys = draw(seed)
    before = model.predict(xs if len(xs) > 1 else xs[0], verbose=0)
    history = model.fit(
        xs if len(xs) > 1 else xs[0], ys if len(ys) > 1 else ys[0], epochs=3, batch_size=ROWS, shuffle=False, verbose=0
    )
    outputs = before if isinstance(before, list) else [before]
    told = hashlib.sha256(np.float64(history.history["loss"]).tobytes())
    for array in [*outputs, *model.get_weights()]:
        told.update(array.tobytes())
    return told.hexdigest()


def batches_differ(seed: int) -> bool:
    """Returns whether a prediction depends on the rows beside it."""
    model, xs, _ = draw(seed)
    whole = model.predict(xs if len(xs) > 1 else xs[0], batch_size=ROWS, verbose=0)
    whole = whole if isinstance(whole, list) else [whole]
    for size in (1, 3):
        parts = model.predict(xs if len(xs) > 1 else xs[0], batch_size=size, verbose=0)
        parts = parts if isinstance(parts, list) else [parts]
        if any(one.tobytes() != other.tobytes() for one, other in zip(whole, parts, strict=True)):
            return True
    return False


def problems(seed: int) -> list[str]:
    """Returns what depends on the threads or the batch in the model of a number."""
    first = digest(seed, 1)
    found = [f"{threads} threads" for threads in (2, 3, 4) if digest(seed, threads) != first]
    fastnn.config.set_num_threads(0)
    return found + (["batch"] if batches_differ(seed) else [])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--from", type=int, default=0, dest="first")
    told = parser.parse_args()
    warnings.simplefilter("ignore")
    bad = 0
    for seed in range(told.first, told.first + told.count):
        if found := problems(seed):
            bad += 1
            print(f"model {seed}: {', '.join(found)}", flush=True)
    print(f"{told.count} models, {bad} differ")
    sys.exit(bad > 0)
