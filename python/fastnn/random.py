"""Random numbers, under the names of `keras.random`.

On plain numbers they are drawn at once. Where the shape begins with `ops.shape(x)[0]`, and within the `call` of a
layer, a node draws them anew in each step of training and for each batch of a prediction. Each draw is a pure function
of a seed and of a position that counts draws: a `SeedGenerator` owns both, a whole number as `seed` is one of its own,
and without a seed the generator of the module draws, which begins anew with `fastnn.utils.set_random_seed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn import _core, ops, seeds
from fastnn.ops.node import node, tensor
from fastnn.ops.dimensions import is_batched, sizes_and_batch
from fastnn.symbolic.tensors import KerasTensor, Trace, is_traced


class SeedGenerator:
    """A source of random numbers that never repeats itself, and that begins anew where its position is set back.

    As an attribute of a layer it draws in the layer's training and inference graphs from the same stream.

    Args:
        seed: A whole number, or None to draw one.
        name: A name.
        **kwargs: None are known.

    Attributes:
        seed: The seed.
        name: The name.
        stream: What the core draws from; its `position` counts draws, and moves on with each pass.

    Example:
        >>> generator = fastnn.random.SeedGenerator(42)
        >>> fastnn.random.normal((2, 3), seed=generator)
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        for unknown in kwargs:
            raise ValueError(f"SeedGenerator has no argument {unknown!r}; it has seed and name")
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0):
            raise ValueError(f"SeedGenerator expects seed to be a whole number of at least 0, or None, got {seed!r}")
        self.name = name or seeds.unique_name("SeedGenerator")
        self.seed = seeds.next_seed() if seed is None else int(seed)
        self.stream = _core.Stream(self.seed)

    def next(self, ordered: bool = True) -> Any:
        """(seed, position) of the next draw, which counts as drawn: int32.

        Args:
            ordered: No effect.
        """
        made = np.array([self.seed & 0x7FFFFFFF, self.stream.position & 0x7FFFFFFF], np.int32)
        self.stream.position += 1
        return made

    def get_config(self) -> dict[str, Any]:
        """Its arguments."""
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        return cls(**config)

    def __repr__(self) -> str:
        return f"<SeedGenerator seed={self.seed}, position={self.stream.position}>"


_of_module: tuple[int, SeedGenerator] | None = None


def _stream(seed: Any) -> _core.Stream:
    global _of_module
    if isinstance(seed, SeedGenerator):
        return seed.stream
    if seed is not None:
        return SeedGenerator(seed, "seed").stream
    if _of_module is None or _of_module[0] != seeds.settings():
        _of_module = seeds.settings(), SeedGenerator(None, "of_module")
    return _of_module[1].stream


def _draw(op: str, shape: Any, a: float, b: float, seed: Any) -> Any:
    """A node that draws, or what it draws on plain numbers."""
    stream = _stream(seed)
    arguments = {"op": op, "a": float(a), "b": float(b)}
    if isinstance(shape, KerasTensor) and shape.ndim:
        raise TypeError(f"random: a shape is a tuple, such as ops.shape(x), got the tensor {shape.name!r}")
    many = [shape] if isinstance(shape, (int, np.integer)) else shape
    sizes, like = sizes_and_batch(many, "random")
    if any(size < 0 for size in sizes):
        raise ValueError(f"random expects a shape of sizes of at least 0, got {tuple(sizes)}")
    if like is not None:
        return node("Random", {**arguments, "shape": sizes, "batched": True}, [like], op, stream=stream)
    if Trace.current() is not None:
        return node("Random", {**arguments, "shape": sizes, "batched": False}, [], op, stream=stream)
    graph = _core.Graph()
    edge = graph.input((None,))
    (made,) = graph.add("Random", op, {**arguments, "shape": [], "batched": True}, [edge], [], stream)
    count = int(np.prod(sizes, dtype=np.int64))
    if count == 0:
        return np.zeros(sizes, {"bernoulli": bool, "randint": np.int32}.get(op, np.float32))
    # As every pass over a graph that draws, this moves the stream on.
    return _core.Predictor(graph, [made])([np.zeros(count, np.float32)])[0].reshape(sizes)


def _typed(made: Any, dtype: Any) -> Any:
    return made if dtype is None else ops.cast(made, dtype)


def _plain(*values: Any) -> bool:
    return all(isinstance(value, (int, float, np.number)) for value in values)


