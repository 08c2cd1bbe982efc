"""Rectified linear unit as a layer."""

from __future__ import annotations

from typing import Any

from fastnn import activations
from fastnn.layers.activations.elementwise import ElementwiseActivation


class ReLU(ElementwiseActivation):
    """Rectified linear unit.

    Computes max(x, 0), or in general min(x, max_value) for x >= threshold and negative_slope * (x - threshold) below.

    Shapes: input of any shape, output of the same shape.

    Args:
        max_value: Upper bound of the output, a non-negative number; None means no bound.
        negative_slope: Non-negative number, slope for inputs below `threshold`.
        threshold: Non-negative number. Inputs below this value are scaled by `negative_slope`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    References:
        - Nair, Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", 2010.

    Example:
        >>> layers.ReLU(max_value=6)(np.array([[-1.0, 2.0, 9.0]]))
        array([[0., 2., 6.]], dtype=float32)
    """

    max_value: float | None
    negative_slope: float
    threshold: float

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)

    def __fastnn_activation_node__(self) -> activations.Node | None:
        """Returns the kind and the config of the layer's node."""
        return "Activation", {
            "activation": "relu",
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }
