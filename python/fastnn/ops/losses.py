"""Cross-entropies of single elements or rows, and the peak signal-to-noise ratio."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastnn import _core, config
from fastnn.ops import activation_functions, dimensions, encoding, node, reduction, shaping
from fastnn.ops.arithmetic import absolute, add, clip, divide, multiply, negative, square, subtract
from fastnn.ops.conversion import cast, convert_to_tensor
from fastnn.ops.exponential import exp, log, log1p, log10
from fastnn.ops.keras_functions import as_in_keras
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced


def _same_shapes(target: Any, output: Any, who: str) -> None:
    sizes = [tuple(x.shape) if hasattr(x, "shape") else np.shape(x) for x in (target, output)]
    fits = len(sizes[0]) == len(sizes[1]) and all(
        a == b or None in (a, b) for a, b in zip(sizes[0], sizes[1], strict=True)
    )
    if not fits:
        raise ValueError(f"ops.{who} expects target and output of the same shape, got {sizes[0]} and {sizes[1]}")


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Returns the binary cross-entropy of each element: -t log(p) - (1 - t) log(1 - p).

    Unlike the loss of that name it takes no mean.

    Args:
        target: Labels 0 and 1, or probabilities.
        output: Predicted probabilities, or logits, of the same shape.
        from_logits: True where `output` holds logits.

    Returns:
        Tensor or array of that shape, float32.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> ops.binary_crossentropy([0.0, 1.0], [0.5, 0.75])
        array([0.69314..., 0.28768...], dtype=float32)
    """
    _same_shapes(target, output, "binary_crossentropy")
    target, output = cast(target, floatx()), cast(output, floatx())
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
    """Returns the cross-entropy of one-hot labels: -sum(t log(p)) along an axis.

    Args:
        target: One-hot labels, or probabilities.
        output: Predicted probabilities, which are divided by their sum, or logits, of the same shape.
        from_logits: True where `output` holds logits.
        axis: Axis of the classes.

    Returns:
        Tensor or array without this axis, float32.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> ops.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])
        array([0.69314...], dtype=float32)
    """
    _same_shapes(target, output, "categorical_crossentropy")
    target, output = cast(target, floatx()), cast(output, floatx())
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
    """Returns the cross-entropy of integer labels: -log(p) of the labeled class.

    Args:
        target: Class indices, of the shape of `output` without the axis of the classes, or with a last axis of size 1.
        output: Predicted probabilities, which are divided by their sum, or logits.
        from_logits: True where `output` holds logits.
        axis: Axis of the classes.

    Returns:
        Tensor or array without the axis of the classes, float32.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> ops.sparse_categorical_crossentropy([1], [[0.5, 0.5]])
        array([0.69314...], dtype=float32)
    """
    target, output = convert_to_tensor(target), cast(output, floatx())
    if len(target.shape) == len(output.shape) and target.shape[-1] == 1:
        target = shaping.squeeze(target, -1)
    if len(target.shape) != len(output.shape) - 1:
        raise ValueError(
            f"ops.sparse_categorical_crossentropy expects a target of the output's shape without the classes, got "
            f"{tuple(target.shape)} for {tuple(output.shape)}; for one-hot rows use ops.categorical_crossentropy"
        )
    hot = encoding.one_hot(cast(target, "int32"), dimensions.shape(output)[axis], axis)
    return categorical_crossentropy(hot, output, from_logits, axis)


@as_in_keras(module="nn", class_name="CTCLoss")
def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0) -> Any:
    """Returns the loss of connectionist temporal classification: -log(probability of the labels of each sample).

    Reference: Graves et al., 2006, "Connectionist temporal classification: labelling unsegmented sequence data".

    Args:
        target: Class indices, of shape `(batch, most labels)`.
        output: Scores before the softmax, of shape `(batch, steps, classes)`.
        target_length: Number of labels of each sample.
        output_length: Number of steps of each sample.
        mask_index: Class that stands for "no label".

    Returns:
        Tensor or array of shape `(batch,)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> ops.ctc_loss([[1, 2]], np.zeros((1, 4, 3)), [2], [4])
        array([1.68639...], dtype=float32)
    """
    inputs = [
        cast(target, "int32"),
        cast(output, floatx()),
        cast(target_length, "int32"),
        cast(output_length, "int32"),
    ]
    if is_traced(inputs):
        return node.node("ctc", {"blank": mask_index}, inputs, "ctc_loss")
    return _core.core_for(floatx()).apply("ctc", {"blank": mask_index}, [np.ascontiguousarray(one) for one in inputs])[
        0
    ]


@as_in_keras(class_name="PSNR")
def psnr(x1: Any, x2: Any, max_val: float) -> Any:
    """Returns the peak signal-to-noise ratio of two images: 10 log10(max_val**2 / mean squared error), in decibels.

    Args:
        x1: Tensor or array.
        x2: Tensor or array of the same shape.
        max_val: Largest possible value of an element.

    Returns:
        Tensor or array of one number.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> round(float(ops.psnr([[0.0, 1.0]], [[0.0, 0.9]], max_val=1.0)), 2)
        23.01
    """
    error = reduction.mean(square(subtract(x1, x2)))
    return subtract(20.0 * math.log10(max_val), multiply(10.0, log10(error)))
