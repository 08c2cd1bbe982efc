"""Random numbers, under the names of `keras.random`.

On plain numbers they are drawn at once. Where the shape begins with `ops.shape(x)[0]`, and in the `call` of a layer, a
node draws them anew in each step of training and for each batch of a prediction. Each draw is a pure function of a seed
and of a position that counts draws: a `SeedGenerator` owns both, an integer as `seed` starts a new generator, and
without a seed the generator of the module draws, which starts again with `fastnn.utils.set_random_seed`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn import _core, ops, seeds
from fastnn.configurable import converts
from fastnn.engine.eager_array import with_mask
from fastnn.naming import missing_names as _missing_names
from fastnn.naming import unique_name
from fastnn.ops.dimensions import sizes_and_batch
from fastnn.ops.node import node
from fastnn.precision import array_type, floatx
from fastnn.ranges import check_range
from fastnn.symbolic.tensors import KerasTensor, Trace, is_traced, operators

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]


class SeedGenerator:
    """Source of random numbers that never repeats itself, and that starts again where its position is reset.

    As an attribute of a layer it draws from one stream in the layer's training and inference graphs.

    Attributes `seed` and `name` are those given; `stream` is the stream of the core, whose `position` counts draws.

    Args:
        seed: An integer of at least 0; None draws one.
        name: Name of the generator; None: an automatic one.
        **kwargs: No further argument is accepted.

    Raises:
        ValueError: `seed` is not such an integer, or an argument is unknown.

    Example:
        >>> generator = fastnn.random.SeedGenerator(42)
        >>> first, second = (fastnn.random.normal((2,), seed=generator) for _ in range(2))
        >>> bool(np.all(first == second))
        False
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        for unknown in kwargs:
            raise ValueError(f"SeedGenerator has no argument {unknown!r}; it has seed and name")
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0):
            raise ValueError(f"SeedGenerator expects seed to be an integer of at least 0, or None, got {seed!r}")
        self.name = name or unique_name("SeedGenerator")
        self.seed = seeds.next_seed() if seed is None else int(seed)
        self.stream = _core.Stream(self.seed)

    @property
    def state(self) -> Any:
        """The seed and the position of the next draw, of shape `(2,)`; set to an earlier one, the draws repeat."""
        return with_mask(np.array([self.stream.seed, self.stream.position], np.uint64))

    @state.setter
    def state(self, value: Any) -> None:
        numbers = np.asarray(value)
        if numbers.shape != (2,) or numbers.dtype.kind not in "iu" or (numbers < 0).any():
            raise ValueError(
                "SeedGenerator expects state to be two integers of at least 0, the seed and the position, got "
                f"{value!r}"
            )
        self.stream.seed, self.stream.position = (int(number) for number in numbers)

    def next(self, ordered: bool = True) -> Any:
        """Returns the seed and the position of the next draw, which counts as drawn.

        Args:
            ordered: Accepted for Keras compatibility; ignored.

        Returns:
            Array of shape `(2,)`, int32.

        Example:
            >>> seeds = fastnn.random.SeedGenerator(1)
            >>> bool((seeds.next() == seeds.next()).all())
            False
        """
        made = np.array([self.seed & 0x7FFFFFFF, self.stream.position & 0x7FFFFFFF], np.int32)
        self.stream.position += 1
        return made

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the generator."""
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """Returns a new generator with the arguments that `get_config` returned.

        Args:
            config: The arguments.
        """
        return cls(**config)

    def __repr__(self) -> str:
        return f"<SeedGenerator seed={self.seed}, position={self.stream.position}>"


@converts("seed")
def _seed_of(value: Any) -> Any:
    """Returns the argument `seed`, with a generator in place of its config."""
    if isinstance(value, Mapping) and value.get("class_name") == "SeedGenerator":
        return SeedGenerator.from_config(value["config"])
    return value


_of_module: _core.Stream | None = None
_seeded = -1


def _stream(seed: Any) -> _core.Stream:
    global _of_module, _seeded
    if isinstance(seed, SeedGenerator):
        return seed.stream
    if seed is not None:
        return SeedGenerator(seed, "seed").stream
    if _of_module is None:
        _of_module = _core.Stream(0)
        seeds.share(_of_module)
    if _seeded != seeds.settings():
        _seeded = seeds.settings()
        _of_module.seed, _of_module.position = seeds.next_seed(), 0
    return _of_module


def position() -> list[int]:
    """Returns the seed and the position of the generator of the module, for a backup of a training."""
    stream = _of_module or _stream(None)
    return [stream.seed, stream.position]


def resume(place: Any) -> None:
    """Lets the generator of the module go on from what `position` returned; None: from where it is."""
    if place is not None:
        stream = _stream(None)
        stream.seed, stream.position = int(place[0]), int(place[1])


def _draw(op: str, shape: Any, a: float, b: float, seed: Any) -> Any:
    """Returns the output of a node that draws, or the values themselves where the shape is known."""
    stream = _stream(seed)
    arguments = {"op": op, "a": float(a), "b": float(b)}
    if isinstance(shape, KerasTensor) and shape.ndim:
        raise TypeError(f"random: a shape is a tuple, such as ops.shape(x), got the tensor {shape.name!r}")
    many = [shape] if isinstance(shape, (int, np.integer)) else shape
    sizes, like = sizes_and_batch(many, "random")
    if any(isinstance(size, int) and size < 0 for size in sizes):
        raise ValueError(f"random expects a shape of sizes of at least 0, got {tuple(sizes)}")
    if like is not None:
        return node("Random", {**arguments, "shape": sizes, "batched": True}, [like], op, stream=stream)
    if Trace.current() is not None or is_traced(sizes):
        return node("Random", {**arguments, "shape": sizes, "batched": False}, [], op, stream=stream)
    core = _core.core_for(floatx())
    graph = core.Graph()
    edge = graph.input((None,))
    (made,) = graph.add("Random", op, {**arguments, "shape": [], "batched": True}, [edge], [], stream)
    count = math.prod(sizes)
    if count == 0:
        return np.zeros(sizes, {"bernoulli": "bool", "randint": "int32"}.get(op, floatx()))
    # As every pass over a graph that draws, this advances the stream.
    return core.Predictor(graph, [made])([np.zeros(count, dtype=floatx())])[0].reshape(sizes)


def _typed(made: Any, dtype: Any, who: str, kinds: str = "f") -> Any:
    """Returns what was drawn as a type: arrays as any, tensors as those of the core."""
    if dtype is None:
        return made
    wanted = array_type(dtype)
    if wanted.kind not in kinds:
        word = "a floating point type" if kinds == "f" else "an integer type"
        raise ValueError(f"random.{who} expects dtype to be {word}, got {dtype!r}")
    return made.astype(wanted) if isinstance(made, np.ndarray) and wanted.kind in "iu" else ops.cast(made, dtype)


def _plain(*values: Any) -> bool:
    return all(isinstance(value, (int, float, np.number)) for value in values)


def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draws normally distributed values. The same integer seed gives the same values at each call.

    Args:
        shape: Integers, and sizes computed from `ops.shape(x)`, such as that of the batch.
        mean: Mean, a number or a tensor that is broadcast.
        stddev: Standard deviation, a number or a tensor that is broadcast.
        dtype: Type of the result; None: "float32".
        seed: An integer, a `SeedGenerator`, or None for the generator of the module.

    Returns:
        Array or symbolic tensor of that shape.

    Raises:
        ValueError: `stddev` is a number below 0.

    Example:
        >>> fastnn.random.normal((2, 3), seed=1).shape
        (2, 3)
    """
    return _typed(_scaled("normal", shape, mean, stddev, seed), dtype, "normal")


