"""Callback that ends training when the loss is not finite."""

from __future__ import annotations

import math

from fastnn.callbacks.callback import Callback, Logs, at_invalid_loss


class TerminateOnNaN(Callback):
    """Stops training at the first batch whose loss is not finite.

    Example:
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile(fastnn.optimizers.SGD(1e30), "mse")
        >>> stop = fastnn.callbacks.TerminateOnNaN()
        >>> history = model.fit(np.ones((4, 1)), np.zeros((4, 1)), epochs=9, verbose=0, callbacks=[stop])
        Batch 0: Invalid loss, terminating training
    """

    @at_invalid_loss
    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Stops training where the loss is not finite."""
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            print(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True
