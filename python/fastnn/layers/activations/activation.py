"""Layer that applies an activation function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn import activations
from fastnn.layers.activations.elementwise import ElementwiseActivation


class Activation(ElementwiseActivation):
    """Layer that applies an activation function to each element.

    Shapes: input of any shape, output of the same shape.

    Args:
        activation: Activation function: its name or a function of `fastnn.activations`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: The name is unknown.

    Example:
        >>> layers.Activation("relu")(np.array([[-1.0, 0.0, 2.0]]))
        array([[0., 0., 2.]], dtype=float32)
    """

    activation: Callable[..., Any]

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __fastnn_activation_node__(self) -> activations.Node | None:
        """Returns the kind and the config of the layer's node."""
        return activations.node_of(self.activation)
