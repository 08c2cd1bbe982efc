"""Callback that records what each epoch reports."""

from __future__ import annotations

from typing import Any

from fastnn.callbacks.callback import Callback, Logs


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
