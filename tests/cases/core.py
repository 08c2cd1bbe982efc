"""Rows for dense, 2D convolution, pooling, batch normalization, activations, shapes, merging; losses and metrics."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cases.case import Array, Case, Forward, Shape, Weights
from fastnn import layers, losses, metrics

# Activations ----------------------------------------------------------------------------------------------------------

erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softmax(x: Array, axis: int | tuple[int, ...] = -1) -> Array:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def relu(x: Array, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Array:
    y = np.where(x >= threshold, x, negative_slope * (x - threshold))
    return y if max_value is None else np.minimum(y, max_value)


def elu(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": relu,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "softmax": softmax,
    "log_softmax": lambda x: np.log(softmax(x)),
    "elu": elu,
    "selu": lambda x: 1.05070098735548049342 * elu(x, 1.67326324235437728481),
    "softplus": softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "exponential": np.exp,
    "leaky_relu": lambda x: relu(x, negative_slope=0.2),
    "relu6": lambda x: relu(x, max_value=6.0),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "silu": lambda x: x * sigmoid(x),
    "swish": lambda x: x * sigmoid(x),
    "gelu": lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2))),
    "mish": lambda x: x * np.tanh(softplus(x)),
}


def activation_cases() -> Iterator[Case]:
    for name, function in ACTIVATIONS.items():

        def forward(x: Array, w: Weights, training: bool, f: Callable[[Array], Array] = function) -> Array:
            return f(x)

        yield Case(f"activation-{name}", lambda n=name: layers.Activation(n), (37,), forward, scale=3.0)
    yield Case("activation-relu-image", lambda: layers.Activation("relu"), (5, 3, 7), lambda x, w, t: relu(x))
    yield Case("activation-softmax-image", lambda: layers.Activation("softmax"), (5, 3, 7), lambda x, w, t: softmax(x))
    yield Case("activation-softmax-one", lambda: layers.Activation("softmax"), (1,), lambda x, w, t: softmax(x))
    yield Case("activation-tanh-tiny", lambda: layers.Activation("tanh"), (19,), lambda x, w, t: np.tanh(x), scale=1e-3)
    yield Case(
        "activation-sigmoid-far", lambda: layers.Activation("sigmoid"), (19,), lambda x, w, t: sigmoid(x), scale=30
    )

    for name, arguments in {
        "plain": {},
        "max": {"max_value": 1.5},
        "slope": {"negative_slope": 0.3},
        "threshold": {"threshold": 0.5},
        "all": {"max_value": 1.25, "negative_slope": 0.1, "threshold": 0.25},
    }.items():
        yield Case(
            f"relu-{name}",
            lambda a=arguments: layers.ReLU(**a),
            (23,),
            lambda x, w, t, a=arguments: relu(x, **a),
            scale=2.0,
        )
    for axis in (-1, 1, 2, 3):
        yield Case(
            f"softmax-axis{axis}",
            lambda a=axis: layers.Softmax(axis=a),
            (4, 5, 6),
            lambda x, w, t, a=axis: softmax(x, a),
            scale=2.0,
        )
    yield Case("softmax-wide", lambda: layers.Softmax(), (131,), lambda x, w, t: softmax(x), scale=5.0)


# Dense ----------------------------------------------------------------------------------------------------------------


def dense_reference(activation: str | None) -> Forward:
    def forward(x: Array, w: Weights, training: bool) -> Array:
        y = x @ w["kernel"]
        if "bias" in w:
            y = y + w["bias"]
        return ACTIVATIONS[activation or "linear"](y)

    return forward


def dense_case(name: str, shape: tuple[int, ...], units: int, **arguments: Any) -> Case:
    return Case(
        f"dense-{name}",
        lambda: layers.Dense(units, **arguments),
        shape,
        dense_reference(arguments.get("activation")),
    )


def dense_cases() -> Iterator[Case]:
    for inputs, units in [(1, 1), (1, 16), (2, 3), (5, 1), (7, 5), (16, 32), (17, 33), (31, 8), (64, 10), (130, 71)]:
        yield dense_case(f"{inputs}x{units}", (inputs,), units)
    yield dense_case("no-bias", (9,), 6, use_bias=False)
    yield dense_case("no-bias-relu", (9,), 17, use_bias=False, activation="relu")
    yield dense_case("rank3", (4, 5), 7, activation="relu")
    yield dense_case("rank3-one-step", (1, 5), 16, activation="relu")
    yield dense_case("rank4-image", (6, 5, 3), 16, activation="relu")
    yield dense_case("rank4-softmax", (3, 2, 5), 4, activation="softmax")
    yield dense_case("rank5", (2, 3, 2, 3), 4)
    yield dense_case("large", (301,), 129, activation="relu")
    # Few columns and a long sum.
    for inputs, units in [(24, 1), (65, 2), (100, 3), (97, 4), (1030, 2), (150, 6), (241, 10)]:
        yield dense_case(f"narrow-{inputs}x{units}", (inputs,), units)
    yield dense_case("narrow-no-bias-relu", (96,), 3, use_bias=False, activation="relu")
    yield dense_case("narrow-rank3", (5, 130), 5, activation="tanh")
    for activation in ACTIVATIONS:
        yield dense_case(f"{activation}", (6,), 11, activation=activation)


# Convolution ----------------------------------------------------------------------------------------------------------


def pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value


def padded(
    x: Array, window: tuple[int, int], strides: tuple[int, int], padding: str, dilation: tuple[int, int], fill: float
) -> tuple[Array, tuple[int, int]]:
    """Returns the padded images, and the height and width of the output of a sliding window."""
    borders, sizes = [(0, 0)], []
    for n, f, s, d in zip(x.shape[1:3], window, strides, dilation, strict=True):
        reach = (f - 1) * d + 1
        if padding == "same":
            size = -(-n // s)
            total = max((size - 1) * s + reach - n, 0)
            borders.append((total // 2, total - total // 2))
        else:
            size = (n - reach) // s + 1
            borders.append((0, 0))
        sizes.append(size)
    borders.append((0, 0))
    return np.pad(x, borders, constant_values=fill), (sizes[0], sizes[1])


def taps(
    x: Array, window: tuple[int, int], strides: tuple[int, int], padding: str, dilation: tuple[int, int], fill: float
) -> Iterator[tuple[int, int, Array]]:
    """Yields for each position (i, j) of the window the pixels below it: (batch, out height, out width, channels)."""
    image, (rows, columns) = padded(x, window, strides, padding, dilation, fill)
    for i in range(window[0]):
        for j in range(window[1]):
            top, left = i * dilation[0], j * dilation[1]
            yield (
                i,
                j,
                image[
                    :,
                    top : top + (rows - 1) * strides[0] + 1 : strides[0],
                    left : left + (columns - 1) * strides[1] + 1 : strides[1],
                ],
            )


def conv2d_reference(
    kernel_size: int | tuple[int, int],
    strides: int | tuple[int, int] = 1,
    padding: str = "valid",
    dilation_rate: int | tuple[int, int] = 1,
    groups: int = 1,
    activation: str | None = None,
    **_: Any,
) -> Forward:
    def forward(x: Array, w: Weights, training: bool) -> Array:
        kernel = w["kernel"]
        inputs, filters = kernel.shape[2], kernel.shape[3] // groups
        y: Any = 0.0
        for i, j, pixels in taps(x, pair(kernel_size), pair(strides), padding, pair(dilation_rate), 0.0):
            parts = [
                pixels[..., g * inputs : (g + 1) * inputs] @ kernel[i, j, :, g * filters : (g + 1) * filters]
                for g in range(groups)
            ]
            y = y + np.concatenate(parts, axis=-1)
        if "bias" in w:
            y = y + w["bias"]
        return ACTIVATIONS[activation or "linear"](y)

    return forward


def conv2d_case(name: str, shape: tuple[int, int, int], filters: int, kernel_size: Any, **arguments: Any) -> Case:
    return Case(
        f"conv2d-{name}",
        lambda: layers.Conv2D(filters, kernel_size, **arguments),
        shape,
        conv2d_reference(kernel_size, **arguments),
    )


def conv2d_cases() -> Iterator[Case]:
    for k in (1, 2, 3, 5, 7):
        for padding in ("valid", "same"):
            yield conv2d_case(f"k{k}-{padding}-odd", (9, 7, 3), 4, k, padding=padding)
    for s in (2, 3):
        for k in (1, 2, 3, 5):
            for padding in ("valid", "same"):
                yield conv2d_case(f"k{k}-s{s}-{padding}-odd", (9, 7, 2), 3, k, strides=s, padding=padding)
                yield conv2d_case(f"k{k}-s{s}-{padding}-even", (8, 6, 2), 3, k, strides=s, padding=padding)
    for padding in ("valid", "same"):
        yield conv2d_case(f"k3-s2x1-{padding}", (7, 8, 3), 5, 3, strides=(2, 1), padding=padding)
        yield conv2d_case(f"k3-s1x3-{padding}", (7, 8, 3), 5, 3, strides=(1, 3), padding=padding)
        yield conv2d_case(f"k1x5-{padding}", (6, 9, 3), 4, (1, 5), padding=padding)
        yield conv2d_case(f"k5x2-{padding}", (9, 6, 3), 4, (5, 2), padding=padding)
        yield conv2d_case(f"k3-d2-{padding}", (9, 8, 3), 4, 3, dilation_rate=2, padding=padding)
        yield conv2d_case(f"k3-d1x3-{padding}", (5, 9, 3), 4, 3, dilation_rate=(1, 3), padding=padding)
        yield conv2d_case(f"groups2-{padding}", (6, 5, 4), 6, 3, groups=2, padding=padding)
        yield conv2d_case(f"groups-depthwise-{padding}", (6, 5, 3), 6, 3, groups=3, padding=padding)
        yield conv2d_case(f"groups2-s2-{padding}", (7, 6, 8), 32, 3, groups=2, strides=2, padding=padding)
    for channels in (1, 2, 3, 16, 33):
        for filters in (1, 2, 16, 33):
            yield conv2d_case(f"c{channels}-f{filters}", (5, 6, channels), filters, 3, padding="same")
    yield conv2d_case("k1-c33-f17", (4, 5, 33), 17, 1)
    yield conv2d_case("k1-s2-c16-f32", (7, 7, 16), 32, 1, strides=2)
    yield conv2d_case("image-is-kernel", (3, 3, 3), 4, 3)
    yield conv2d_case("image-is-kernel-5x4", (5, 4, 2), 3, (5, 4))
    yield conv2d_case("same-kernel-larger", (2, 3, 2), 3, 5, padding="same")
    yield conv2d_case("same-k7-on-one-pixel", (1, 1, 3), 2, 7, padding="same")
    yield conv2d_case("stride-larger-than-kernel", (8, 7, 3), 4, 2, strides=3)
    yield conv2d_case("stride-jumps-last-pixels", (8, 8, 2), 3, 3, strides=4)
    yield conv2d_case("one-row", (1, 12, 2), 3, (1, 3), padding="same")
    yield conv2d_case("one-column", (12, 1, 2), 3, (3, 1))
    yield conv2d_case("no-bias", (6, 5, 3), 4, 3, use_bias=False)
    yield conv2d_case("no-bias-relu", (6, 5, 3), 16, 3, use_bias=False, activation="relu", padding="same")
    for activation in ("relu", "sigmoid", "tanh", "softmax", "gelu", "leaky_relu", "elu"):
        yield conv2d_case(f"{activation}", (5, 6, 3), 8, 3, activation=activation, padding="same")
    yield conv2d_case("large-k3-same", (14, 13, 16), 32, 3, padding="same", activation="relu")
    yield conv2d_case("large-k3-valid-c32-f48", (12, 12, 32), 48, 3)
    yield conv2d_case("large-k3-same-tiles-cut", (11, 9, 33), 35, 3, padding="same")
    yield conv2d_case("large-k5-valid", (13, 14, 16), 24, 5)
    yield conv2d_case("large-k5-same-tiles-cut", (11, 9, 17), 19, 5, padding="same")
    yield conv2d_case("large-k7-same", (12, 11, 16), 20, 7, padding="same")
    yield conv2d_case("large-k6-valid-blocks-cut", (17, 13, 16), 17, 6)
    yield conv2d_case("large-k7x5-same", (12, 12, 18), 16, (7, 5), padding="same")
    yield conv2d_case("large-k3-c48-f48", (8, 8, 48), 48, 3, padding="same")
    yield conv2d_case("large-k2-same", (11, 13, 16), 20, 2, padding="same")
    yield conv2d_case("large-k2-valid-tiles-cut", (10, 9, 17), 33, 2, activation="relu")
    # Few filters, whose sums are collected from the products of all taps.
    for padding in ("same", "valid"):
        for filters in (1, 2, 3, 4):
            yield conv2d_case(f"few-f{filters}-k3-{padding}", (9, 8, 40), filters, 3, padding=padding)
        yield conv2d_case(f"few-f1-k7-{padding}", (12, 11, 16), 1, 7, padding=padding, activation="sigmoid")
        yield conv2d_case(f"few-f2-k5x2-{padding}", (12, 9, 33), 2, (5, 2), padding=padding, use_bias=False)
        yield conv2d_case(f"few-f1-k3-d2x3-{padding}", (13, 15, 32), 1, 3, padding=padding, dilation_rate=(2, 3))
    yield conv2d_case("few-wide", (2, 1100, 16), 1, 3, padding="same")
    yield conv2d_case("few-bands", (70, 480, 9), 2, 3, padding="same", activation="sigmoid")
    yield conv2d_case("few-one-column", (40, 1, 32), 1, (5, 1), padding="same")
    # The gradient of the input has few channels.
    yield conv2d_case("few-channels-s2", (12, 11, 1), 64, 3, strides=2, padding="same")
    yield conv2d_case("few-channels-k5", (9, 10, 3), 48, 5, padding="same")


# Pooling --------------------------------------------------------------------------------------------------------------


def pool_reference(kind: str, pool_size: Any = 2, strides: Any = None, padding: str = "valid") -> Forward:
    window = pair(pool_size)
    steps = window if strides is None else pair(strides)

    def forward(x: Array, w: Weights, training: bool) -> Array:
        if kind == "max":
            return np.max([p for _, _, p in taps(x, window, steps, padding, (1, 1), -np.inf)], axis=0)
        total = np.sum([p for _, _, p in taps(x, window, steps, padding, (1, 1), 0.0)], axis=0)
        count = np.sum([p for _, _, p in taps(np.ones_like(x), window, steps, padding, (1, 1), 0.0)], axis=0)
        return total / count

    return forward


def pool_cases() -> Iterator[Case]:
    rows: list[tuple[str, tuple[int, int, int], dict[str, Any]]] = [
        ("default", (6, 4, 3), {}),
        ("remainder", (7, 5, 3), {}),
        ("same-odd", (7, 5, 3), {"padding": "same"}),
        ("same-overlap", (7, 6, 4), {"pool_size": 3, "strides": 2, "padding": "same"}),
        ("overlap", (7, 8, 4), {"pool_size": 3, "strides": 1}),
        ("overlap-same", (6, 5, 2), {"pool_size": 3, "strides": 1, "padding": "same"}),
        ("stride-larger", (9, 8, 3), {"pool_size": 2, "strides": 3}),
        ("stride-larger-same", (9, 8, 3), {"pool_size": 2, "strides": 3, "padding": "same"}),
        ("unequal", (8, 9, 3), {"pool_size": (2, 3), "strides": (1, 2)}),
        ("unequal-same", (8, 9, 3), {"pool_size": (3, 2), "strides": (2, 1), "padding": "same"}),
        ("whole-image", (4, 5, 3), {"pool_size": (4, 5)}),
        ("same-larger-than-image", (2, 3, 3), {"pool_size": 5, "strides": 1, "padding": "same"}),
        ("one", (3, 4, 2), {"pool_size": 1}),
        ("c33", (5, 6, 33), {}),
        ("c1", (9, 9, 1), {"pool_size": 3}),
        ("large", (20, 20, 32), {}),
    ]
    for name, shape, arguments in rows:
        yield Case(
            f"max-pooling-{name}",
            lambda a=arguments: layers.MaxPooling2D(**a),
            shape,
            pool_reference("max", **arguments),
        )
        yield Case(
            f"average-pooling-{name}",
            lambda a=arguments: layers.AveragePooling2D(**a),
            shape,
            pool_reference("average", **arguments),
        )
    yield Case(
        "max-pooling-same-below-zero",
        lambda: layers.MaxPooling2D(3, strides=2, padding="same"),
        (5, 5, 3),
        pool_reference("max", 3, 2, "same"),
        offset=-100.0,
    )
    for keepdims in (False, True):
        for shape in [(5, 7, 3), (1, 1, 4), (3, 2, 33)]:
            name = f"{'x'.join(map(str, shape))}{'-keepdims' if keepdims else ''}"
            yield Case(
                f"global-max-pooling-{name}",
                lambda k=keepdims: layers.GlobalMaxPooling2D(keepdims=k),
                shape,
                lambda x, w, t, k=keepdims: x.max(axis=(1, 2), keepdims=k),
            )
            yield Case(
                f"global-average-pooling-{name}",
                lambda k=keepdims: layers.GlobalAveragePooling2D(keepdims=k),
                shape,
                lambda x, w, t, k=keepdims: x.mean(axis=(1, 2), keepdims=k),
            )


# Normalization --------------------------------------------------------------------------------------------------------


def batch_normalization_case(
    name: str, shape: tuple[int, ...], frozen: bool = False, row: dict[str, Any] | None = None, **arguments: Any
) -> Case:
    axis = arguments.get("axis", -1) % (len(shape) + 1)
    momentum, epsilon = arguments.get("momentum", 0.99), arguments.get("epsilon", 1e-3)
    others = tuple(a for a in range(len(shape) + 1) if a != axis)
    along = tuple(-1 if a == axis else 1 for a in range(len(shape) + 1))

    def make() -> Any:
        layer = layers.BatchNormalization(**arguments)
        layer.trainable = not frozen
        return layer

    def forward(x: Array, w: Weights, training: bool) -> Array:
        if training and not frozen:
            mean, variance = x.mean(axis=others), x.var(axis=others)
        else:
            mean, variance = w["moving_mean"], w["moving_variance"]
        y = (x - mean.reshape(along)) / np.sqrt(variance.reshape(along) + epsilon)
        if "gamma" in w:
            y = y * w["gamma"].reshape(along)
        if "beta" in w:
            y = y + w["beta"].reshape(along)
        return y

    def state(x: Array, w: Weights) -> dict[str, Array]:
        if frozen:
            return {role: w[role] for role in ("moving_mean", "moving_variance")}
        return {
            "moving_mean": momentum * w["moving_mean"] + (1 - momentum) * x.mean(axis=others),
            "moving_variance": momentum * w["moving_variance"] + (1 - momentum) * x.var(axis=others),
        }

    return Case(f"batch-normalization-{name}", make, shape, forward, state, **(row or {}))


def batch_normalization_cases() -> Iterator[Case]:
    yield batch_normalization_case("vector", (7,))
    yield batch_normalization_case("one-feature", (1,))
    yield batch_normalization_case("wide", (67,))
    yield batch_normalization_case("image", (5, 4, 3))
    yield batch_normalization_case("image-c33", (3, 5, 33))
    yield batch_normalization_case("image-axis1", (3, 5, 4), axis=1)
    yield batch_normalization_case("image-axis2", (3, 5, 4), axis=2)
    yield batch_normalization_case("image-axis3", (3, 5, 4), axis=3)
    yield batch_normalization_case("axis1-of-one", (1, 32), axis=1)
    yield batch_normalization_case("axis1-rank3", (6, 5), axis=1)
    yield batch_normalization_case("no-center", (5, 3), center=False)
    yield batch_normalization_case("no-scale", (5, 3), scale=False)
    yield batch_normalization_case("bare", (5, 3), center=False, scale=False)
    yield batch_normalization_case("momentum-epsilon", (4, 3), momentum=0.5, epsilon=0.1)
    yield batch_normalization_case("frozen", (4, 3), frozen=True)
    yield batch_normalization_case("large", (9, 8, 32))
    # float32 has a precision of 1e-5 around 100: a variance computed as a difference of squares would have none.
    yield batch_normalization_case("far-from-zero", (6, 3), row={"offset": 100.0, "rtol": 1e-4})


# Shapes and penalties -------------------------------------------------------------------------------------------------


def shape_cases() -> Iterator[Case]:
    for shape in [(5,), (2, 3), (4, 3, 2), (1, 1, 1)]:
        name = "x".join(map(str, shape))
        yield Case(f"flatten-{name}", layers.Flatten, shape, lambda x, w, t: x.reshape(len(x), -1))
    for shape, target in [
        ((12,), (3, 4)),
        ((3, 4), (12,)),
        ((3, 4), (-1,)),
        ((3, 4), (2, -1, 3)),
        ((6, 2, 3), (-1, 3)),
        ((5,), (1, 5, 1)),
    ]:
        name = f"{'x'.join(map(str, shape))}-to-{'x'.join(map(str, target))}"
        yield Case(
            f"reshape-{name}",
            lambda t=target: layers.Reshape(t),
            shape,
            lambda x, w, t, target=target: x.reshape(len(x), *target),
        )
    yield Case("activity-regularization", lambda: layers.ActivityRegularization(0.1, 0.2), (6,), lambda x, w, t: x)
    yield Case("dropout-zero", lambda: layers.Dropout(0.0, seed=1), (9,), lambda x, w, t: x)


# Merging --------------------------------------------------------------------------------------------------------------


def spread(xs: list[Array]) -> list[Array]:
    """Returns arrays of one rank, with axes of size 1 added after the batch."""
    rank = max(x.ndim for x in xs)
    return [x.reshape(len(x), *[1] * (rank - x.ndim), *x.shape[1:]) for x in xs]


def unit_norm(x: Array, axis: int) -> Array:
    return x / np.sqrt((x**2).sum(axis=axis, keepdims=True))


ELEMENTWISE: dict[str, Callable[[list[Array]], Array]] = {
    "Add": lambda xs: functools.reduce(np.add, xs),
    "Multiply": lambda xs: functools.reduce(np.multiply, xs),
    "Average": lambda xs: functools.reduce(np.add, xs) / len(xs),
    "Maximum": lambda xs: functools.reduce(np.maximum, xs),
    "Minimum": lambda xs: functools.reduce(np.minimum, xs),
}


def merging_cases() -> Iterator[Case]:
    shapes: dict[str, tuple[Shape, ...]] = {
        "two": ((37,), (37,)),
        "three-images": ((5, 3, 7), (5, 3, 7), (5, 3, 7)),
        "large": ((40, 33, 9), (40, 33, 9)),
        "last-of-one": ((6, 1), (6, 5)),
        "middle-of-one": ((4, 1, 9), (4, 3, 9)),
        "both-sides": ((4, 1, 9), (1, 3, 1), (4, 3, 9)),
        "fewer-axes": ((9,), (4, 9)),
        "gates": ((5, 6, 33), (1, 1, 33)),
        "of-one": ((1,), (1,)),
    }
    for kind, function in ELEMENTWISE.items():
        for name, of_inputs in shapes.items():

            def forward(xs: list[Array], w: Weights, t: bool, f: Any = function) -> Array:
                result: Array = f(spread(xs))
                return result

            yield Case(f"{kind.lower()}-{name}", lambda k=kind: getattr(layers, k)(), of_inputs, forward)
    for name in ("two", "last-of-one", "middle-of-one", "fewer-axes", "large"):
        yield Case(f"subtract-{name}", layers.Subtract, shapes[name][:2], lambda xs, w, t: np.subtract(*spread(xs)))

    for name, axis, of_inputs in [
        ("vectors", -1, ((3,), (5,), (1,))),
        ("channels", -1, ((5, 4, 3), (5, 4, 33))),
        ("rows", 1, ((2, 7), (3, 7))),
        ("middle", 2, ((3, 2, 5), (3, 4, 5))),
        ("large", -1, ((30, 40, 7), (30, 40, 2))),
    ]:
        yield Case(
            f"concatenate-{name}",
            lambda a=axis: layers.Concatenate(axis=a),
            of_inputs,
            lambda xs, w, t, a=axis: np.concatenate(xs, axis=a),
        )

    def batch_dot(a: Array, b: Array, axes: tuple[int, int], normalize: bool) -> Array:
        if normalize:
            a, b = unit_norm(a, axes[0]), unit_norm(b, axes[1])
        each = [np.tensordot(one, other, (axes[0] - 1, axes[1] - 1)) for one, other in zip(a, b, strict=True)]
        return np.array(each).reshape(len(a), *(each[0].shape or (1,)))

    for name, axes, of_inputs in [
        ("vectors", 1, ((19,), (19,))),
        ("matrices", 2, ((3, 7), (5, 7))),
        ("first-and-last", (2, 1), ((3, 7), (7, 33))),
        ("rank4", (3, 2), ((2, 3, 5), (4, 5, 3))),
        ("uneven", (1, 1), ((6,), (6, 5))),
        ("one", 1, ((1,), (1,))),
    ]:
        for normalize in (False, True):
            pair = axes if isinstance(axes, tuple) else (axes, axes)
            yield Case(
                f"dot-{name}{'-normalized' * normalize}",
                lambda a=axes, n=normalize: layers.Dot(a, normalize=n),
                of_inputs,
                lambda xs, w, t, p=pair, n=normalize: batch_dot(xs[0], xs[1], p, n),
            )


CASES: list[Case] = [
    *dense_cases(),
    *conv2d_cases(),
    *pool_cases(),
    *batch_normalization_cases(),
    *activation_cases(),
    *shape_cases(),
    *merging_cases(),
]


# Losses ---------------------------------------------------------------------------------------------------------------

EPSILON = 1e-7


def unit(p: Array) -> Array:
    """Clips to [1e-7, 1 - 1e-7] in float32, whose neighbor of 1 is 1.2e-7 away."""
    return np.clip(p, np.float32(EPSILON), np.float32(1 - EPSILON)).astype(np.float64)


def shares(p: Array) -> Array:
    """Returns outputs as probabilities: those that are not from a softmax are divided by their sum."""
    return unit(p / np.maximum(p.sum(axis=-1, keepdims=True), EPSILON))


def smooth_classes(y: Array, amount: float) -> Array:
    return y * (1 - amount) + amount / y.shape[-1]


def smooth_binary(y: Array, amount: float) -> Array:
    return y * (1 - amount) + 0.5 * amount


def from_scores(y: Array, scores: Array) -> Array:
    return -(y * (scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True)))).sum(axis=-1)


def from_binary_scores(y: Array, scores: Array) -> Array:
    return (softplus(scores) - y * scores).mean(axis=-1)


def one_hot(y: NDArray[Any], classes: int) -> Array:
    return np.eye(classes)[np.asarray(y, dtype=np.int64).reshape(len(y), *np.shape(y)[1:])]


@dataclass(frozen=True)
class LossCase:
    """One row of the table of losses: a Dense layer with this activation, this loss on its outputs.

    Attributes:
        name: Distinguishing feature.
        make: Creates the loss: an object or its name.
        units: Outputs of the Dense layer.
        activation: Activation of the Dense layer.
        labels: "real", "binary", "one_hot" or "class".
        reference: The loss of each sample from (labels, scores before the activation).
    """

    name: str
    make: Callable[[], Any]
    units: int
    activation: str | None
    labels: str
    reference: Callable[[Array, Array], Array]


def squared(y: Array, p: Array) -> Array:
    return ((y - p) ** 2).mean(axis=-1)


def absolute(y: Array, p: Array) -> Array:
    return np.abs(y - p).mean(axis=-1)


def cross_entropy(y: Array, p: Array) -> Array:
    return -(y * np.log(shares(p))).sum(axis=-1)


def binary_cross_entropy(y: Array, p: Array) -> Array:
    p = unit(p)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(axis=-1)


def loss_cases() -> Iterator[LossCase]:
    # Each row ends in the scores, before the activation: softmax and sigmoid run on them, with no cap.
    for name, make, reference in [
        ("mean-squared-error", losses.MeanSquaredError, squared),
        ("mse", lambda: "mse", squared),
        ("mean-squared-error-words", lambda: "mean_squared_error", squared),
        ("mean-absolute-error", losses.MeanAbsoluteError, absolute),
        ("mae", lambda: "mae", absolute),
    ]:
        yield LossCase(name, make, 3, None, "real", reference)
    yield LossCase("mse-sigmoid", lambda: "mse", 2, "sigmoid", "real", lambda y, s: squared(y, sigmoid(s)))
    yield LossCase("mse-one-output", lambda: "mse", 1, "relu", "real", lambda y, s: squared(y, relu(s)))

    yield LossCase("binary", lambda: "binary_crossentropy", 1, "sigmoid", "binary", from_binary_scores)
    yield LossCase("binary-three", losses.BinaryCrossentropy, 3, "sigmoid", "binary", from_binary_scores)
    yield LossCase(
        "binary-logits", lambda: losses.BinaryCrossentropy(from_logits=True), 2, None, "binary", from_binary_scores
    )
    yield LossCase(
        "binary-smooth",
        lambda: losses.BinaryCrossentropy(label_smoothing=0.2),
        2,
        "sigmoid",
        "binary",
        lambda y, s: from_binary_scores(smooth_binary(y, 0.2), s),
    )
    yield LossCase(
        "binary-smooth-logits",
        lambda: losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
        1,
        None,
        "binary",
        lambda y, s: from_binary_scores(smooth_binary(y, 0.1), s),
    )
    yield LossCase(
        "binary-of-hard-sigmoid",
        losses.BinaryCrossentropy,
        2,
        "hard_sigmoid",
        "binary",
        lambda y, s: binary_cross_entropy(y, ACTIVATIONS["hard_sigmoid"](s)),
    )
    yield LossCase(
        "binary-of-softmax",
        losses.BinaryCrossentropy,
        3,
        "softmax",
        "one_hot",
        lambda y, s: binary_cross_entropy(y, softmax(s)),
    )

    yield LossCase("categorical", lambda: "categorical_crossentropy", 4, "softmax", "one_hot", from_scores)
    yield LossCase("categorical-33", losses.CategoricalCrossentropy, 33, "softmax", "one_hot", from_scores)
    yield LossCase(
        "categorical-logits", lambda: losses.CategoricalCrossentropy(from_logits=True), 4, None, "one_hot", from_scores
    )
    yield LossCase(
        "categorical-smooth",
        lambda: losses.CategoricalCrossentropy(label_smoothing=0.1),
        4,
        "softmax",
        "one_hot",
        lambda y, s: from_scores(smooth_classes(y, 0.1), s),
    )
    yield LossCase(
        "categorical-smooth-logits",
        lambda: losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.3),
        3,
        None,
        "one_hot",
        lambda y, s: from_scores(smooth_classes(y, 0.3), s),
    )
    yield LossCase(
        "categorical-of-sigmoid",
        losses.CategoricalCrossentropy,
        3,
        "sigmoid",
        "one_hot",
        lambda y, s: cross_entropy(y, sigmoid(s)),
    )

    yield LossCase("sparse", lambda: "sparse_categorical_crossentropy", 5, "softmax", "class", from_scores)
    yield LossCase("sparse-object", losses.SparseCategoricalCrossentropy, 10, "softmax", "class", from_scores)
    yield LossCase(
        "sparse-logits", lambda: losses.SparseCategoricalCrossentropy(from_logits=True), 4, None, "class", from_scores
    )
    yield LossCase(
        "sparse-of-two-sigmoids",
        lambda: "sparse_categorical_crossentropy",
        2,
        "sigmoid",
        "class",
        lambda y, s: cross_entropy(y, sigmoid(s)),
    )


LOSS_CASES = list(loss_cases())


# Metrics --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MetricCase:
    """One row of the table of metrics: the mean over samples of `reference(labels, outputs)`."""

    name: str
    make: Callable[[], Any]
    loss: str
    units: int
    activation: str | None
    labels: str
    reference: Callable[[Array, Array], Array]


def same_class(y: Array, p: Array) -> Array:
    return (y.argmax(axis=-1) == p.argmax(axis=-1)).astype(np.float64)


def same_side(y: Array, p: Array, threshold: float = 0.5) -> Array:
    return ((p > threshold) == (y > 0.5)).astype(np.float64).mean(axis=-1)


METRIC_CASES = [
    MetricCase("accuracy-binary", lambda: "accuracy", "binary_crossentropy", 1, "sigmoid", "binary", same_side),
    MetricCase("acc-binary", lambda: "acc", "binary_crossentropy", 1, "sigmoid", "binary", same_side),
    MetricCase("accuracy-classes", lambda: "accuracy", "categorical_crossentropy", 4, "softmax", "one_hot", same_class),
    MetricCase(
        "accuracy-sparse", lambda: "accuracy", "sparse_categorical_crossentropy", 5, "softmax", "class", same_class
    ),
    MetricCase("acc-sparse", lambda: "acc", "sparse_categorical_crossentropy", 3, "softmax", "class", same_class),
    MetricCase("binary-accuracy", metrics.BinaryAccuracy, "binary_crossentropy", 3, "sigmoid", "binary", same_side),
    MetricCase(
        "binary-accuracy-threshold",
        lambda: metrics.BinaryAccuracy(threshold=0.7),
        "binary_crossentropy",
        2,
        "sigmoid",
        "binary",
        lambda y, p: same_side(y, p, 0.7),
    ),
    MetricCase(
        "categorical-accuracy",
        metrics.CategoricalAccuracy,
        "categorical_crossentropy",
        4,
        "softmax",
        "one_hot",
        same_class,
    ),
    MetricCase(
        "sparse-categorical-accuracy",
        metrics.SparseCategoricalAccuracy,
        "sparse_categorical_crossentropy",
        4,
        "softmax",
        "class",
        same_class,
    ),
    MetricCase("mse-metric", metrics.MeanSquaredError, "mae", 3, None, "real", squared),
    MetricCase("mae-metric", metrics.MeanAbsoluteError, "mse", 3, None, "real", absolute),
    MetricCase(
        "binary-crossentropy-metric",
        metrics.BinaryCrossentropy,
        "mse",
        2,
        "sigmoid",
        "binary",
        binary_cross_entropy,
    ),
    MetricCase(
        "categorical-crossentropy-metric",
        metrics.CategoricalCrossentropy,
        "mse",
        3,
        "softmax",
        "one_hot",
        cross_entropy,
    ),
    MetricCase(
        "sparse-crossentropy-metric",
        metrics.SparseCategoricalCrossentropy,
        "sparse_categorical_crossentropy",
        3,
        "softmax",
        "class",
        cross_entropy,
    ),
]


def labels_for(kind: str, rows: int, units: int, seed: int = 5) -> tuple[NDArray[Any], Array]:
    """Returns labels as a user passes them, and as the references need them: (rows, units) float64."""
    rng = np.random.default_rng(seed)
    if kind == "real":
        y = rng.normal(size=(rows, units)).astype(np.float32)
        return y, y.astype(np.float64)
    if kind == "binary":
        y = rng.integers(0, 2, size=(rows, units)).astype(np.float32)
        return y, y.astype(np.float64)
    classes = rng.integers(0, units, size=rows)
    hot = one_hot(classes, units)
    return (hot.astype(np.float32), hot) if kind == "one_hot" else (classes, hot)
