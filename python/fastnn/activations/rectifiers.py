"""Activation functions that are linear or close to it for large inputs: relu and its relatives."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn.activations.evaluation import apply


def relu(
    x: ArrayLike, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> NDArray[np.float32]:
    """Returns max(x, 0), with an optional slope below a threshold and an upper limit.

    The gradient is 0 wherever the output is constant, the point x = 0 with the defaults included. Reference: Nair and
    Hinton, 2010, "Rectified linear units improve restricted Boltzmann machines".

    Args:
        x: Array of any shape, or symbolic tensor.
        negative_slope: Slope below the threshold: values there become negative_slope * (x - threshold).
        max_value: Largest value; None: no limit.
        threshold: Inputs below this value are scaled by `negative_slope`.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Raises:
        ValueError: `negative_slope` or `max_value` is below 0.

    Example:
        >>> fastnn.activations.relu([-1.0, 2.0])
        array([0., 2.], dtype=float32)
    """
    return apply(
        x, "Activation", activation="relu", negative_slope=negative_slope, max_value=max_value, threshold=threshold
    )


def leaky_relu(x: ArrayLike, negative_slope: float = 0.2) -> NDArray[np.float32]:
    """Returns x where x > 0, else negative_slope * x.

    A unit whose inputs are all negative still gets a gradient (Maas et al., 2013).

    Args:
        x: Array of any shape, or symbolic tensor.
        negative_slope: Slope below zero.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.leaky_relu([-1.0, 2.0], negative_slope=0.25)
        array([-0.25,  2.  ], dtype=float32)
    """
    return apply(x, "Activation", activation="leaky_relu", negative_slope=negative_slope)


def relu6(x: ArrayLike) -> NDArray[np.float32]:
    """Returns min(max(x, 0), 6).

    The upper limit keeps values in the range of small fixed-point numbers (Howard et al., 2017).

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.relu6([-1.0, 2.0, 8.0])
        array([0., 2., 6.], dtype=float32)
    """
    return apply(x, "Activation", activation="relu6")


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
    return apply(x, "Activation", activation="elu", alpha=alpha)


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
    return apply(x, "Activation", activation="selu")


def celu(x: ArrayLike, alpha: float = 1.0) -> NDArray[np.float32]:
    """Returns x where x > 0, else alpha * (exp(x / alpha) - 1), whose slope is continuous (Barron, 2017).

    At alpha = 1 it is `elu`. Reference: Barron, 2017, "Continuously differentiable exponential linear units".

    Args:
        x: Array of any shape, or symbolic tensor.
        alpha: Scale of the negative part.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.celu([-1.0, 2.0])
        array([-0.63212...,  2.        ], dtype=float32)
    """
    return apply(x, "Activation", activation="celu", alpha=alpha)


def softplus(x: ArrayLike) -> NDArray[np.float32]:
    """Returns log(1 + exp(x)). A smooth approximation of relu (Dugas et al., 2001), without overflow for large x.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.softplus([0.0, 2.0])
        array([0.69314..., 2.126928 ], dtype=float32)
    """
    return apply(x, "Activation", activation="softplus")


def squareplus(x: ArrayLike, b: float = 4) -> NDArray[np.float32]:
    """Returns (x + sqrt(x**2 + b)) / 2, a smooth approximation of relu (Barron, 2021).

    It needs no exponential. Reference: Barron, 2021, "Squareplus: a softplus-like algebraic rectifier".

    Args:
        x: Array of any shape, or symbolic tensor.
        b: Smoothness; 0 gives relu.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.squareplus([0.0, 3.0], b=16)
        array([2., 4.], dtype=float32)
    """
    return apply(x, "Activation", activation="squareplus", b=b)


def sparse_plus(x: ArrayLike) -> NDArray[np.float32]:
    """Returns 0 for x <= -1, x for x >= 1, and (x + 1)**2 / 4 between. Its derivative is `sparse_sigmoid`.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.sparse_plus([-2.0, 0.0, 2.0])
        array([0.  , 0.25, 2.  ], dtype=float32)
    """
    return apply(x, "Activation", activation="sparse_plus")


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
    return apply(x, "Activation", activation="gelu_tanh" if approximate else "gelu")


def silu(x: ArrayLike) -> NDArray[np.float32]:
    """Returns x * sigmoid(x), also called swish.

    Its least value is -0.278, at x = -1.278. Reference: Ramachandran et al., 2017, "Searching for activation
    functions".

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.silu([-1.0, 0.0, 1.0])
        array([-0.26894...,  0.        ,  0.73105... ], dtype=float32)
    """
    return apply(x, "Activation", activation="silu")


def hard_silu(x: ArrayLike) -> NDArray[np.float32]:
    """Returns x * hard_sigmoid(x), also called hard swish.

    It is 0 below -3 and x above 3. Reference: Howard et al., 2019, "Searching for MobileNetV3".

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.hard_silu([-3.0, 0.0, 1.5])
        array([-0.   ,  0.   ,  1.125], dtype=float32)
    """
    return apply(x, "Activation", activation="hard_silu")


def mish(x: ArrayLike) -> NDArray[np.float32]:
    """Returns x * tanh(softplus(x)) (Misra, 2019).

    Reference: Misra, 2019, "Mish: a self regularized non-monotonic neural activation function".

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.mish([-1.0, 0.0, 1.0])
        array([-0.30340...,  0.        ,  0.86509...], dtype=float32)
    """
    return apply(x, "Activation", activation="mish")


swish = silu
hard_swish = hard_silu