def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normal numbers.

    Args:
        shape: Whole numbers, the first of which may be `ops.shape(x)[0]`, the size of the batch.
        mean: Their mean, a number or a tensor that is broadcast.
        stddev: Their standard deviation, the same.
        dtype: The element type; None: "float32".
        seed: A whole number, a `SeedGenerator`, or None for the generator of the module.

    Returns:
        An array, or a symbolic tensor.

    Example:
        >>> fastnn.random.normal((2, 3), seed=1).shape
        (2, 3)
    """
    return _typed(_scaled("normal", shape, mean, stddev, seed), dtype)


def _scaled(op: str, shape: Any, mean: Any, stddev: Any, seed: Any) -> Any:
    if _plain(mean, stddev):
        return _draw(op, shape, mean, stddev, seed)
    return ops.add(ops.multiply(_draw(op, shape, 0.0, 1.0, seed), stddev), mean)


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normal numbers of which none is farther than two standard deviations from the mean; arguments as of `normal`."""
    return _typed(_scaled("truncated_normal", shape, mean, stddev, seed), dtype)


def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers that are equally likely from minval up to, but without, maxval.

    Args:
        shape: As of `normal`.
        minval: The lowest, a number or a tensor that is broadcast.
        maxval: The end, the same.
        dtype: The element type; None: "float32".
        seed: As of `normal`.
    """
    if _plain(minval, maxval):
        return _typed(_draw("uniform", shape, minval, maxval, seed), dtype)
    made = _draw("uniform", shape, 0.0, 1.0, seed)
    return _typed(ops.add(ops.multiply(made, ops.subtract(maxval, minval)), minval), dtype)


def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Whole numbers from minval up to, but without, maxval; arguments as of `normal`.

    Raises:
        ValueError: There is none between them.
    """
    if not _plain(minval, maxval):
        raise TypeError("random.randint expects minval and maxval to be plain numbers")
    return _typed(_draw("randint", shape, minval, maxval, seed), dtype)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Numbers of classes, drawn by their logits.

    Args:
        logits: Of shape (batch, classes).
        num_samples: How many are drawn for each row.
        dtype: The element type.
        seed: As of `normal`.

    Returns:
        Of shape (batch, num_samples).
    """
    logits = ops.cast(logits, "float32")
    if len(logits.shape) != 2:
        raise ValueError(f"random.categorical expects logits of shape (batch, classes), got {tuple(logits.shape)}")
    # The largest of logits with Gumbel noise is each class by its chance.
    rows, classes = ops.shape(logits)
    chances = _draw("uniform", (rows, int(num_samples), classes), 0.0, 1.0, seed)
    noise = ops.negative(ops.log(ops.negative(ops.log(chances))))
    return ops.cast(ops.argmax(ops.add(ops.expand_dims(logits, 1), noise), -1), dtype)


def dropout(inputs: Any, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Any = None) -> Any:
    """A share of the numbers set to 0, the others divided by 1 - rate.

    Args:
        inputs: A tensor or an array.
        rate: The share, from 0 up to but not including 1.
        noise_shape: The shape of the mask, where axes of size 1 share one draw; None: that of the inputs.
        seed: As of `normal`.

    Raises:
        ValueError: The rate is out of its range.
    """
    if not 0.0 <= rate < 1.0:
        raise ValueError(f"random.dropout expects a rate from 0 up to but not including 1, got {rate}")
    inputs = ops.cast(inputs, "float32")
    sizes = ops.shape(inputs)
    if noise_shape is not None:
        sizes = tuple(own if one is None else one for one, own in zip(noise_shape, sizes, strict=True))
    kept = _draw("bernoulli", sizes, 1.0 - rate, 1.0, seed)
    return ops.where(kept, ops.multiply(inputs, 1.0 / (1.0 - rate)), 0.0)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """The parts along an axis in a random order.

    Args:
        x: A tensor or an array.
        axis: Along which; of a symbolic tensor not the batch.
        seed: As of `normal`.

    Raises:
        ValueError: The axis is the batch of a symbolic tensor.
    """
    x = ops.convert_to_tensor(x)
    length = x.shape[axis]
    if is_traced(x) and (length is None or (is_batched(tensor(x)) and axis % len(x.shape) == 0)):
        raise ValueError(
            f"random.shuffle: axis {axis} of {x.shape} is the batch, whose rows are not to depend on one another; "
            "fit(shuffle=True) shuffles rows"
        )
    order = ops.argsort(_draw("uniform", (length,), 0.0, 1.0, seed))
    return ops.take(x, order, axis)
