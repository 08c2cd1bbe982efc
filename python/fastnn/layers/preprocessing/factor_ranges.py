"""Arguments of augmentation layers that stand for ranges, as pairs of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Range = tuple[float, float]


Factor = float | Sequence[float]


def _numbers(value: Any) -> list[float] | None:
    """The value as a list of two numbers, or of one; None where it is neither."""
    given = list(value) if isinstance(value, (tuple, list, np.ndarray)) else [value]
    pair = isinstance(value, (tuple, list, np.ndarray))
    fits = len(given) == (2 if pair else 1) and all(
        isinstance(one, (int, float, np.number)) and not isinstance(one, bool) for one in given
    )
    return [float(one) for one in given] if fits else None


def drawn_between(who: str, name: str, value: Any, least: float, most: float, from_zero: bool = False) -> Range:
    """The range that an argument stands for: two numbers, or one that stands for the range from -it to it.

    Args:
        who: Whose argument it is.
        name: What it is called.
        value: What the user gave.
        least: What no number may be below; a range from a single number starts there at the lowest.
        most: What no number may be above.
        from_zero: Whether a single number stands for the range from 0 to it.

    Raises:
        ValueError: It is no such number, nor two of them.
    """
    numbers = _numbers(value)
    if numbers is None or any(not least <= one <= most for one in numbers):
        raise ValueError(
            f"{who} expects {name} to be a number or two numbers from {least:g} to {most:g}, got {value!r}"
        )
    if len(numbers) == 2:
        return min(numbers), max(numbers)
    size = abs(numbers[0])
    return (0.0 if from_zero else max(-size, least)), size


def values_between(who: str, value: Any) -> Range:
    """The smallest and the largest value that a colour may have.

    Raises:
        ValueError: They are not two different numbers.
    """
    numbers = _numbers(value)
    if numbers is None or len(numbers) != 2 or numbers[0] == numbers[1]:
        raise ValueError(f"{who} expects value_range to be two different numbers such as (0, 255), got {value!r}")
    return min(numbers), max(numbers)
