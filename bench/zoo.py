"""The networks of `python -m bench zoo`: what people train on processors beside the networks of `workloads.py`.

They are run as those are: answers compared, each framework in a process of its own, in turns.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from bench.workloads import (
    BatchNormalization,
    Categories,
    Conv1D,
    Conv2D,
    Data,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNormalization,
    MaxPooling2D,
    Recurrent,
    Relu,
    Residual,
    SelfAttention,
    Workload,
    mnist_vectors,
    residual_block,
    synthetic_images,
    synthetic_series,
)


def synthetic_rows(rows: int, features: int, classes: int) -> Data:
    """Returns vectors around the centre of their class."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, size=rows)
    centres = rng.normal(size=(classes, features))
    return (0.3 * centres[labels] + rng.normal(size=(rows, features))).astype(np.float32), labels


def synthetic_texts(rows: int, tokens: int, vocabulary: int) -> Data:
    """Returns series of ids, labelled by which half of the vocabulary most of them are in."""
    rng = np.random.default_rng(0)
    ids = rng.integers(0, vocabulary, size=(rows, tokens))
    return ids, (np.mean(ids < vocabulary // 2, axis=1) > 0.5).astype(np.int64)


def synthetic_table(rows: int, categories: int, ids: int, numbers: int) -> Data:
    """Returns rows of ids and of numbers, and as target of each a sum of effects of both."""
    rng = np.random.default_rng(0)
    chosen = rng.integers(0, ids, size=(rows, categories))
    measured = rng.normal(size=(rows, numbers))
    effects = rng.normal(size=(categories, ids))
    targets = effects[np.arange(categories), chosen].sum(axis=1) / np.sqrt(categories) + measured.mean(axis=1)
    return np.hstack([chosen, measured]).astype(np.float32), targets.astype(np.float32)[:, None]


def reproduced_digits() -> Data:
    """Returns digits whose targets they are themselves."""
    images, _ = mnist_vectors()
    return images, images


def separable(filters: int) -> tuple[Layer, ...]:
    """Returns a depthwise convolution and one of single pixels, each normalized."""
    return (DepthwiseConv2D(3), BatchNormalization(), Relu(), Conv2D(filters, 1), BatchNormalization(), Relu())


def encoder(width: int, heads: int) -> tuple[Layer, ...]:
    """Returns a block of a transformer, normalized before its parts."""
    return (
        Residual((LayerNormalization(), SelfAttention(heads, width // heads))),
        Residual((LayerNormalization(), Dense(4 * width, "relu"), Dense(width))),
    )


ZOO = [
    Workload(
        "mlp-plain",
        "MLP 784-512-512-10, 10,000 digits, batch 128",
        mnist_vectors,
        (Dense(512, "relu"), Dense(512, "relu"), Dense(10, "softmax")),
        batch_size=128,
    ),
    Workload(
        "mlp-wide",
        "MLP 1024-2048-2048-10, 5,120 rows, batch 512",
        partial(synthetic_rows, 5120, 1024, 10),
        (Dense(2048, "relu"), Dense(2048, "relu"), Dense(10, "softmax")),
        batch_size=512,
    ),
    Workload(
        "mlp-deep",
        "MLP of 12 layers of 128, 20,000 rows of 32, batch 256",
        partial(synthetic_rows, 20_000, 32, 10),
        (*[Dense(128, "relu")] * 12, Dense(10, "softmax")),
        batch_size=256,
    ),
    Workload(
        "autoencoder",
        "autoencoder 784-128-64-32-64-128-784, 10,000 digits, batch 256",
        reproduced_digits,
        (*[Dense(units, "relu") for units in (128, 64, 32, 64, 128)], Dense(784, "sigmoid")),
        batch_size=256,
        # Its gradients are so small that it matters where an Adam adds its epsilon, which frameworks do at two places.
        check_batches=1,
        loss="mean_squared_error",
    ),
    Workload(
        "lenet",
        "LeNet, 4,096 images 32x32x1, batch 64",
        partial(synthetic_images, 4096, 32, 32, 1, 10),
        (
            Conv2D(6, 5, "valid", "relu"),
            MaxPooling2D(),
            Conv2D(16, 5, "valid", "relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(120, "relu"),
            Dense(84, "relu"),
            Dense(10, "softmax"),
        ),
        batch_size=64,
    ),
    Workload(
        "cifar-cnn",
        "CNN 32-32-64-64 with dropout, 1,024 images 32x32x3, batch 32",
        partial(synthetic_images, 1024, 32, 32, 3, 10),
        (
            Conv2D(32, 3, "same", "relu"),
            Conv2D(32, 3, "valid", "relu"),
            MaxPooling2D(),
            Dropout(0.25),
            Conv2D(64, 3, "same", "relu"),
            Conv2D(64, 3, "valid", "relu"),
            MaxPooling2D(),
            Dropout(0.25),
            Flatten(),
            Dense(512, "relu"),
            Dropout(0.5),
            Dense(10, "softmax"),
        ),
        batch_size=32,
        learning_rate=0.0001,
        check_batches=4,
    ),
    Workload(
        "resnet",
        "residual CNN, 3 stages of 16-32-64 with 3 sums each, 256 images 32x32x3, batch 32",
        partial(synthetic_images, 256, 32, 32, 3, 10),
        (
            *[
                one
                for filters in (16, 32, 64)
                for one in (Conv2D(filters, 3, "same", "relu"), *[residual_block(filters)] * 3, MaxPooling2D())
            ],
            Flatten(),
            Dense(10, "softmax"),
        ),
        batch_size=32,
        learning_rate=0.0001,
        check_batches=2,
    ),
    Workload(
        "mobilenet",
        "depthwise and 1x1 convolutions 32-64-128-128, 256 images 64x64x3, batch 32",
        partial(synthetic_images, 256, 64, 64, 3, 10),
        (
            Conv2D(32, 3, "same"),
            BatchNormalization(),
            Relu(),
            MaxPooling2D(),
            *separable(64),
            *separable(128),
            MaxPooling2D(),
            *separable(128),
            MaxPooling2D(8),
            Flatten(),
            Dense(10, "softmax"),
        ),
        batch_size=32,
        learning_rate=0.0001,
        check_batches=2,
    ),
    Workload(
        "conv1d",
        "Conv1D 64-64 on 2,048 series of 128 x 8, batch 64",
        partial(synthetic_series, 2048, 128, 8),
        (Conv1D(64, 5), Relu(), Conv1D(64, 5), Relu(), Flatten(), Dense(1)),
        batch_size=64,
        loss="mean_squared_error",
    ),
    Workload(
        "gru",
        "GRU(64) twice on 1,024 series of 60 x 16, batch 64",
        partial(synthetic_series, 1024, 60, 16),
        (Recurrent("GRU", 64, return_sequences=True), Recurrent("GRU", 64), Dense(1)),
        batch_size=64,
        loss="mean_squared_error",
    ),
    Workload(
        "text-lstm",
        "Embedding(10,000, 64) and LSTM(64), 2,048 texts of 80 words, batch 64",
        partial(synthetic_texts, 2048, 80, 10_000),
        (Embedding(10_000, 64), Recurrent("LSTM", 64), Dense(2, "softmax")),
        batch_size=64,
    ),
    Workload(
        "text-embedding",
        "Embedding(10,000, 64), 256 words flattened, 2,048 texts, batch 256",
        partial(synthetic_texts, 2048, 256, 10_000),
        (Embedding(10_000, 64), Flatten(), Dense(2, "softmax")),
        batch_size=256,
        check_batches=4,
    ),
    Workload(
        "tabular",
        "20 columns embedded in 1000 x 16 each and 13 numbers, 256-128-64-1, 20,000 rows, batch 256",
        partial(synthetic_table, 20_000, 20, 1000, 13),
        (Categories(20, 1000, 16), Dense(256, "relu"), Dense(128, "relu"), Dense(64, "relu"), Dense(1)),
        batch_size=256,
        loss="mean_squared_error",
    ),
    Workload(
        "transformer",
        "transformer of 2 blocks 128 wide, 512 texts of 64 words, vocabulary 1,000, batch 32",
        partial(synthetic_texts, 512, 64, 1000),
        (
            Embedding(1000, 128),
            *encoder(128, 4),
            *encoder(128, 4),
            LayerNormalization(),
            Flatten(),
            Dense(2, "softmax"),
        ),
        batch_size=32,
        learning_rate=0.0001,
        check_batches=4,
    ),
]
