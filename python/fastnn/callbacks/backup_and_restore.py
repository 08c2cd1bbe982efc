"""Callback that lets training go on after an interruption."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fastnn.callbacks.callback import Callback, Logs
from fastnn.callbacks.model_checkpoint import every


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
        self._every = every(save_freq, "BackupAndRestore")
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
