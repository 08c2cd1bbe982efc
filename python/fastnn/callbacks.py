"""Callbacks: what happens around training, in Keras' words.

A callback that overrides a hook of batches makes the core stop after every step; the others cost nothing within an
epoch.
"""

from __future__ import annotations

import csv
import math
import os
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fastnn.configurable import suggestion

Logs = dict[str, Any]

_HOOKS = (
    "on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end",
    "on_test_begin", "on_test_end", "on_test_batch_begin", "on_test_batch_end", "on_predict_begin", "on_predict_end",
    "on_predict_batch_begin", "on_predict_batch_end",
)  # fmt: skip


class Callback:
    """Base of all callbacks; override the hooks of interest.

    Attributes:
        model: The model that is trained.
        params: {"epochs", "steps", "verbose"} of the call.

    Example:
        >>> class Halve(Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         self.model.optimizer.learning_rate *= 0.5
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self._model: Any = None

    @property
    def model(self) -> Any:
        return self.__dict__.get("_model")

    def set_params(self, params: dict[str, Any]) -> None:
        """Told before the first hook."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Told before the first hook."""
        self._model = model

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before each batch of `fit`."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each batch of `fit`; logs hold the means since the epoch began."""
        self.on_batch_end(batch, logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before each epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After each epoch and its validation; logs hold the means, those of the validation as `val_...`."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before `evaluate`, and before each validation of `fit`."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After `evaluate`, and after each validation of `fit`."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before each batch of `evaluate`."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each batch of `evaluate`."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before `predict`."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After `predict`."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before each batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each batch of `predict`; logs hold its "outputs"."""


class History(Callback):
    """Keeps the logs of each epoch; `fit` returns it.

    Attributes:
        epoch: The numbers of the epochs.
        history: For each log's name the list of its values.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        self.model.history = self


def _in_notebook() -> bool:
    return type(sys.stdout).__module__.startswith("ipykernel")


def settled_verbosity(verbose: str | int | bool) -> int:
    """0, 1 or 2 for what the user gave; 1 becomes 2 where nobody watches a bar move.

    Raises:
        ValueError: It is none of "auto", 0, 1 and 2.
    """
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(f"verbose expects 'auto', 0, 1 or 2, got {verbose!r}")
    level = 1 if verbose == "auto" else int(verbose)
    if level == 1 and not (sys.stdout.isatty() or _in_notebook()):
        return 2
    return level


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) > 1e-3 or math.isnan(value) else f"{value:.4e}"


def _a_step(seconds: float) -> str:
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/step"
    return f"{seconds * 1e3:.0f}ms/step" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/step"


class ProgbarLogger(Callback):
    """Shows the progress of `fit`, `evaluate` and `predict` on stdout: a bar (1) or a line (2).

    Args:
        verbose: 1 or 2.
    """

    def __init__(self, verbose: int = 1) -> None:
        super().__init__()
        self._verbose = verbose
        self._bar: Any = None
        self._begun = 0.0
        self._steps = 0
        self._training = False

    def advance(self, steps: int, logs: Mapping[str, Any]) -> None:
        """Told now and then how many steps are done."""
        if self._bar is None:
            self._steps = max(self._steps, steps)
        elif not (self._training and self._testing):
            self._bar.set_postfix({name: _number(value) for name, value in logs.items()}, refresh=False)
            self._bar.update(steps - self._bar.n)

    def close(self) -> None:
        """Leaves the terminal in order, whatever happened."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    _testing = False

    def _open(self, title: str) -> None:
        self._begun = time.perf_counter()
        self._steps = 0
        if self._verbose == 1:
            from tqdm import tqdm

            self.close()
            # Some terminals, and all notebooks, say that they have no size: tqdm would draw a bar of no width.
            columns, lines = shutil.get_terminal_size((100, 24))
            self._bar = tqdm(
                total=self.params.get("steps"),
                desc=title or None,
                file=sys.stdout,
                unit="step",
                bar_format="{desc} {n_fmt}/{total_fmt} |{bar}| {elapsed}{postfix}",
                ncols=columns,
                nrows=lines,
            )

    def _finish(self, logs: Mapping[str, Any]) -> None:
        steps = self.params.get("steps") or 1
        numbers = {name: value for name, value in logs.items() if isinstance(value, (int, float, np.number))}
        if self._bar is not None:
            self._bar.update(steps - self._bar.n)
            # The last word is written whole, however narrow the terminal.
            self._bar.ncols = None
            self._bar.set_postfix({name: _number(float(value)) for name, value in numbers.items()})
            self.close()
            return
        seconds = time.perf_counter() - self._begun
        shown = [f"{steps}/{steps}", f"{seconds:.0f}s", _a_step(seconds / steps)]
        shown += [f"{name}: {_number(float(value))}" for name, value in numbers.items()]
        print(" - ".join(shown), file=sys.stdout, flush=True)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._training = True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        epochs = self.params.get("epochs", 1)
        title = f"Epoch {epoch + 1}/{epochs}" if epochs > 1 else ""
        if title and self._verbose == 2:
            print(title, file=sys.stdout, flush=True)
        self._open(title)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._finish(logs or {})

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._training = False

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._testing = True
        if not self._training:
            self._open("")

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._testing = False
        if not self._training:
            self._finish(logs or {})

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._open("")

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._finish({})


class CallbackList:
    """Callbacks that are told together.

    Args:
        callbacks: A callback, several, or None.
        add_history: Whether a `History` is put behind them where there is none.
        add_progbar: Whether a `ProgbarLogger` is put behind them where there is none.
        model: The model they are told of.
        **params: "epochs", "steps", "verbose".
    """

    def __init__(
        self,
        callbacks: Callback | Iterable[Callback] | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        if callbacks is None:
            self.callbacks: list[Any] = []
        elif isinstance(callbacks, Iterable) and not isinstance(callbacks, Callback):
            self.callbacks = list(callbacks)
        else:
            self.callbacks = [callbacks]
        for callback in self.callbacks:
            if isinstance(callback, type) or not hasattr(callback, "on_epoch_end"):
                mend = f"; write {callback.__name__}()" if isinstance(callback, type) else ""
                raise TypeError(f"callbacks expects objects of fastnn.callbacks.Callback, got {callback!r}{mend}")
        if add_progbar and not any(isinstance(callback, ProgbarLogger) for callback in self.callbacks):
            self.callbacks.append(ProgbarLogger(params.get("verbose", 1)))
        self.history = next((callback for callback in self.callbacks if isinstance(callback, History)), None)
        if add_history and self.history is None:
            self.history = History()
            self.callbacks.append(self.history)
        # A backup is made when the others have counted.
        self.callbacks.sort(key=lambda callback: isinstance(callback, BackupAndRestore))
        for callback in self.callbacks:
            if isinstance(callback, BackupAndRestore):
                callback.companions = [other for other in self.callbacks if other is not callback]
        self._bars = [callback for callback in self.callbacks if isinstance(callback, ProgbarLogger)]
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)
            if model is not None:
                callback.set_model(model)

    def wants_batches(self, mode: str) -> bool:
        """Whether some callback overrides a hook of the batches of "train", "test" or "predict"."""
        names = [f"on_{mode}_batch_begin", f"on_{mode}_batch_end"]
        if mode == "train":
            names += ["on_batch_begin", "on_batch_end"]
        return any(
            name in vars(callback) or getattr(type(callback), name, None) is not getattr(Callback, name)
            for callback in self.callbacks
            for name in names
        )

    def set_params(self, params: dict[str, Any]) -> None:
        """Tells the callbacks of other params."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def advance(self, steps: int, logs: Mapping[str, Any]) -> None:
        """Moves the bars."""
        for bar in self._bars:
            bar.advance(steps, logs)

    def close(self) -> None:
        """Closes the bars."""
        for bar in self._bars:
            bar.close()

    def tell(self, hook: str, *place: int, logs: Logs | None = None) -> None:
        """Calls one hook of every callback with the number of the epoch or batch, if any, and the logs."""
        logs = {} if logs is None else logs
        for callback in self.callbacks:
            getattr(callback, hook)(*place, logs)


class LambdaCallback(Callback):
    """A callback of functions.

    Args:
        on_epoch_begin: Called with (epoch, logs), as is the next.
        on_epoch_end: After each epoch.
        on_train_begin: Called with (logs), as is the next.
        on_train_end: After the last epoch.
        on_train_batch_begin: Called with (batch, logs), as is the next.
        on_train_batch_end: After each batch.
        **kwargs: The other hooks by name.

    Raises:
        ValueError: No hook has such a name.

    Example:
        >>> LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Callable[..., Any] | None,
    ) -> None:
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for hook, function in given.items():
            if hook not in (*_HOOKS, "on_batch_begin", "on_batch_end"):
                raise ValueError(f"LambdaCallback has no hook {hook!r}.{suggestion(hook, _HOOKS)}")
            if function is not None:
                setattr(self, hook, function)


