"""Warnings that name the line of the script which led to them."""

from __future__ import annotations

import inspect
import warnings


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warns, as of the innermost line of Python that is no code of fastnn.

    Args:
        message: What to say.
        category: The kind of warning.
    """
    frame = inspect.currentframe()
    assert frame is not None
    while frame.f_back is not None and _is_within(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    name = frame.f_globals.get("__name__", "<unknown>")
    warnings.warn_explicit(message, category, frame.f_code.co_filename, frame.f_lineno, name, registry)


def _is_within(module: str) -> bool:
    """Returns whether a module is fastnn's, or stands between fastnn and its callers."""
    return module.partition(".")[0] in ("fastnn", "importlib", "contextlib")
