"""Element-wise exponentials, logarithms and error functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.arithmetic import absolute, add, divide, maximum, multiply, negative, subtract
from fastnn.ops.elementwise import unary
from fastnn.ops.logic import isinf, where


@unary(np.exp)
def exp(x: Any) -> Any:
    """DOC."""


@unary(np.exp2)
def exp2(x: Any) -> Any:
    """DOC."""


@unary(np.expm1)
def expm1(x: Any) -> Any:
    """DOC."""


@unary(np.log)
def log(x: Any) -> Any:
    """DOC."""


@unary(np.log1p)
def log1p(x: Any) -> Any:
    """DOC."""


@unary(np.log2)
def log2(x: Any) -> Any:
    """DOC."""


@unary(np.log10)
def log10(x: Any) -> Any:
    """DOC."""


def logaddexp(x1: Any, x2: Any) -> Any:
    """log(exp(x1) + exp(x2)), without ever leaving the range of floats."""
    top = maximum(x1, x2)
    apart = where(isinf(top), 0.0, negative(absolute(subtract(x1, x2))))
    return where(isinf(top), top, add(top, log1p(exp(apart))))


def logaddexp2(x1: Any, x2: Any) -> Any:
    """log2(2**x1 + 2**x2), without ever leaving the range of floats."""
    scale = float(np.log(2.0))
    return divide(logaddexp(multiply(x1, scale), multiply(x2, scale)), scale)


def ldexp(x1: Any, x2: Any) -> Any:
    """x1 * 2**x2."""
    return multiply(x1, exp2(x2))


@unary()
def erf(x: Any) -> Any:
    """DOC."""


def erfc(x: Any) -> Any:
    """1 - erf(x)."""
    return subtract(1.0, erf(x))


@unary()
def erfinv(x: Any) -> Any:
    """DOC."""
