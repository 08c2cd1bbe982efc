"""Callback that ends training when a value stops improving."""

from __future__ import annotations

from typing import Any

from fastnn import console
from fastnn.callbacks.callback import Logs
from fastnn.callbacks.monitor import MonitorCallback
from fastnn.ranges import check_range


class EarlyStopping(MonitorCallback):
    """Stops training when a value has stopped improving.

    Args:
        monitor: The name of the value in the logs.
        min_delta: The smallest difference that counts as an improvement.
        patience: The number of epochs without an improvement after which training stops.
        verbose: 1 to print a message when training stops.
        mode: "min" where lower values are better, "max" where higher ones are, or "auto": "min" for a loss, otherwise
            the direction of the compiled metric of that name.
        baseline: The value that has to be surpassed for an improvement to count; None: none.
        restore_best_weights: True to restore the weights of the best epoch.
        start_from_epoch: The first epoch that counts.

    Attributes:
        stopped_epoch: The epoch at which training was stopped; 0 where it was not.
        best: The best value seen.
        best_epoch: The epoch of the best value.

    Example:
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile("sgd", "mse")
        >>> stop = fastnn.callbacks.EarlyStopping("loss", patience=2)
        >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=100, verbose=0, callbacks=[stop])
        >>> history.epoch
        [0, 1, 2]
    """

    __fastnn_counted__ = ("wait", "stopped_epoch", "best", "best_epoch", "best_weights")

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
        super().__init__(monitor, mode, min_delta)
        check_range(self, "patience", patience, 0)
        check_range(self, "start_from_epoch", start_from_epoch, 0)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._begin()

    def _begin(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forgets what was counted in an earlier call."""
        self._begin()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Stops training where the value has not improved for too long."""
        self.__fastnn_find_direction__()
        value = self.get_monitor_value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            # Should no epoch be better than the first value seen, this is the best there is.
            self.best_weights = self.model.get_weights()
            self.best_epoch = epoch
        self.wait += 1
        if self.__fastnn_improves__(value, self.best):
            self.best = value
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            # An epoch that is the best so far still counts as waiting while it is worse than the baseline.
            if self.__fastnn_improves__(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Restores the weights of the best epoch, where that is asked for."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            console.write(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                console.write(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
