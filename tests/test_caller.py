"""Warnings name the line of the script that led to them, however deep in the package they arise."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import layers

X, Y = np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)


def compiled() -> Any:
    model = fastnn.Sequential([layers.Input((2,)), layers.Dense(3), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def frozen() -> Any:
    model = compiled()
    model.layers[0].trainable = False
    return model


def with_unknown_loss() -> Any:
    model = fastnn.Sequential([layers.Input((2,)), layers.Dense(1, activation="softmax")])
    model.compile("sgd", "binary_crossentropy")
    return model


@pytest.mark.parametrize(
    "call",
    [
        lambda model: fastnn.optimizers.Adam(lr=0.01),
        lambda model: layers.Dense(2, dtype="float16"),
        lambda model: fastnn.mixed_precision.set_global_policy("mixed_float16"),
        lambda model: fastnn.config.enable_flash_attention(),
        lambda model: frozen().fit(X, Y, verbose=0),
        lambda model: with_unknown_loss().fit(X, Y, verbose=0),
        lambda model: model.fit(X, Y, verbose=0, callbacks=[fastnn.callbacks.EarlyStopping()]),
        lambda model: model.fit(iter([(X, Y)]), steps_per_epoch=5, verbose=0),
        lambda model: fastnn.callbacks.EarlyStopping(mode="up"),
    ],
)
def test_a_warning_names_the_line_that_led_to_it(call: Callable[[Any], Any]) -> None:
    model = compiled()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(model)
    assert caught
    for warning in caught:
        assert Path(warning.filename) == Path(__file__)
        assert warning.lineno == inspect.getsourcelines(call)[1]


def test_the_same_line_is_told_once() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            fastnn.config.enable_flash_attention()
        fastnn.config.enable_flash_attention()
    assert len(caught) == 2
