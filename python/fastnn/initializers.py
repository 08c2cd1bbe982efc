"""Initializers: the first values of weights.

An object is called with a shape and returns float32 numbers, made by the core's counter-based generator. Without a seed
it draws one when it is constructed; with the same seed it always gives the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.configurable import Configurable, converts
from fastnn.naming import lookup, snake_case
from fastnn.seeds import next_seed

Values = NDArray[np.float32]


class Initializer(Configurable):
    """Base of all initializers: called with a shape, it returns the values."""

    keras_module = "keras.initializers"
    keras_ignored_arguments = {"dtype": ...}

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """The values.

        Args:
            shape: Of the weight.
            dtype: Taken for Keras' sake; the values are float32.

        Returns:
            A float32 array of that shape.
        """
        raise NotImplementedError


class _Random(Initializer):
    """An initializer with a seed; `draw_seed` is the one in force."""

    def store_arguments(self, arguments: dict[str, Any]) -> None:
        super().store_arguments(arguments)
        seed = arguments["seed"]
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0):
            raise ValueError(f"{type(self).__name__} expects a seed that is a whole number of at least 0, got {seed!r}")
        self.draw_seed = next_seed() if seed is None else int(seed)


class Zeros(Initializer):
    """All 0."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        return np.zeros(shape, dtype=np.float32)


class Ones(Initializer):
    """All 1."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        return np.ones(shape, dtype=np.float32)


class Constant(Initializer):
    """All `value`.

    Args:
        value: A number, or an array that can be broadcast to the weight's shape.
    """

    def __init__(self, value: Any = 0.0) -> None:
        pass

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        values: Values = np.broadcast_to(np.asarray(self.value, dtype=np.float32), tuple(shape)).copy()
        return values


class RandomNormal(_Random):
    """Normal numbers.

    Args:
        mean: Their mean.
        stddev: Their standard deviation.
        seed: A whole number, or None to draw one.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        pass

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        return _core.random_normal(self.draw_seed, tuple(shape), self.mean, self.stddev)


class TruncatedNormal(_Random):
    """Normal numbers of which those further than two standard deviations from the mean are drawn again.

    Args:
        mean: The mean.
        stddev: The standard deviation before truncation.
        seed: A whole number, or None to draw one.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        pass

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        return _core.random_truncated_normal(self.draw_seed, tuple(shape), self.mean, self.stddev)


class RandomUniform(_Random):
    """Numbers from `minval` to `maxval`, each as likely.

    Args:
        minval: The lower end.
        maxval: The upper end.
        seed: A whole number, or None to draw one.
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        pass

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        return _core.random_uniform(self.draw_seed, tuple(shape), self.minval, self.maxval)


def fans(shape: Sequence[int]) -> tuple[float, float]:
    """Connections into and out of one unit of a kernel: (fan in, fan out).

    The last two axes are the channels in and out; the axes before them (a convolution's height and width) are the
    receptive field, which multiplies both.
    """
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    field = math.prod(shape[:-2])
    return float(shape[-2] * field), float(shape[-1] * field)


