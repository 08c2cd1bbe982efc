"""Callback that ends training when the loss is not a number."""

from __future__ import annotations

import math

from fastnn.callbacks.callback import Callback, Logs


class TerminateOnNaN(Callback):
    """Stops training at the first batch whose loss is not finite."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            print(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True
