"""Leaky rectified linear unit as a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from fastnn import activations
from fastnn.layers.activations.elementwise import ElementwiseActivation


class LeakyReLU(ElementwiseActivation):
    """Rectified linear unit with a small slope for negative inputs.

    Computes x for x >= 0 and negative_slope * x below.

    Shapes: input of any shape, output of the same shape.

    Args:
        negative_slope: Number, slope for negative inputs.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    References:
        - Maas, Hannun, Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.

    Example:
        >>> layers.LeakyReLU(0.1)(np.array([[-1.0, 2.0]]))
        array([[-0.1,  2. ]], dtype=float32)
    """

    __fastnn_renamed__: ClassVar[Mapping[str, str]] = {"alpha": "negative_slope"}
    negative_slope: float

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __fastnn_activation_node__(self) -> activations.Node | None:
        """Returns the kind and the config of the layer's node."""
        return "Activation", {"activation": "leaky_relu", "negative_slope": self.negative_slope}