# For functions of `ops` that draw: `ops` does not import this module.
operators["normal"] = normal


def _scaled(op: str, shape: Any, mean: Any, stddev: Any, seed: Any) -> Any:
    if _plain(mean, stddev):
        check_range(f"random.{op}", "mean", mean)
        check_range(f"random.{op}", "stddev", stddev, 0)
        return _draw(op, shape, mean, stddev, seed)
    return ops.add(ops.multiply(_draw(op, shape, 0.0, 1.0, seed), stddev), mean)


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draws normally distributed values within two standard deviations of the mean.

    Values beyond are drawn again, so the standard deviation is smaller than `stddev`, about 0.88 times it.

    Args:
        shape: Integers, and sizes computed from `ops.shape(x)`, such as that of the batch.
        mean: Mean, a number or a tensor that is broadcast.
        stddev: Standard deviation before truncation, a number or a tensor that is broadcast.
        dtype: Type of the result; None: "float32".
        seed: An integer, a `SeedGenerator`, or None for the generator of the module.

    Returns:
        Array or symbolic tensor of that shape.

    Raises:
        ValueError: `stddev` is a number below 0.

    Example:
        >>> bool(np.abs(fastnn.random.truncated_normal((100,), seed=1)).max() <= 2)
        True
    """
    return _typed(_scaled("truncated_normal", shape, mean, stddev, seed), dtype, "truncated_normal")


def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draws uniformly distributed values from the range [minval, maxval).

    The same integer seed gives the same values at each call.

    Args:
        shape: Integers, and sizes computed from `ops.shape(x)`, such as that of the batch.
        minval: Lower bound, a number or a tensor that is broadcast.
        maxval: Upper bound, excluded; a number or a tensor that is broadcast.
        dtype: Type of the result; None: "float32".
        seed: An integer, a `SeedGenerator`, or None for the generator of the module.

    Returns:
        Array or symbolic tensor of that shape.

    Raises:
        ValueError: `maxval` is a number below `minval`.

    Example:
        >>> values = fastnn.random.uniform((100,), minval=1.0, maxval=2.0, seed=1)
        >>> bool(values.min() >= 1), bool(values.max() < 2)
        (True, True)
    """
    if _plain(minval, maxval):
        check_range("random.uniform", "minval", minval)
        check_range("random.uniform", "maxval", maxval, minval)
        return _typed(_draw("uniform", shape, minval, maxval, seed), dtype, "uniform")
    made = _draw("uniform", shape, 0.0, 1.0, seed)
    return _typed(ops.add(ops.multiply(made, ops.subtract(maxval, minval)), minval), dtype, "uniform")


