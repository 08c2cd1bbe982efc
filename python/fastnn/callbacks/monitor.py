"""The base of callbacks that monitor a value of the logs: which value, better or worse, present or missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from fastnn import ops
from fastnn.callbacks.callback import Callback, Logs
from fastnn.caller import warn
from fastnn.engine.calls import overridable
from fastnn.naming import near


class MonitorCallback(Callback):
    """Base of callbacks that monitor a value of the logs.

    Args:
        monitor: The name of the value in the logs.
        mode: "min" where lower values are better, "max" where higher ones are, or "auto": "min" for a loss, otherwise
            the direction of the compiled metric of that name.
        min_delta: The smallest difference that counts as an improvement.

    Attributes:
        best: The best value seen, or None.
        monitor_op: The comparison by which a value is better than another: `ops.greater`, `ops.less`, or None where
            that is not known yet.

    Raises:
        ValueError: In training: `mode` is "auto", and the direction of the value is not known.
    """

    __fastnn_counted__: ClassVar[tuple[str, ...]] = ()
    """The attributes that change while training, which a backup of training keeps."""

    def __init__(self, monitor: str, mode: str = "auto", min_delta: float = 0.0) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warn(f"{type(self).__name__} expects mode 'auto', 'min' or 'max', got {mode!r}; it is taken as 'auto'")
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(min_delta)
        self.best: float | None = None
        self._rises: bool | None = None if mode == "auto" else mode == "max"

    def __fastnn_find_direction__(self) -> None:
        """Finds out whether higher or lower values are better; called when the metrics are known.

        Raises:
            ValueError: `mode` is "auto", and the direction of the value is not known.
        """
        if self._rises is not None:
            return
        name = self.monitor.removeprefix("val_")
        compiled = self.model.__fastnn_training__.compiled
        direction = "down" if name == "loss" else None if compiled is None else compiled.direction(name)
        if direction is None:
            raise ValueError(
                f"{type(self).__name__} {_not_known(self.monitor, compiled)}cannot tell whether {self.monitor!r} is "
                "better the higher or the lower it is: pass mode='max' or mode='min'"
            )
        self._rises = direction == "up"

    @overridable
    def monitor_op(self) -> Any:
        """The comparison by which a value is better than another, or None."""
        return None if self._rises is None else ops.greater if self._rises else ops.less

    def get_monitor_value(self, logs: Logs | None) -> float | None:
        """Returns the monitored value; None, with a warning, where it is not in the logs.

        Args:
            logs: The logs.
        """
        value = (logs or {}).get(self.monitor)
        if value is None:
            warn(
                f"{type(self).__name__} watches {self.monitor!r}, which is not among the logs: {', '.join(logs or {})}."
                + _meant(self.monitor, logs or {})
            )
            return None
        return float(value)

    def __fastnn_improves__(self, value: float, reference: float | None) -> bool:
        """Returns whether a value is better than another by more than `min_delta`.

        Args:
            value: The value.
            reference: The other one; None: any value is better.
        """
        if reference is None:
            return True
        return value - self.min_delta > reference if self._rises else value + self.min_delta < reference

    def __fastnn_counts__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__fastnn_counted__}

    def __fastnn_restore__(self, counts: Mapping[str, Any]) -> None:
        for name in self.__fastnn_counted__:
            if name in counts:
                setattr(self, name, counts[name])


def _not_known(monitor: str, compiled: Any) -> str:
    """Returns the beginning of an error, what the logs of a model will hold, for a name that is not among them."""
    if compiled is None:
        return ""
    known = list(dict.fromkeys(["loss", *compiled.loss_names(), *(one.name for one in compiled.measures or [])]))
    held = [f"val_{name}" for name in known]
    if monitor in (*known, *held):
        return ""
    return (
        f"watches {monitor!r}, which is no loss or metric of the model: its logs hold {', '.join(known)}, and with "
        f"validation data {', '.join(held)}.{_meant(monitor, [*known, *held])} Where a callback adds it to the logs, "
        "fastnn "
    )


def _meant(monitor: str, known: Iterable[str]) -> str:
    """Returns ` Did you mean 'val_accuracy'?` for a name that is close to a logged one or begins it."""
    if monitor.removeprefix("val_") in known:
        return " It comes with validation data: validation_data= or validation_split= of fit"
    longer = [one for one in known if one.startswith(monitor)]
    return f" Did you mean {longer[0]!r}?" if longer else near(monitor, known)
