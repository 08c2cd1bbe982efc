"""Element-wise trigonometric and hyperbolic functions; angles are in radians."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.arithmetic import add, divide, multiply, sqrt, square
from fastnn.ops.conversion import cast
from fastnn.ops.elementwise import binary, unary
from fastnn.ops.logic import equal, where


@unary(np.sin)
def sin(x: Any) -> Any:
    """DOC."""


@unary(np.cos)
def cos(x: Any) -> Any:
    """DOC."""


@unary(np.tan)
def tan(x: Any) -> Any:
    """DOC."""


@unary(np.arcsin)
def arcsin(x: Any) -> Any:
    """DOC."""


@unary(np.arccos)
def arccos(x: Any) -> Any:
    """DOC."""


@unary(np.arctan)
def arctan(x: Any) -> Any:
    """DOC."""


@binary(np.arctan2, least="float32")
def arctan2(x1: Any, x2: Any) -> Any:
    """DOC."""


@unary(np.sinh)
def sinh(x: Any) -> Any:
    """DOC."""


@unary(np.cosh)
def cosh(x: Any) -> Any:
    """DOC."""


@unary(np.tanh)
def tanh(x: Any) -> Any:
    """DOC."""


@unary(np.arcsinh)
def arcsinh(x: Any) -> Any:
    """DOC."""


@unary(np.arccosh)
def arccosh(x: Any) -> Any:
    """DOC."""


@unary(np.arctanh)
def arctanh(x: Any) -> Any:
    """DOC."""


def deg2rad(x: Any) -> Any:
    """Degrees as radians."""
    return multiply(cast(x, "float32"), float(np.pi / 180.0))


def rad2deg(x: Any) -> Any:
    """Radians as degrees."""
    return multiply(cast(x, "float32"), float(180.0 / np.pi))


def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), and 1 at 0."""
    angle = multiply(cast(x, "float32"), float(np.pi))
    empty = equal(angle, 0.0)
    return where(empty, 1.0, divide(sin(angle), where(empty, 1.0, angle)))


def hypot(x1: Any, x2: Any) -> Any:
    """sqrt(x1**2 + x2**2)."""
    return sqrt(add(square(x1), square(x2)))
