"""Callback that lets training go on after an interruption."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastnn.callbacks.callback import Callback, Logs
from fastnn.callbacks.model_checkpoint import batches_between_saves


class BackupAndRestore(Callback):
    """Keeps a backup of training, from which an interrupted run of the same script goes on as if nothing had happened.

    The backup holds the weights, the state of the optimizer, random streams, the position in the order of rows, and
    what other callbacks have counted; the run that goes on ends with the same bits. It is one file, which takes the
    place of the one before only when it is complete, and is deleted when training ends.

    The order of arrays, of a `PyDataset` and of a `Dataset` that shuffles goes on where it was; one in the middle of a
    pass is read again up to there. Seeds that are not given must be the same in the new process, as
    `utils.set_random_seed` makes them.

    Args:
        backup_dir: A directory for the backup, which is made where there is none.
        save_freq: "epoch", or the number of batches between two backups.
        double_checkpoint: True to keep the backup before the last too.
        delete_checkpoint: True to delete the backup when training ends.

    Raises:
        ValueError: `backup_dir` is empty, or `save_freq` is out of its range.

    Example:
        >>> import os, tempfile
        >>> folder = os.path.join(tempfile.mkdtemp(), "backup")
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> backup = fastnn.callbacks.BackupAndRestore(folder, delete_checkpoint=False)
        >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), verbose=0, callbacks=[backup])
        >>> os.listdir(folder)
        ['latest.weights.h5']
    """

    on_every_process = False

    # A backup is made when the others have counted.
    __fastnn_runs_last__ = True

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
        self._run: Any = None
        self._companions: list[Callback] = []
        self._files = self.backup_dir / "latest.weights.h5", self.backup_dir / "previous.weights.h5"
        self._every = batches_between_saves(save_freq, "BackupAndRestore")
        self._since = 0
        self._owed = False

    def __getstate__(self) -> dict[str, Any]:
        """Returns the state for a pickle, without the run and the other callbacks."""
        return {**vars(self), "_run": None, "_companions": []}

    def __fastnn_idle_hooks__(self) -> Sequence[Any]:
        return (BackupAndRestore.on_train_batch_end,) if self._every is None else ()

    def __fastnn_run__(self, run: Any) -> None:
        self._run = run

    def __fastnn_companions__(self, companions: Sequence[Any]) -> None:
        self._companions = [one for one in companions if isinstance(one, Callback)]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Restores the backup of an interrupted run, where there is one."""
        from fastnn.saving import backup

        self._since, self._owed = 0, False
        place = backup.restore(self.model, self._files)
        if place is not None:
            self._run.resume(place["epoch"], place["batch"], place["position"], place["passes"], place["sums"])
            self._since = place["since"]
            for companion, counts in zip(self._companions, place["companions"], strict=False):
                if type(companion).__name__ == counts.get("class"):
                    companion.__fastnn_restore__(counts)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Makes a backup, where one is made after so many batches."""
        if self._every is None:
            return
        self._since += 1
        if self._since >= self._every:
            self._since = 0
            steps = (self.params or {}).get("steps")
            if steps is None or batch + 1 < steps:
                self._save(self._run.epoch, batch + 1)
            else:
                self._owed = True  # the end of the epoch, with its validation, belongs to it

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Makes a backup, where one is made after each epoch or is due."""
        if self._every is None or self._owed:
            self._owed = False
            self._save(epoch + 1, 0)

    def _save(self, epoch: int, batch: int) -> None:
        from fastnn.saving import backup

        place = {
            "epoch": epoch,
            "batch": batch,
            "position": self._run.position,
            "passes": list(self._run.passes),
            "since": self._since,
            "sums": self._run.sums() if batch else None,
            "companions": [{"class": type(one).__name__, **one.__fastnn_counts__()} for one in self._companions],
        }
        backup.save(self.model, self._files, place, self.double_checkpoint)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Deletes the backup, where it is not to stay."""
        if self.delete_checkpoint:
            for file in self._files:
                file.unlink(missing_ok=True)
            if self.backup_dir.is_dir() and not any(self.backup_dir.iterdir()):
                self.backup_dir.rmdir()
