"""Monitoring a value: better or worse, present or missing."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from fastnn.callbacks.callback import Callback, Logs


def better(monitor: str, mode: str, who: str) -> Callable[[float, float], bool]:
    """Whether the first number is better than the second."""
    if mode not in ("auto", "min", "max"):
        raise ValueError(f"{who} expects mode 'auto', 'min' or 'max', got {mode!r}")
    rises = any(word in monitor for word in ("acc", "auc", "precision", "recall", "f1", "fbeta", "r2"))
    if mode == "max" or (mode == "auto" and rises):
        return lambda new, old: new > old
    return lambda new, old: new < old


def monitored(callback: Callback, monitor: str, logs: Logs | None) -> float | None:
    value = (logs or {}).get(monitor)
    if value is None:
        warnings.warn(
            f"{type(callback).__name__} watches {monitor!r}, which is not among the logs: {', '.join(logs or {})}",
            stacklevel=5,
        )
        return None
    return float(value)
