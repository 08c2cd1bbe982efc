"""Records what Keras tells callbacks, and what its own callbacks do: python record_callbacks.py, with Keras installed.

`hooks` runs `fit`, `evaluate` and `predict` in several ways and returns every hook with its place, the names and the
values of its logs. `dictated` gives Keras' callbacks a list of values in place of what the model measures, and returns
what they did: epochs, learning rates, files, lines. The tests run the same functions with fastnn.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

X = (np.arange(10, dtype="float32").reshape(10, 1) - 3.7) / 8
Y = 2 * X + 0.5
HOOKS = (
    *(f"on_{mode}_{end}" for mode in ("train", "test", "predict") for end in ("begin", "end")),
    *(f"on_{mode}_batch_{end}" for mode in ("train", "test", "predict") for end in ("begin", "end")),
    "on_epoch_begin",
    "on_epoch_end",
)


def line(keras: Any, metrics: bool = True) -> Any:
    """A model of one weight, which trains alike everywhere."""
    inputs = keras.Input((1,), name="x")
    model = keras.Model(inputs, keras.layers.Dense(1, kernel_initializer="ones", name="line")(inputs))
    model.compile(keras.optimizers.SGD(0.1), "mse", metrics=["mae"] if metrics else None)
    return model


def fork(keras: Any) -> Any:
    """A model of two outputs."""
    inputs = keras.Input((1,), name="x")
    one = keras.layers.Dense(1, kernel_initializer="ones", name="one")(inputs)
    two = keras.layers.Dense(2, kernel_initializer="ones", name="two")(inputs)
    model = keras.Model(inputs, {"one": one, "two": two})
    model.compile(keras.optimizers.SGD(0.1), {"one": "mse", "two": "mae"}, metrics={"one": ["mae"], "two": ["mse"]})
    return model


def _plain(logs: Any) -> Any:
    if not logs:
        return {}
    shown: dict[str, Any] = {}
    for name, value in logs.items():
        if isinstance(value, dict):
            shown[name] = {key: list(np.shape(part)) for key, part in value.items()}
        else:
            shown[name] = list(np.shape(value)) if np.ndim(value) else round(float(value), 5)
    return shown


def recorder(keras: Any, react: Callable[..., None] | None = None, old: bool = False) -> Any:
    """A callback that keeps every hook, and then reacts; `old` ones override `on_batch_begin` and `on_batch_end`."""

    def hook(name: str) -> Any:
        def method(self: Any, *arguments: Any, **named: Any) -> None:
            *place, logs = [*arguments, *named.values()]
            self.told.append([name, *map(int, place), _plain(logs)])
            if react is not None:
                react(self.model, name, *place)

        return method

    names = ("on_batch_begin", "on_batch_end", "on_epoch_end") if old else HOOKS
    made = type("Recorder", (keras.callbacks.Callback,), {name: hook(name) for name in names})()
    made.told = []
    return made


def _params(callback: Any) -> dict[str, Any]:
    return dict(sorted(callback.params.items()))


def _at(hook: str, *place: int) -> Callable[..., None]:
    def react(model: Any, name: str, *now: int) -> None:
        if name == hook and now == place:
            model.stop_training = model.stop_evaluating = model.stop_predicting = True

    return react


FITS: dict[str, tuple[dict[str, Any], Callable[..., None] | None]] = {
    "plain": ({"epochs": 2}, None),
    "validation-split": ({"epochs": 2, "validation_split": 0.4}, None),
    "validation-frequency": ({"epochs": 4, "validation_split": 0.4, "validation_freq": 2}, None),
    "validation-epochs": ({"epochs": 3, "validation_split": 0.4, "validation_freq": [1, 3]}, None),
    "validation-steps": ({"epochs": 1, "validation_split": 0.4, "validation_steps": 1}, None),
    "resumed": ({"epochs": 4, "initial_epoch": 2, "validation_split": 0.4}, None),
    "no-epoch": ({"epochs": 2, "initial_epoch": 2}, None),
    "steps": ({"epochs": 3, "steps_per_epoch": 2}, None),
    "stopped-by-batch": ({"epochs": 3, "validation_split": 0.4}, _at("on_train_batch_end", 1)),
    "stopped-by-batch-begin": ({"epochs": 3, "validation_split": 0.4}, _at("on_train_batch_begin", 1)),
    "stopped-by-last-batch": ({"epochs": 3, "validation_split": 0.4}, _at("on_train_batch_end", 2)),
    "stopped-by-epoch": ({"epochs": 3, "validation_split": 0.4}, _at("on_epoch_end", 0)),
    "stopped-by-epoch-begin": ({"epochs": 3, "validation_split": 0.4}, _at("on_epoch_begin", 1)),
    "stopped-by-validation": ({"epochs": 3, "validation_split": 0.4}, _at("on_test_batch_end", 0)),
    "stopped-at-once": ({"epochs": 3}, _at("on_train_begin")),
}


def hooks(keras: Any) -> dict[str, Any]:
    """Every hook of `fit`, `evaluate` and `predict`, with its logs."""
    found: dict[str, Any] = {}
    for name, (arguments, react) in FITS.items():
        first, old = recorder(keras, react), recorder(keras, old=True)
        given = {"batch_size": 2, "shuffle": False, "verbose": 0, **arguments}
        history = line(keras).fit(X, Y, callbacks=[first, old], **given)
        found[f"fit-{name}"] = {
            "told": first.told,
            "old": old.told,
            "params": _params(first),
            "epochs": history.epoch,
        }
    for name, make in (("line", line), ("fork", fork)):
        targets = Y if name == "line" else {"one": Y, "two": np.hstack([Y, -Y])}
        model, first = make(keras), recorder(keras)
        model.fit(X, targets, batch_size=4, validation_split=0.2, shuffle=False, verbose=0, callbacks=[first])
        found[f"model-{name}"] = {"told": first.told}
        for stop in (None, _at("on_test_batch_end", 0)):
            first = recorder(keras, stop)
            make(keras).evaluate(X, targets, batch_size=4, verbose=0, callbacks=[first])
            found[f"evaluate-{name}{'-stopped' if stop else ''}"] = {
                "told": first.told,
                "params": _params(first),
            }
        for stop in (None, _at("on_predict_batch_end", 0)):
            first = recorder(keras, stop)
            made = make(keras).predict(X, batch_size=4, verbose=0, callbacks=[first])
            rows = [len(part) for part in (made.values() if isinstance(made, dict) else [made])]
            found[f"predict-{name}{'-stopped' if stop else ''}"] = {
                "told": first.told,
                "params": _params(first),
                "rows": rows,
            }
    # What one callback writes into the logs of an epoch, those after it read.
    first, scheduler = recorder(keras), keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    line(keras).fit(X, Y, epochs=2, batch_size=5, shuffle=False, verbose=0, callbacks=[scheduler, first])
    found["written-logs"] = {"told": first.told}
    return found


NUMBERS = [1.0, 0.8, 0.9, 0.7, 0.75, 0.72, 0.71, 0.69, 0.6, 0.65]


def _stop(**arguments: Any) -> Callable[[Any, str], Any]:
    return lambda keras, folder: keras.callbacks.EarlyStopping(**{"monitor": "seen", "mode": "min", **arguments})


def _plateau(**arguments: Any) -> Callable[[Any, str], Any]:
    return lambda keras, folder: keras.callbacks.ReduceLROnPlateau(**{"monitor": "seen", "mode": "min", **arguments})


def _save(path: str, **arguments: Any) -> Callable[[Any, str], Any]:
    return lambda keras, folder: keras.callbacks.ModelCheckpoint(
        os.path.join(folder, path), **{"monitor": "seen", "mode": "min", **arguments}
    )


def _csv(**arguments: Any) -> Callable[[Any, str], Any]:
    return lambda keras, folder: keras.callbacks.CSVLogger(os.path.join(folder, "log.csv"), **arguments)


CALLBACKS: dict[str, Callable[[Any, str], Any]] = {
    "stop": _stop(),
    "stop-patience": _stop(patience=2, verbose=1),
    "stop-patience-3": _stop(patience=3, verbose=1, restore_best_weights=True),
    "stop-delta": _stop(patience=2, min_delta=0.15),
    "stop-negative-delta": _stop(patience=2, min_delta=-0.15),
    "stop-max": _stop(patience=3, mode="max"),
    "stop-auto": _stop(monitor="loss", mode="auto", patience=2),
    "stop-auto-metric": _stop(monitor="mae", mode="auto", patience=2),
    "stop-baseline": _stop(patience=2, baseline=0.85, verbose=1),
    "stop-baseline-far": _stop(patience=3, baseline=0.1, verbose=1, restore_best_weights=True),
    "stop-baseline-rising": _stop(patience=2, baseline=0.1, verbose=1),
    "stop-baseline-max": _stop(patience=4, baseline=0.95, mode="max", restore_best_weights=True, verbose=1),
    "stop-start": _stop(patience=1, start_from_epoch=4, verbose=1),
    "stop-start-best": _stop(patience=1, start_from_epoch=2, restore_best_weights=True, verbose=1),
    "stop-missing": _stop(monitor="absent", patience=1),
    "stop-mode-unknown": _stop(monitor="loss", mode="lowest", patience=1),
    "plateau": _plateau(patience=1, verbose=1),
    "plateau-factor": _plateau(patience=1, factor=0.5, cooldown=2, verbose=1),
    "plateau-delta": _plateau(patience=2, min_delta=0.2),
    "plateau-negative-delta": _plateau(patience=1, min_delta=-0.2),
    "plateau-lowest": _plateau(patience=1, factor=0.5, min_lr=0.04, mode="max", verbose=1),
    "plateau-none": _plateau(patience=0, factor=0.5, mode="max"),
    "plateau-missing": _plateau(monitor="absent", patience=1),
    "save": _save("m.keras", verbose=1),
    "save-pattern": _save("e{epoch:02d}-{seen:.2f}.keras", verbose=1),
    "save-best": _save("e{epoch}.keras", save_best_only=True, verbose=1),
    "save-best-max": _save("e{epoch}.h5", save_best_only=True, mode="max"),
    "save-best-threshold": _save("e{epoch}.keras", save_best_only=True, initial_value_threshold=0.72, verbose=1),
    "save-best-missing": _save("e{epoch}.keras", save_best_only=True, monitor="absent"),
    "save-best-mode-unknown": _save("e{epoch}.keras", save_best_only=True, monitor="loss", mode="lowest"),
    "save-weights": _save("e{epoch}.weights.h5", save_weights_only=True),
    "save-batches": _save("e{epoch}-b{batch:02d}.weights.h5", save_weights_only=True, save_freq=4, verbose=1),
    "save-batches-loss": _save("e{epoch}-b{batch}-{loss:.3f}.keras", save_freq=11),
    "save-batches-best": _save("b{batch}.keras", save_freq=3, save_best_only=True, monitor="loss", mode="auto"),
    "save-folder": _save("a/b/e{epoch}.keras"),
    "csv": _csv(),
    "csv-separator": _csv(separator=";"),
    "csv-append": _csv(append=True),
}
WRONG: dict[str, Callable[[Any, str], Any]] = {
    "save-ending": _save("m.txt"),
    "save-weights-ending": _save("m.keras", save_weights_only=True),
    "save-pattern-unknown": _save("{absent}.keras"),
    "save-frequency": _save("m.keras", save_freq="batch"),
    "stop-auto-unknown": _stop(mode="auto"),
    "plateau-auto-unknown": _plateau(mode="auto"),
    "save-auto-unknown": _save("m.keras", mode="auto", save_best_only=True),
    "plateau-factor": _plateau(factor=1.0),
    "lambda-unknown": lambda keras, folder: keras.callbacks.TerminateOnNaN(raise_error=True),
}


def dictator(keras: Any) -> Any:
    """A callback that writes the next of `NUMBERS` into the logs of each epoch."""

    def on_epoch_end(self: Any, epoch: int, logs: Any = None) -> None:
        logs["seen"] = NUMBERS[epoch]
        if math.isnan(NUMBERS[epoch]):
            self.model.stop_training = True

    return type("Dictator", (keras.callbacks.Callback,), {"on_epoch_end": on_epoch_end})()


@contextlib.contextmanager
def _folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield folder


def _lines(text: str, folder: str) -> list[str]:
    """The printed lines; what follows from float32 and from the folder is left out."""
    found = re.sub(r"\d+\.\d{4,}(e-\d+)?", lambda number: f"{float(number[0]):.4g}", text.replace(folder, "F"))
    return [one for one in found.splitlines() if one.strip()]


def dictated(keras: Any) -> dict[str, Any]:
    """What each of `CALLBACKS` does where the values are dictated."""
    found: dict[str, Any] = {}
    for name, make in CALLBACKS.items():
        printed = io.StringIO()
        with _folder() as folder, contextlib.redirect_stdout(printed):
            model, callback = line(keras), make(keras, folder)
            runs = 2 if name == "csv-append" else 1
            for _ in range(runs):
                history = model.fit(
                    X, Y, batch_size=4, epochs=len(NUMBERS), shuffle=False, verbose=0,
                    callbacks=[dictator(keras), callback],
                )  # fmt: skip
            files = sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())
            log = Path(folder, "log.csv")
            found[name] = {
                "epochs": history.epoch,
                "rates": [round(rate, 6) for rate in history.history.get("learning_rate", [])],
                "files": files,
                "printed": _lines(printed.getvalue(), folder),
                "weights": [round(float(weight.ravel()[0]), 4) for weight in model.get_weights()],
                "counted": {
                    key: value if value is None else round(float(value), 5)
                    for key, value in sorted(vars(callback).items())
                    if key in ("best", "best_epoch", "stopped_epoch", "wait", "cooldown_counter")
                },
                "log": [
                    [round(float(cell), 4) if cell[:1].isdigit() else cell for cell in re.split("[,;]", row)]
                    for row in (log.read_text().splitlines() if log.exists() else [])
                ],
            }
    return found


def wrong(keras: Any) -> dict[str, str]:
    """The class of the error that each of `WRONG` ends with."""
    found = {}
    for name, make in WRONG.items():
        with _folder() as folder:
            try:
                y = np.full_like(Y, 3e38) if name.startswith("lambda") else Y
                line(keras).fit(X, y, epochs=2, verbose=0, callbacks=[dictator(keras), make(keras, folder)])
                found[name] = "none"
            except Exception as error:
                found[name] = type(error).__name__
    return found


def main() -> None:
    import keras

    recorded = {
        "keras": keras.__version__,
        "hooks": hooks(keras),
        "dictated": dictated(keras),
        "wrong": wrong(keras),
    }
    path = Path(__file__).with_name("callbacks.json")
    text = json.dumps(recorded, indent=1)
    # Hooks and logs stand on one line each.
    text = re.sub(r"\[\s+([^\[\]]*?)\s+\]", lambda match: f"[{re.sub(chr(10) + ' *', ' ', match[1])}]", text)
    path.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
