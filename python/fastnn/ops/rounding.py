"""Rounding of elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.arithmetic import divide, multiply
from fastnn.ops.conversion import cast
from fastnn.ops.elementwise import unary
from fastnn.ops.node import array, lowered, node, tensor
from fastnn.precision import floatx, is_float
from fastnn.symbolic.tensors import is_traced


@unary(np.floor)
def floor(x: Any) -> Any:
    """Returns the largest integer not above x, as float32. There is no gradient.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.floor([1.5, -1.5])
        array([ 1., -2.], dtype=float32)
    """


@unary(np.ceil)
def ceil(x: Any) -> Any:
    """Returns the smallest integer not below x, as float32. There is no gradient.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.ceil([1.5, -1.5])
        array([ 2., -1.], dtype=float32)
    """


def round(x: Any, decimals: int = 0) -> Any:
    """Returns x rounded to a number of decimals; ties go to the even neighbor. There is no gradient.

    Args:
        x: Tensor or array.
        decimals: Number of decimals; negative: rounds to tens, hundreds and so on.

    Returns:
        Tensor or array of the shape of `x`.

    Example:
        >>> ops.round([1.25, 2.5, 3.5])
        array([1., 2., 4.], dtype=float32)
    """
    if not is_traced(x):
        return lowered(np.round(array(x), decimals))
    made = tensor(x)
    if not is_float(made.dtype):
        return made if decimals >= 0 else cast(round(cast(made, floatx()), decimals), made.dtype)
    if decimals == 0:
        return node("Unary", {"op": "round"}, [made], "round")
    if decimals < 0:
        return multiply(round(divide(made, 10.0**-decimals)), 10.0**-decimals)
    return divide(round(multiply(made, 10.0**decimals)), 10.0**decimals)


def trunc(x: Any) -> Any:
    """Returns x without its fractional part. It rounds towards 0; there is no gradient.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`.

    Example:
        >>> ops.trunc([1.5, -1.5])
        array([ 1., -1.], dtype=float32)
    """
    if not is_traced(x):
        given = array(x)
        # NumPy before 2.1 makes floats of integers here.
        return lowered(given if given.dtype.kind in "iub" else np.trunc(given))
    made = tensor(x)
    return node("Unary", {"op": "trunc"}, [made], "trunc") if is_float(made.dtype) else made
