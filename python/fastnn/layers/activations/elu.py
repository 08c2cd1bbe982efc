"""Exponential linear unit as a layer."""

from __future__ import annotations

from typing import Any

from fastnn import activations
from fastnn.layers.activations.elementwise import ElementwiseActivation


class ELU(ElementwiseActivation):
    """x above zero, alpha * (exp(x) - 1) below.

    Shapes: the input's.

    Args:
        alpha: The depth below zero.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> ELU()
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def activation_node(self) -> activations.Node | None:
        return "Activation", {"activation": "elu", "alpha": self.alpha}
