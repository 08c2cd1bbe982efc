"""Many models trained side by side: the bits of one after the other, folds, errors, interruptions."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import layers
from fastnn.wrappers import fit_many

X = np.random.default_rng(0).normal(size=(90, 3)).astype(np.float32)
Y = X[:, :1] - X[:, 1:2]


def build(units: int = 4, seed: int = 0, rate: float = 0.2) -> Any:
    fastnn.utils.set_random_seed(seed)
    model = fastnn.Sequential(
        [layers.Input((3,)), layers.Dense(units, "relu"), layers.Dropout(rate), layers.Dense(1)]
    )  # fmt: skip
    model.compile("adam", "mse", metrics=["mae"])
    return model


def bits(model: Any) -> list[bytes]:
    return [one.tobytes() for one in model.get_weights()]


@pytest.mark.parametrize("threads", [1, 3])
def test_models_have_the_bits_of_one_after_the_other(threads: int) -> None:
    arguments = [{"units": 3 + n % 4, "seed": n} for n in range(12)]
    alone = [build(**one) for one in arguments]
    for model in alone:
        model.fit(X, Y, batch_size=7, epochs=3, verbose=0)
    together = fit_many(build, X, Y, arguments=arguments, threads=threads, batch_size=7, epochs=3)
    assert [bits(model) for model in together] == [bits(model) for model in alone]
    assert [m.history.history for m in together] == [m.history.history for m in alone]
    given = [build(**one) for one in arguments]
    assert all(one is other for one, other in zip(fit_many(given, X, Y, batch_size=7, epochs=3), given, strict=True))
    assert [bits(model) for model in given] == [bits(model) for model in alone]


def test_folds_are_rows_of_the_shared_arrays() -> None:
    folds = np.array_split(np.arange(len(X)), 3)
    train = [np.setdiff1d(np.arange(len(X)), fold) for fold in folds]
    models = fit_many(build, X, Y, arguments=3, rows=train, validation_rows=folds, epochs=2)
    for model, kept, held in zip(models, train, folds, strict=True):
        alone = build()
        alone.fit(X[kept], Y[kept], epochs=2, verbose=0, validation_data=(X[held], Y[held]))
        assert alone.history.history == model.history.history


def test_each_model_has_callbacks_of_its_own_and_one_thread() -> None:
    seen = []

    class Watching(fastnn.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append((self, threading.get_ident()))

    fit_many(build, X, Y, arguments=5, threads=2, epochs=3, callbacks=lambda: [Watching()])
    assert len(seen) == 15 and len({callback for callback, _ in seen}) == 5
    assert all(len({thread for one, thread in seen if one is callback}) == 1 for callback, _ in seen)
    assert threading.get_ident() not in {thread for _, thread in seen}


def test_an_error_names_its_model_and_ends_the_others() -> None:
    class Ending(fastnn.callbacks.Callback):
        begun = 0

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if self.model.layers[0].units == 7:
                raise RuntimeError("of the callback")

        def on_train_begin(self, logs: Any = None) -> None:
            type(self).begun += 1

    arguments = [{"units": 7 if n == 1 else 4} for n in range(40)]
    with pytest.raises(RuntimeError, match="of the callback") as found:
        fit_many(build, X, Y, arguments=arguments, threads=2, epochs=10**6, callbacks=Ending)
    assert "model 1 of fit_many" in "\n".join([str(found.value), *getattr(found.value, "__notes__", [])])
    assert Ending.begun < 10


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: fit_many(build(), X, Y), TypeError, "got one model"),
        (lambda: fit_many(build, X, Y), TypeError, r"arguments=\[\{...\}, ...\]"),
        (lambda: fit_many([build()], X, Y, arguments=[{}]), TypeError, "beside a function"),
        (lambda: fit_many([build()] * 2, X, Y), ValueError, "each model once"),
        (lambda: fit_many(3, X, Y), TypeError, "got int"),
        (lambda: fit_many(build, iter([(X, Y)]), arguments=2), TypeError, "list_iterator"),
        (lambda: fit_many(build, X, Y, arguments=2, rows=[[0, 1]]), ValueError, "each of the 2 models, got 1"),
        (lambda: fit_many(build, X, Y, arguments=2, threads=0), ValueError, "at least 1, got 0"),
        (lambda: fit_many(build, X, Y, arguments=2, callbacks=[]), TypeError, "lambda"),
        (lambda: fit_many(build, X[:, :2], Y, arguments=2), ValueError, r"expects x of shape \(batch, 3\)"),
    ],
)
def test_mistakes(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_no_models_are_trained_at_once() -> None:
    assert fit_many([], X, Y) == []
