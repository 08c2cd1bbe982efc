"""Callback that saves the model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from fastnn.callbacks.callback import Callback, Logs
from fastnn.callbacks.monitor import better, monitored


def every(save_freq: Any, who: str) -> int | None:
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
        self._is_better = better(monitor, mode, "ModelCheckpoint")
        self._every = every(save_freq, "ModelCheckpoint")
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
            value = monitored(self, self.monitor, logs)
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
