"""Callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn.callbacks.callback import HOOKS, Callback
from fastnn.naming import suggestion


class LambdaCallback(Callback):
    """Callback made of functions.

    Args:
        on_epoch_begin: A function of (epoch, logs), called before each epoch.
        on_epoch_end: A function of (epoch, logs), called after each epoch.
        on_train_begin: A function of (logs), called before the first epoch.
        on_train_end: A function of (logs), called after the last epoch.
        on_train_batch_begin: A function of (batch, logs), called before each batch.
        on_train_batch_end: A function of (batch, logs), called after each batch.
        **kwargs: Functions for the other hooks, by name, and further attributes of the callback.

    Raises:
        ValueError: A name begins with "on_" and no hook has it.

    Example:
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile("sgd", "mse")
        >>> show = fastnn.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
        >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[show])
        0 0.0
        1 0.0
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Callable[..., Any] | None,
    ) -> None:
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for hook, function in given.items():
            if hook.startswith("on_") and hook not in (*HOOKS, "on_batch_begin", "on_batch_end"):
                raise ValueError(f"LambdaCallback has no hook {hook!r}.{suggestion(hook, HOOKS)}")
            if function is not None:
                setattr(self, hook, function)
