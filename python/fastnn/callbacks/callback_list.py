"""Several callbacks as one.

The list knows no callback by its class: which one runs last, shows progress or keeps the history is an attribute of the
callback. Only the two that `fit` adds by itself are made here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastnn.callbacks.callback import Callback, Logs
from fastnn.callbacks.history import History
from fastnn.callbacks.progress import ProgbarLogger

BatchHook = Callable[[int, Logs], Any]


class CallbackList:
    """Callbacks that are called together.

    Args:
        callbacks: A callback, several, or None.
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
        >>> hooks.tell("on_epoch_end", 0, logs={"loss": 1.0})
        >>> hooks.history.history
        {'loss': [1.0]}
    """

    def __init__(
        self,
        callbacks: Callback | Iterable[Callback] | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        if callbacks is None:
            self.callbacks: list[Any] = []
        elif isinstance(callbacks, Iterable) and not isinstance(callbacks, Callback):
            self.callbacks = list(callbacks)
        else:
            self.callbacks = [callbacks]
        for callback in self.callbacks:
            if isinstance(callback, type) or not hasattr(callback, "on_epoch_end"):
                mend = f"; write {callback.__name__}()" if isinstance(callback, type) else ""
                raise TypeError(f"callbacks expects objects of fastnn.callbacks.Callback, got {callback!r}{mend}")
        if add_progbar and not any(_says(callback, "shows_progress") for callback in self.callbacks):
            self.callbacks.append(ProgbarLogger(params.get("verbose", 1)))
        self.history: Any = next((callback for callback in self.callbacks if _says(callback, "keeps_history")), None)
        if add_history and self.history is None:
            self.history = History()
            self.callbacks.append(self.history)
        self.callbacks.sort(key=lambda callback: _says(callback, "runs_last"))
        self._bars = [callback for callback in self.callbacks if _says(callback, "shows_progress")]
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)
            if model is not None:
                callback.set_model(model)
            if isinstance(callback, Callback):
                type(callback).set_companions(callback, [other for other in self.callbacks if other is not callback])

    def batch_hooks(self, mode: str) -> tuple[list[BatchHook], list[BatchHook]]:
        """Returns the hooks of the batches that callbacks override: those before a batch, and those after it.

        Where there are none, the core runs many steps without Python. A hook that is only asked for where the loss is
        not finite counts only together with others.

        Args:
            mode: "train", "test" or "predict".
        """
        begin, end = self._overriding(mode, "begin"), self._overriding(mode, "end")
        return (begin, end) if begin or len(end) > len(self.watching(mode)) else ([], [])

    def watching(self, mode: str) -> list[BatchHook]:
        """Returns the hooks after a batch that are only asked for where the loss is not finite.

        Args:
            mode: "train", "test" or "predict".
        """
        return [hook for hook in self._overriding(mode, "end") if getattr(hook, "at_invalid_loss", False)]

    def _overriding(self, mode: str, when: str) -> list[BatchHook]:
        name = f"on_{mode}_batch_{when}"
        names = [name, f"on_batch_{when}"] if mode == "train" else [name]
        return [
            getattr(callback, name)
            for callback in self.callbacks
            if any(
                one in vars(callback) or getattr(type(callback), one, None) is not getattr(Callback, one)
                for one in names
            )
        ]

    @property
    def shows_progress(self) -> bool:
        """True where a callback shows progress within an epoch."""
        return bool(self._bars)

    def set_params(self, params: dict[str, Any]) -> None:
        """Gives the callbacks other params.

        Args:
            params: "epochs", "steps", "verbose".
        """
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_run(self, run: Any) -> None:
        """Gives the callbacks the run of `fit`.

        Args:
            run: The run.
        """
        for callback in self.callbacks:
            if isinstance(callback, Callback):
                type(callback).set_run(callback, run)

    def advance(self, steps: int, logs: Mapping[str, Any]) -> None:
        """Updates the callbacks that show progress.

        Args:
            steps: The number of steps that are done.
            logs: The means up to here.
        """
        for bar in self._bars:
            bar.advance(steps, logs)

    def close(self) -> None:
        """Closes the callbacks that show progress."""
        for bar in self._bars:
            bar.close()

    def tell(self, hook: str, *place: int, logs: Logs | None = None) -> None:
        """Calls one hook of every callback.

        Args:
            hook: The name of the hook.
            *place: The number of the epoch or batch, where the hook takes one.
            logs: The logs; None: empty ones.
        """
        logs = {} if logs is None else logs
        for callback in self.callbacks:
            getattr(callback, hook)(*place, logs)


def _says(callback: Any, attribute: str) -> bool:
    """Returns whether an attribute of a callback is true; objects that are no `Callback` have none of them."""
    return bool(getattr(callback, attribute, False))
