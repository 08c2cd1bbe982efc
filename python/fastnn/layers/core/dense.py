"""The fully connected layer."""

from __future__ import annotations

from typing import Any

from fastnn.engine.node_layer import NodeLayer
from fastnn.symbolic.variable import Variable


class Dense(NodeLayer):
    """activation(x @ kernel + bias), along the last axis.

    Shapes: (batch, ..., n) -> (batch, ..., units); `kernel` is (n, units), `bias` is (units,).

    Args:
        units: How many outputs.
        activation: A name or a function of `fastnn.activations`; None: linear.
        use_bias: Whether there is a bias.
        kernel_initializer: The kernel's first values.
        bias_initializer: The bias' first values.
        kernel_regularizer: A penalty on the kernel, such as `regularizers.L2(0.01)`.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: What is imposed on the kernel after each update.
        bias_constraint: What is imposed on the bias after each update.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `units` is not a whole number of at least 1, or a name is unknown.

    Example:
        >>> Dense(16, activation="relu", input_shape=(8,))
    """

    kind = "Dense"
    supports_masking = True
    kernel: Variable
    bias: Variable | None = None

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
