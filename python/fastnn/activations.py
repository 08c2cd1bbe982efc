"""Activation functions, on arrays and as the nodes that layers add to a graph.

On arrays the core computes them. `node_of` returns the node that computes an activation in a model.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import _core
from fastnn.configurable import converts
from fastnn.naming import lookup
from fastnn.symbolic.tensors import is_traced, operators

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

Activation = Callable[..., Any]
Node = tuple[str, dict[str, Any]]


def _apply(x: ArrayLike, kind: str, **config: Any) -> NDArray[np.float32]:
    """Returns the result of a node on the whole array as one row, so that any rank works and no axis is the batch.

    Args:
        x: Array of any shape, or symbolic tensor.
        kind: Kind of the node.
        **config: Its arguments.

    Returns:
        Array or tensor of the shape of `x`, float32.
    """
    if is_traced(x):
        return operators["activation"](kind, config, x)  # type: ignore[no-any-return]
    array = np.asarray(x, dtype=np.float32)
    row = array.reshape(1, -1) if kind == "Activation" else array[np.newaxis]
    result: NDArray[np.float32] = _core.apply(kind, config, [np.ascontiguousarray(row)])[0]
    return result.reshape(array.shape) if kind == "Activation" else result[0]


def _along(x: ArrayLike, kind: str, axis: int | tuple[int, ...]) -> NDArray[np.float32]:
    """Returns the result of a node that works along axes, which are counted from the end because a row is put in front.

    Args:
        x: Array of any shape, or symbolic tensor.
        kind: Kind of the node.
        axis: Axis or axes.

    Returns:
        Array or tensor of the shape of `x`, float32.
    """
    if is_traced(x):
        return operators["activation"](kind, {"axis": axis}, x)  # type: ignore[no-any-return]
    rank = np.ndim(x)
    axes = [axis] if isinstance(axis, int) else list(axis)
    if rank == 0 or any(not -rank <= one < rank for one in axes):
        raise ValueError(f"{kind.lower()} along axis {axis} needs an array that has it, got shape {np.shape(x)}")
    counted = [one - rank if one >= 0 else one for one in axes]
    return _apply(x, kind, axis=counted[0] if len(counted) == 1 else counted)


def relu(
    x: ArrayLike, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> NDArray[np.float32]:
    """Returns max(x, 0), with an optional slope below a threshold and an upper limit.

    Args:
        x: Array of any shape, or symbolic tensor.
        negative_slope: Slope below the threshold: values there become negative_slope * (x - threshold).
        max_value: Largest value; None: no limit.
        threshold: Inputs below this value are scaled by `negative_slope`.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.relu([-1.0, 2.0])
        array([0., 2.], dtype=float32)
    """
    return _apply(
        x, "Activation", activation="relu", negative_slope=negative_slope, max_value=max_value, threshold=threshold
    )


def leaky_relu(x: ArrayLike, negative_slope: float = 0.2) -> NDArray[np.float32]:
    """Returns x where x > 0, else negative_slope * x.

    Args:
        x: Array of any shape, or symbolic tensor.
        negative_slope: Slope below zero.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.leaky_relu([-1.0, 2.0], negative_slope=0.25)
        array([-0.25,  2.  ], dtype=float32)
    """
    return _apply(x, "Activation", activation="leaky_relu", negative_slope=negative_slope)


def relu6(x: ArrayLike) -> NDArray[np.float32]:
    """Returns min(max(x, 0), 6).

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.relu6([-1.0, 2.0, 8.0])
        array([0., 2., 6.], dtype=float32)
    """
    return _apply(x, "Activation", activation="relu6")


def sigmoid(x: ArrayLike) -> NDArray[np.float32]:
    """Returns the sigmoid 1 / (1 + exp(-x)), a value between 0 and 1.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.sigmoid([0.0, 2.0])
        array([0.5     , 0.880797], dtype=float32)
    """
    return _apply(x, "Activation", activation="sigmoid")


def hard_sigmoid(x: ArrayLike) -> NDArray[np.float32]:
    """Returns relu6(x + 3) / 6, a piecewise linear approximation of the sigmoid.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.hard_sigmoid([-3.0, 0.0, 1.5])
        array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return _apply(x, "Activation", activation="hard_sigmoid")


def tanh(x: ArrayLike) -> NDArray[np.float32]:
    """Returns the hyperbolic tangent of x.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.tanh([0.0, 1.0])
        array([0.       , 0.76159...], dtype=float32)
    """
    return _apply(x, "Activation", activation="tanh")


