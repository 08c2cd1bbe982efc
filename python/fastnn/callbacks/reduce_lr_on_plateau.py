"""Callback that lowers the learning rate when a value stops improving."""

from __future__ import annotations

from fastnn.callbacks.callback import Callback, Logs
from fastnn.callbacks.monitor import better, monitored


class ReduceLROnPlateau(Callback):
    """Lowers the learning rate when a log has stopped getting better.

    Args:
        monitor: The log's name.
        factor: By which the learning rate is multiplied; below 1.
        patience: How many epochs without getting better are borne.
        verbose: 1 to say so.
        mode: "min", "max" or "auto" (from the log's name).
        min_delta: By how much it must get better to count.
        cooldown: How many epochs to wait after lowering.
        min_lr: The lowest learning rate.

    Raises:
        ValueError: `factor` is not below 1.

    Example:
        >>> ReduceLROnPlateau(factor=0.2, patience=5)
    """

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
        super().__init__()
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau expects factor below 1, got {factor!r}")
        self.monitor = monitor
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.mode = mode
        self.min_delta = min_delta
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._is_better = better(monitor, mode, "ReduceLROnPlateau")
        self._begin()

    def _begin(self) -> None:
        self.best: float | None = None
        self.wait = 0
        self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._begin()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is None:
            return
        optimizer = self.model.optimizer
        logs["learning_rate"] = optimizer.learning_rate
        value = monitored(self, self.monitor, logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        margin = self.min_delta if self._is_better(0.0, 1.0) else -self.min_delta
        if self.best is None or self._is_better(value + margin, self.best):
            self.best = value
            self.wait = 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            if self.wait >= self.patience and optimizer.learning_rate > self.min_lr:
                optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
                if self.verbose > 0:
                    rate = optimizer.learning_rate
                    print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {rate}.")
                self.cooldown_counter = self.cooldown
                self.wait = 0
