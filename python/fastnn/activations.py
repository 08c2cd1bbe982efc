"""Activation functions: on arrays, and as the nodes that a layer adds to a graph.

Each function computes through the core and returns NumPy, and `node_of` says which node stands for it in a model.
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

Activation = Callable[..., Any]
Node = tuple[str, dict[str, Any]]


def _apply(x: ArrayLike, kind: str, **config: Any) -> NDArray[np.float32]:
    """The node on a whole array seen as one row, so that any rank serves and no axis is taken for the batch."""
    if is_traced(x):
        return operators["activation"](kind, config, x)  # type: ignore[no-any-return]
    array = np.asarray(x, dtype=np.float32)
    row = array.reshape(1, -1) if kind == "Activation" else array[np.newaxis]
    result: NDArray[np.float32] = _core.apply(kind, config, [np.ascontiguousarray(row)])[0]
    return result.reshape(array.shape) if kind == "Activation" else result[0]


def _along(x: ArrayLike, kind: str, axis: int | tuple[int, ...]) -> NDArray[np.float32]:
    """A node that works along axes, which count from the end once a row is put in front."""
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
    """max(x, 0), with a slope below the threshold and a ceiling where asked for.

    Args:
        x: An array of any shape.
        negative_slope: The slope below `threshold`.
        max_value: The largest value; None: no ceiling.
        threshold: Where it begins to let through.

    Returns:
        An array of the shape of `x`.

    Example:
        >>> fastnn.activations.relu([-1.0, 2.0])
        array([0., 2.], dtype=float32)
    """
    return _apply(
        x, "Activation", activation="relu", negative_slope=negative_slope, max_value=max_value, threshold=threshold
    )


def leaky_relu(x: ArrayLike, negative_slope: float = 0.2) -> NDArray[np.float32]:
    """x above zero, `negative_slope` * x below."""
    return _apply(x, "Activation", activation="leaky_relu", negative_slope=negative_slope)


def relu6(x: ArrayLike) -> NDArray[np.float32]:
    """min(max(x, 0), 6)."""
    return _apply(x, "Activation", activation="relu6")


def sigmoid(x: ArrayLike) -> NDArray[np.float32]:
    """1 / (1 + exp(-x)): any number to one between 0 and 1."""
    return _apply(x, "Activation", activation="sigmoid")


def hard_sigmoid(x: ArrayLike) -> NDArray[np.float32]:
    """relu6(x + 3) / 6: a sigmoid of straight lines."""
    return _apply(x, "Activation", activation="hard_sigmoid")


def tanh(x: ArrayLike) -> NDArray[np.float32]:
    """The hyperbolic tangent."""
    return _apply(x, "Activation", activation="tanh")


def softmax(x: ArrayLike, axis: int | tuple[int, ...] = -1) -> NDArray[np.float32]:
    """exp(x) / sum(exp(x)) along `axis`: positive numbers whose sum is 1.

    Args:
        x: An array with at least one axis.
        axis: Along which the sum is 1; several where it is a tuple.

    Returns:
        An array of the shape of `x`.

    Raises:
        ValueError: `x` has no such axis.
    """
    return _along(x, "Softmax", axis)


def log_softmax(x: ArrayLike, axis: int = -1) -> NDArray[np.float32]:
    """The logarithm of `softmax`, without its loss of digits."""
    return _along(x, "LogSoftmax", axis)


def linear(x: ArrayLike) -> NDArray[np.float32]:
    """x itself."""
    return operators["tensor"](x) if is_traced(x) else np.array(x, dtype=np.float32)


def elu(x: ArrayLike, alpha: float = 1.0) -> NDArray[np.float32]:
    """x above zero, alpha * (exp(x) - 1) below."""
    return _apply(x, "Activation", activation="elu", alpha=alpha)


def selu(x: ArrayLike) -> NDArray[np.float32]:
    """The scaled `elu` that keeps mean 0 and variance 1 from layer to layer."""
    return _apply(x, "Activation", activation="selu")


def softplus(x: ArrayLike) -> NDArray[np.float32]:
    """log(1 + exp(x))."""
    return _apply(x, "Activation", activation="softplus")


def softsign(x: ArrayLike) -> NDArray[np.float32]:
    """x / (1 + |x|)."""
    return _apply(x, "Activation", activation="softsign")


def exponential(x: ArrayLike) -> NDArray[np.float32]:
    """exp(x)."""
    return _apply(x, "Activation", activation="exponential")


def gelu(x: ArrayLike, approximate: bool = False) -> NDArray[np.float32]:
    """x times the chance that a normal number is below x; with tanh in place of erf where `approximate`."""
    return _apply(x, "Activation", activation="gelu_tanh" if approximate else "gelu")


def silu(x: ArrayLike) -> NDArray[np.float32]:
    """x * sigmoid(x), also called swish."""
    return _apply(x, "Activation", activation="silu")


def mish(x: ArrayLike) -> NDArray[np.float32]:
    """x * tanh(softplus(x))."""
    return _apply(x, "Activation", activation="mish")


def celu(x: ArrayLike, alpha: float = 1.0) -> NDArray[np.float32]:
    """x above zero, alpha * (exp(x / alpha) - 1) below: an `elu` without a kink."""
    return _apply(x, "Activation", activation="celu", alpha=alpha)


def glu(x: ArrayLike, axis: int = -1) -> NDArray[np.float32]:
    """The first half of x along `axis` times the sigmoid of the second half.

    Args:
        x: An array whose size along `axis` is even.
        axis: Along which x is cut in two.

    Returns:
        An array of the shape of `x`, half as long along `axis`.

    Raises:
        ValueError: `x` has no such axis, or its size there is odd.
    """
    return _along(x, "GLU", axis)


def hard_silu(x: ArrayLike) -> NDArray[np.float32]:
    """x * hard_sigmoid(x), also called hard_swish."""
    return _apply(x, "Activation", activation="hard_silu")


def hard_tanh(x: ArrayLike) -> NDArray[np.float32]:
    """x, kept within -1 and 1."""
    return _apply(x, "Activation", activation="hard_tanh")


def hard_shrink(x: ArrayLike, threshold: float = 0.5) -> NDArray[np.float32]:
    """x where |x| > threshold, else 0."""
    return _apply(x, "Activation", activation="hard_shrink", threshold=threshold)


def soft_shrink(x: ArrayLike, threshold: float = 0.5) -> NDArray[np.float32]:
    """x drawn towards zero by `threshold`, at most up to zero."""
    return _apply(x, "Activation", activation="soft_shrink", threshold=threshold)


def tanh_shrink(x: ArrayLike) -> NDArray[np.float32]:
    """x - tanh(x)."""
    return _apply(x, "Activation", activation="tanh_shrink")


def threshold(x: ArrayLike, threshold: float, default_value: float) -> NDArray[np.float32]:
    """x where x > threshold, else `default_value`."""
    return _apply(x, "Activation", activation="threshold", threshold=threshold, default_value=default_value)


def squareplus(x: ArrayLike, b: float = 4) -> NDArray[np.float32]:
    """(x + sqrt(x**2 + b)) / 2: a `softplus` without exponentials."""
    return _apply(x, "Activation", activation="squareplus", b=b)


def sparse_plus(x: ArrayLike) -> NDArray[np.float32]:
    """0 up to -1, (x + 1)**2 / 4 up to 1, then x."""
    return _apply(x, "Activation", activation="sparse_plus")


def sparse_sigmoid(x: ArrayLike) -> NDArray[np.float32]:
    """0 up to -1, (x + 1) / 2 up to 1, then 1."""
    return _apply(x, "Activation", activation="sparse_sigmoid")


def log_sigmoid(x: ArrayLike) -> NDArray[np.float32]:
    """The logarithm of `sigmoid`, without its loss of digits."""
    return _apply(x, "Activation", activation="log_sigmoid")


def sparsemax(x: ArrayLike, axis: int = -1) -> NDArray[np.float32]:
    """The nearest to x of all that sum to 1 along `axis` and are nowhere below 0; small values become exactly 0.

    Args:
        x: An array of any shape but a single number.
        axis: Along which the result sums to 1.

    Returns:
        An array of the shape of `x`.

    Raises:
        ValueError: `x` has no such axis.
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
    """The activation that a name, a config or a function means; None means `linear`.

    Raises:
        ValueError: The name is unknown (the message proposes the nearest), or it is "threshold", which needs arguments.
        TypeError: It is nothing of the kind.
    """
    if identifier is None:
        return linear
    if isinstance(identifier, Mapping):
        identifier = identifier.get("config", identifier.get("class_name"))
    if isinstance(identifier, str):
        identifier = cast(Activation, lookup("activation", identifier, _functions, _aliases))
    if identifier is threshold:
        raise ValueError(
            "activation 'threshold' cannot stand alone: it has no defaults for its threshold and its default_value; "
            "write lambda x: fastnn.activations.threshold(x, 1.0, 0.0)"
        )
    if callable(identifier):
        return cast(Activation, identifier)
    raise TypeError(f"activation expects a name or a function of fastnn.activations, got {identifier!r}")


def serialize(activation: Activation) -> str:
    """The name from which `get` finds the function again."""
    return activation.__name__


def deserialize(config: str | Mapping[str, Any]) -> Activation:
    """The function that `serialize` named."""
    activation: Activation = get(config)
    return activation


def is_custom(activation: Activation) -> bool:
    """Whether it is a Python function of the user's, computed with `fastnn.ops`."""
    return activation not in _functions.values() and not hasattr(activation, "activation_node")


def node_of(activation: Activation) -> Node | None:
    """Kind and config of the node that stands for an activation in a graph; None for `linear`."""
    if hasattr(activation, "activation_node"):
        return activation.activation_node()  # type: ignore[no-any-return]
    if activation is linear:
        return None
    arguments = {name: p.default for name, p in list(inspect.signature(activation).parameters.items())[1:]}
    if activation in _along_axes:
        return _along_axes[activation], arguments
    arguments.pop("approximate", None)
    return "Activation", {"activation": activation.__name__, **arguments}