def softmax(x: ArrayLike, axis: int | tuple[int, ...] = -1) -> NDArray[np.float32]:
    """Returns exp(x) / sum(exp(x)) along an axis: positive values whose sum is 1.

    Args:
        x: Array with at least one axis, or symbolic tensor.
        axis: Axis or axes along which the sum is 1.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> fastnn.activations.softmax([[1.0, 1.0, 1.0, 1.0]])
        array([[0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """
    return _along(x, "Softmax", axis)


def log_softmax(x: ArrayLike, axis: int = -1) -> NDArray[np.float32]:
    """Returns the logarithm of the softmax, computed without loss of precision.

    Args:
        x: Array with at least one axis, or symbolic tensor.
        axis: Axis along which the softmax sums to 1.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> fastnn.activations.log_softmax([[0.0, 0.0]])
        array([[-0.69314..., -0.69314...]], dtype=float32)
    """
    return _along(x, "LogSoftmax", axis)


def linear(x: ArrayLike) -> NDArray[np.float32]:
    """Returns x unchanged.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.linear([-1.0, 2.0])
        array([-1.,  2.], dtype=float32)
    """
    return operators["tensor"](x) if is_traced(x) else np.array(x, dtype=np.float32)


def elu(x: ArrayLike, alpha: float = 1.0) -> NDArray[np.float32]:
    """Returns x where x > 0, else alpha * (exp(x) - 1).

    Reference: Clevert et al., 2015, "Fast and accurate deep network learning by exponential linear units (ELUs)".

    Args:
        x: Array of any shape, or symbolic tensor.
        alpha: Scale of the negative part.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.elu([-1.0, 2.0])
        array([-0.63212...,  2.        ], dtype=float32)
    """
    return _apply(x, "Activation", activation="elu", alpha=alpha)


def selu(x: ArrayLike) -> NDArray[np.float32]:
    """Returns the scaled exponential linear unit: s * x where x > 0, else s * a * (exp(x) - 1).

    The constants s = 1.0507 and a = 1.6733 keep mean 0 and variance 1 from layer to layer (Klambauer et al., 2017,
    "Self-normalizing neural networks").

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.selu([-1.0, 2.0])
        array([-1.11133...,  2.101402 ], dtype=float32)
    """
    return _apply(x, "Activation", activation="selu")


def softplus(x: ArrayLike) -> NDArray[np.float32]:
    """Returns log(1 + exp(x)).

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.softplus([0.0, 2.0])
        array([0.69314..., 2.126928 ], dtype=float32)
    """
    return _apply(x, "Activation", activation="softplus")


def softsign(x: ArrayLike) -> NDArray[np.float32]:
    """Returns x / (1 + |x|).

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.softsign([-1.0, 3.0])
        array([-0.5 ,  0.75], dtype=float32)
    """
    return _apply(x, "Activation", activation="softsign")


def exponential(x: ArrayLike) -> NDArray[np.float32]:
    """Returns exp(x).

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.exponential([0.0, 1.0])
        array([1.       , 2.71828...], dtype=float32)
    """
    return _apply(x, "Activation", activation="exponential")


def gelu(x: ArrayLike, approximate: bool = False) -> NDArray[np.float32]:
    """Returns x * P(Z <= x) for a standard normal variable Z.

    Reference: Hendrycks and Gimpel, 2016, "Gaussian error linear units (GELUs)".

    Args:
        x: Array of any shape, or symbolic tensor.
        approximate: Computes the probability by a formula with tanh in place of the error function.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.gelu([-1.0, 0.0, 1.0])
        array([-0.15865...,  0.        ,  0.84134... ], dtype=float32)
    """
    return _apply(x, "Activation", activation="gelu_tanh" if approximate else "gelu")


def silu(x: ArrayLike) -> NDArray[np.float32]:
    """Returns x * sigmoid(x), also called swish.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.silu([-1.0, 0.0, 1.0])
        array([-0.26894...,  0.        ,  0.73105... ], dtype=float32)
    """
    return _apply(x, "Activation", activation="silu")


def mish(x: ArrayLike) -> NDArray[np.float32]:
    """Returns x * tanh(softplus(x)) (Misra, 2019).

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.mish([-1.0, 0.0, 1.0])
        array([-0.30340...,  0.        ,  0.86509...], dtype=float32)
    """
    return _apply(x, "Activation", activation="mish")


