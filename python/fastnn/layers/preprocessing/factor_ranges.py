"""Arguments of augmentation layers that stand for ranges, as pairs of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Range = tuple[float, float]
Factor = float | Sequence[float]


def _numbers(value: Any) -> list[float] | None:
    """Returns the value as a list of one or two numbers, or None if it is neither."""
    given = list(value) if isinstance(value, (tuple, list, np.ndarray)) else [value]
    pair = isinstance(value, (tuple, list, np.ndarray))
    fits = len(given) == (2 if pair else 1) and all(
        isinstance(one, (int, float, np.number)) and not isinstance(one, bool) for one in given
    )
    return [float(one) for one in given] if fits else None


def factor_range(who: str, name: str, value: Any, least: float, most: float, from_zero: bool = False) -> Range:
    """Returns the range that an argument stands for: a pair of numbers, or one number x for the range (-x, x).

    Args:
        who: Name of the layer, for errors.
        name: Name of the argument.
        value: Value of the argument.
        least: Lower bound of the numbers; the range of a single number is cut off there.
        most: Upper bound of the numbers.
        from_zero: Whether a single number x stands for the range (0, x).

    Returns:
        The range as (lower, upper).

    Raises:
        ValueError: The value is not one or two numbers within the bounds.
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


def color_range(who: str, value: Any) -> Range:
    """Returns the smallest and the largest value of a channel.

    Raises:
        ValueError: The value is not a pair of different numbers.
    """
    numbers = _numbers(value)
    if numbers is None or len(numbers) != 2 or numbers[0] == numbers[1]:
        raise ValueError(f"{who} expects value_range to be two different numbers such as (0, 255), got {value!r}")
    return min(numbers), max(numbers)
