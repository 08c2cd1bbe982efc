"""Window functions of signal processing."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.node import lowered


def bartlett(x: Any) -> Any:
    """A window of so many numbers: a triangle."""
    return lowered(np.bartlett(int(x)))


def blackman(x: Any) -> Any:
    """A window of so many numbers: a sum of three cosines."""
    return lowered(np.blackman(int(x)))


def hamming(x: Any) -> Any:
    """A window of so many numbers: a raised cosine that does not end at 0."""
    return lowered(np.hamming(int(x)))


def hanning(x: Any) -> Any:
    """A window of so many numbers: a raised cosine."""
    return lowered(np.hanning(int(x)))


def kaiser(x: Any, beta: float) -> Any:
    """A window of so many numbers: a Bessel function of width `beta`."""
    return lowered(np.kaiser(int(x), beta))