def celu(x: ArrayLike, alpha: float = 1.0) -> NDArray[np.float32]:
    """Returns x where x > 0, else alpha * (exp(x / alpha) - 1), whose slope is continuous (Barron, 2017).

    Args:
        x: Array of any shape, or symbolic tensor.
        alpha: Scale of the negative part.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.celu([-1.0, 2.0])
        array([-0.63212...,  2.        ], dtype=float32)
    """
    return _apply(x, "Activation", activation="celu", alpha=alpha)


def glu(x: ArrayLike, axis: int = -1) -> NDArray[np.float32]:
    """Returns the gated linear unit: the first half of x along an axis times the sigmoid of the second half.

    Reference: Dauphin et al., 2016, "Language modeling with gated convolutional networks".

    Args:
        x: Array or symbolic tensor whose size along `axis` is even.
        axis: Axis along which x is split in two.

    Returns:
        Array or tensor of the shape of `x` with half the size along `axis`, float32.

    Raises:
        ValueError: `x` has no such axis, or its size there is odd.

    Example:
        >>> fastnn.activations.glu([1.0, 2.0, 0.0, 0.0])
        array([0.5, 1. ], dtype=float32)
    """
    return _along(x, "GLU", axis)


def hard_silu(x: ArrayLike) -> NDArray[np.float32]:
    """Returns x * hard_sigmoid(x), also called hard swish.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.hard_silu([-3.0, 0.0, 1.5])
        array([-0.   ,  0.   ,  1.125], dtype=float32)
    """
    return _apply(x, "Activation", activation="hard_silu")


def hard_tanh(x: ArrayLike) -> NDArray[np.float32]:
    """Returns x, limited to the range from -1 to 1.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.hard_tanh([-2.0, 0.5, 2.0])
        array([-1. ,  0.5,  1. ], dtype=float32)
    """
    return _apply(x, "Activation", activation="hard_tanh")


def hard_shrink(x: ArrayLike, threshold: float = 0.5) -> NDArray[np.float32]:
    """Returns x where |x| > threshold, else 0.

    Args:
        x: Array of any shape, or symbolic tensor.
        threshold: Values up to this absolute value become 0.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.hard_shrink([-1.0, 0.25, 1.0])
        array([-1.,  0.,  1.], dtype=float32)
    """
    return _apply(x, "Activation", activation="hard_shrink", threshold=threshold)


def soft_shrink(x: ArrayLike, threshold: float = 0.5) -> NDArray[np.float32]:
    """Returns x - threshold above the threshold, x + threshold below -threshold, else 0.

    Args:
        x: Array of any shape, or symbolic tensor.
        threshold: Amount by which values move towards 0.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.soft_shrink([-1.0, 0.25, 1.0])
        array([-0.5,  0. ,  0.5], dtype=float32)
    """
    return _apply(x, "Activation", activation="soft_shrink", threshold=threshold)


def tanh_shrink(x: ArrayLike) -> NDArray[np.float32]:
    """Returns x - tanh(x).

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.tanh_shrink([0.0, 1.0])
        array([0.        , 0.23840...], dtype=float32)
    """
    return _apply(x, "Activation", activation="tanh_shrink")


def threshold(x: ArrayLike, threshold: float, default_value: float) -> NDArray[np.float32]:
    """Returns x where x > threshold, else `default_value`.

    Args:
        x: Array of any shape, or symbolic tensor.
        threshold: Values up to this one are replaced.
        default_value: Value in their place.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.threshold([0.5, 2.0], threshold=1.0, default_value=0.0)
        array([0., 2.], dtype=float32)
    """
    return _apply(x, "Activation", activation="threshold", threshold=threshold, default_value=default_value)


def squareplus(x: ArrayLike, b: float = 4) -> NDArray[np.float32]:
    """Returns (x + sqrt(x**2 + b)) / 2, a smooth approximation of relu (Barron, 2021).

    Args:
        x: Array of any shape, or symbolic tensor.
        b: Smoothness; 0 gives relu.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.squareplus([0.0, 3.0], b=16)
        array([2., 4.], dtype=float32)
    """
    return _apply(x, "Activation", activation="squareplus", b=b)


def sparse_plus(x: ArrayLike) -> NDArray[np.float32]:
    """Returns 0 for x <= -1, x for x >= 1, and (x + 1)**2 / 4 between.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.sparse_plus([-2.0, 0.0, 2.0])
        array([0.  , 0.25, 2.  ], dtype=float32)
    """
    return _apply(x, "Activation", activation="sparse_plus")


def sparse_sigmoid(x: ArrayLike) -> NDArray[np.float32]:
    """Returns 0 for x <= -1, 1 for x >= 1, and (x + 1) / 2 between.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.sparse_sigmoid([-2.0, 0.0, 2.0])
        array([0. , 0.5, 1. ], dtype=float32)
    """
    return _apply(x, "Activation", activation="sparse_sigmoid")


