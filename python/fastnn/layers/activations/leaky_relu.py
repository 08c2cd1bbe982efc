"""Leaky rectified linear unit as a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from fastnn import activations
from fastnn.layers.activations.elementwise import ElementwiseActivation


class LeakyReLU(ElementwiseActivation):
    """x above zero, `negative_slope` * x below.

    Shapes: the input's.

    Args:
        negative_slope: The slope below zero.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> LeakyReLU(0.1)
    """

    renamed: ClassVar[Mapping[str, str]] = {"alpha": "negative_slope"}

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def activation_node(self) -> activations.Node | None:
        return "Activation", {"activation": "leaky_relu", "negative_slope": self.negative_slope}
