"""Initializers: the initial values of weights.

An object is called with a shape and returns a float32 array, made by the core's counter-based generator. Without a seed
it draws one when it is constructed; with the same seed it always returns the same values.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core, object_forms
from fastnn.configurable import Configurable, converts
from fastnn.custom_objects import get_registered_object
from fastnn.naming import lookup, snake_case
from fastnn.naming import missing_names as _missing_names
from fastnn.seeds import generated_seed, is_generator, next_seed

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

Values = NDArray[np.float32]


class Initializer(Configurable):
    """Base class of all initializers: called with a shape, it returns the initial values of a weight.

    Example:
        >>> class Ramp(fastnn.initializers.Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return np.arange(np.prod(shape), dtype="float32").reshape(shape)
        >>> layers.Dense(2, kernel_initializer=Ramp())(np.ones((1, 2)))
        array([[2., 4.]], dtype=float32)
    """

    keras_module = "keras.initializers"
    keras_ignored_arguments = {"dtype": ...}

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight.

        Args:
            shape: Shape of the weight.
            dtype: Accepted for Keras compatibility; the values are float32.

        Returns:
            Array of that shape, float32.
        """
        raise NotImplementedError


class _Random(Initializer):
    """Initializer with a seed."""

    seed: Any

    def store_arguments(self, arguments: dict[str, Any]) -> None:
        super().store_arguments(arguments)
        seed = arguments["seed"]
        whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) and seed >= 0
        if seed is not None and not whole and not is_generator(seed):
            raise ValueError(
                f"{type(self).__name__} expects a seed that is an integer of at least 0 or a SeedGenerator, "
                f"got {seed!r}"
            )
        self._fixed_seed = int(seed) if whole else next_seed() if seed is None else None

    @property
    def draw_seed(self) -> int:
        """The seed of the next draw: always the same, but for a `SeedGenerator`, which moves on."""
        return generated_seed(self.seed) if self._fixed_seed is None else self._fixed_seed


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


class RandomNormal(_Random):
    """Initializer of normally distributed values.

    Args:
        mean: Mean.
        stddev: Standard deviation.
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.

    Example:
        >>> fastnn.initializers.RandomNormal(stddev=1.0, seed=1)((2, 3)).shape
        (2, 3)
    """

    mean: float
    stddev: float

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        pass

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        return _core.random_normal(self.draw_seed, tuple(shape), self.mean, self.stddev)


class TruncatedNormal(_Random):
    """Initializer of normally distributed values within two standard deviations of the mean.

    Values further away are drawn again.

    Args:
        mean: Mean.
        stddev: Standard deviation before truncation.
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.

    Example:
        >>> values = fastnn.initializers.TruncatedNormal(stddev=1.0, seed=1)((1000,))
        >>> bool(np.abs(values).max() <= 2)
        True
    """

    mean: float
    stddev: float

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        pass

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        return _core.random_truncated_normal(self.draw_seed, tuple(shape), self.mean, self.stddev)


class RandomUniform(_Random):
    """Initializer of uniformly distributed values.

    Args:
        minval: Lower bound.
        maxval: Upper bound.
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.

    Example:
        >>> values = fastnn.initializers.RandomUniform(0.0, 1.0, seed=1)((1000,))
        >>> bool(values.min() >= 0), bool(values.max() <= 1)
        (True, True)
    """

    minval: float
    maxval: float

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        pass

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        return _core.random_uniform(self.draw_seed, tuple(shape), self.minval, self.maxval)


