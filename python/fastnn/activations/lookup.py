"""Activation functions by name, and the nodes that compute them in a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastnn import object_forms
from fastnn.activations.along_axes import glu, log_softmax, softmax, sparsemax
from fastnn.activations.rectifiers import (
    celu,
    elu,
    gelu,
    hard_silu,
    leaky_relu,
    mish,
    relu,
    relu6,
    selu,
    silu,
    softplus,
    sparse_plus,
    squareplus,
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
from fastnn.configurable import converts
from fastnn.custom_objects import get_registered_object
from fastnn.naming import lookup
from fastnn.signatures import signature_of

Activation = Callable[..., Any]
Node = tuple[str, dict[str, Any]]

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
    if isinstance(identifier, type):
        raise TypeError(
            f"an activation is a function, its name or a layer, got the class {identifier.__name__}; write "
            f"{identifier.__name__}() for a layer of it"
        )
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, str):
        found = get_registered_object(identifier) or lookup("activation", identifier, _functions, _aliases)
        identifier = found() if isinstance(found, type) else found
    if identifier is threshold:
        raise ValueError(
            "activation 'threshold' has no defaults for its arguments threshold and default_value; "
            "write lambda x: fastnn.activations.threshold(x, 1.0, 0.0)"
        )
    if callable(identifier):
        return identifier
    raise TypeError(f"activation expects a name or a function of fastnn.activations, got {identifier!r}")


def serialize(activation: Activation) -> Any:
    """Returns the name of an activation function, by which `get` finds it.

    Args:
        activation: Function of this module, or a registered one.

    Returns:
        The name; for a layer or a function outside fastnn its description, as in Keras' files.

    Example:
        >>> fastnn.activations.serialize(fastnn.activations.relu)
        'relu'
    """
    described = object_forms.serialize(activation)
    is_known = isinstance(described, Mapping) and described["registered_name"] == "function"
    return described["config"] if is_known else described


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Activation:
    """Returns the activation function that `serialize` described.

    Args:
        config: Name, or description of a layer or function.
        custom_objects: Classes and functions by the names that the config uses for them.

    Returns:
        The function.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.

    Example:
        >>> fastnn.activations.deserialize("tanh") is fastnn.activations.tanh
        True
    """
    if isinstance(config, str):
        known = (custom_objects or {}).get(config)
        return get(config) if known is None else known  # type: ignore[no-any-return]
    found = object_forms.deserialize(config, custom_objects, "activations")
    return get(found)  # type: ignore[no-any-return]


def is_custom(activation: Activation) -> bool:
    """Returns True for a Python function of the user's, computed with `fastnn.ops`.

    Args:
        activation: Function.

    Returns:
        True or False.
    """
    return activation not in _functions.values() and not hasattr(activation, "__fastnn_activation_node__")


def node_of(activation: Activation) -> Node | None:
    """Returns kind and config of the node that computes an activation in a graph, or None for `linear`.

    Args:
        activation: Function of this module, or activation layer.

    Returns:
        (kind, config), or None.
    """
    if hasattr(activation, "__fastnn_activation_node__"):
        return activation.__fastnn_activation_node__()  # type: ignore[no-any-return]
    if activation is linear:
        return None
    arguments = {name: p.default for name, p in list(signature_of(activation).parameters.items())[1:]}
    if activation in _along_axes:
        return _along_axes[activation], arguments
    arguments.pop("approximate", None)
    return "Activation", {"activation": activation.__name__, **arguments}