def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Draws uniformly distributed integers from the range [minval, maxval).

    Args:
        shape: Integers, and sizes computed from `ops.shape(x)`, such as that of the batch.
        minval: Lower bound, an integer.
        maxval: Upper bound, excluded; an integer.
        dtype: Type of the result.
        seed: An integer, a `SeedGenerator`, or None for the generator of the module.

    Returns:
        Array or symbolic tensor of that shape.

    Raises:
        TypeError: A bound is a symbolic tensor.
        ValueError: The range is empty, or `dtype` is no integer type.

    Example:
        >>> values = fastnn.random.randint((100,), minval=0, maxval=3, seed=1)
        >>> int(values.min()), int(values.max())
        (0, 2)
    """
    if not _plain(minval, maxval):
        raise TypeError("random.randint expects minval and maxval to be plain numbers")
    return _typed(_draw("randint", shape, minval, maxval, seed), dtype, "randint", "iu")


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Draws class indices with the probabilities softmax(logits).

    It uses the Gumbel-max trick: the largest of the logits plus Gumbel noise (Gumbel, 1954).

    Args:
        logits: Logits, of shape `(batch, classes)`.
        num_samples: Number of draws for each row.
        dtype: Type of the result.
        seed: An integer, a `SeedGenerator`, or None for the generator of the module.

    Returns:
        Class indices, of shape `(batch, num_samples)`.

    Raises:
        ValueError: `logits` has another rank.

    Example:
        >>> fastnn.random.categorical([[0.0, 50.0]], num_samples=3, seed=1)
        array([[1, 1, 1]], dtype=int32)
    """
    logits = ops.cast(logits, floatx())
    if len(logits.shape) != 2:
        raise ValueError(f"random.categorical expects logits of shape (batch, classes), got {tuple(logits.shape)}")
    # With Gumbel noise, each class has the largest logit with its probability.
    rows, classes = ops.shape(logits)
    draws = _draw("uniform", (rows, int(num_samples), classes), 0.0, 1.0, seed)
    noise = ops.negative(ops.log(ops.negative(ops.log(draws))))
    return _typed(ops.argmax(ops.add(ops.expand_dims(logits, 1), noise), -1), dtype, "categorical", "fiub")