class VarianceScaling(_Random):
    """Random numbers whose variance is `scale` / n, n being a count of connections.

    Args:
        scale: A positive number.
        mode: What n counts: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal", "untruncated_normal" or "uniform".
        seed: A whole number, or None to draw one.

    Raises:
        ValueError: An argument is none of these.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        if not scale > 0:
            raise ValueError(f"VarianceScaling expects scale > 0, got {scale!r}")
        lookup("mode of VarianceScaling", mode, dict.fromkeys(("fan_in", "fan_out", "fan_avg")))
        known = dict.fromkeys(("truncated_normal", "untruncated_normal", "uniform", "normal"))
        lookup("distribution of VarianceScaling", distribution, known)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        return self._scaled(shape, self.scale, self.mode, self.distribution)

    def _scaled(self, shape: Sequence[int], scale: float, mode: str, distribution: str) -> Values:
        fan_in, fan_out = fans(shape)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
        variance = scale / max(1.0, count)
        shape = tuple(shape)
        if distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return _core.random_uniform(self.draw_seed, shape, -limit, limit)
        if distribution == "untruncated_normal":
            return _core.random_normal(self.draw_seed, shape, 0.0, math.sqrt(variance))
        # A normal cut at two deviations has 0.87962566 of the deviation it was cut from.
        return _core.random_truncated_normal(self.draw_seed, shape, 0.0, math.sqrt(variance) / 0.87962566103423978)


class _Scaled(VarianceScaling):
    """A VarianceScaling with settled arguments, which leaves only the seed to say."""

    rule: tuple[float, str, str]

    def __init__(self, seed: int | None = None) -> None:
        pass

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        return self._scaled(shape, *self.rule)


class GlorotUniform(_Scaled):
    """Uniform with variance 2 / (fan_in + fan_out), also called Xavier: the default of kernels."""

    rule = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Truncated normal with variance 2 / (fan_in + fan_out)."""

    rule = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """Uniform with variance 2 / fan_in, for ReLU."""

    rule = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """Truncated normal with variance 2 / fan_in, for ReLU."""

    rule = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Uniform with variance 1 / fan_in."""

    rule = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """Truncated normal with variance 1 / fan_in, for SELU."""

    rule = (1.0, "fan_in", "truncated_normal")


class Orthogonal(_Random):
    """A matrix with orthonormal rows or columns, times `gain`; axes before the last are taken together.

    Args:
        gain: A factor.
        seed: A whole number, or None to draw one.
    """

    keras_class_name = "OrthogonalInitializer"  # older Keras does not find the short name
    keras_older_names = ("OrthogonalInitializer",)

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        pass

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal expects a weight of two axes or more, got shape {tuple(shape)}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        normal = _core.random_normal(self.draw_seed, (max(rows, columns), min(rows, columns)), 0.0, 1.0)
        q, r = np.linalg.qr(normal.astype(np.float64))
        q *= np.where(np.diag(r) < 0, -1.0, 1.0)
        values: Values = (self.gain * (q if rows >= columns else q.T)).reshape(tuple(shape)).astype(np.float32)
        return values


class Identity(Initializer):
    """The identity matrix times `gain`; the weight must have two axes.

    Args:
        gain: A factor.
    """

    keras_class_name = "IdentityInitializer"  # older Keras does not find the short name
    keras_older_names = ("IdentityInitializer",)

    def __init__(self, gain: float = 1.0) -> None:
        pass

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        if len(shape) != 2:
            raise ValueError(f"Identity expects a weight of two axes, got shape {tuple(shape)}")
        values: Values = np.eye(shape[0], shape[1], dtype=np.float32) * np.float32(self.gain)
        return values


_classes: dict[str, type[Initializer]] = {
    name: cls
    for cls in (
        Zeros, Ones, Constant, RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling, GlorotUniform,
        GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal, Orthogonal, Identity,
    )
    for name in (snake_case(cls.__name__), cls.__name__)
}  # fmt: skip
_aliases = {
    "zero": "zeros", "one": "ones", "normal": "random_normal", "uniform": "random_uniform", "eye": "identity",
    "xavier_uniform": "glorot_uniform", "xavier_normal": "glorot_normal", "IdentityInitializer": "identity",
    "OrthogonalInitializer": "orthogonal",
}  # fmt: skip


@converts("_initializer")
def get(identifier: Any) -> Callable[..., Any] | None:
    """The initializer that a name, a config, a class or an object means.

    An object without a seed of its own is copied with a fresh one, so two layers that share it start differently.

    Raises:
        ValueError: The name is unknown; the message proposes the nearest.
        TypeError: Not something that could be an initializer.

    Example:
        >>> fastnn.initializers.get("he_normal")
        HeNormal()
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        return lookup("initializer", identifier, _classes, _aliases)()  # type: ignore[no-any-return]
    if isinstance(identifier, Mapping):
        cls = lookup("initializer", identifier["class_name"], _classes, _aliases)
        return cls.from_config(identifier.get("config", {}))  # type: ignore[no-any-return]
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return identifier()
    if isinstance(identifier, _Random) and identifier.seed is None:
        return type(identifier).from_config(identifier.get_config())
    if callable(identifier):
        return identifier  # type: ignore[no-any-return]
    if isinstance(identifier, (int, float, np.ndarray)):
        return Constant(identifier)
    raise TypeError(f"initializer expects a name or an object of fastnn.initializers, got {identifier!r}")
