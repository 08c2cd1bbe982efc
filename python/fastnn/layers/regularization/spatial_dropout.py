"""Dropout of whole channels of sequences, images and volumes."""

from __future__ import annotations

from typing import Any

from fastnn.engine.layer import channels_last
from fastnn.layers.regularization.noise_layer import Noise


class SpatialDropout1D(Noise):
    """Dropout of whole channels of a sequence.

    Shapes: (batch, steps, channels) -> the same.

    Args:
        rate: The share of channels that is dropped.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> SpatialDropout1D(0.2)
    """

    kind = "SpatialDropout1D"

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open_stream()


class SpatialDropout2D(Noise):
    """Dropout of whole channels of an image.

    Shapes: (batch, height, width, channels) -> the same.

    Args:
        rate: The share of channels that is dropped.
        data_format: "channels_last" or None.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: The channels come first.

    Example:
        >>> SpatialDropout2D(0.2)
    """

    kind = "SpatialDropout2D"

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)
        self._open_stream()


class SpatialDropout3D(Noise):
    """Dropout of whole channels of a volume.

    Shapes: (batch, depth, height, width, channels) -> the same.

    Args:
        rate: The share of channels that is dropped.
        data_format: "channels_last" or None.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: The channels come first.

    Example:
        >>> SpatialDropout3D(0.2)
    """

    kind = "SpatialDropout3D"

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)
        self._open_stream()