def log_sigmoid(x: ArrayLike) -> NDArray[np.float32]:
    """Returns the logarithm of the sigmoid, computed without loss of precision.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.log_sigmoid([0.0, 2.0])
        array([-0.69314..., -0.126928 ], dtype=float32)
    """
    return _apply(x, "Activation", activation="log_sigmoid")


def sparsemax(x: ArrayLike, axis: int = -1) -> NDArray[np.float32]:
    """Returns the projection of x onto the probability simplex along an axis; small values become exactly 0.

    Reference: Martins and Astudillo, 2016, "From softmax to sparsemax".

    Args:
        x: Array with at least one axis, or symbolic tensor.
        axis: Axis along which the result sums to 1.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> fastnn.activations.sparsemax([0.5, 0.25, -1.0])
        array([0.625, 0.375, 0.   ], dtype=float32)
    """
    return _along(x, "Sparsemax", axis)


swish = silu
hard_swish = hard_silu

_functions: dict[str, Activation] = {
    function.__name__: function
    for function in (
        relu, leaky_relu, relu6, sigmoid, hard_sigmoid, tanh, softmax, log_softmax, linear, elu, selu, softplus,
        softsign, exponential, gelu, silu, mish, celu, glu, hard_silu, hard_tanh, hard_shrink, soft_shrink, tanh_shrink,
        threshold, squareplus, sparse_plus, sparse_sigmoid, log_sigmoid, sparsemax,
    )
}  # fmt: skip
_aliases = {"swish": "silu", "hard_swish": "hard_silu"}
_along_axes = {softmax: "Softmax", log_softmax: "LogSoftmax", sparsemax: "Sparsemax", glu: "GLU"}


@converts("activation")
def get(identifier: str | Mapping[str, Any] | Activation | None) -> Activation:
    """Returns the activation function for a name, a config or a function.

    Args:
        identifier: Name such as "relu", config, function, or None for `linear`.

    Returns:
        The function.

    Raises:
        ValueError: The name is unknown (the message suggests the closest one), or it is "threshold", which needs
            arguments.
        TypeError: `identifier` is none of these.

    Example:
        >>> fastnn.activations.get("relu") is fastnn.activations.relu
        True
    """
    if identifier is None:
        return linear
    if isinstance(identifier, Mapping):
        identifier = identifier.get("config", identifier.get("class_name"))
    if isinstance(identifier, str):
        identifier = cast(Activation, lookup("activation", identifier, _functions, _aliases))
    if identifier is threshold:
        raise ValueError(
            "activation 'threshold' has no defaults for its arguments threshold and default_value; "
            "write lambda x: fastnn.activations.threshold(x, 1.0, 0.0)"
        )
    if callable(identifier):
        return cast(Activation, identifier)
    raise TypeError(f"activation expects a name or a function of fastnn.activations, got {identifier!r}")


def serialize(activation: Activation) -> str:
    """Returns the name of an activation function, by which `get` finds it.

    Args:
        activation: Function of this module.

    Returns:
        The name.

    Example:
        >>> fastnn.activations.serialize(fastnn.activations.relu)
        'relu'
    """
    return activation.__name__


def deserialize(config: str | Mapping[str, Any]) -> Activation:
    """Returns the activation function that `serialize` named.

    Args:
        config: Name, or config of an older Keras.

    Returns:
        The function.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.

    Example:
        >>> fastnn.activations.deserialize("tanh") is fastnn.activations.tanh
        True
    """
    activation: Activation = get(config)
    return activation


def is_custom(activation: Activation) -> bool:
    """Returns True for a Python function of the user's, computed with `fastnn.ops`.

    Args:
        activation: Function.

    Returns:
        True or False.
    """
    return activation not in _functions.values() and not hasattr(activation, "activation_node")


def node_of(activation: Activation) -> Node | None:
    """Returns kind and config of the node that computes an activation in a graph, or None for `linear`.

    Args:
        activation: Function of this module, or activation layer.

    Returns:
        (kind, config), or None.
    """
    if hasattr(activation, "activation_node"):
        return activation.activation_node()  # type: ignore[no-any-return]
    if activation is linear:
        return None
    arguments = {name: p.default for name, p in list(inspect.signature(activation).parameters.items())[1:]}
    if activation in _along_axes:
        return _along_axes[activation], arguments
    arguments.pop("approximate", None)
    return "Activation", {"activation": activation.__name__, **arguments}


def __dir__() -> list[str]:
    return __all__
