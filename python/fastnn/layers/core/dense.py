"""Fully connected layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn.constraints import Constraint
from fastnn.engine.input_spec import InputSpec, with_fixed_axes
from fastnn.layers.low_rank import Adapted
from fastnn.layers.quantization import QuantizableNode, node_of_product
from fastnn.regularizers import Regularizer
from fastnn.symbolic.variable import Variable


class Dense(QuantizableNode):
    """Fully connected layer.

    Computes activation(x @ kernel + bias) along the last axis.

    Shapes: input (batch, ..., n), output (batch, ..., units). Weights: `kernel` (n, units); `bias` (units,) if
    `use_bias`.

    Args:
        units: Positive integer, dimension of the output.
        activation: Activation function: its name, a function of `fastnn.activations`, or None for the identity.
        use_bias: Whether to add a bias.
        kernel_initializer: Initializer of `kernel`.
        bias_initializer: Initializer of `bias`.
        kernel_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        activity_regularizer: Regularizer of the layer's output, or None.
        kernel_constraint: Constraint applied to `kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        lora_rank: Rank of an adaptation of the kernel, which is then frozen (see `enable_lora`), or None.
        lora_alpha: The adaptation is multiplied by lora_alpha / lora_rank; None means `lora_rank`.
        quantization_config: An `Int8QuantizationConfig` for a layer with the policy "int8_from_float32", or None.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `units` is not a positive integer, a name is unknown, or an unsupported argument is given.

    Example:
        >>> layer = layers.Dense(2, kernel_initializer="ones")
        >>> layer(np.array([[1.0, 2.0, 3.0]]))
        array([[6., 6.]], dtype=float32)
        >>> layer.kernel.shape
        (3, 2)
    """

    __fastnn_keras_newer_arguments__ = {"lora_rank": None, "lora_alpha": None, "quantization_config": None}
    __fastnn_kind__ = "Dense"
    __fastnn_call_arguments__ = ("inputs", "training")
    supports_masking = True
    kernel: Any = Adapted()
    bias: Variable | None = None
    units: int
    activation: Callable[..., Any]
    use_bias: bool
    kernel_initializer: Callable[..., Any]
    bias_initializer: Callable[..., Any]
    kernel_regularizer: Regularizer | None
    bias_regularizer: Regularizer | None
    kernel_constraint: Constraint | None
    bias_constraint: Constraint | None
    quantization_config: Any

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
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node of floats."""
        node = super().__fastnn_core_node__()
        assert node is not None
        return node_of_product(self, *node)

    def __fastnn_quantized_node__(self) -> tuple[str, dict[str, Any]]:
        """Returns the kind and the config of the node of integers."""
        whole = self.__fastnn_adapted__()
        product = self.__fastnn_product__(whole.shape[0])
        return "QuantizedDense", {"output_shape": [self.units], "use_bias": self.use_bias, **product}

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal layer without weights, as plain values.

        As in Keras, `activity_regularizer` is among them where there is one.
        """
        config = super().get_config()
        if config.get("activity_regularizer") is None:
            config.pop("activity_regularizer", None)
        return config

    def __fastnn_input_spec__(self) -> InputSpec:
        """Returns the description of the input."""
        return with_fixed_axes(self, InputSpec(min_ndim=2), [-1])
