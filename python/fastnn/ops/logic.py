"""Comparisons, logical functions, and selection by a condition."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.conversion import cast, together
from fastnn.ops.elementwise import binary, logical, unary
from fastnn.ops.node import lowered, node, one_type
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced


@unary(np.isnan)
def isnan(x: Any) -> Any:
    """Returns True where x is NaN. Integers are never NaN.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of type bool.

    Example:
        >>> ops.isnan([1.0, np.nan])
        array([False,  True])
    """


@unary(np.isinf)
def isinf(x: Any) -> Any:
    """Returns True where x is infinite. Integers are never infinite.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of type bool.

    Example:
        >>> ops.isinf([1.0, -np.inf])
        array([False,  True])
    """


@unary(np.isfinite)
def isfinite(x: Any) -> Any:
    """Returns True where x is neither infinite nor NaN. Integers are always finite.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of type bool.

    Example:
        >>> ops.isfinite([1.0, np.inf, np.nan])
        array([ True, False, False])
    """


@binary(np.equal)
def equal(x1: Any, x2: Any) -> Any:
    """Returns x1 == x2, element-wise. NaN equals nothing.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of type bool.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.equal([1, 2], [1, 3])
        array([ True, False])
    """


@binary(np.not_equal)
def not_equal(x1: Any, x2: Any) -> Any:
    """Returns x1 != x2, element-wise. NaN differs from everything, itself included.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of type bool.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.not_equal([1, 2], [1, 3])
        array([False,  True])
    """


@binary(np.less, least="int32")
def less(x1: Any, x2: Any) -> Any:
    """Returns x1 < x2, element-wise. A comparison with NaN is False.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of type bool.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.less([1, 2], 2)
        array([ True, False])
    """


@binary(np.less_equal, least="int32")
def less_equal(x1: Any, x2: Any) -> Any:
    """Returns x1 <= x2, element-wise. A comparison with NaN is False.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of type bool.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.less_equal([1, 2, 3], 2)
        array([ True,  True, False])
    """


@binary(np.greater, least="int32")
def greater(x1: Any, x2: Any) -> Any:
    """Returns x1 > x2, element-wise. A comparison with NaN is False.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of type bool.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.greater([2, 3], 2)
        array([False,  True])
    """


@binary(np.greater_equal, least="int32")
def greater_equal(x1: Any, x2: Any) -> Any:
    """Returns x1 >= x2, element-wise. A comparison with NaN is False.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of type bool.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.greater_equal([1, 2, 3], 2)
        array([False,  True,  True])
    """


@logical(np.logical_and)
def logical_and(x1: Any, x2: Any) -> Any:
    """Returns True where both are true; numbers are true where they are not 0.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of type bool.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.logical_and([True, True], [True, False])
        array([ True, False])
    """


@logical(np.logical_or)
def logical_or(x1: Any, x2: Any) -> Any:
    """Returns True where at least one is true; numbers are true where they are not 0.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of type bool.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.logical_or([True, False], [False, False])
        array([ True, False])
    """


@logical(np.logical_xor)
def logical_xor(x1: Any, x2: Any) -> Any:
    """Returns True where exactly one is true; numbers are true where they are not 0.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of type bool.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.logical_xor([True, True], [True, False])
        array([False,  True])
    """


def logical_not(x: Any) -> Any:
    """Returns True where x is false; numbers are true where they are not 0.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of type bool.

    Example:
        >>> ops.logical_not([True, False])
        array([False,  True])
    """
    if is_traced(x):
        return node("Unary", {"op": "logical_not"}, [cast(x, "bool")], "logical_not")
    return np.logical_not(x)


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """Returns x1 where a condition holds, else x2.

    Args:
        condition: Tensor or array of type bool.
        x1: Values where the condition is true; the gradient is 0 elsewhere.
        x2: Values where the condition is false.

    Returns:
        Tensor or array of the common shape. Without x1 and x2, for arrays only: a tuple of the indices where the
        condition holds.

    Raises:
        TypeError: x1 and x2 are missing, and the condition is a symbolic tensor.

    Example:
        >>> ops.where([True, False], [1, 2], [3, 4])
        array([1, 4], dtype=int32)
    """
    if not is_traced([condition, x1, x2]):
        return lowered(np.where(np.asarray(condition), *(() if x1 is None else together(x1, x2))))
    if x1 is None or x2 is None:
        raise TypeError(
            "ops.where expects (condition, x1, x2): the number of indices where a condition holds is unknown"
        )
    return node("Where", {}, [cast(condition, "bool"), *one_type(x1, x2)], "where")


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """Returns for each element the choice of the first condition that holds there.

    Args:
        condlist: Tensors or arrays of type bool.
        choicelist: Values, one tensor or array for each condition.
        default: Values where no condition holds.

    Returns:
        Tensor or array of the common shape.

    Raises:
        ValueError: The lists differ in length.

    Example:
        >>> x = np.array([1, 5, 9])
        >>> ops.select([x < 3, x < 7], [x, 10 * x], default=-1)
        array([ 1, 50, -1], dtype=int32)
    """
    if len(condlist) != len(choicelist):
        raise ValueError(f"ops.select expects a choice for each of {len(condlist)} conditions, got {len(choicelist)}")
    made = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        made = where(condition, choice, made)
    return made


def isposinf(x: Any) -> Any:
    """Returns True where x is positive infinity.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of type bool.

    Example:
        >>> ops.isposinf([np.inf, -np.inf])
        array([ True, False])
    """
    return equal(cast(x, floatx()), np.inf)


def isneginf(x: Any) -> Any:
    """Returns True where x is negative infinity.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of type bool.

    Example:
        >>> ops.isneginf([np.inf, -np.inf])
        array([False,  True])
    """
    return equal(cast(x, floatx()), -np.inf)


def isreal(x: Any) -> Any:
    """Returns where the imaginary part is zero: everywhere but in complex arrays.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of type bool.

    Example:
        >>> ops.isreal([1.0, 2.0])
        array([ True,  True])
    """
    if not is_traced(x) and np.iscomplexobj(x):
        return np.isreal(x)
    return logical_or(isfinite(x), logical_not(isfinite(x)))
