"""Several callbacks as one.

The list knows no callback by its class: which one runs last, shows progress or keeps the history is an attribute of the
callback. Only the two that `fit` adds by itself are made here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from fastnn.callbacks.callback import HOOKS, Callback, Logs
from fastnn.callbacks.history import History
from fastnn.callbacks.progress import ProgbarLogger

BatchHook = Callable[[int, Logs], Any]


class CallbackList(Callback):
    """Callbacks that are called together.

    Args:
        callbacks: A callback, several (lists may be nested), another `CallbackList`, or None.
        add_history: True to add a `History` where there is none.
        add_progbar: True to add a `ProgbarLogger` where no callback shows progress.
        model: The model that they are given.
        **params: "epochs", "steps", "verbose".

    Attributes:
        callbacks: The callbacks, in the order in which they are called.
        history: The callback that keeps the history, or None.
        params: As given.

    Raises:
        TypeError: Something is no callback.

    Example:
        >>> hooks = fastnn.callbacks.CallbackList(None, add_history=True)
        >>> hooks.on_train_begin()
        >>> hooks.on_epoch_end(0, {"loss": 1.0})
        >>> hooks.history.history
        {'loss': [1.0]}
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Any] = list(flattened(callbacks))
        for callback in self.callbacks:
            if isinstance(callback, type) or not hasattr(callback, "on_epoch_end"):
                mend = f"; write {callback.__name__}()" if isinstance(callback, type) else ""
                raise TypeError(f"callbacks expects objects of fastnn.callbacks.Callback, got {callback!r}{mend}")
        if add_progbar and not any(_says(callback, "shows_progress") for callback in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        self.history: Any = next((callback for callback in self.callbacks if _says(callback, "keeps_history")), None)
        if add_history and self.history is None:
            self.history = History()
            self.callbacks.append(self.history)
        self._order()
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    def _order(self) -> None:
        self.callbacks.sort(key=lambda callback: _says(callback, "runs_last"))
        self._bars = [callback for callback in self.callbacks if _says(callback, "shows_progress")]
        for callback in self.callbacks:
            if isinstance(callback, Callback):
                callback.__fastnn_companions__([other for other in self.callbacks if other is not callback])

    def append(self, callback: Callback) -> None:
        """Adds a callback.

        Args:
            callback: The callback.
        """
        self.callbacks.append(callback)
        self._order()

    def batch_hooks(self, mode: str) -> tuple[list[BatchHook], list[BatchHook], list[BatchHook]]:
        """Returns the hooks of the batches that callbacks override: before a batch, after it, and after an invalid one.

        Where there are none of the first two, the core runs many steps without Python. A hook of the third kind is only
        asked for where the loss is not finite; it is among the second only together with others.

        Args:
            mode: "train", "test" or "predict".
        """
        if not self.callbacks:
            return [], [], []
        begin, end = self._overriding(mode, "begin"), self._overriding(mode, "end")
        watching = [hook for hook in end if getattr(hook, "at_invalid_loss", False)]
        return (begin, end, watching) if begin or len(end) > len(watching) else ([], [], watching)

    def _overriding(self, mode: str, when: str) -> list[BatchHook]:
        name = f"on_{mode}_batch_{when}"
        names = [name, f"on_batch_{when}"] if mode == "train" else [name]
        return [
            getattr(callback, name) for callback in self.callbacks if any(_overrides(callback, one) for one in names)
        ]

    def watches_epochs(self) -> bool:
        """Returns whether a callback does more at the beginning and the end of an epoch than to record its logs."""
        return any(
            _overrides(callback, "on_epoch_begin") or (_overrides(callback, "on_epoch_end") and not _records(callback))
            for callback in self.callbacks
        )

    def record(self, first: int, values: Mapping[str, Sequence[Any]]) -> None:
        """Gives the histories the logs of epochs that nobody else watches.

        Args:
            first: The number of the first epoch, counted from 0.
            values: For the name of each log its values, one for each epoch.
        """
        for callback in self.callbacks:
            if isinstance(callback, History):
                callback.__fastnn_record__(first, values)

    @property
    def shows_progress(self) -> bool:
        """True where a callback shows progress within an epoch."""
        return bool(self._bars)

    def set_params(self, params: dict[str, Any]) -> None:
        """Gives the callbacks other params.

        Args:
            params: "epochs", "steps", "verbose"; where there are none, the callbacks keep theirs.
        """
        self.params = params
        for callback in self.callbacks if params else ():
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Gives the callbacks the model.

        Args:
            model: The model.
        """
        super().set_model(model)
        if self.history is not None:
            model.history = self.history
        for callback in self.callbacks:
            callback.set_model(model)

    def set_run(self, run: Any) -> None:
        """Gives the callbacks the run of `fit`.

        Args:
            run: The run.
        """
        for callback in self.callbacks:
            if isinstance(callback, Callback):
                callback.__fastnn_run__(run)

    def advance(self, steps: int, logs: Mapping[str, Any]) -> None:
        """Updates the callbacks that show progress.

        Args:
            steps: The number of steps that are done.
            logs: The means up to here.
        """
        for bar in self._bars:
            bar.__fastnn_advance__(steps, logs)

    def close(self) -> None:
        """Closes the callbacks that show progress."""
        for bar in self._bars:
            bar.__fastnn_close__()

    def tell(self, hook: str, *place: int, logs: Mapping[str, Any] | None = None) -> None:
        """Calls one hook of every callback; what one writes into the logs, those after it read.

        Args:
            hook: The name of the hook.
            *place: The number of the epoch or batch, where the hook takes one.
            logs: The logs; None: empty ones.
        """
        told = {} if logs is None else dict(logs)
        for callback in self.callbacks:
            getattr(callback, hook)(*place, told)


def flattened(callbacks: Any) -> Iterator[Any]:
    """Yields the callbacks of nested lists, one by one."""
    if isinstance(callbacks, CallbackList):
        yield from callbacks.callbacks
    elif isinstance(callbacks, Iterable) and not isinstance(callbacks, Callback):
        for one in callbacks:
            yield from flattened(one)
    elif callbacks is not None:
        yield callbacks


def _says(callback: Any, attribute: str) -> bool:
    """Returns whether a callback has such a property; objects that are no `Callback` have none."""
    return bool(getattr(callback, f"__fastnn_{attribute}__", False))


def _overrides(callback: Any, hook: str) -> bool:
    """Returns whether a callback does something in a hook of the batches."""
    if hook in vars(callback):
        return True
    method = getattr(type(callback), hook, None)
    if method is getattr(Callback, hook):
        return False
    return not (isinstance(callback, Callback) and method in callback.__fastnn_idle_hooks__())


def _records(callback: Any) -> bool:
    """Returns whether a callback does nothing but record its logs at the end of an epoch."""
    return (
        "on_epoch_end" not in vars(callback) and getattr(type(callback), "on_epoch_end", None) is History.on_epoch_end
    )


def _telling(hook: str) -> Callable[..., None]:
    placed = "epoch" in hook or "batch" in hook

    def told(self: CallbackList, place: int, logs: Logs | None = None) -> None:
        self.tell(hook, place, logs=logs)

    def told_once(self: CallbackList, logs: Logs | None = None) -> None:
        self.tell(hook, logs=logs)

    method = told if placed else told_once
    method.__name__, method.__doc__ = hook, getattr(Callback, hook).__doc__
    return method


for _hook in (*HOOKS, "on_batch_begin", "on_batch_end"):
    setattr(CallbackList, _hook, _telling(_hook))