def _better(monitor: str, mode: str, who: str) -> Callable[[float, float], bool]:
    """Whether the first number is better than the second."""
    if mode not in ("auto", "min", "max"):
        raise ValueError(f"{who} expects mode 'auto', 'min' or 'max', got {mode!r}")
    rises = any(word in monitor for word in ("acc", "auc", "precision", "recall", "f1", "fbeta", "r2"))
    if mode == "max" or (mode == "auto" and rises):
        return lambda new, old: new > old
    return lambda new, old: new < old


def _monitored(callback: Callback, monitor: str, logs: Logs | None) -> float | None:
    value = (logs or {}).get(monitor)
    if value is None:
        warnings.warn(
            f"{type(callback).__name__} watches {monitor!r}, which is not among the logs: {', '.join(logs or {})}",
            stacklevel=5,
        )
        return None
    return float(value)


class EarlyStopping(Callback):
    """Stops training when a log has stopped getting better.

    Args:
        monitor: The log's name.
        min_delta: By how much it must get better to count.
        patience: How many epochs without getting better are borne.
        verbose: 1 to say when it stops.
        mode: "min", "max" or "auto" (from the log's name).
        baseline: What it must be better than to count at all; None: nothing.
        restore_best_weights: Whether the weights of the best epoch are put back.
        start_from_epoch: The epoch from which it watches.

    Attributes:
        stopped_epoch: The epoch at which it stopped; 0 where it did not.
        best: The best value seen.
        best_epoch: Its epoch.

    Example:
        >>> model.fit(x, y, validation_split=0.2, epochs=100, callbacks=[EarlyStopping(patience=3)])
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__()
        self.monitor = monitor
        self.min_delta = abs(min_delta)
        self.patience = patience
        self.verbose = verbose
        self.mode = mode
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._is_better = _better(monitor, mode, "EarlyStopping")
        self._begin()

    def _begin(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best: float | None = None
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None

    def _improves(self, value: float, reference: float | None) -> bool:
        if reference is None:
            return True
        margin = self.min_delta if self._is_better(0.0, 1.0) else -self.min_delta
        return self._is_better(value + margin, reference)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._begin()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = _monitored(self, self.monitor, logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            # Should no epoch be better than the first numbers seen, these are the best there are.
            self.best_weights = self.model.get_weights()
            self.best_epoch = epoch
        self.wait += 1
        if self._improves(value, self.best):
            self.best = value
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            # An epoch better than those before it still counts as waiting while it is worse than the baseline.
            if self._improves(value, self.baseline):
                self.wait = 0
                return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)


class TerminateOnNaN(Callback):
    """Stops training at the first batch whose loss is not finite."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            print(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch.

    Args:
        schedule: Called with (epoch, learning rate now), returns the new learning rate.
        verbose: 1 to print it.

    Example:
        >>> LearningRateScheduler(lambda epoch, rate: rate * 0.9)
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        rate = self.schedule(epoch, self.model.optimizer.learning_rate)
        if not isinstance(rate, (float, np.floating)):
            raise ValueError(f"LearningRateScheduler expects its function to return a float, got {rate!r}")
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = self.model.optimizer.learning_rate


