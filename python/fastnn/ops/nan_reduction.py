"""Reductions and cumulative sums that ignore NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import cumulative, reduction
from fastnn.ops.arithmetic import divide, sqrt, square, subtract
from fastnn.ops.conversion import cast
from fastnn.ops.logic import isnan, logical_not, where


def _numbers(x: Any, otherwise: float) -> Any:
    return where(isnan(x), otherwise, cast(x, "float32"))


def _empty(x: Any, axis: Any, keepdims: bool) -> Any:
    """Whether there is none but NaN."""
    return reduction.all(isnan(x), axis, keepdims)


def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum of those that are not NaN."""
    return reduction.sum(_numbers(x, 0.0), axis, keepdims)


def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The product of those that are not NaN."""
    return reduction.prod(_numbers(x, 1.0), axis, keepdims)


def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean of those that are not NaN."""
    count = reduction.sum(cast(logical_not(isnan(x)), "float32"), axis, keepdims)
    return divide(nansum(x, axis, keepdims), count)


def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The variance of those that are not NaN."""
    return nanmean(square(subtract(x, nanmean(x, axis, True))), axis, keepdims)


def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The square root of `nanvar`."""
    return sqrt(nanvar(x, axis, keepdims))


def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest of those that are not NaN."""
    return where(_empty(x, axis, keepdims), float("nan"), reduction.max(_numbers(x, -np.inf), axis, keepdims))


def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest of those that are not NaN."""
    return where(_empty(x, axis, keepdims), float("nan"), reduction.min(_numbers(x, np.inf), axis, keepdims))


def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest is of those that are not NaN; -1 where there is none."""
    return where(_empty(x, axis, keepdims), -1, reduction.argmax(_numbers(x, -np.inf), axis, keepdims))


def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest is of those that are not NaN; -1 where there is none."""
    return where(_empty(x, axis, keepdims), -1, reduction.argmin(_numbers(x, np.inf), axis, keepdims))


def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """As `cumsum`, NaN counted as 0."""
    return cumulative.cumsum(_numbers(x, 0.0), axis, dtype)


def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """As `cumprod`, NaN counted as 1."""
    return cumulative.cumprod(_numbers(x, 1.0), axis, dtype)
