"""The model and the data of `record_distribution.py`."""

from __future__ import annotations

from typing import Any

import numpy as np


def build(keras: Any) -> Any:
    """Returns a compiled model with two layers of batch normalization."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            keras.layers.Conv2D(4, 3, strides=2, use_bias=False),
            keras.layers.BatchNormalization(momentum=0.8),
            keras.layers.ReLU(),
            keras.layers.Flatten(),
            keras.layers.Dense(6),
            keras.layers.BatchNormalization(scale=False, momentum=0.5),
            keras.layers.Activation("tanh"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def data() -> tuple[Any, Any]:
    """Returns images whose mean and spread differ from row to row: those of a device have others than all."""
    random = np.random.RandomState(0)
    labels = random.randint(0, 3, 64)
    images = (
        random.normal(size=(64, 8, 8, 2)) * (1 + labels[:, None, None, None])
        + np.linspace(-2, 2, 64)[:, None, None, None]
    )
    return images.astype("float32"), labels.astype("int32")