class ReduceLROnPlateau(Callback):
    """Lowers the learning rate when a log has stopped getting better.

    Args:
        monitor: The log's name.
        factor: By which the learning rate is multiplied; below 1.
        patience: How many epochs without getting better are borne.
        verbose: 1 to say so.
        mode: "min", "max" or "auto" (from the log's name).
        min_delta: By how much it must get better to count.
        cooldown: How many epochs to wait after lowering.
        min_lr: The lowest learning rate.

    Raises:
        ValueError: `factor` is not below 1.

    Example:
        >>> ReduceLROnPlateau(factor=0.2, patience=5)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__()
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau expects factor below 1, got {factor!r}")
        self.monitor = monitor
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.mode = mode
        self.min_delta = min_delta
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._is_better = _better(monitor, mode, "ReduceLROnPlateau")
        self._begin()

    def _begin(self) -> None:
        self.best: float | None = None
        self.wait = 0
        self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._begin()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is None:
            return
        optimizer = self.model.optimizer
        logs["learning_rate"] = optimizer.learning_rate
        value = _monitored(self, self.monitor, logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        margin = self.min_delta if self._is_better(0.0, 1.0) else -self.min_delta
        if self.best is None or self._is_better(value + margin, self.best):
            self.best = value
            self.wait = 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            if self.wait >= self.patience and optimizer.learning_rate > self.min_lr:
                optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
                if self.verbose > 0:
                    rate = optimizer.learning_rate
                    print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {rate}.")
                self.cooldown_counter = self.cooldown
                self.wait = 0


class CSVLogger(Callback):
    """Writes the logs of each epoch as a line of a CSV file.

    Args:
        filename: The file.
        separator: Between the columns.
        append: Whether a file that is there is continued.

    Example:
        >>> CSVLogger("training.csv")
    """

    def __init__(self, filename: str, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = filename
        self.sep = separator
        self.append = append
        self._file: Any = None
        self._writer: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115
        self._writer = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        row = {"epoch": epoch, **(logs or {})}
        if self._writer is None:
            self._writer = csv.DictWriter(self._file, list(row), delimiter=self.sep, extrasaction="ignore")
            if self._file.tell() == 0:
                self._writer.writeheader()
        self._writer.writerow(row)
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._file.close()


def _every(save_freq: Any, who: str) -> int | None:
    """After how many batches to save; None: after each epoch.

    Raises:
        ValueError: It is neither "epoch" nor a whole number of at least 1.
    """
    if save_freq == "epoch":
        return None
    if isinstance(save_freq, bool) or not isinstance(save_freq, (int, np.integer)) or save_freq < 1:
        raise ValueError(f"{who} expects save_freq 'epoch' or a whole number of batches, got {save_freq!r}")
    return int(save_freq)


class ModelCheckpoint(Callback):
    """Saves the model, or its weights, while it is trained.

    A file of a whole model holds the optimizer's state, random streams and the order of rows too, so training goes on
    from it to the bit: `model = load_model(path)`, then `fit(initial_epoch=...)`. A file takes its place only when it
    is whole.

    Args:
        filepath: The file: "m.keras", or "m.weights.h5" with `save_weights_only`. Words in braces are filled in: the
            epoch's number, counted from 1, the batch's, and the logs: "{epoch:02d}-{val_loss:.2f}.keras".
        monitor: The log that says which model is best.
        verbose: 1 to say when it saves.
        save_best_only: Whether only a model that is better than those before is saved.
        save_weights_only: Whether weights alone are saved.
        mode: "min", "max" or "auto" (from the log's name).
        save_freq: "epoch", or after how many batches.
        initial_value_threshold: What the first model must be better than to be saved as the best.

    Raises:
        ValueError: The file's ending is another, or an argument is out of its range.

    Example:
        >>> ModelCheckpoint("best.keras", monitor="val_accuracy", save_best_only=True)
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__()
        self.filepath = os.fspath(filepath)
        self.monitor = monitor
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.mode = mode
        self.save_freq = save_freq
        self.best = initial_value_threshold
        ending = ".weights.h5" if save_weights_only else ".keras"
        if not self.filepath.endswith((ending, ".h5")) or (not save_weights_only and ".weights." in self.filepath):
            raise ValueError(
                f"ModelCheckpoint expects a file called *{ending} with save_weights_only={bool(save_weights_only)}, "
                f"got {self.filepath!r}"
            )
        self._is_better = _better(monitor, mode, "ModelCheckpoint")
        self._every = _every(save_freq, "ModelCheckpoint")
        self._since = 0
        self._epoch = 0
        if self._every is not None:
            # Only so are batches told of: each telling costs a stop of the core.
            self.on_train_batch_end = self._after_batch  # type: ignore[method-assign]

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def _after_batch(self, batch: int, logs: Logs | None = None) -> None:
        self._since += 1
        if self._since == self._every:
            self._since = 0
            self._save(self._epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self._every is None:
            self._save(epoch, None, logs)

    def _save(self, epoch: int, batch: int | None, logs: Logs | None) -> None:
        from fastnn import saving

        place = {"epoch": epoch + 1, **({} if batch is None else {"batch": batch + 1})}
        try:
            path = self.filepath.format(**{**(logs or {}), **place})
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: {self.filepath!r} names {error}, which is not among the logs: "
                f"{', '.join([*place, *(logs or {})])}"
            ) from None
        reason = ""
        if self.save_best_only:
            value = _monitored(self, self.monitor, logs)
            if value is None:
                return
            if self.best is not None and not self._is_better(value, self.best):
                if self.verbose > 0:
                    print(f"\nEpoch {epoch + 1}: {self.monitor} did not improve from {self.best:.5f}")
                return
            before = "None" if self.best is None else f"{self.best:.5f}"
            reason = f"{self.monitor} improved from {before} to {value:.5f}, "
            self.best = value
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: {reason}saving model to {path}")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            saving.save_weights(self.model, path)
        else:
            saving.save_model(self.model, path)


class BackupAndRestore(Callback):
    """Keeps a backup of training, from which an interrupted run of the same script goes on as if nothing had happened.

    The backup holds weights, the optimizer's state, random streams, the place in the order of rows, and what other
    callbacks of fastnn count; the run that goes on ends with the same bits. It is one file, which takes its place only
    when it is whole, and which goes away when training ends.

    Args:
        backup_dir: A directory for the backup; it is made where it is not there.
        save_freq: "epoch", or after how many batches.
        double_checkpoint: Whether the backup before the last is kept too.
        delete_checkpoint: Whether the backup goes away when training ends.

    Raises:
        ValueError: `backup_dir` is empty, or `save_freq` out of its range.

    Example:
        >>> model.fit(x, y, epochs=100, callbacks=[BackupAndRestore("backup")])
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not os.fspath(backup_dir):
            raise ValueError("BackupAndRestore expects a directory as backup_dir, got ''")
        self.backup_dir = Path(os.fspath(backup_dir))
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self.companions: list[Any] = []
        self._files = self.backup_dir / "latest.weights.h5", self.backup_dir / "previous.weights.h5"
        self._every = _every(save_freq, "BackupAndRestore")
        self._since = 0
        self._epoch = 0
        self._owed = False
        if self._every is not None:
            self.on_train_batch_end = self._after_batch  # type: ignore[method-assign]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        from fastnn.saving import backup

        self._since, self._owed = 0, False
        place = backup.restore(self.model, self._files)
        if place is not None:
            self.model._resume = place["epoch"], place["batch"], place["position"]
            self._since = place["since"]
            for companion, counts in zip(self.companions, place["companions"], strict=False):
                if type(companion).__name__ == counts.get("class"):
                    companion.__dict__.update({name: value for name, value in counts.items() if name in _COUNTED})

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def _after_batch(self, batch: int, logs: Logs | None = None) -> None:
        self._since += 1
        if self._since >= (self._every or 1):
            self._since = 0
            if batch + 1 < self.params.get("steps", 0):
                self._save(self._epoch, batch + 1)
            else:
                self._owed = True  # the epoch's end, with its validation, belongs to it

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self._every is None or self._owed:
            self._owed = False
            self._save(epoch + 1, 0)

    def _save(self, epoch: int, batch: int) -> None:
        from fastnn.saving import backup

        counts = [
            {
                "class": type(companion).__name__,
                **{name: value for name, value in vars(companion).items() if _counted(name, value)},
            }
            for companion in self.companions
        ]
        place = {
            "epoch": epoch, "batch": batch, "position": self.model._batches.position, "since": self._since,
            "companions": counts,
        }  # fmt: skip
        backup.save(self.model, self._files, place, self.double_checkpoint)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.delete_checkpoint:
            for file in self._files:
                file.unlink(missing_ok=True)
            if self.backup_dir.is_dir() and not any(self.backup_dir.iterdir()):
                self.backup_dir.rmdir()


_COUNTED = ("wait", "best", "best_epoch", "best_weights", "stopped_epoch", "cooldown_counter")


def _counted(name: str, value: Any) -> bool:
    """Whether an attribute of a callback is what it has counted up to now."""
    return name in _COUNTED and (value is None or isinstance(value, (int, float, list)))
