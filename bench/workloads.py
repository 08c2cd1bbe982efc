"""The networks that are measured, as data from which every adapter builds them in its framework.

This file also makes what all frameworks share: the rows, and the initial weights.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Labels = NDArray[np.int64]
Data = tuple[Array, Labels] | tuple[Array, Array] | tuple[Labels, Labels]


@dataclass(frozen=True)
class Dense:
    units: int
    activation: str = "linear"


@dataclass(frozen=True)
class Conv2D:
    filters: int
    kernel_size: int
    padding: str = "valid"
    activation: str = "linear"


@dataclass(frozen=True)
class MaxPooling2D:
    size: int = 2


@dataclass(frozen=True)
class BatchNormalization:
    momentum: float = 0.99
    epsilon: float = 1e-3


@dataclass(frozen=True)
class Relu:
    pass


@dataclass(frozen=True)
class Dropout:
    rate: float


@dataclass(frozen=True)
class Flatten:
    pass


@dataclass(frozen=True)
class Recurrent:
    """Recurrent layer; `kind` is "LSTM", "GRU" or "SimpleRNN"."""

    kind: str
    units: int
    return_sequences: bool = False


@dataclass(frozen=True)
class Residual:
    """Residual block: layers whose input is added to their output."""

    layers: tuple[Layer, ...]


# The others are used in kernels only.


@dataclass(frozen=True)
class Conv1D:
    filters: int
    kernel_size: int
    padding: str = "valid"


@dataclass(frozen=True)
class DepthwiseConv2D:
    kernel_size: int
    padding: str = "same"


@dataclass(frozen=True)
class Conv2DTranspose:
    """Padded `same`: the sides of the image times the strides. The kernel is larger than they by an even number."""

    filters: int
    kernel_size: int
    strides: int


@dataclass(frozen=True)
class LayerNormalization:
    epsilon: float = 1e-3


@dataclass(frozen=True)
class Embedding:
    input_dim: int
    output_dim: int


@dataclass(frozen=True)
class Categories:
    """Ids in the first columns of a row, each embedded by a table of its own, beside the numbers in the others."""

    columns: int
    input_dim: int
    output_dim: int


@dataclass(frozen=True)
class SelfAttention:
    heads: int
    key_dim: int


Layer = (
    Dense | Conv2D | MaxPooling2D | BatchNormalization | Relu | Dropout | Flatten | Recurrent | Residual
    | Conv1D | DepthwiseConv2D | Conv2DTranspose | LayerNormalization | Embedding | Categories | SelfAttention
)  # fmt: skip


class Missing(Exception):
    """Error: the data of a workload is not on this machine."""


class Unsupported(Exception):
    """Error: a framework cannot express this network."""


@dataclass(frozen=True)
class Workload:
    """Network with its rows, its loss and its optimizer, which is Adam.

    Attributes:
        name: Name for `--only`.
        title: Name in the tables.
        data: Makes the rows (float32 images, series or vectors, or ids) and their labels or targets.
        layers: The network.
        batch_size: Rows of a step.
        learning_rate: Learning rate of Adam.
        check_batches: Number of first steps whose losses are compared between frameworks.
        loss: "sparse_categorical_crossentropy" (of class indices) or "mean_squared_error".
    """

    name: str
    title: str
    data: Callable[[], Data]
    layers: tuple[Layer, ...]
    batch_size: int
    learning_rate: float = 0.001
    check_batches: int = 8
    loss: str = "sparse_categorical_crossentropy"

    @property
    def chained(self) -> bool:
        """True where each layer reads the output of the previous one only."""
        return not any(isinstance(layer, Residual | SelfAttention | Categories) for layer in self.layers)

    @property
    def input_dtype(self) -> str:
        return "int32" if isinstance(self.layers[0], Embedding) else "float32"

    @property
    def probabilities(self) -> bool:
        """True where it ends in a softmax, which belongs to the loss where a framework fuses both."""
        last = self.layers[-1]
        return isinstance(last, Dense) and last.activation == "softmax"

    def without_dropout(self) -> Workload:
        """The network without dropout, whose masks differ between frameworks, to compare losses."""
        kept = tuple(layer for layer in self.layers if not isinstance(layer, Dropout))
        return dataclasses.replace(self, layers=kept)


def course_samples() -> Data:
    """Returns 2,100 ages in [0, 1], labeled 1 above 65; one label in twenty is wrong."""
    rng = np.random.default_rng(0)
    ages = rng.integers(13, 101, size=2100)
    labels = (ages >= 65) ^ (rng.random(2100) < 0.05)
    return ((ages - 13) / 87).astype(np.float32)[:, None], labels.astype(np.int64)


def synthetic_images(rows: int, height: int, width: int, channels: int, classes: int) -> Data:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, size=rows)
    centres = rng.normal(size=(classes, height, width, channels))
    images = 0.3 * centres[labels] + rng.normal(size=(rows, height, width, channels))
    return images.astype(np.float32), labels


def synthetic_series(rows: int, steps: int, features: int) -> Data:
    """Returns series of noise, and as target of each a weighted sum, with larger weights for later steps."""
    rng = np.random.default_rng(0)
    series = rng.normal(size=(rows, steps, features))
    weights = rng.normal(size=features)
    targets = np.einsum("rtf,f,t->r", series, weights, 0.9 ** np.arange(steps)[::-1]) / np.sqrt(features)
    return series.astype(np.float32), targets.astype(np.float32)[:, None]


DIGESTS = {
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def idx(name: str) -> bytes:
    """Returns the unpacked file of this name in the folder FASTNN_DATA, checked by its SHA-256."""
    folder = os.environ.get("FASTNN_DATA")
    if not folder:
        raise Missing("FASTNN_DATA is not set: it names the folder with the MNIST test files (t10k-*-ubyte.gz)")
    path = Path(folder) / f"{name}.gz"
    if not path.exists():
        raise Missing(f"{path} does not exist")
    content = gzip.decompress(path.read_bytes())
    if hashlib.sha256(content).hexdigest() != DIGESTS[name]:
        raise ValueError(f"{path} is not the MNIST file: its SHA-256 differs")
    return content


def mnist() -> Data:
    """Returns 10,000 images of shape (28, 28, 1) in [0, 1], and their labels."""
    images = np.frombuffer(idx("t10k-images-idx3-ubyte"), np.uint8, offset=16).reshape(-1, 28, 28, 1)
    labels = np.frombuffer(idx("t10k-labels-idx1-ubyte"), np.uint8, offset=8)
    return np.divide(images, np.float32(255)), labels.astype(np.int64)


def mnist_vectors() -> Data:
    images, labels = mnist()
    return images.reshape(len(images), -1), labels


def vgg_block(filters: int) -> tuple[Layer, ...]:
    convolution = (Conv2D(filters, 3, "same"), BatchNormalization(), Relu())
    return (*convolution, *convolution, MaxPooling2D())


def residual_block(filters: int) -> Residual:
    return Residual((Conv2D(filters, 3, "same", "relu"), Conv2D(filters, 3, "same", "relu")))


WORKLOADS = [
    Workload(
        "course-mlp",
        "course MLP 1-16-32-2, batch 10",
        course_samples,
        (Dense(16, "relu"), Dense(32, "relu"), Dense(2, "sigmoid")),
        batch_size=10,
        learning_rate=0.0001,
        check_batches=210,
    ),
    Workload(
        "mnist-mlp",
        "MLP 784-512-512-10 with dropout, 10,000 digits, batch 128",
        mnist_vectors,
        (Dense(512, "relu"), Dropout(0.2), Dense(512, "relu"), Dropout(0.2), Dense(10, "softmax")),
        batch_size=128,
    ),
    Workload(
        "mnist-cnn",
        "CNN 32-64 with pooling and dropout, 10,000 digits, batch 128",
        mnist,
        (
            Conv2D(32, 3, "valid", "relu"),
            MaxPooling2D(),
            Conv2D(64, 3, "valid", "relu"),
            MaxPooling2D(),
            Flatten(),
            Dropout(0.5),
            Dense(10, "softmax"),
        ),
        batch_size=128,
    ),
    Workload(
        "course-pooled-cnn",
        "course CNN with pooling, 512 images 20x20x3, batch 32",
        lambda: synthetic_images(512, 20, 20, 3, 2),
        (
            Dense(16, "relu"),
            Conv2D(32, 3, "same", "relu"),
            MaxPooling2D(),
            Conv2D(64, 5, "same", "relu"),
            Flatten(),
            Dense(2, "softmax"),
        ),
        batch_size=32,
    ),
    Workload(
        "course-same-cnn",
        "course CNN padded `same`, 512 images 20x20x3, batch 32",
        lambda: synthetic_images(512, 20, 20, 3, 2),
        (
            Dense(16, "relu"),
            Conv2D(32, 3, "same", "relu"),
            Conv2D(64, 5, "same", "relu"),
            Conv2D(128, 7, "same", "relu"),
            Flatten(),
            Dense(2, "softmax"),
        ),
        batch_size=32,
        learning_rate=0.0001,
        check_batches=3,
    ),
    Workload(
        "vgg",
        "VGG-like 64-128-256 with batch norm, 512 images 32x32x3, batch 64",
        lambda: synthetic_images(512, 32, 32, 3, 10),
        (*vgg_block(64), *vgg_block(128), *vgg_block(256), Flatten(), Dense(10, "softmax")),
        batch_size=64,
        learning_rate=0.0001,
        check_batches=2,
    ),
    Workload(
        "residual",
        "residual CNN, 1 and 8 convolutions with 4 sums, 512 images 32x32x3, batch 64",
        lambda: synthetic_images(512, 32, 32, 3, 10),
        (Conv2D(32, 3, "same", "relu"), *[residual_block(32)] * 4, MaxPooling2D(8), Flatten(), Dense(10, "softmax")),
        batch_size=64,
        learning_rate=0.0001,
        check_batches=2,
    ),
    Workload(
        "lstm",
        "LSTM(128) and Dense(1), 2,048 series of 50 x 16, batch 64",
        lambda: synthetic_series(2048, 50, 16),
        (Recurrent("LSTM", 128), Dense(1)),
        batch_size=64,
        loss="mean_squared_error",
    ),
]


def without_sums(workload: Workload) -> Workload:
    """Returns the network with chains in place of residual blocks: the difference is the cost of the sums."""
    layers: list[Layer] = []
    for layer in workload.layers:
        layers += layer.layers if isinstance(layer, Residual) else [layer]
    return dataclasses.replace(workload, layers=tuple(layers))


GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}


def shape_after(layer: Layer, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the shape of one row after a layer."""
    match layer:
        case Dense(units):
            return (*shape[:-1], units)
        case Conv2D(filters, k, padding) | Conv1D(filters, k, padding):
            lost = 0 if padding == "same" else k - 1
            return (*(size - lost for size in shape[:-1]), filters)
        case DepthwiseConv2D(k, padding):
            lost = 0 if padding == "same" else k - 1
            return (shape[0] - lost, shape[1] - lost, shape[2])
        case Conv2DTranspose(filters, _, strides):
            return (shape[0] * strides, shape[1] * strides, filters)
        case MaxPooling2D(size):
            return (shape[0] // size, shape[1] // size, shape[2])
        case Flatten():
            return (int(np.prod(shape)),)
        case Recurrent(_, units, return_sequences):
            return (shape[0], units) if return_sequences else (units,)
        case Embedding(_, output_dim):
            return (*shape, output_dim)
        case Categories(columns, _, output_dim):
            return (columns * output_dim + shape[0] - columns,)
    return shape


def initial_weights(workload: Workload, shape: tuple[int, ...]) -> list[Array]:
    """Returns the initial weights for all frameworks, layer by layer, in Keras' shapes and order.

    Kernels (height, width, in, out) or (in, out) are Glorot uniform, biases zero; batch normalization has gamma, beta,
    moving mean, moving variance.

    Args:
        workload: The network.
        shape: The shape of one row.
    """
    rng = np.random.default_rng(1)
    weights: list[Array] = []

    def kernel(*sizes: int) -> Array:
        field = int(np.prod(sizes[:-2]))
        limit = np.sqrt(6 / (field * (sizes[-2] + sizes[-1])))
        return rng.uniform(-limit, limit, size=sizes).astype(np.float32)

    def zeros(*sizes: int) -> Array:
        return np.zeros(sizes, np.float32)

    def of(layer: Layer, shape: tuple[int, ...]) -> list[Array]:
        match layer:
            case Dense(units):
                return [kernel(shape[-1], units), zeros(units)]
            case Conv2D(filters, k):
                return [kernel(k, k, shape[-1], filters), zeros(filters)]
            case Conv1D(filters, k):
                return [kernel(k, shape[-1], filters), zeros(filters)]
            case DepthwiseConv2D(k):
                return [kernel(k, k, shape[-1], 1), zeros(shape[-1])]
            case Conv2DTranspose(filters, k):
                return [kernel(k, k, filters, shape[-1]), zeros(filters)]
            case BatchNormalization():
                ones = np.ones(shape[-1], np.float32)
                return [ones, zeros(shape[-1]), zeros(shape[-1]), ones.copy()]
            case LayerNormalization():
                return [np.ones(shape[-1], np.float32), zeros(shape[-1])]
            case Recurrent(kind, units):
                columns = GATES[kind] * units
                bias = zeros(2, columns) if kind == "GRU" else zeros(columns)
                if kind == "LSTM":
                    bias[units : 2 * units] = 1  # the forget gate's
                return [kernel(shape[-1], columns), kernel(units, columns), bias]
            case Embedding(rows, columns):
                return [kernel(rows, columns)]
            case Categories(count, rows, columns):
                return [kernel(rows, columns) for _ in range(count)]
            case SelfAttention(heads, size):
                width = shape[-1]
                projections = [w for _ in range(3) for w in (kernel(width, heads, size), zeros(heads, size))]
                return [*projections, kernel(heads, size, width), zeros(width)]
            case Residual(layers):
                found: list[Array] = []
                for one in layers:
                    found += of(one, shape)
                    shape = shape_after(one, shape)
                return found
        return []

    for layer in workload.layers:
        weights += of(layer, shape)
        shape = shape_after(layer, shape)
    return weights


def arithmetic(workload: Workload, shape: tuple[int, ...], training: bool) -> float:
    """Returns the floating-point operations of products and convolutions for a row: two for each multiply-add.

    Training counts the forward pass and both gradients, but no gradient for the input of the network.

    Args:
        workload: The network.
        shape: The shape of one row.
        training: Counts a training step in place of a forward pass.
    """

    def products(layer: Layer, shape: tuple[int, ...]) -> tuple[float, float]:
        """Returns the multiply-adds that read the input of the layer, and those of its own results."""
        after = float(np.prod(shape_after(layer, shape)))
        match layer:
            case Dense():
                return after * shape[-1], 0
            case Conv2D(_, k):
                return after * k * k * shape[-1], 0
            case Conv1D(_, k):
                return after * k * shape[-1], 0
            case DepthwiseConv2D(k):
                return after * k * k, 0
            case Conv2DTranspose(filters, k):
                return float(np.prod(shape)) * k * k * filters, 0
            case Recurrent(kind, units):
                columns = GATES[kind] * units
                return float(shape[0] * shape[1] * columns), float(shape[0] * units * columns)
            case SelfAttention(heads, size):
                steps, width = shape
                return float(3 * steps * width * heads * size), float(heads * size * steps * (2 * steps + width))
            case Residual(layers):
                reading = 0.0
                for one in layers:
                    reading += sum(products(one, shape))
                    shape = shape_after(one, shape)
                return reading, 0
        return 0, 0

    total, passes = 0.0, 2 if training else 1
    for layer in workload.layers:
        reading, within = products(layer, shape)
        total += 2 * (passes * reading + (3 if training else 1) * within)
        if reading:
            passes = 3 if training else 1
        shape = shape_after(layer, shape)
    return total


def traffic(workload: Workload, shape: tuple[int, ...]) -> float:
    """Returns the bytes of input and output of a row, for a network of one layer."""
    return 4.0 * (np.prod(shape) + np.prod(shape_after(workload.layers[0], shape)))
