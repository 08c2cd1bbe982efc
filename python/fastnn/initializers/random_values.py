"""Initializers that draw from a distribution, or an orthogonal matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn import _core
from fastnn.initializers.initializer import RandomInitializer, Values
from fastnn.precision import floatx
from fastnn.ranges import check_range


class RandomNormal(RandomInitializer):
    """Initializer of normally distributed values.

    The same object gives the same values at each call with the same shape.

    Args:
        mean: Mean.
        stddev: Standard deviation.
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.

    Raises:
        ValueError: `mean` is not finite, or `stddev` is below 0.

    Example:
        >>> fastnn.initializers.RandomNormal(stddev=1.0, seed=1)((2, 3)).shape
        (2, 3)
    """

    mean: float
    stddev: float

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        check_range(self, "mean", mean)
        check_range(self, "stddev", stddev, 0)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        return _core.random_normal(self.draw_seed, tuple(shape), self.mean, self.stddev)


class TruncatedNormal(RandomInitializer):
    """Initializer of normally distributed values within two standard deviations of the mean.

    Values further away are drawn again.

    Args:
        mean: Mean.
        stddev: Standard deviation before truncation.
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.

    Raises:
        ValueError: `mean` is not finite, or `stddev` is below 0.

    Example:
        >>> values = fastnn.initializers.TruncatedNormal(stddev=1.0, seed=1)((1000,))
        >>> bool(np.abs(values).max() <= 2)
        True
    """

    mean: float
    stddev: float

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        check_range(self, "mean", mean)
        check_range(self, "stddev", stddev, 0)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        return _core.random_truncated_normal(self.draw_seed, tuple(shape), self.mean, self.stddev)


class RandomUniform(RandomInitializer):
    """Initializer of uniformly distributed values.

    The same object gives the same values at each call with the same shape.

    Args:
        minval: Lower bound.
        maxval: Upper bound.
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.

    Raises:
        ValueError: A bound is not finite, or `maxval` is below `minval`.

    Example:
        >>> values = fastnn.initializers.RandomUniform(0.0, 1.0, seed=1)((1000,))
        >>> bool(values.min() >= 0), bool(values.max() <= 1)
        (True, True)
    """

    minval: float
    maxval: float

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        check_range(self, "minval", minval)
        check_range(self, "maxval", maxval, minval)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        return _core.random_uniform(self.draw_seed, tuple(shape), self.minval, self.maxval)


class Orthogonal(RandomInitializer):
    """Initializer of matrices with orthonormal rows or columns, times a factor.

    Axes before the last are taken as one. Reference: Saxe et al., 2013, "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks".

    Args:
        gain: Factor.
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.

    Raises:
        ValueError: `gain` is not finite, or at the call the shape has fewer than two axes.

    Example:
        >>> q = fastnn.initializers.Orthogonal(seed=1)((3, 2))
        >>> np.allclose(q.T @ q, np.eye(2), atol=1e-6)
        True
    """

    __fastnn_keras_class_name__ = "OrthogonalInitializer"  # older Keras does not find the short name
    __fastnn_keras_older_names__ = ("OrthogonalInitializer",)
    gain: float

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        check_range(self, "gain", gain)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        if len(shape) < 2:
            raise ValueError(f"Orthogonal expects a weight of rank 2 or more, got shape {tuple(shape)}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        normal = _core.random_normal(self.draw_seed, (max(rows, columns), min(rows, columns)), 0.0, 1.0)
        q, r = np.linalg.qr(normal.astype(np.float64))
        q *= np.where(np.diag(r) < 0, -1.0, 1.0)
        values: Values = (self.gain * (q if rows >= columns else q.T)).reshape(tuple(shape)).astype(floatx())
        return values
