"""Several callbacks as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fastnn.callbacks.backup_and_restore import BackupAndRestore
from fastnn.callbacks.callback import Callback, Logs
from fastnn.callbacks.history import History
from fastnn.callbacks.progress import ProgbarLogger


class CallbackList:
    """Callbacks that are told together.

    Args:
        callbacks: A callback, several, or None.
        add_history: Whether a `History` is put behind them where there is none.
        add_progbar: Whether a `ProgbarLogger` is put behind them where there is none.
        model: The model they are told of.
        **params: "epochs", "steps", "verbose".
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
        if add_progbar and not any(isinstance(callback, ProgbarLogger) for callback in self.callbacks):
            self.callbacks.append(ProgbarLogger(params.get("verbose", 1)))
        self.history = next((callback for callback in self.callbacks if isinstance(callback, History)), None)
        if add_history and self.history is None:
            self.history = History()
            self.callbacks.append(self.history)
        # A backup is made when the others have counted.
        self.callbacks.sort(key=lambda callback: isinstance(callback, BackupAndRestore))
        for callback in self.callbacks:
            if isinstance(callback, BackupAndRestore):
                callback.companions = [other for other in self.callbacks if other is not callback]
        self._bars = [callback for callback in self.callbacks if isinstance(callback, ProgbarLogger)]
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)
            if model is not None:
                callback.set_model(model)

    def wants_batches(self, mode: str) -> bool:
        """Whether some callback overrides a hook of the batches of "train", "test" or "predict"."""
        names = [f"on_{mode}_batch_begin", f"on_{mode}_batch_end"]
        if mode == "train":
            names += ["on_batch_begin", "on_batch_end"]
        return any(
            name in vars(callback) or getattr(type(callback), name, None) is not getattr(Callback, name)
            for callback in self.callbacks
            for name in names
        )

    def set_params(self, params: dict[str, Any]) -> None:
        """Tells the callbacks of other params."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def advance(self, steps: int, logs: Mapping[str, Any]) -> None:
        """Moves the bars."""
        for bar in self._bars:
            bar.advance(steps, logs)

    def close(self) -> None:
        """Closes the bars."""
        for bar in self._bars:
            bar.close()

    def tell(self, hook: str, *place: int, logs: Logs | None = None) -> None:
        """Calls one hook of every callback with the number of the epoch or batch, if any, and the logs."""
        logs = {} if logs is None else logs
        for callback in self.callbacks:
            getattr(callback, hook)(*place, logs)
