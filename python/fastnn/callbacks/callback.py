"""The base class of callbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from fastnn.configurable import is_foreign
from fastnn.signatures import checked

Logs = dict[str, Any]

HOOKS = (
    "on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end",
    "on_test_begin", "on_test_end", "on_test_batch_begin", "on_test_batch_end", "on_predict_begin", "on_predict_end",
    "on_predict_batch_begin", "on_predict_batch_end",
)  # fmt: skip
"""The names of all hooks."""

_Hook = TypeVar("_Hook", bound=Callable[..., Any])


def at_invalid_loss(hook: _Hook) -> _Hook:
    """Marks an `on_train_batch_end` that does nothing while the loss is finite: it then costs nothing.

    Args:
        hook: The method. A class that overrides it is told of every batch, unless it marks its own.
    """
    hook.at_invalid_loss = True  # type: ignore[attr-defined]
    return hook


class Callback:
    """Base of all callbacks; override the hooks of interest.

    Attributes:
        model: The model that is trained.
        params: The "epochs", "steps" (None where it is not known) and "verbose" of the call; None before it.
        on_every_process: Whether all processes of a distribution call it, or process 0 alone. True by default; an
            attribute of a class that only prints, draws or writes files is better False.

    Example:
        >>> class Halve(fastnn.callbacks.Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         self.model.optimizer.learning_rate *= 0.5
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1)])
        >>> model.compile(fastnn.optimizers.SGD(0.5), "mse")
        >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[Halve()])
        >>> float(model.optimizer.learning_rate)
        0.125
    """

    on_every_process: ClassVar[bool] = True

    # What fastnn asks of its own callbacks goes by names that no class of a user's takes by chance.
    __fastnn_runs_last__: ClassVar[bool] = False
    """True for a callback that is called after all others."""
    __fastnn_shows_progress__: ClassVar[bool] = False
    """True for a callback with the methods `__fastnn_advance__`, called with the steps done, and `__fastnn_close__`."""
    __fastnn_keeps_history__: ClassVar[bool] = False
    """True for a callback that `fit` may return as its history."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls) and not is_foreign(cls):
            cls.__init__ = checked(cls.__init__)  # type: ignore[method-assign]

    def __init__(self) -> None:
        self.params: dict[str, Any] | None = None
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The model that is trained; None before the first hook."""
        return self.__dict__.get("_model")

    def set_params(self, params: dict[str, Any]) -> None:
        """Called before the first hook.

        Args:
            params: The "epochs", "steps" and "verbose" of the call.
        """
        self.params = params

    def set_model(self, model: Any) -> None:
        """Called before the first hook.

        Args:
            model: The model.
        """
        self._model = model

    def __fastnn_idle_hooks__(self) -> Sequence[Any]:
        """Returns those hooks of batches which the class defines and the object does not need.

        Each call of such a hook stops the core.
        """
        return ()

    def __fastnn_run__(self, run: Any) -> None:
        """Called before the first hook of `fit`.

        Args:
            run: The `fastnn.training.loop.Run`, which knows the current epoch, step and position, and can be resumed.
        """

    def __fastnn_companions__(self, companions: Sequence[Any]) -> None:
        """Called before the first hook.

        Args:
            companions: The other callbacks of the call.
        """

    def __fastnn_counts__(self) -> dict[str, Any]:
        """Returns the state that a backup of training keeps.

        It holds numbers, and perhaps a list of arrays called "best_weights".
        """
        return {}

    def __fastnn_restore__(self, counts: Mapping[str, Any]) -> None:
        """Goes on from what `__fastnn_counts__` returned in an interrupted run.

        Args:
            counts: What was counted.
        """

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called as `on_train_batch_begin`; an older name.

        Args:
            batch: The number of the batch.
            logs: Empty.
        """

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called as `on_train_batch_end`; an older name.

        Args:
            batch: The number of the batch.
            logs: The means since the epoch began.
        """

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before each batch of `fit`.

        Args:
            batch: The number of the batch in the epoch.
            logs: Empty.
        """
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after each batch of `fit`.

        Args:
            batch: The number of the batch in the epoch.
            logs: The means since the epoch began.
        """
        self.on_batch_end(batch, logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called before each epoch.

        Args:
            epoch: The number of the epoch, counted from 0.
            logs: Empty.
        """

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called after each epoch and its validation.

        Args:
            epoch: The number of the epoch, counted from 0.
            logs: The means of the epoch, those of the validation as `val_...`.
        """

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called before the first epoch.

        Args:
            logs: Empty.
        """

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called after the last epoch.

        Args:
            logs: Those of the last epoch.
        """

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called before `evaluate`, and before each validation of `fit`.

        Args:
            logs: Empty.
        """

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called after `evaluate`, and after each validation of `fit`.

        Args:
            logs: The means.
        """

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before each batch of `evaluate`.

        Args:
            batch: The number of the batch.
            logs: Empty.
        """

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after each batch of `evaluate`.

        Args:
            batch: The number of the batch.
            logs: The means up to here.
        """

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Called before `predict`.

        Args:
            logs: Empty.
        """

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Called after `predict`.

        Args:
            logs: Empty.
        """

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before each batch of `predict`.

        Args:
            batch: The number of the batch.
            logs: Empty.
        """

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after each batch of `predict`.

        Args:
            batch: The number of the batch.
            logs: The "outputs" of the batch; where a model returns a dict, its entries.
        """
