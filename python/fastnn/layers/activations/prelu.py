"""Rectified linear unit with learned slopes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.layer import Layer
from fastnn.symbolic.variable import Variable


class PReLU(Layer):
    """x above zero, alpha * x below, with an `alpha` that is learned.

    Shapes: the input's; `alpha` has the shape of a sample, with size 1 along `shared_axes`.

    Args:
        alpha_initializer: The first values of `alpha`.
        alpha_regularizer: A penalty on `alpha`.
        alpha_constraint: What is imposed on `alpha` after each update.
        shared_axes: The axes, counted from the batch's 0, along which one slope serves all: (1, 2) for images.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `shared_axes` names an axis that is not there.

    Example:
        >>> PReLU(shared_axes=[1, 2])
    """

    kind = "PReLU"
    supports_masking = True
    alpha: Variable

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
