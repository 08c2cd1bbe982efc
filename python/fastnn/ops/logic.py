"""Comparisons, logical functions, and selection by a condition."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.conversion import cast, together
from fastnn.ops.elementwise import binary, logical, unary
from fastnn.ops.node import lowered, node, one_type
from fastnn.symbolic.tensors import is_traced


@unary(np.isnan)
def isnan(x: Any) -> Any:
    """DOC."""


@unary(np.isinf)
def isinf(x: Any) -> Any:
    """DOC."""


@unary(np.isfinite)
def isfinite(x: Any) -> Any:
    """DOC."""


@binary(np.equal)
def equal(x1: Any, x2: Any) -> Any:
    """DOC."""


@binary(np.not_equal)
def not_equal(x1: Any, x2: Any) -> Any:
    """DOC."""


@binary(np.less, least="int32")
def less(x1: Any, x2: Any) -> Any:
    """DOC."""


@binary(np.less_equal, least="int32")
def less_equal(x1: Any, x2: Any) -> Any:
    """DOC."""


@binary(np.greater, least="int32")
def greater(x1: Any, x2: Any) -> Any:
    """DOC."""


@binary(np.greater_equal, least="int32")
def greater_equal(x1: Any, x2: Any) -> Any:
    """DOC."""


@logical(np.logical_and)
def logical_and(x1: Any, x2: Any) -> Any:
    """DOC."""


@logical(np.logical_or)
def logical_or(x1: Any, x2: Any) -> Any:
    """DOC."""


@logical(np.logical_xor)
def logical_xor(x1: Any, x2: Any) -> Any:
    """DOC."""


def logical_not(x: Any) -> Any:
    """Whether it is false."""
    if is_traced(x):
        return node("Unary", {"op": "logical_not"}, [cast(x, "bool")], "logical_not")
    return np.logical_not(x)


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, else x2.

    Args:
        condition: A tensor or an array of type bool.
        x1: What is taken where it is true; its gradient is 0 elsewhere.
        x2: What is taken where it is false.

    Raises:
        TypeError: x1 and x2 are missing: how many places that finds is not known beforehand.
    """
    if not is_traced([condition, x1, x2]):
        return lowered(np.where(np.asarray(condition), *(() if x1 is None else together(x1, x2))))
    if x1 is None or x2 is None:
        raise TypeError("ops.where expects (condition, x1, x2): the places alone have no size that is known beforehand")
    return node("Where", {}, [cast(condition, "bool"), *one_type(x1, x2)], "where")


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """Of each place the choice whose condition is the first to hold there.

    Args:
        condlist: Tensors of type bool.
        choicelist: What is taken, one for each condition.
        default: What is taken where none holds.
    """
    if len(condlist) != len(choicelist):
        raise ValueError(f"ops.select expects a choice for each of {len(condlist)} conditions, got {len(choicelist)}")
    made = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        made = where(condition, choice, made)
    return made


def isposinf(x: Any) -> Any:
    """Whether it is infinite and above 0."""
    return equal(cast(x, "float32"), np.inf)


def isneginf(x: Any) -> Any:
    """Whether it is infinite and below 0."""
    return equal(cast(x, "float32"), -np.inf)


def isreal(x: Any) -> Any:
    """Whether it has no imaginary part: always, since there are no complex tensors."""
    return logical_or(isfinite(x), logical_not(isfinite(x)))
