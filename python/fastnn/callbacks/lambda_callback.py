"""Callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn.callbacks.callback import HOOKS, Callback
from fastnn.naming import suggestion


class LambdaCallback(Callback):
    """A callback of functions.

    Args:
        on_epoch_begin: Called with (epoch, logs), as is the next.
        on_epoch_end: After each epoch.
        on_train_begin: Called with (logs), as is the next.
        on_train_end: After the last epoch.
        on_train_batch_begin: Called with (batch, logs), as is the next.
        on_train_batch_end: After each batch.
        **kwargs: The other hooks by name.

    Raises:
        ValueError: No hook has such a name.

    Example:
        >>> LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
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
            if hook not in (*HOOKS, "on_batch_begin", "on_batch_end"):
                raise ValueError(f"LambdaCallback has no hook {hook!r}.{suggestion(hook, HOOKS)}")
            if function is not None:
                setattr(self, hook, function)
