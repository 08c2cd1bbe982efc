"""Layer that applies an activation function."""

from __future__ import annotations

from typing import Any

from fastnn import activations
from fastnn.layers.activations.elementwise import ElementwiseActivation


class Activation(ElementwiseActivation):
    """An activation function.

    Shapes: the input's.

    Args:
        activation: A name or a function of `fastnn.activations`.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: The name is unknown.

    Example:
        >>> Activation("relu")
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def activation_node(self) -> activations.Node | None:
        return activations.node_of(self.activation)
