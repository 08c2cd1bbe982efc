"""Callback that ends training when the loss is not finite."""

from __future__ import annotations

import math

from fastnn import console
from fastnn.callbacks.callback import Callback, Logs, at_invalid_loss


class TerminateOnNaN(Callback):
    """Stops training at the first batch whose loss is not finite.

    Args:
        raise_error: True to raise an error, after which no callback is told that training has ended, so that a
            `BackupAndRestore` keeps its backup.

    Raises:
        RuntimeError: In training: a loss is not finite, and `raise_error` is True.

    Example:
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile(fastnn.optimizers.SGD(1e30), "mse")
        >>> stop = fastnn.callbacks.TerminateOnNaN()
        >>> history = model.fit(np.ones((4, 1)), np.zeros((4, 1)), epochs=9, verbose=0, callbacks=[stop])
        Batch 0: Invalid loss, terminating training
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    @at_invalid_loss
    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Stops training where the loss is not finite."""
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            if self.raise_error:
                raise RuntimeError(
                    f"TerminateOnNaN: the loss of batch {batch} is {loss}; the weights are lost to it. Try a smaller "
                    "learning rate, or clipnorm= of the optimizer"
                )
            console.write(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True
