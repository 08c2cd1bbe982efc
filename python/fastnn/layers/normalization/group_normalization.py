"""Group normalization."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastnn.constraints import Constraint
from fastnn.engine.contract import state_of
from fastnn.engine.input_spec import InputSpec, with_fixed_axes
from fastnn.engine.node_layer import NodeLayer
from fastnn.regularizers import Regularizer
from fastnn.symbolic.variable import Variable


class GroupNormalization(NodeLayer):
    """Group normalization layer.

    Computes gamma * (x - mean) / sqrt(variance + epsilon) + beta, with the mean and the variance of each sample over
    one group of channels. One group gives a layer normalization over all axes, one group for each channel an instance
    normalization. Training and inference are alike.

    Shapes: input (batch, ..., channels), output of the same shape. Weights of shape (size of `axis`,): `gamma` if
    `scale`, `beta` if `center`.

    Args:
        groups: Positive integer that divides the number of channels, number of groups; -1 means one for each channel.
        axis: Integer, the axis of the channels.
        epsilon: Positive number added to the variance, against division by zero.
        center: Whether to add `beta`.
        scale: Whether to multiply by `gamma`.
        beta_initializer: Initializer of `beta`.
        gamma_initializer: Initializer of `gamma`.
        beta_regularizer: Regularizer of `beta`, or None.
        gamma_regularizer: Regularizer of `gamma`, or None.
        beta_constraint: Constraint applied to `beta` after each update, or None.
        gamma_constraint: Constraint applied to `gamma` after each update, or None.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `groups` does not divide the number of channels, or `axis` is the batch axis.

    References:
        - Wu, He, "Group Normalization", 2018.

    Example:
        >>> layers.GroupNormalization(groups=2)(np.array([[1.0, 3.0, 10.0, 30.0]])).round(2)
        array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    __fastnn_kind__ = "GroupNormalization"
    supports_masking = True
    gamma: Variable | None = None
    beta: Variable | None = None
    groups: int
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

    def __fastnn_input_spec__(self) -> InputSpec | None:
        """Returns the description of the input."""
        shape = state_of(self).build_shape
        axes = [self.axis] if isinstance(self.axis, int) else list(self.axis)
        return None if shape is None else with_fixed_axes(self, InputSpec(ndim=len(shape)), axes)
