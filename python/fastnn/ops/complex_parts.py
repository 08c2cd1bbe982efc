"""Functions of complex numbers. The tensors of a model are real; arrays may be complex."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.arithmetic import signbit
from fastnn.ops.conversion import cast, convert_to_tensor, dtype
from fastnn.ops.logic import isnan, isreal, where
from fastnn.precision import floatx


def _complex(x: Any) -> Any:
    """Returns a complex array as complex64; None for anything else."""
    return x.astype(np.complex64) if isinstance(x, np.ndarray) and x.dtype.kind == "c" else None


def real(x: Any) -> Any:
    """Returns the real part: of a tensor, x itself.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`.

    Example:
        >>> ops.real([1.0, 2.0])
        array([1., 2.], dtype=float32)
    """
    found = _complex(x)
    return convert_to_tensor(x) if found is None else found.real


def conj(x: Any) -> Any:
    """Returns the complex conjugate: of a tensor, x itself.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`.

    Example:
        >>> ops.conj(np.array([1 + 2j]))
        array([1.-2.j], dtype=complex64)
    """
    found = _complex(x)
    return convert_to_tensor(x) if found is None else found.conj()


conjugate = conj


def imag(x: Any) -> Any:
    """Returns the imaginary part: 0 for a tensor.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`.

    Example:
        >>> ops.imag([1.0, 2.0])
        array([0., 0.], dtype=float32)
    """
    found = _complex(x)
    return where(isreal(x), cast(0, dtype(x)), x) if found is None else found.imag


def angle(x: Any) -> Any:
    """Returns the angle in the complex plane: of real numbers pi where x is negative, else 0.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.angle([1.0, -1.0])
        array([0.       , 3.14159...], dtype=float32)
    """
    found = _complex(x)
    if found is not None:
        return np.angle(found).astype(floatx())
    x = cast(x, floatx())
    return where(isnan(x), x, where(signbit(x), float(np.pi), 0.0))
