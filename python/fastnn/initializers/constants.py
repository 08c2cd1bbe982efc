"""Initializers that draw no random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.initializers.initializer import Initializer, Values


class Zeros(Initializer):
    """Initializer of zeros.

    Example:
        >>> fastnn.initializers.Zeros()((2, 2))
        array([[0., 0.],
               [0., 0.]], dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        return np.zeros(shape, dtype=np.float32)


class Ones(Initializer):
    """Initializer of ones.

    Example:
        >>> fastnn.initializers.Ones()((2, 2))
        array([[1., 1.],
               [1., 1.]], dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        return np.ones(shape, dtype=np.float32)


class Constant(Initializer):
    """Initializer of one value, or of a given array.

    Args:
        value: A number, or an array that can be broadcast to the weight's shape.

    Example:
        >>> fastnn.initializers.Constant(3.0)((2,))
        array([3., 3.], dtype=float32)
    """

    value: Any

    def __init__(self, value: Any = 0.0) -> None:
        pass

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        values: Values = np.broadcast_to(np.asarray(self.value, dtype=np.float32), tuple(shape)).copy()
        return values


class Identity(Initializer):
    """Initializer of the identity matrix times a factor, for weights of rank 2.

    Args:
        gain: Factor.

    Example:
        >>> fastnn.initializers.Identity()((2, 2))
        array([[1., 0.],
               [0., 1.]], dtype=float32)
    """

    __fastnn_keras_class_name__ = "IdentityInitializer"  # older Keras does not find the short name
    __fastnn_keras_older_names__ = ("IdentityInitializer",)
    gain: float

    def __init__(self, gain: float = 1.0) -> None:
        pass

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        if len(shape) != 2:
            raise ValueError(f"Identity expects a weight of rank 2, got shape {tuple(shape)}")
        values: Values = np.eye(shape[0], shape[1], dtype=np.float32) * np.float32(self.gain)
        return values
