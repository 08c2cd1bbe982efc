"""Bases of the convolution layers: the arguments and weights that they have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn import config
from fastnn.constraints import Constraint
from fastnn.engine.input_spec import InputSpec, with_fixed_axes
from fastnn.engine.node_layer import unmade
from fastnn.layers.windowed import Windowed
from fastnn.regularizers import Regularizer
from fastnn.symbolic.variable import Variable


class ConvolutionLayer(Windowed):
    """Base of all convolution layers."""

    bias: Variable | None = None
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str
    dilation_rate: tuple[int, ...]
    activation: Callable[..., Any]
    use_bias: bool
    bias_initializer: Callable[..., Any]
    bias_regularizer: Regularizer | None
    bias_constraint: Constraint | None

    def __fastnn_input_spec__(self) -> InputSpec:
        """Returns the description of the input."""
        axis = 1 if self.data_format == "channels_first" else -1
        return with_fixed_axes(self, InputSpec(min_ndim=type(self).rank + 2), [axis])


class FullKernel(ConvolutionLayer):
    """Base of the layers whose kernel joins every channel with every filter, within a group."""

    kernel: Variable = unmade()
    filters: int
    kernel_initializer: Callable[..., Any]
    kernel_regularizer: Regularizer | None
    kernel_constraint: Constraint | None

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        node = super().__fastnn_core_node__()
        return node and (node[0], {**node[1], "winograd": config.winograd()})


class DepthwiseKernel(ConvolutionLayer):
    """Base of the layers with a kernel that convolves each channel by itself."""

    __fastnn_keras_ignored_arguments__ = {"groups": 1, "kernel_initializer": ...}
    depth_multiplier: int
    depthwise_initializer: Callable[..., Any]
    depthwise_regularizer: Regularizer | None
    depthwise_constraint: Constraint | None
