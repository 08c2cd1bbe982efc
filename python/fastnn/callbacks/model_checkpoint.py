"""Callback that saves the model."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastnn import console
from fastnn.atomic_files import remove_leftovers
from fastnn.callbacks.callback import Logs
from fastnn.callbacks.monitor import MonitorCallback


def batches_between_saves(save_freq: Any, who: str) -> int | None:
    """Returns the number of batches after which to save; None: after each epoch.

    Args:
        save_freq: "epoch", or the number.
        who: The name of the callback, for the error.

    Raises:
        ValueError: `save_freq` is neither "epoch" nor an integer of at least 1.
    """
    if save_freq == "epoch":
        return None
    if isinstance(save_freq, bool) or not isinstance(save_freq, (int, np.integer)) or save_freq < 1:
        raise ValueError(f"{who} expects save_freq 'epoch' or an integer, a number of batches, got {save_freq!r}")
    return int(save_freq)


class ModelCheckpoint(MonitorCallback):
    """Saves the model, or its weights, during training.

    A file of a whole model holds the state of the optimizer, the random streams and the order of rows too, so training
    goes on from it bit for bit: `model = load_model(path)`, then `fit(initial_epoch=...)`. A file takes the place of an
    older one only when it is complete.

    Args:
        filepath: The file: "m.keras", or "m.weights.h5" with `save_weights_only`. Words in braces are filled in: the
            number of the epoch, counted from 1, that of the batch, and the logs: "{epoch:02d}-{val_loss:.2f}.keras".
        monitor: The name of the value in the logs by which models are compared.
        verbose: 1 to print a message for each file.
        save_best_only: True to save only a model that is better than all before.
        save_weights_only: True to save the weights alone.
        mode: "min" where lower values are better, "max" where higher ones are, or "auto": "min" for a loss, otherwise
            the direction of the compiled metric of that name.
        save_freq: "epoch", or the number of batches between two files.
        initial_value_threshold: The value that the first model has to surpass to be saved as the best.

    Raises:
        ValueError: The file has another ending, or an argument is out of its range.

    Example:
        >>> import os, tempfile
        >>> folder = tempfile.mkdtemp()
        >>> save = fastnn.callbacks.ModelCheckpoint(os.path.join(folder, "{epoch}.keras"))
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[save])
        >>> sorted(os.listdir(folder))
        ['1.keras', '2.keras']
    """

    on_every_process = False

    __fastnn_counted__ = ("best",)

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
        super().__init__(monitor, mode)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self.best = initial_value_threshold
        ending = ".weights.h5" if save_weights_only else ".keras"
        if not self.filepath.endswith((ending, ".h5")) or (not save_weights_only and ".weights." in self.filepath):
            raise ValueError(
                f"ModelCheckpoint expects a file called *{ending} with save_weights_only={bool(save_weights_only)}, "
                f"got {self.filepath!r}"
            )
        self._every = batches_between_saves(save_freq, "ModelCheckpoint")
        self._since = 0
        self._current_epoch = 0

    def __fastnn_idle_hooks__(self) -> Sequence[Any]:
        return (ModelCheckpoint.on_train_batch_end,) if self._every is None else ()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Removes what an earlier training left that was killed while it saved."""
        path = Path(self.filepath)
        remove_leftovers(path, re.sub(r"\{[^}]*\}", "*", glob.escape(path.name)))

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Notes the number of the epoch, for the names of files."""
        self._current_epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Saves the model, where it is to be saved after so many batches."""
        if self._should_save_on_batch(batch):
            self._save_model(epoch=self._current_epoch, batch=batch, logs=logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Saves the model, where it is to be saved after each epoch."""
        if self._every is None:
            self._save_model(epoch=epoch, batch=None, logs=logs)

    # The three steps have Keras' names, because classes of other packages that derive from this one call them.

    def _should_save_on_batch(self, batch: int) -> bool:
        """Counts a batch; returns whether to save the model after it."""
        if self._every is None:
            return False
        self._since += 1
        if self._since < self._every:
            return False
        self._since = 0
        return True

    def _get_file_path(self, epoch: int, batch: int | None, logs: Logs | None) -> str:
        """Returns the path of a file, with the words in braces filled in."""
        place = {"epoch": epoch + 1, **({} if batch is None else {"batch": batch + 1})}
        try:
            return self.filepath.format(**{**(logs or {}), **place})
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: {self.filepath!r} names {error}, which is not among the logs: "
                f"{', '.join([*place, *(logs or {})])}"
            ) from None

    def _save_model(self, epoch: int, batch: int | None, logs: Logs | None) -> None:
        """Saves the model, unless only better ones are saved and it is none."""
        from fastnn import saving

        path = self._get_file_path(epoch, batch, logs)
        reason = ""
        if self.save_best_only:
            self.__fastnn_find_direction__()
            value = self.get_monitor_value(logs)
            # Without a value to compare, the model is saved rather than lost.
            if value is not None:
                before = "None" if self.best is None else f"{self.best:.5f}"
                if not self.__fastnn_improves__(value, self.best):
                    if self.verbose > 0:
                        console.write(f"\nEpoch {epoch + 1}: {self.monitor} did not improve from {before}")
                    return
                reason = f"{self.monitor} improved from {before} to {value:.5f}, "
                self.best = value
        if self.verbose > 0:
            console.write(f"\nEpoch {epoch + 1}: {reason}saving model to {path}")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            saving.save_weights(self.model, path)
        else:
            saving.save_model(self.model, path)
        if self.verbose > 0:
            console.write(f"\nEpoch {epoch + 1}: finished saving model to {path}")
