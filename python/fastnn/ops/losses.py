"""Cross-entropies of single elements or rows, and the peak signal-to-noise ratio."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastnn import config
from fastnn.ops import activation_functions, encoding, reduction, shaping
from fastnn.ops.arithmetic import absolute, add, clip, divide, multiply, negative, square, subtract
from fastnn.ops.conversion import cast, convert_to_tensor
from fastnn.ops.exponential import exp, log, log1p, log10


def _same_shapes(target: Any, output: Any, who: str) -> None:
    sizes = [tuple(x.shape) if hasattr(x, "shape") else np.shape(x) for x in (target, output)]
    fits = len(sizes[0]) == len(sizes[1]) and all(
        a == b or None in (a, b) for a, b in zip(sizes[0], sizes[1], strict=True)
    )
    if not fits:
        raise ValueError(f"ops.{who} expects target and output of one shape, got {sizes[0]} and {sizes[1]}")


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """-(t log(p) + (1 - t) log(1 - p)) of each element.

    Args:
        target: 0 or 1, or chances.
        output: Chances, or logits where `from_logits`.
        from_logits: Whether `output` are logits.

    Raises:
        ValueError: Their shapes differ.
    """
    _same_shapes(target, output, "binary_crossentropy")
    target, output = cast(target, "float32"), cast(output, "float32")
    if from_logits:
        away = log1p(exp(negative(absolute(output))))
        return add(subtract(activation_functions.relu(output), multiply(output, target)), away)
    p = clip(output, config.epsilon(), 1 - config.epsilon())
    likely = add(
        multiply(target, log(p)),
        multiply(subtract(1.0, target), log(subtract(1.0, p))),
    )
    return negative(likely)


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """-sum(t log(p)) along an axis.

    Args:
        target: One-hot rows, or chances.
        output: Chances, whose sum is made 1, or logits where `from_logits`.
        from_logits: Whether `output` are logits.
        axis: That of the classes.

    Raises:
        ValueError: Their shapes differ.
    """
    _same_shapes(target, output, "categorical_crossentropy")
    target, output = cast(target, "float32"), cast(output, "float32")
    if from_logits:
        return negative(reduction.sum(multiply(target, activation_functions.log_softmax(output, axis)), axis))
    shares = divide(output, reduction.sum(output, axis, True))
    return negative(
        reduction.sum(
            multiply(target, log(clip(shares, config.epsilon(), 1 - config.epsilon()))),
            axis,
        )
    )


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """-log(p) of the class whose number the target is; arguments as of `categorical_crossentropy`.

    Raises:
        ValueError: The target has not the shape of the output without the axis of the classes.
    """
    target, output = convert_to_tensor(target), cast(output, "float32")
    if len(target.shape) == len(output.shape) and target.shape[-1] == 1:
        target = shaping.squeeze(target, -1)
    if len(target.shape) != len(output.shape) - 1:
        raise ValueError(
            f"ops.sparse_categorical_crossentropy expects a target of the output's shape without the classes, got "
            f"{tuple(target.shape)} for {tuple(output.shape)}; for one-hot rows use ops.categorical_crossentropy"
        )
    hot = encoding.one_hot(cast(target, "int32"), output.shape[axis], axis)
    return categorical_crossentropy(hot, output, from_logits, axis)


def psnr(x1: Any, x2: Any, max_val: float) -> Any:
    """How near two images are: 10 log10(max_val**2 / mean squared difference)."""
    error = reduction.mean(square(subtract(x1, x2)))
    return subtract(20.0 * math.log10(max_val), multiply(10.0, log10(error)))
