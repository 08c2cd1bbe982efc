"""Group normalization."""

from __future__ import annotations

from typing import Any

from fastnn.engine.node_layer import NodeLayer
from fastnn.symbolic.variable import Variable


class GroupNormalization(NodeLayer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, with the moments of a group of channels in each sample.

    One group is a layer normalization over all axes (with a gamma for each channel), a group for each channel an
    instance normalization. It is the same in training and in inference.

    Shapes: the input's; `gamma` and `beta` are (size of `axis`,).

    Args:
        groups: How many groups the channels fall into, a divisor of their number; -1: one for each channel.
        axis: The axis of the channels.
        epsilon: Added to the variance.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        beta_initializer: The first values of `beta`.
        gamma_initializer: The first values of `gamma`.
        beta_regularizer: A penalty on `beta`.
        gamma_regularizer: A penalty on `gamma`.
        beta_constraint: What is imposed on `beta` after each update.
        gamma_constraint: What is imposed on `gamma` after each update.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `groups` does not divide the channels, or `axis` is the batch's.

    Example:
        >>> GroupNormalization(groups=8)
    """

    kind = "GroupNormalization"
    supports_masking = True
    gamma: Variable | None = None
    beta: Variable | None = None

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
