"""Callback that writes the logs of each epoch into a CSV file."""

from __future__ import annotations

import csv
import os
from typing import Any

import numpy as np

from fastnn.callbacks.callback import Callback, Logs


class CSVLogger(Callback):
    r"""Writes the logs of each epoch as a line of a CSV file, with "NA" for values that an epoch does not have.

    The columns are those of the first epoch in alphabetical order; where it is not validated, with one more for the
    validation of each.

    Args:
        filename: The file.
        separator: The character between the columns.
        append: True to continue a file that exists.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "training.csv")
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(
        ...     np.ones((4, 1)), np.ones((4, 1)), verbose=0, callbacks=[fastnn.callbacks.CSVLogger(path)]
        ... )
        >>> path.read_text()
        'epoch,loss,val_loss\n0,0.0,NA\n'
    """

    on_every_process = False

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = filename
        self.sep = separator
        self.append = append
        self._file: Any = None
        self._writer: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """Returns the state for a pickle, without the open file."""
        return {**vars(self), "_file": None, "_writer": None}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Opens the file."""
        if self._file is not None:
            self._file.close()
        self._file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115
        self._writer = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes a line, after a header where the file is new."""
        row = {"epoch": epoch, **{name: _cell(value) for name, value in (logs or {}).items()}}
        if self._writer is None:
            columns = sorted(logs or {})
            if not any(name.startswith("val_") for name in columns):
                # Validation may follow in a later epoch.
                columns += [f"val_{name}" for name in columns]
            self._writer = csv.DictWriter(
                self._file, ["epoch", *columns], restval="NA", delimiter=self.sep, extrasaction="ignore"
            )
            if self._file.tell() == 0:
                self._writer.writeheader()
        self._writer.writerow(row)
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Closes the file."""
        self._file.close()


def _cell(value: Any) -> Any:
    """Returns a value as one cell; a list of numbers stands in brackets."""
    if isinstance(value, str) or np.ndim(value) == 0:
        return value
    return f'"[{", ".join(map(str, value))}]"'
