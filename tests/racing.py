"""Threads and pieces of the core at work together, for ThreadSanitizer; .ci/full runs it on the preset tsan.

Several threads predict, evaluate, read and save while one trains; models train in pieces, with barriers, with steps of
their own, and are torn down. Prints "raced" at the end.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import fastnn
import small_works
from fastnn import layers

ROUNDS = 3


def together(*works: Callable[[], Any]) -> None:
    """Runs works at the same time, each in a thread of its own; the first goes on until the others end."""
    errors: list[BaseException] = []
    ends = threading.Event()

    def run(work: Callable[[], Any], last: bool) -> None:
        try:
            for _ in range(ROUNDS):
                work()
            while not last and not ends.is_set():
                work()
        except BaseException as error:
            errors.append(error)

    first, *others = [threading.Thread(target=run, args=(work, i > 0)) for i, work in enumerate(works)]
    for thread in (first, *others):
        thread.start()
    for thread in others:
        thread.join()
    ends.set()
    first.join()
    if errors:
        raise errors[0]


def big() -> fastnn.Model:
    """Returns a model whose batches are cut into pieces."""
    model = fastnn.Sequential(
        [
            fastnn.Input((16, 16, 4)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(fastnn.optimizers.Adam(use_ema=True, global_clipnorm=1.0), "sparse_categorical_crossentropy")
    return model


def main() -> None:
    fastnn.config.set_num_threads(4)
    x, y = np.ones((128, 16, 16, 4), np.float32), np.zeros(128, np.int32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        for model, data, targets in (
            (small_works.built(), small_works.X, small_works.Y),
            (small_works.built(small_works.OwnSteps), small_works.X, small_works.Y),
            (big(), x, y),
        ):
            model.fit(data, targets, verbose=0)
            together(
                lambda model=model, data=data, targets=targets: model.fit(data, targets, batch_size=32, verbose=0),
                lambda model=model, data=data: model.predict(data, verbose=0),
                lambda model=model, data=data: model(data[:7]),
                lambda model=model, data=data, targets=targets: model.evaluate(data, targets, verbose=0),
                lambda model=model: model.save(path / "m.keras"),
                lambda model=model: model.set_weights(model.get_weights()),
                lambda model=model: (int(model.optimizer.iterations.numpy()), float(model.optimizer.learning_rate)),
            )
            print("one", flush=True)
        model = small_works.built()
        together(
            lambda: model.fit(small_works.Sequence(workers=2), verbose=0),
            lambda: small_works.fit(small_works.built()),
            lambda: fastnn.saving.load_model(path / "m.keras"),
        )
    print("raced")


if __name__ == "__main__":
    main()
