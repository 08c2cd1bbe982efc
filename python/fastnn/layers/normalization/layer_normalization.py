"""Layer normalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.node_layer import NodeLayer
from fastnn.symbolic.variable import Variable


class LayerNormalization(NodeLayer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, with the moments of each sample's own values along `axis`.

    It is the same in training and in inference.

    Shapes: the input's; `gamma` and `beta` have the sizes of `axis`.

    Args:
        axis: The axis, or several, over which the moments are taken: the features, as a rule the last.
        epsilon: Added to the variance.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        beta_initializer: The first values of `beta`.
        gamma_initializer: The first values of `gamma`.
        beta_regularizer: A penalty on `beta`.
        gamma_regularizer: A penalty on `gamma`.
        beta_constraint: What is imposed on `beta` after each update.
        gamma_constraint: What is imposed on `gamma` after each update.
        rms_scaling: Whether the mean is left where it is: gamma * x / sqrt(variance + epsilon). Kept for old files;
            `RMSNormalization` divides by the root mean square.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `axis` is the batch's or not there.

    Example:
        >>> LayerNormalization()
        >>> LayerNormalization(axis=(1, 2, 3), epsilon=1e-5)
    """

    kind = "LayerNormalization"
    supports_masking = True
    gamma: Variable | None = None
    beta: Variable | None = None

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
