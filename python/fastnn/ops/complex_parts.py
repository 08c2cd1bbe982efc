"""Functions of complex numbers, for real tensors: fastnn has no complex type."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.arithmetic import signbit
from fastnn.ops.conversion import cast, convert_to_tensor, dtype
from fastnn.ops.logic import isnan, isreal, where


def real(x: Any) -> Any:
    """The real part: x."""
    return convert_to_tensor(x)


conj = real


conjugate = real


def imag(x: Any) -> Any:
    """The imaginary part: 0."""
    return where(isreal(x), cast(0, dtype(x)), x)


def angle(x: Any) -> Any:
    """The angle in the complex plane: pi below 0, else 0."""
    x = cast(x, "float32")
    return where(isnan(x), x, where(signbit(x), float(np.pi), 0.0))
