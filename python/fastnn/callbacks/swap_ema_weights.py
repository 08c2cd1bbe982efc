"""Callback that evaluates, predicts and saves with the averages of the weights."""

from __future__ import annotations

from typing import Any

from fastnn.callbacks.callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Puts the averages of the weights in their place for evaluation and prediction, and the weights back afterwards.

    The optimizer keeps the averages, exponential moving ones, with `use_ema=True`.

    Args:
        swap_on_epoch: True to swap also at the end of an epoch, so that callbacks that save, such as `ModelCheckpoint`
            after this one, save the averages; the next epoch begins with the weights.

    Raises:
        ValueError: When `fit`, `evaluate` or `predict` begins: the optimizer keeps no averages.

    Example:
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1, use_bias=False)])
        >>> model.compile(fastnn.optimizers.SGD(0.25, use_ema=True, ema_momentum=0.9), "mse")
        >>> swap = fastnn.callbacks.SwapEMAWeights()
        >>> x, y = np.ones((4, 1)), np.zeros((4, 1))
        >>> history = model.fit(x, y, validation_data=(x, y), verbose=0, callbacks=[swap])
        >>> history.history["val_loss"][0] > 0.0
        True
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._weights: list[tuple[Any, Any]] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Checks that there are averages."""
        self._averages()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Puts the weights back."""
        if self.swap_on_epoch:
            self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Puts the averages in place where they are to be saved."""
        if self.swap_on_epoch:
            self._swap(True)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Forgets the weights: the optimizer has given the model its averages for good."""
        self._weights = None

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Puts the averages in place."""
        self._swap(True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Puts the weights back."""
        self._swap(False)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Puts the averages in place."""
        self._swap(True)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Puts the weights back."""
        self._swap(False)

    def _averages(self) -> list[tuple[Any, Any]]:
        """Returns each trained weight that has an average, with it."""
        optimizer: Any = getattr(self.model, "optimizer", None)
        weights = self.model.trainable_variables if optimizer is not None else []
        pairs = [(weight, optimizer.__fastnn_average__(weight)) for weight in weights]
        found = [(weight, average) for weight, average in pairs if average is not None]
        if not found:
            name = type(optimizer).__name__ if optimizer is not None else "a model that is not compiled"
            raise ValueError(
                f"SwapEMAWeights expects an optimizer that keeps averages of the weights, got {name} without them; "
                "give the optimizer use_ema=True"
            )
        return found

    def _swap(self, averages: bool) -> None:
        """Puts the averages, or the weights, in place, unless they stand there. Nothing is trained in between."""
        if averages and self._weights is None:
            self._weights = []
            for weight, average in self._averages():
                self._weights.append((weight, weight.numpy()))
                weight.assign(average.numpy())
        elif not averages and self._weights is not None:
            for weight, value in self._weights:
                weight.assign(value)
            self._weights = None
