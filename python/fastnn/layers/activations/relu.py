"""Rectified linear unit as a layer."""

from __future__ import annotations

from typing import Any

from fastnn import activations
from fastnn.layers.activations.elementwise import ElementwiseActivation


class ReLU(ElementwiseActivation):
    """max(x, 0), with a slope below the threshold and a ceiling where asked for.

    Shapes: the input's.

    Args:
        max_value: The largest value; None: no ceiling.
        negative_slope: The slope below `threshold`.
        threshold: Where it begins to let through.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> ReLU(max_value=6)
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)

    def activation_node(self) -> activations.Node | None:
        return "Activation", {
            "activation": "relu",
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }
