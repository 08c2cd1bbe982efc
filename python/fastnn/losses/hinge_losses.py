"""Hinge losses."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from fastnn.losses.loss import Loss
from fastnn.losses.values import Values, values_of


def hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """mean(max(1 - y_true * y_pred, 0)) over the last axis; labels are -1 and 1 (0 counts as -1)."""
    return values_of("hinge", y_true, y_pred)


def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """mean(max(1 - y_true * y_pred, 0)**2) over the last axis."""
    return values_of("squared_hinge", y_true, y_pred)


def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Values:
    """max(0, 1 + the best wrong output - the right one); `y_true` is one-hot."""
    return values_of("categorical_hinge", y_true, y_pred)


class Hinge(Loss):
    """mean(max(1 - y_true * y_pred, 0)), labels -1 and 1."""

    kind = "hinge"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class SquaredHinge(Loss):
    """mean(max(1 - y_true * y_pred, 0)**2), labels -1 and 1."""

    kind = "squared_hinge"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass


class CategoricalHinge(Loss):
    """max(0, 1 + the best wrong output - the right one), labels one-hot."""

    kind = "categorical_hinge"

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = kind, dtype: Any = None) -> None:
        pass
