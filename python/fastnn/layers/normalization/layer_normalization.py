"""Layer normalization."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastnn.constraints import Constraint
from fastnn.engine.node_layer import NodeLayer
from fastnn.regularizers import Regularizer
from fastnn.symbolic.variable import Variable


class LayerNormalization(NodeLayer):
    """Layer normalization.

    Computes gamma * (x - mean) / sqrt(variance + epsilon) + beta, with the mean and the variance of each sample along
    `axis`. Training and inference are alike.

    Shapes: input (batch, ...), output of the same shape. Weights of the sizes of `axis`: `gamma` if `scale`, `beta` if
    `center`.

    Args:
        axis: Integer or tuple of integers, the axes over which the statistics are computed, usually the features.
        epsilon: Positive number added to the variance, against division by zero.
        center: Whether to add `beta`.
        scale: Whether to multiply by `gamma`.
        beta_initializer: Initializer of `beta`.
        gamma_initializer: Initializer of `gamma`.
        beta_regularizer: Regularizer of `beta`, or None.
        gamma_regularizer: Regularizer of `gamma`, or None.
        beta_constraint: Constraint applied to `beta` after each update, or None.
        gamma_constraint: Constraint applied to `gamma` after each update, or None.
        rms_scaling: Whether to leave the mean out: gamma * x / sqrt(variance + epsilon). Kept for old files; prefer
            `RMSNormalization`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `axis` is the batch axis or does not exist.

    References:
        - Ba, Kiros, Hinton, "Layer Normalization", 2016.

    Example:
        >>> layers.LayerNormalization()(np.array([[1.0, 3.0]])).round(2)
        array([[-1.,  1.]], dtype=float32)
    """

    __fastnn_kind__ = "LayerNormalization"
    __fastnn_always_lists__ = ("axis",)
    supports_masking = True
    gamma: Variable | None = None
    beta: Variable | None = None
    axis: int | Sequence[int]
    epsilon: float
    center: bool
    scale: bool
    beta_initializer: Callable[..., Any]
    gamma_initializer: Callable[..., Any]
    beta_regularizer: Regularizer | None
    gamma_regularizer: Regularizer | None
    beta_constraint: Constraint | None
    gamma_constraint: Constraint | None
    rms_scaling: bool

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        *,
        rms_scaling: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