_ROUNDS = 8
"""Proposals for each gamma distributed value, of which at least 95 % are accepted: none is in one of 10**10 cases."""


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Draws gamma distributed values with scale 1.

    Reference: Marsaglia and Tsang, 2000, "A simple method for generating gamma variables".

    Args:
        shape: Integers, and sizes computed from `ops.shape(x)`, such as that of the batch.
        alpha: Shape of the distribution, above 0: a number or a tensor that is broadcast.
        dtype: Type of the result; None: "float32".
        seed: An integer, a `SeedGenerator`, or None for the generator of the module.

    Returns:
        Array or symbolic tensor of that shape.

    Example:
        >>> values = fastnn.random.gamma((1000,), alpha=3.0, seed=1)
        >>> bool(2.8 < values.mean() < 3.2)
        True
    """
    source = seed if seed is None or isinstance(seed, SeedGenerator) else SeedGenerator(seed)
    alpha = ops.cast(alpha, floatx())
    # Below 1 the value is that of alpha + 1 times u**(1 / alpha).
    small = ops.less(alpha, 1.0)
    center = ops.subtract(ops.where(small, ops.add(alpha, 1.0), alpha), 1.0 / 3.0)
    width = ops.divide(1.0, ops.sqrt(ops.multiply(center, 9.0)))
    found: Any = None
    for _ in range(_ROUNDS):
        x, u = _draw("normal", shape, 0.0, 1.0, source), _draw("uniform", shape, 0.0, 1.0, source)
        cube = ops.power(ops.maximum(ops.add(ops.multiply(x, width), 1.0), 1e-6), 3)
        bound = 0.5 * ops.square(x) + center * (1.0 - cube + ops.log(cube))
        value = ops.multiply(center, cube)
        found = value if found is None else ops.where(ops.less(ops.log(ops.maximum(u, 1e-30)), bound), value, found)
    u = ops.maximum(_draw("uniform", shape, 0.0, 1.0, source), 1e-30)
    share = ops.where(small, ops.power(u, ops.divide(1.0, ops.maximum(alpha, 1e-6))), 1.0)
    return _typed(ops.multiply(found, share), dtype, "gamma")


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Draws beta distributed values, between 0 and 1.

    Args:
        shape: Integers, and sizes computed from `ops.shape(x)`, such as that of the batch.
        alpha: First shape of the distribution, above 0: a number or a tensor that is broadcast.
        beta: Second shape of the distribution, above 0: a number or a tensor that is broadcast.
        dtype: Type of the result; None: "float32".
        seed: An integer, a `SeedGenerator`, or None for the generator of the module.

    Returns:
        Array or symbolic tensor of that shape.

    Example:
        >>> values = fastnn.random.beta((1000,), 1.0, 3.0, seed=1)
        >>> bool(0.23 < values.mean() < 0.27)
        True
    """
    source = seed if seed is None or isinstance(seed, SeedGenerator) else SeedGenerator(seed)
    first, second = gamma(shape, alpha, None, source), gamma(shape, beta, None, source)
    return _typed(ops.divide(first, ops.maximum(ops.add(first, second), 1e-30)), dtype, "beta")


