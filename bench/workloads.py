"""The networks that are measured, as data: every adapter builds them in the words of its own framework.

This file also makes what all frameworks share: the rows, and the weights that training begins with.
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
Data = tuple[Array, Labels]


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


Layer = Dense | Conv2D | MaxPooling2D | BatchNormalization | Relu | Dropout | Flatten


class Missing(Exception):
    """The data of a workload is not on this machine."""


class Unsupported(Exception):
    """A framework cannot express this network."""


@dataclass(frozen=True)
class Workload:
    """A network, its rows and its optimizer (Adam, with the loss of class numbers: sparse categorical cross-entropy).

    Attributes:
        name: How `--only` calls it.
        title: How the table calls it.
        data: Makes the rows (float32 images or vectors, labels).
        layers: The network.
        batch_size: Rows a step.
        learning_rate: Of Adam.
        check_batches: Over how many first steps the losses of the frameworks are compared.
    """

    name: str
    title: str
    data: Callable[[], Data]
    layers: tuple[Layer, ...]
    batch_size: int
    learning_rate: float = 0.001
    check_batches: int = 8

    def without_dropout(self) -> Workload:
        """The network whose losses can be compared: masks differ between frameworks."""
        kept = tuple(layer for layer in self.layers if not isinstance(layer, Dropout))
        return dataclasses.replace(self, layers=kept)


def course_samples() -> Data:
    """2,100 ages in [0, 1], labelled by whether they are above 65, one in twenty the other way."""
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


DIGESTS = {
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def idx(name: str) -> bytes:
    """The unpacked file of this name in the folder that FASTNN_DATA names, known by its SHA-256."""
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
    """10,000 images (28, 28, 1) in [0, 1]."""
    images = np.frombuffer(idx("t10k-images-idx3-ubyte"), np.uint8, offset=16).reshape(-1, 28, 28, 1)
    labels = np.frombuffer(idx("t10k-labels-idx1-ubyte"), np.uint8, offset=8)
    return np.divide(images, np.float32(255)), labels.astype(np.int64)


def mnist_vectors() -> Data:
    images, labels = mnist()
    return images.reshape(len(images), -1), labels


def vgg_block(filters: int) -> tuple[Layer, ...]:
    convolution = (Conv2D(filters, 3, "same"), BatchNormalization(), Relu())
    return (*convolution, *convolution, MaxPooling2D())


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
]


def initial_weights(workload: Workload, shape: tuple[int, ...]) -> list[Array]:
    """Where every framework begins: Glorot uniform kernels (height, width, in, out) or (in, out), zero biases, and for
    batch normalization gamma, beta, moving mean, moving variance; in the order of the layers.

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

    for layer in workload.layers:
        match layer:
            case Dense(units):
                weights += [kernel(shape[-1], units), np.zeros(units, np.float32)]
                shape = (*shape[:-1], units)
            case Conv2D(filters, k, padding):
                weights += [kernel(k, k, shape[-1], filters), np.zeros(filters, np.float32)]
                lost = 0 if padding == "same" else k - 1
                shape = (shape[0] - lost, shape[1] - lost, filters)
            case MaxPooling2D(size):
                shape = (shape[0] // size, shape[1] // size, shape[2])
            case BatchNormalization():
                ones, zeros = np.ones(shape[-1], np.float32), np.zeros(shape[-1], np.float32)
                weights += [ones, zeros, zeros.copy(), ones.copy()]
            case Flatten():
                shape = (int(np.prod(shape)),)
    return weights


def arithmetic(workload: Workload, shape: tuple[int, ...], training: bool) -> float:
    """Floating-point operations of the products and convolutions, a row: two for each multiply-add of the direct form.

    Training counts the forward pass and both gradients, but no gradient for the input of the network.

    Args:
        workload: The network.
        shape: The shape of one row.
        training: Whether to count a step or a forward pass.
    """
    total, passes = 0.0, 2 if training else 1
    for layer in workload.layers:
        match layer:
            case Dense(units):
                total += passes * 2 * np.prod(shape) * units
                shape = (*shape[:-1], units)
            case Conv2D(filters, k, padding):
                lost = 0 if padding == "same" else k - 1
                channels, shape = shape[-1], (shape[0] - lost, shape[1] - lost, filters)
                total += passes * 2 * k * k * channels * np.prod(shape)
            case MaxPooling2D(size):
                shape = (shape[0] // size, shape[1] // size, shape[2])
                continue
            case Flatten():
                shape = (int(np.prod(shape)),)
                continue
            case _:
                continue
        passes = 3 if training else 1
    return float(total)
