"""`tf.nn`: functions of neural networks; on symbolic tensors those of `fastnn.ops`."""

from typing import Any

from fastnn import activations, ops
from fastnn.stand_in.names import FUNCTIONS, NN

elu, gelu, relu6, selu, silu, swish = (
    activations.elu, activations.gelu, activations.relu6, activations.selu, activations.silu, activations.silu,
)  # fmt: skip


def dropout(x: Any, rate: float, noise_shape: Any = None, seed: Any = None, name: str | None = None) -> Any:
    """Returns values a share of which is 0, and the others larger by as much."""
    from fastnn import random

    return random.dropout(x, rate, noise_shape, seed)


def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Any:
    """Returns the binary crossentropy of logits, value by value."""
    return ops.maximum(logits, 0.0) - logits * labels + ops.log1p(ops.exp(-ops.abs(logits)))


def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1, name: str | None = None) -> Any:
    """Returns the crossentropy of logits with one-hot labels, row by row."""
    return -ops.sum(labels * ops.log_softmax(logits, axis), axis)


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: str | None = None) -> Any:
    """Returns the crossentropy of logits with integer labels, row by row."""
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


__all__ = [
    *NN, "dropout", "elu", "gelu", "relu6", "selu", "sigmoid_cross_entropy_with_logits", "silu",
    "softmax_cross_entropy_with_logits", "sparse_softmax_cross_entropy_with_logits", "swish",
]  # fmt: skip
globals().update({name: FUNCTIONS[name] for name in NN})
