"""Functions that make complex arrays. Tensors are real, so these compute on arrays alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.on_arrays import on_arrays
from fastnn.precision import floatx

_REAL = "the tensors of a model are real"
_PAIRS = "keep the real and the imaginary part as two tensors"


@as_in_keras(module="math")
@on_arrays(_REAL, _PAIRS)
def view_as_complex(x: Any) -> Any:
    """Returns complex values from their real and imaginary parts along the last axis.

    Args:
        x: Array of shape `(..., 2)`.

    Returns:
        Complex array of shape `(...)`.

    Raises:
        TypeError: `x` is a symbolic tensor.
        ValueError: The last axis has another size than 2.

    Example:
        >>> ops.view_as_complex([[1.0, 2.0]])
        array([1.+2.j], dtype=complex64)
    """
    found = np.asarray(x, dtype=floatx())
    if found.ndim < 1 or found.shape[-1] != 2:
        raise ValueError(f"ops.view_as_complex expects a last axis (real, imaginary) of size 2, got {found.shape}")
    return (found[..., 0] + 1j * found[..., 1]).astype(np.complex64)


@as_in_keras(module="nn")
@on_arrays(_REAL, _PAIRS)
def polar(abs_: Any, angle: Any) -> Any:
    """Returns complex values of given absolute values and angles.

    Args:
        abs_: Absolute values.
        angle: Angles in radians.

    Returns:
        Complex array of the common shape.

    Raises:
        TypeError: An argument is a symbolic tensor.

    Example:
        >>> ops.polar([2.0], [0.0])
        array([2.+0.j], dtype=complex64)
    """
    size, turned = np.asarray(abs_, dtype=floatx()), np.asarray(angle, dtype=floatx())
    return (size * np.cos(turned) + 1j * size * np.sin(turned)).astype(np.complex64)
