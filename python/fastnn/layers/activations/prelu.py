"""Rectified linear unit with learned slopes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastnn.constraints import Constraint
from fastnn.engine.node_layer import NodeLayer
from fastnn.regularizers import Regularizer
from fastnn.symbolic.variable import Variable


class PReLU(NodeLayer):
    """Rectified linear unit with learned slopes for negative inputs.

    Computes x for x >= 0 and alpha * x below.

    Shapes: input (batch, ...), output of the same shape. Weights: `alpha` of the shape of a sample, with size 1 along
    `shared_axes`.

    Args:
        alpha_initializer: Initializer of `alpha`.
        alpha_regularizer: Regularizer of `alpha`, or None.
        alpha_constraint: Constraint applied to `alpha` after each update, or None.
        shared_axes: Integers, axes along which one slope is shared; the batch is axis 0. For images (1, 2) learns one
            slope for each channel.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `shared_axes` names an axis that the input does not have.

    References:
        - He, Zhang, Ren, Sun, "Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet
          Classification", 2015.

    Example:
        >>> layer = layers.PReLU(alpha_initializer="ones", shared_axes=[1, 2])
        >>> float(layer(np.full((2, 4, 4, 3), -1.0)).min())
        -1.0
        >>> layer.alpha.shape
        (1, 1, 3)
    """

    __fastnn_kind__ = "PReLU"
    supports_masking = True
    alpha: Variable
    alpha_initializer: Callable[..., Any]
    alpha_regularizer: Regularizer | None
    alpha_constraint: Constraint | None
    shared_axes: int | Sequence[int] | None

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