def binomial(shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Draws binomially distributed values: how many of a number of trials succeed.

    Args:
        shape: Integers, and sizes computed from `ops.shape(x)`, such as that of the batch.
        counts: Numbers of trials, integers: a number or an array that is broadcast.
        probabilities: Probability of success: a number or a tensor that is broadcast.
        dtype: Type of the result; None: "float32".
        seed: An integer, a `SeedGenerator`, or None for the generator of the module.

    Returns:
        Array or symbolic tensor of that shape.

    Raises:
        TypeError: `counts` is a symbolic tensor.
        ValueError: `probabilities` is a number that is not from 0 to 1.

    Example:
        >>> values = fastnn.random.binomial((1000,), 10, 0.3, seed=1)
        >>> bool(2.8 < values.mean() < 3.2)
        True
    """
    if is_traced(counts):
        raise TypeError("random.binomial expects counts that are integers or an array of them, got a symbolic tensor")
    if _plain(probabilities):
        check_range("random.binomial", "probabilities", probabilities, 0, 1)
    trials = np.asarray(counts, np.int32)[..., np.newaxis]
    many = [shape] if isinstance(shape, (int, np.integer)) else [*shape]
    most = int(trials.max(initial=0))
    draws = _draw("uniform", (*many, max(most, 1)), 0.0, 1.0, seed)
    hits = ops.less(draws, ops.expand_dims(ops.cast(probabilities, floatx()), -1))
    counted = ops.logical_and(hits, np.arange(max(most, 1)) < trials)
    return _typed(ops.sum(ops.cast(counted, floatx()), -1), dtype, "binomial")


def dropout(inputs: Any, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Any = None) -> Any:
    """Sets a random fraction of the elements to 0 and divides the others by 1 - rate.

    Reference: Srivastava et al., 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    Args:
        inputs: Array or tensor.
        rate: Fraction, from 0 to 1.
        noise_shape: Shape of the mask; axes of size 1 share one draw. None: that of `inputs`.
        seed: An integer, a `SeedGenerator`, or None for the generator of the module.

    Returns:
        Array or tensor of the shape of `inputs`, float32.

    Raises:
        ValueError: `rate` is out of its range.

    Example:
        >>> fastnn.random.dropout(np.ones(6), rate=0.5, seed=1)
        array([0., 0., 0., 0., 0., 0.], dtype=float32)
    """
    if not 0.0 <= rate <= 1.0:
        raise ValueError(f"random.dropout expects a rate from 0 to 1, got {rate}")
    inputs = ops.cast(inputs, floatx())
    if rate == 1.0:
        return ops.zeros_like(inputs)
    sizes = ops.shape(inputs)
    if noise_shape is not None:
        sizes = tuple(own if one is None else one for one, own in zip(noise_shape, sizes, strict=True))
    kept = _draw("bernoulli", sizes, 1.0 - rate, 1.0, seed)
    return ops.where(kept, ops.multiply(inputs, 1.0 / (1.0 - rate)), 0.0)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """Returns the slices along an axis in random order. Rows stay whole.

    Args:
        x: Array or tensor.
        axis: The axis; not the batch of a symbolic tensor.
        seed: An integer, a `SeedGenerator`, or None for the generator of the module.

    Returns:
        Array or tensor of the shape of `x`.

    Example:
        >>> sorted(fastnn.random.shuffle(np.arange(5), seed=1).tolist())
        [0, 1, 2, 3, 4]
    """
    x = ops.convert_to_tensor(x)
    order = ops.argsort(_draw("uniform", (ops.shape(x)[axis],), 0.0, 1.0, seed))
    return ops.take(x, order, axis)


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