def fans(
    shape: Sequence[int], input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[float, float]:
    """Returns the numbers of connections into and out of one unit of a kernel.

    Without axes the last two are the channels in and out. The axes before them are the receptive field of a
    convolution, whose size multiplies both.

    Args:
        shape: Shape of the kernel.
        input_axes: Axes of the units of the input, or None.
        output_axes: Axes of the units of the output, or None.

    Returns:
        (fan_in, fan_out).

    Example:
        >>> fastnn.initializers.fans((3, 3, 16, 32))
        (144.0, 288.0)
    """
    if input_axes is not None and output_axes is not None:
        return float(math.prod(shape[axis] for axis in input_axes)), float(math.prod(shape[a] for a in output_axes))
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    field = math.prod(shape[:-2])
    return float(shape[-2] * field), float(shape[-1] * field)


class VarianceScaling(_Random):
    """Initializer of random values with variance scale / n, where n is a number of connections.

    Args:
        scale: A positive number.
        mode: Number that n is: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal", "untruncated_normal" or "uniform".
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.
        input_axes: Axes of the kernel that are units of the input; None: see `fans`.
        output_axes: Axes of the kernel that are units of the output; None: see `fans`.

    Raises:
        ValueError: An argument is none of these.

    Example:
        >>> fastnn.initializers.VarianceScaling(2.0, mode="fan_out", seed=1)((4, 3)).shape
        (4, 3)
    """

    keras_newer_arguments = {"input_axes": None, "output_axes": None}
    scale: float
    mode: str
    distribution: str
    input_axes: Sequence[int] | None
    output_axes: Sequence[int] | None

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        if not scale > 0:
            raise ValueError(f"VarianceScaling expects scale > 0, got {scale!r}")
        lookup("mode of VarianceScaling", mode, dict.fromkeys(("fan_in", "fan_out", "fan_avg")))
        known = dict.fromkeys(("truncated_normal", "untruncated_normal", "uniform", "normal"))
        lookup("distribution of VarianceScaling", distribution, known)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        return self._scaled(shape, self.scale, self.mode, self.distribution)

    def along(self, input_axes: Sequence[int], output_axes: Sequence[int]) -> VarianceScaling:
        """Returns the same initializer for a kernel with these axes; one that has axes is returned as it is."""
        if self.input_axes is not None and self.output_axes is not None:
            return self
        made = copy.copy(self)
        made.input_axes, made.output_axes = list(input_axes), list(output_axes)
        return made

    def _scaled(self, shape: Sequence[int], scale: float, mode: str, distribution: str) -> Values:
        fan_in, fan_out = fans(shape, self.input_axes, self.output_axes)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
        variance = scale / max(1.0, count)
        shape = tuple(shape)
        if distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return _core.random_uniform(self.draw_seed, shape, -limit, limit)
        if distribution == "untruncated_normal":
            return _core.random_normal(self.draw_seed, shape, 0.0, math.sqrt(variance))
        # Truncation at two standard deviations multiplies the standard deviation by 0.87962566.
        return _core.random_truncated_normal(self.draw_seed, shape, 0.0, math.sqrt(variance) / 0.87962566103423978)


class _Scaled(VarianceScaling):
    """VarianceScaling with fixed arguments, of which only the seed is left."""

    rule: tuple[float, str, str]

    def __init__(
        self,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        pass

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        return self._scaled(shape, *self.rule)


class GlorotUniform(_Scaled):
    """Glorot (Xavier) uniform initializer: variance 2 / (fan_in + fan_out); the default of kernels.

    Reference: Glorot and Bengio, 2010, "Understanding the difficulty of training deep feedforward neural networks".

    Args:
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.
        input_axes: Axes of the kernel that are units of the input; None: see `fans`.
        output_axes: Axes of the kernel that are units of the output; None: see `fans`.

    Example:
        >>> fastnn.initializers.GlorotUniform(seed=1)((4, 3)).shape
        (4, 3)
    """

    rule = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Glorot (Xavier) normal initializer: truncated normal, variance 2 / (fan_in + fan_out).

    Reference: Glorot and Bengio, 2010, "Understanding the difficulty of training deep feedforward neural networks".

    Args:
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.
        input_axes: Axes of the kernel that are units of the input; None: see `fans`.
        output_axes: Axes of the kernel that are units of the output; None: see `fans`.

    Example:
        >>> fastnn.initializers.GlorotNormal(seed=1)((4, 3)).shape
        (4, 3)
    """

    rule = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """He uniform initializer: variance 2 / fan_in, for layers with relu.

    Reference: He et al., 2015, "Delving deep into rectifiers".

    Args:
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.
        input_axes: Axes of the kernel that are units of the input; None: see `fans`.
        output_axes: Axes of the kernel that are units of the output; None: see `fans`.

    Example:
        >>> fastnn.initializers.HeUniform(seed=1)((4, 3)).shape
        (4, 3)
    """

    rule = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """He normal initializer: truncated normal, variance 2 / fan_in, for layers with relu.

    Reference: He et al., 2015, "Delving deep into rectifiers".

    Args:
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.
        input_axes: Axes of the kernel that are units of the input; None: see `fans`.
        output_axes: Axes of the kernel that are units of the output; None: see `fans`.

    Example:
        >>> fastnn.initializers.HeNormal(seed=1)((4, 3)).shape
        (4, 3)
    """

    rule = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """LeCun uniform initializer: variance 1 / fan_in.

    Reference: LeCun et al., 1998, "Efficient backprop".

    Args:
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.
        input_axes: Axes of the kernel that are units of the input; None: see `fans`.
        output_axes: Axes of the kernel that are units of the output; None: see `fans`.

    Example:
        >>> fastnn.initializers.LecunUniform(seed=1)((4, 3)).shape
        (4, 3)
    """

    rule = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """LeCun normal initializer: truncated normal, variance 1 / fan_in, for layers with selu.

    Reference: LeCun et al., 1998, "Efficient backprop".

    Args:
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.
        input_axes: Axes of the kernel that are units of the input; None: see `fans`.
        output_axes: Axes of the kernel that are units of the output; None: see `fans`.

    Example:
        >>> fastnn.initializers.LecunNormal(seed=1)((4, 3)).shape
        (4, 3)
    """

    rule = (1.0, "fan_in", "truncated_normal")


class Orthogonal(_Random):
    """Initializer of matrices with orthonormal rows or columns, times a factor.

    Axes before the last are taken as one. Reference: Saxe et al., 2013, "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks".

    Args:
        gain: Factor.
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.

    Example:
        >>> q = fastnn.initializers.Orthogonal(seed=1)((3, 2))
        >>> np.allclose(q.T @ q, np.eye(2), atol=1e-6)
        True
    """

    keras_class_name = "OrthogonalInitializer"  # older Keras does not find the short name
    keras_older_names = ("OrthogonalInitializer",)
    gain: float

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        pass

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        if len(shape) < 2:
            raise ValueError(f"Orthogonal expects a weight of rank 2 or more, got shape {tuple(shape)}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        normal = _core.random_normal(self.draw_seed, (max(rows, columns), min(rows, columns)), 0.0, 1.0)
        q, r = np.linalg.qr(normal.astype(np.float64))
        q *= np.where(np.diag(r) < 0, -1.0, 1.0)
        values: Values = (self.gain * (q if rows >= columns else q.T)).reshape(tuple(shape)).astype(np.float32)
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

    keras_class_name = "IdentityInitializer"  # older Keras does not find the short name
    keras_older_names = ("IdentityInitializer",)
    gain: float

    def __init__(self, gain: float = 1.0) -> None:
        pass

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        if len(shape) != 2:
            raise ValueError(f"Identity expects a weight of rank 2, got shape {tuple(shape)}")
        values: Values = np.eye(shape[0], shape[1], dtype=np.float32) * np.float32(self.gain)
        return values


# The names of Keras 1 and 2.
constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros

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
    """Returns the initializer for a name, a config, a class, an object or a number.

    An object without a seed is copied and draws a new one, so two layers that share it start differently.

    Args:
        identifier: Name such as "he_normal", config with "class_name" and "config", class or object of `Initializer`,
            function of a shape, number or array (see `Constant`), or None.

    Returns:
        The initializer; None for None.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.
        TypeError: `identifier` is none of these.

    Example:
        >>> fastnn.initializers.get("he_normal")
        HeNormal()
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        identifier = get_registered_object(identifier) or lookup("initializer", identifier, _classes, _aliases)
    if isinstance(identifier, Mapping):
        return deserialize(identifier)  # type: ignore[no-any-return]
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return identifier()
    if isinstance(identifier, _Random) and identifier.seed is None:
        return type(identifier).from_config(identifier.get_config())
    if callable(identifier):
        return identifier  # type: ignore[no-any-return]
    if isinstance(identifier, (int, float, np.ndarray)):
        return Constant(identifier)
    raise TypeError(f"initializer expects a name or an object of fastnn.initializers, got {identifier!r}")


def serialize(initializer: Any) -> Any:
    """Returns an initializer as values of JSON, in the form of Keras' files.

    Args:
        initializer: The initializer, or a registered class or function.

    Returns:
        Dict with "module", "class_name", "config" and "registered_name".

    Example:
        >>> fastnn.initializers.serialize(fastnn.initializers.Constant(0.5))["class_name"]
        'Constant'
    """
    return object_forms.serialize(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the initializer that `serialize` described.

    Args:
        config: Dict with "class_name" and "config"; or a name.
        custom_objects: Classes and functions by the names that the config uses for them.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.

    Example:
        >>> fastnn.initializers.deserialize(fastnn.initializers.serialize(fastnn.initializers.Constant(0.5)))
        Constant(value=0.5)
    """
    return object_forms.deserialize(config, custom_objects, "initializers")


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
