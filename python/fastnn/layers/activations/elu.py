"""Exponential linear unit as a layer."""

from __future__ import annotations

from typing import Any

from fastnn import activations
from fastnn.layers.activations.elementwise import ElementwiseActivation


class ELU(ElementwiseActivation):
    """Exponential linear unit.

    Computes x for x >= 0 and alpha * (exp(x) - 1) below.

    Shapes: input of any shape, output of the same shape.

    Args:
        alpha: Number; the output tends to -alpha for large negative inputs.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    References:
        - Clevert, Unterthiner, Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear Units
          (ELUs)", 2016.

    Example:
        >>> layers.ELU()(np.array([[-1.0, 2.0]])).round(3)
        array([[-0.632,  2.   ]], dtype=float32)
    """

    alpha: float

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __fastnn_activation_node__(self) -> activations.Node | None:
        """Returns the kind and the config of the layer's node."""
        return "Activation", {"activation": "elu", "alpha": self.alpha}
