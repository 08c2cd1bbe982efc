"""Dropout of whole channels of sequences, images and volumes."""

from __future__ import annotations

from typing import Any, ClassVar

from fastnn.engine.input_spec import InputSpec
from fastnn.layers.regularization.noise_layer import Noise


class _SpatialDropout(Noise):
    __fastnn_keras_names_type__ = True
    rank: ClassVar[int]

    def __fastnn_input_spec__(self) -> InputSpec:
        """Returns the description of the input."""
        return InputSpec(ndim=type(self).rank + 2)


class SpatialDropout1D(_SpatialDropout):
    """Dropout layer that drops whole channels of sequences.

    In training each channel of each sample is set to 0 with probability `rate`, and the others are divided by 1 - rate.
    In inference the layer is the identity.

    Shapes: input (batch, steps, channels), output of the same shape.

    Args:
        rate: Number from 0 up to but not including 1, probability that a channel is dropped.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `rate` is out of its range.

    References:
        - Tompson, Goroshin, Jain, LeCun, Bregler, "Efficient Object Localization Using Convolutional Networks", 2015.

    Example:
        >>> x = layers.SpatialDropout1D(0.5, seed=1)(np.ones((2, 10, 4)), training=True)
        >>> bool((x.max(axis=(1,)) == x.min(axis=(1,))).all())
        True
    """

    __fastnn_keras_older_names__ = ("SpatialDropout",)
    __fastnn_kind__ = "SpatialDropout1D"
    rank = 1
    rate: float

    def __init__(self, rate: float, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open_stream()


class SpatialDropout2D(_SpatialDropout):
    """Dropout layer that drops whole channels of images.

    In training each channel of each sample is set to 0 with probability `rate`, and the others are divided by 1 - rate.
    In inference the layer is the identity.

    Shapes: input (batch, height, width, channels), output of the same shape.

    Args:
        rate: Number from 0 up to but not including 1, probability that a channel is dropped.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `rate` is out of its range, or `data_format` is unknown.

    References:
        - Tompson, Goroshin, Jain, LeCun, Bregler, "Efficient Object Localization Using Convolutional Networks", 2015.

    Example:
        >>> x = layers.SpatialDropout2D(0.5, seed=1)(np.ones((2, 28, 28, 4)), training=True)
        >>> bool((x.max(axis=(1, 2)) == x.min(axis=(1, 2))).all())
        True
    """

    __fastnn_kind__ = "SpatialDropout2D"
    rank = 2
    rate: float
    data_format: str

    def __init__(self, rate: float, data_format: str | None = None, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open_stream()


class SpatialDropout3D(_SpatialDropout):
    """Dropout layer that drops whole channels of volumes.

    In training each channel of each sample is set to 0 with probability `rate`, and the others are divided by 1 - rate.
    In inference the layer is the identity.

    Shapes: input (batch, depth, height, width, channels), output of the same shape.

    Args:
        rate: Number from 0 up to but not including 1, probability that a channel is dropped.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `rate` is out of its range, or `data_format` is unknown.

    References:
        - Tompson, Goroshin, Jain, LeCun, Bregler, "Efficient Object Localization Using Convolutional Networks", 2015.

    Example:
        >>> x = layers.SpatialDropout3D(0.5, seed=1)(np.ones((2, 8, 8, 8, 4)), training=True)
        >>> bool((x.max(axis=(1, 2, 3)) == x.min(axis=(1, 2, 3))).all())
        True
    """

    __fastnn_kind__ = "SpatialDropout3D"
    rank = 3
    rate: float
    data_format: str

    def __init__(self, rate: float, data_format: str | None = None, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open_stream()
