"""Callback that lowers the learning rate when a value stops improving."""

from __future__ import annotations

import numpy as np

from fastnn import console
from fastnn.callbacks.callback import Logs
from fastnn.callbacks.learning_rates import logged_rates, named_optimizers
from fastnn.callbacks.monitor import MonitorCallback
from fastnn.ranges import check_range


class ReduceLROnPlateau(MonitorCallback):
    """Lowers the learning rate when a value has stopped improving.

    Args:
        monitor: The name of the value in the logs.
        factor: The factor of the learning rate, below 1.
        patience: The number of epochs without an improvement after which the learning rate is lowered.
        verbose: 1 to print a message.
        mode: "min" where lower values are better, "max" where higher ones are, or "auto": "min" for a loss, otherwise
            the direction of the compiled metric of that name.
        min_delta: The smallest difference that counts as an improvement.
        cooldown: The number of epochs to wait after lowering.
        min_lr: The lowest learning rate.

    Raises:
        ValueError: `factor` is not below 1.

    Example:
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile(fastnn.optimizers.SGD(0.5), "mse")
        >>> plateau = fastnn.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=2)
        >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=4, verbose=0, callbacks=[plateau])
        >>> history.history["learning_rate"]
        [0.5, 0.5, 0.5, 0.25]
    """

    __fastnn_counted__ = ("wait", "best", "cooldown_counter")

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
        super().__init__(monitor, mode, min_delta)
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau expects factor below 1, got {factor!r}")
        for name, value in (("factor", factor), ("patience", patience), ("cooldown", cooldown), ("min_lr", min_lr)):
            check_range(self, name, value, 0)
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._begin()

    def _begin(self) -> None:
        self.best = None
        self.wait = 0
        self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forgets what was counted in an earlier call."""
        self._begin()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Adds the learning rate to the logs, and lowers it where the value has not improved for too long."""
        if logs is None:
            return
        self.__fastnn_find_direction__()
        logs.update(logged_rates(self.model.optimizer))
        value = self.get_monitor_value(logs)
        if value is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.__fastnn_improves__(value, self.best):
            self.best = value
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and self._lower(epoch):
                self.cooldown_counter = self.cooldown
                self.wait = 0

    def _lower(self, epoch: int) -> bool:
        """Lowers the learning rates; returns whether one was still above the lowest."""
        lowered = False
        for _, title, optimizer in named_optimizers(self.model.optimizer):
            rate = float(optimizer.learning_rate)
            if np.float32(rate) > np.float32(self.min_lr):
                rate = max(rate * self.factor, self.min_lr)
                optimizer.learning_rate = rate
                lowered = True
                if self.verbose > 0:
                    console.write(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing{title} learning rate to {rate}.")
        return lowered

    def in_cooldown(self) -> bool:
        """Returns whether epochs are waited for after a learning rate was lowered."""
        return self.cooldown_counter > 0
