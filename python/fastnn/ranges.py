"""Errors for numbers that are out of their range: they name the object, the argument, the range and the value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def check_range(
    who: object, name: str, value: Any, least: float = -math.inf, most: float = math.inf, *, above: bool = False
) -> None:
    """Checks that a number is finite and within its bounds.

    Args:
        who: The object whose argument it is, or the name of a function.
        name: Name of the argument.
        value: Its value.
        least: Smallest value.
        most: Largest value.
        above: True where `least` itself is out of range.

    Raises:
        TypeError: It is no number.
        ValueError: It is out of range.
    """
    title = who if isinstance(who, str) else type(who).__name__
    try:
        fits = math.isfinite(value) and (least < value if above else least <= value) and value <= most
    except TypeError:
        raise TypeError(f"{title} expects {name} to be a number, got {value!r}") from None
    if not fits:
        if math.isinf(least):
            bounds = "" if math.isinf(most) else f" of at most {most:g}"
        elif above:
            bounds = f" above {least:g}" if math.isinf(most) else f" above {least:g} and at most {most:g}"
        else:
            bounds = f" of at least {least:g}" if math.isinf(most) else f" from {least:g} to {most:g}"
        raise ValueError(f"{title} expects {name} to be a finite number{bounds}, got {value!r}")


def check_count(who: object, name: str, value: Any, least: int = 1) -> None:
    """Checks that an argument is an integer of at least `least`; raises as `check_range` does."""
    title = who if isinstance(who, str) else type(who).__name__
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{title} expects {name} to be an integer, got {value!r}")
    if value < least:
        raise ValueError(f"{title} expects {name} to be an integer of at least {least}, got {value!r}")
