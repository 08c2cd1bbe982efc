"""Window functions of signal processing."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.node import lowered


def bartlett(x: Any) -> Any:
    """Returns the Bartlett window, a triangle.

    Args:
        x: Number of points, an integer.

    Returns:
        Array of shape `(x,)`, float32.

    Example:
        >>> ops.bartlett(5)
        array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    return lowered(np.bartlett(int(x)))


def blackman(x: Any) -> Any:
    """Returns the Blackman window: 0.42 - 0.5 cos(2 pi n / (x - 1)) + 0.08 cos(4 pi n / (x - 1)).

    Args:
        x: Number of points, an integer.

    Returns:
        Array of shape `(x,)`, float32.

    Example:
        >>> ops.round(ops.blackman(5), 2) + 0.0
        array([0.  , 0.34, 1.  , 0.34, 0.  ], dtype=float32)
    """
    return lowered(np.blackman(int(x)))


def hamming(x: Any) -> Any:
    """Returns the Hamming window: 0.54 - 0.46 cos(2 pi n / (x - 1)).

    Args:
        x: Number of points, an integer.

    Returns:
        Array of shape `(x,)`, float32.

    Example:
        >>> ops.round(ops.hamming(5), 2)
        array([0.08, 0.54, 1.  , 0.54, 0.08], dtype=float32)
    """
    return lowered(np.hamming(int(x)))


def hanning(x: Any) -> Any:
    """Returns the Hann window: 0.5 - 0.5 cos(2 pi n / (x - 1)).

    Args:
        x: Number of points, an integer.

    Returns:
        Array of shape `(x,)`, float32.

    Example:
        >>> ops.round(ops.hanning(5), 2)
        array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    return lowered(np.hanning(int(x)))


def kaiser(x: Any, beta: float) -> Any:
    """Returns the Kaiser window, made of Bessel functions.

    Args:
        x: Number of points, an integer.
        beta: Shape parameter; larger values give narrower windows.

    Returns:
        Array of shape `(x,)`, float32.

    References:
        - Kaiser, Schafer, "On the Use of the I0-Sinh Window for Spectrum Analysis", 1980.

    Example:
        >>> ops.round(ops.kaiser(3, 2.0), 2)
        array([0.44, 1.  , 0.44], dtype=float32)
    """
    return lowered(np.kaiser(int(x), beta))
