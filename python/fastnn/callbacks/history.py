"""Callback that records the logs of each epoch."""

from __future__ import annotations

from typing import Any

from fastnn.callbacks.callback import Callback, Logs


class History(Callback):
    """Records the logs of each epoch; `fit` returns it.

    Attributes:
        epoch: The numbers of the epochs, counted from 0.
        history: For the name of each log the list of its values.

    Example:
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile("sgd", "mse")
        >>> model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2, verbose=0).epoch
        [0, 1]
    """

    __fastnn_keeps_history__ = True

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forgets the numbers of the epochs of an earlier call."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Records the logs."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        if self.model is not None:
            self.model.history = self
