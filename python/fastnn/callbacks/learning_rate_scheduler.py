"""Callback that sets the learning rate by a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn import console
from fastnn.callbacks.callback import Callback, Logs
from fastnn.callbacks.learning_rates import logged_rates, named_optimizers


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch.

    Args:
        schedule: A function of the epoch, counted from 0, and the current learning rate, or of the epoch alone. It
            returns the new learning rate.
        verbose: 1 to print it.

    Raises:
        ValueError: In training: the function returns no float.

    Example:
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile(fastnn.optimizers.SGD(0.5), "mse")
        >>> halve = fastnn.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
        >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[halve])
        >>> history.history["learning_rate"]
        [0.25, 0.125]
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Sets the learning rate."""
        for _, title, optimizer in named_optimizers(self.model.optimizer):
            # The number of arguments is read, not tried: an error within the function is its own.
            given: tuple[Any, ...] = (epoch, float(optimizer.learning_rate))
            try:
                inspect.signature(self.schedule).bind(*given)
            except TypeError:
                given = given[:1]
            rate = self.schedule(*given)
            if not isinstance(rate, (float, np.floating)):
                raise ValueError(f"LearningRateScheduler expects its function to return a float, got {rate!r}")
            optimizer.learning_rate = float(rate)
            if self.verbose > 0:
                console.write(f"\nEpoch {epoch + 1}: LearningRateScheduler setting{title} learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Adds the learning rate to the logs."""
        if logs is not None:
            logs.update(logged_rates(self.model.optimizer))
