"""Functions of complex numbers, for real tensors: fastnn has no complex type."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.arithmetic import signbit
from fastnn.ops.conversion import cast, convert_to_tensor, dtype
from fastnn.ops.logic import isnan, isreal, where


def real(x: Any) -> Any:
    """Returns the real part: x itself.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`.

    Example:
        >>> ops.real([1.0, 2.0])
        array([1., 2.], dtype=float32)
    """
    return convert_to_tensor(x)


conj = real


conjugate = real


def imag(x: Any) -> Any:
    """Returns the imaginary part: 0.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`.

    Example:
        >>> ops.imag([1.0, 2.0])
        array([0., 0.], dtype=float32)
    """
    return where(isreal(x), cast(0, dtype(x)), x)


def angle(x: Any) -> Any:
    """Returns the angle in the complex plane: pi where x is negative, else 0.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.angle([1.0, -1.0])
        array([0.       , 3.14159...], dtype=float32)
    """
    x = cast(x, "float32")
    return where(isnan(x), x, where(signbit(x), float(np.pi), 0.0))
