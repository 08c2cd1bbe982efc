"""Activation functions, on arrays and as the nodes that layers add to a graph.

On arrays the core computes them.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from fastnn.activations.along_axes import glu, log_softmax, softmax, sparsemax
from fastnn.activations.lookup import Activation as Activation
from fastnn.activations.lookup import Node as Node
from fastnn.activations.lookup import deserialize, get, serialize
from fastnn.activations.lookup import is_custom as is_custom
from fastnn.activations.lookup import node_of as node_of
from fastnn.activations.rectifiers import (
    celu,
    elu,
    gelu,
    hard_silu,
    hard_swish,
    leaky_relu,
    mish,
    relu,
    relu6,
    selu,
    silu,
    softplus,
    sparse_plus,
    squareplus,
    swish,
)
from fastnn.activations.shrinking import hard_shrink, soft_shrink, tanh_shrink, threshold
from fastnn.activations.squashing import (
    exponential,
    hard_sigmoid,
    hard_tanh,
    linear,
    log_sigmoid,
    sigmoid,
    softsign,
    sparse_sigmoid,
    tanh,
)
from fastnn.naming import missing_names as _missing_names

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]


def __dir__() -> list[str]:
    return __all__


if not _TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
