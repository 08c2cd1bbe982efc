"""Callback that sets the learning rate by a function."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastnn.callbacks.callback import Callback, Logs


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch.

    Args:
        schedule: Called with (epoch, learning rate now), returns the new learning rate.
        verbose: 1 to print it.

    Example:
        >>> LearningRateScheduler(lambda epoch, rate: rate * 0.9)
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        rate = self.schedule(epoch, self.model.optimizer.learning_rate)
        if not isinstance(rate, (float, np.floating)):
            raise ValueError(f"LearningRateScheduler expects its function to return a float, got {rate!r}")
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = self.model.optimizer.learning_rate
