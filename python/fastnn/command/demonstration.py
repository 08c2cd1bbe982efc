"""The demonstration: a small convolutional network learns handwritten digits and reports its test accuracy.

It needs no other file and no network, and uses public functions only.
"""

from __future__ import annotations

import argparse
import time

import fastnn
from fastnn import datasets, layers, optimizers, utils
from fastnn.command import options


def block(filters: int) -> list[layers.Layer]:
    """Returns the layers of a block: convolution, batch normalization, activation."""
    convolution = layers.Conv2D(filters, 3, padding="same", use_bias=False)
    return [convolution, layers.BatchNormalization(momentum=0.9), layers.ReLU()]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the demonstration."""
    parser.add_argument("--epochs", type=int, default=25, help="passes over the training digits (default: %(default)s)")
    options.add_seed(parser)
    options.add_threads(parser)


def run(arguments: argparse.Namespace) -> None:
    """Trains and evaluates the network."""
    fastnn.config.set_num_threads(arguments.threads)
    utils.set_random_seed(arguments.seed)
    (images, y_train), (test_images, y_test) = datasets.digits.load_data()
    x_train, x_test = images[..., None] / 16, test_images[..., None] / 16

    model = fastnn.Sequential(
        [
            layers.Input((8, 8, 1)),
            *block(32),
            *block(32),
            layers.MaxPooling2D(),
            *block(64),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(0.002), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.summary()

    begin = time.perf_counter()
    model.fit(x_train, y_train, batch_size=64, epochs=arguments.epochs, verbose=1)
    seconds = time.perf_counter() - begin
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"trained in {seconds:.1f} s; test accuracy {accuracy:.2%} on {len(y_test)} digits not seen in training")
