"""`tf.random`: random arrays, and random tensors in a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import random as of_keras
from fastnn.data import draws
from fastnn.data.elements import Element, as_element
from fastnn.data.specs import as_dtype
from fastnn.stand_in.functions import traced
from fastnn.symbolic.tensors import Trace
from fastnn.utils import set_random_seed

__all__ = ["categorical", "normal", "set_seed", "shuffle", "stateless_normal", "stateless_uniform", "truncated_normal",
           "uniform"]  # fmt: skip


def set_seed(seed: int) -> None:
    """Seeds all that is random from now on: models, datasets, Python's and NumPy's generators."""
    set_random_seed(int(seed))


def _in_model(shape: Any) -> bool:
    return Trace.current() is not None or traced(*(shape if isinstance(shape, (list, tuple)) else (shape,)))


def _sizes(shape: Any) -> tuple[int, ...]:
    return tuple(int(one) for one in np.atleast_1d(np.asarray(shape, dtype=int)))


def _rng(seed: Any) -> np.random.Generator:
    return draws.current() if seed is None else draws.rng(*(int(one) & 0xFFFFFFFF for one in np.atleast_1d(seed)))


def normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """Returns normally distributed numbers."""
    if _in_model(shape):
        return of_keras.normal(shape, mean, stddev, seed=seed)
    numbers = draws.current().normal(mean, stddev, _sizes(shape))
    return np.asarray(numbers, as_dtype(dtype)).view(Element)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """Returns normally distributed numbers, at most two standard deviations from their mean."""
    if _in_model(shape):
        return of_keras.truncated_normal(shape, mean, stddev, seed=seed)
    return as_element(np.asarray(of_keras.truncated_normal(_sizes(shape), mean, stddev, seed=seed), as_dtype(dtype)))


def uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """Returns evenly distributed numbers from `minval` up to, not including, `maxval`; integers where dtype is one."""
    kind = as_dtype(dtype)
    if _in_model(shape) and kind.kind in "iu":
        return of_keras.randint(shape, minval, maxval, seed=seed)
    if _in_model(shape):
        return of_keras.uniform(shape, minval, 1.0 if maxval is None else maxval, seed=seed)
    return _uniform(draws.current(), shape, minval, maxval, kind)


def _uniform(rng: np.random.Generator, shape: Any, minval: Any, maxval: Any, kind: Any) -> Element:
    if kind.kind in "iu":
        if maxval is None:
            raise ValueError("tf.random.uniform expects maxval where dtype is an integer")
        return np.asarray(rng.integers(int(minval), int(maxval), _sizes(shape)), kind).view(Element)
    numbers = rng.uniform(float(minval), 1.0 if maxval is None else float(maxval), _sizes(shape))
    return np.asarray(numbers, kind).view(Element)


def stateless_uniform(shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32") -> Any:
    """Returns evenly distributed numbers that depend on two numbers as the seed alone."""
    return _uniform(_rng(seed), shape, minval, maxval, as_dtype(dtype))


def stateless_normal(shape: Any, seed: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = "float32") -> Any:
    """Returns normally distributed numbers that depend on two numbers as the seed alone."""
    return np.asarray(_rng(seed).normal(mean, stddev, _sizes(shape)), as_dtype(dtype)).view(Element)


def shuffle(value: Any, seed: Any = None, name: Any = None) -> Any:
    """Returns the rows of an array in random order."""
    array = as_element(value)
    return array[draws.current().permutation(len(array))]


def categorical(logits: Any, num_samples: int, dtype: Any = "int64", seed: Any = None, name: Any = None) -> Any:
    """Returns classes drawn with the probabilities that logits stand for, of shape `(rows, num_samples)`."""
    if traced(logits):
        return of_keras.categorical(logits, int(num_samples), seed=seed)
    array = as_element(logits).view(np.ndarray)
    noise = draws.current().gumbel(size=(*array.shape[:1], int(num_samples), array.shape[1]))
    return (array[:, None, :] + noise).argmax(-1).astype(as_dtype(dtype)).view(Element)
