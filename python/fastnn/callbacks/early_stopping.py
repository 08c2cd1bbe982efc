"""Callback that ends training when a value stops improving."""

from __future__ import annotations

from typing import Any

from fastnn.callbacks.callback import Callback, Logs
from fastnn.callbacks.monitor import better, monitored


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
        self._is_better = better(monitor, mode, "EarlyStopping")
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
        value = monitored(self, self.monitor, logs)
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
