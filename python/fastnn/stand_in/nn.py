"""`tf.nn`: functions of neural networks; on symbolic tensors those of `fastnn.ops`."""

from typing import Any as _Any

from fastnn import activations as _activations
from fastnn import ops as _ops
from fastnn.stand_in.further import NN as _FURTHER
from fastnn.stand_in.names import FUNCTIONS as _FUNCTIONS
from fastnn.stand_in.names import NN as _NN

elu, gelu, relu6, selu, silu, swish = (
    _activations.elu, _activations.gelu, _activations.relu6, _activations.selu, _activations.silu, _activations.silu,
)  # fmt: skip


def dropout(x: _Any, rate: float, noise_shape: _Any = None, seed: _Any = None, name: str | None = None) -> _Any:
    """Returns values a share of which is 0, and the others larger by as much."""
    from fastnn import random

    return random.dropout(x, rate, noise_shape, seed)


def sigmoid_cross_entropy_with_logits(labels: _Any = None, logits: _Any = None, name: str | None = None) -> _Any:
    """Returns the binary crossentropy of logits, value by value."""
    return _ops.maximum(logits, 0.0) - logits * labels + _ops.log1p(_ops.exp(-_ops.abs(logits)))


def softmax_cross_entropy_with_logits(labels: _Any, logits: _Any, axis: int = -1, name: str | None = None) -> _Any:
    """Returns the crossentropy of logits with one-hot labels, row by row."""
    return -_ops.sum(labels * _ops.log_softmax(logits, axis), axis)


def sparse_softmax_cross_entropy_with_logits(labels: _Any, logits: _Any, name: str | None = None) -> _Any:
    """Returns the crossentropy of logits with integer labels, row by row."""
    return _ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


__all__ = [
    *_NN, *_FURTHER, "dropout", "elu", "gelu", "relu6", "selu", "sigmoid_cross_entropy_with_logits", "silu",
    "softmax_cross_entropy_with_logits", "sparse_softmax_cross_entropy_with_logits", "swish",
]  # fmt: skip
globals().update({name: _FUNCTIONS[name] for name in _NN} | _FURTHER)
