"""`python -m fastnn bench`: how fast a model is on this machine.

`python -m bench` in the repository compares with other frameworks; this measures fastnn alone, and needs nothing else.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import fastnn
from fastnn import layers, models
from fastnn.command import options

_BATCH = 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `bench`."""
    parser.add_argument("model", type=Path, nargs="?", help="a model file (default: two built-in networks)")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each measurement (default: %(default)s)")
    options.add_threads(parser)


def run(arguments: argparse.Namespace) -> None:
    """Measures and prints a table.

    Raises:
        ValueError: The model's inputs have sizes that are not known.
        OSError: The file cannot be read.
    """
    fastnn.config.set_num_threads(arguments.threads)
    fastnn.show_config()
    found = _built_in() if arguments.model is None else {arguments.model.name: models.load_model(arguments.model)}
    print(f"\n{'':<28}{'one row':>12}{'rows a second':>16}{'step of 32':>14}")
    for name, model in found.items():
        cells = _measured(model, arguments.seconds)
        print(f"{name:<28}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, (12, 16, 14), strict=True)))


def _built_in() -> dict[str, Any]:
    fastnn.utils.set_random_seed(1)
    dense = fastnn.Sequential([layers.Input((784,)), layers.Dense(512, "relu"), layers.Dense(10, "softmax")])
    images = fastnn.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, "softmax"),
        ]
    )
    for model in (dense, images):
        model.compile("adam", loss="sparse_categorical_crossentropy")
    return {"MLP 784-512-10": dense, "CNN 28x28, 32-64 filters": images}


def _samples(tensor: Any, rows: int) -> Any:
    shape = tensor.shape[1:]
    if None in shape:
        raise ValueError(f"bench expects inputs of known sizes, got {tensor.shape} of {tensor.name!r}")
    random = np.random.default_rng(0)
    if np.dtype(str(tensor.dtype)).kind in "iu":
        return np.zeros((rows, *shape), dtype=str(tensor.dtype))
    return random.random((rows, *shape), dtype="float32")


def _measured(model: Any, seconds: float) -> tuple[str, str, str]:
    def batch(rows: int) -> Any:
        made = [_samples(tensor, rows) for tensor in model.inputs]
        return made[0] if len(made) == 1 else made

    one, many = batch(1), batch(_BATCH)
    alone = _fastest(lambda: model.predict(one, verbose=0), seconds)
    together = _fastest(lambda: model.predict(many, batch_size=_BATCH, verbose=0), seconds)
    step = "-"
    if model.optimizer is not None:
        x = batch(32)
        y = model.predict(x, verbose=0)
        if getattr(model.loss, "name", model.loss) == "sparse_categorical_crossentropy":
            y = y.argmax(axis=-1)
        step = _shown(_fastest(lambda: model.train_on_batch(x, y), seconds))
    return _shown(alone), f"{_BATCH / together:,.0f}", step


def _fastest(work: Callable[[], Any], seconds: float) -> float:
    """Returns the least time of a call, in seconds, of as many as fit into the time given."""
    work()
    least, end = np.inf, time.perf_counter() + seconds
    while True:
        begin = time.perf_counter()
        work()
        now = time.perf_counter()
        least = min(least, now - begin)
        if now >= end:
            return float(least)


def _shown(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} us" if seconds < 1e-3 else f"{seconds * 1e3:.2f} ms"
