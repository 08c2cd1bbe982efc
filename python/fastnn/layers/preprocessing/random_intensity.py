"""Random changes of the values of each channel of images, active in training only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn.engine.contract import title
from fastnn.layers.preprocessing.factor_ranges import Factor, Range, factor_range
from fastnn.layers.preprocessing.image_layer import RandomColorLayer


class RandomBrightness(RandomColorLayer):
    """Layer that changes the brightness of images in training.

    One random number is added to all values of an image, which are then clipped to `value_range`. In inference the
    layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        factor: Range from which the number is drawn for each image, as a fraction of the value range: a pair (lower,
            upper) of numbers from -1 (all black) to 1 (all white), or one number x for the range (-x, x).
        value_range: Pair of numbers, smallest and largest value of a channel.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.RandomBrightness(0.2, value_range=(0, 1))
        >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    __fastnn_keras_newer_arguments__ = {"data_format": "channels_last"}
    __fastnn_kind__ = "RandomBrightness"
    factor: Factor
    value_range: Sequence[float]

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        return {**super()._ranges(), "factor": factor_range(title(self), "factor", self.factor, -1, 1)}


class RandomContrast(RandomColorLayer):
    """Layer that changes the contrast of images in training.

    Computes (x - mean) * c + mean with the mean of each channel and a random c, and clips to `value_range`. In
    inference the layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        factor: Pair (lower, upper) of numbers from 0 to 1, or one number for both; c is drawn for each image from 1 -
            lower to 1 + upper.
        value_range: Pair of numbers, smallest and largest value of a channel.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.RandomContrast(0.3, value_range=(0, 1))
        >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    __fastnn_keras_newer_arguments__ = {"data_format": "channels_last", "value_range": (0, 255)}
    __fastnn_kind__ = "RandomContrast"
    factor: Factor
    value_range: Sequence[float]

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        factor_range(title(self), "factor", self.factor, 0, 1)
        given = self.factor
        lower, upper = given if isinstance(given, (tuple, list)) else (given, given)
        return {**super()._ranges(), "factor": (1.0 - float(lower), 1.0 + float(upper))}


class RandomInvert(RandomColorLayer):
    """Layer that inverts the values of random images in training.

    An inverted value is the largest value minus the value. In inference the layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        factor: Range from which the probability of an inversion is drawn for each image: a pair (lower, upper) of
            numbers from 0 to 1, or one number x for the range (0, x).
        value_range: Pair of numbers, smallest and largest value of a channel.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.RandomInvert((1.0, 1.0), value_range=(0, 1))
        >>> layer(np.full((1, 1, 2, 1), 0.25), training=True).ravel()
        array([0.75, 0.75], dtype=float32)
    """

    __fastnn_kind__ = "RandomInvert"
    factor: Factor
    value_range: Sequence[float]

    def __init__(
        self,
        factor: Factor = 1.0,
        value_range: Sequence[float] = (0, 255),
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        return {**super()._ranges(), "factor": factor_range(title(self), "factor", self.factor, 0, 1)}


class RandomPosterization(RandomColorLayer):
    """Layer that reduces the number of bits of each value in training.

    Values are taken as 8-bit integers, of which the highest bits are kept. In inference the layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        factor: Integer from 1 to 8, number of bits that are kept; of a pair (lower, upper) an integer from lower up to
            but not including upper is drawn for each image.
        value_range: Pair of numbers, smallest and largest value of a channel.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.RandomPosterization(1)
        >>> layer(np.array([[[[100.0], [200.0]]]]), training=True).ravel()
        array([  0., 128.], dtype=float32)
    """

    __fastnn_kind__ = "RandomPosterization"
    factor: int | Sequence[int]
    value_range: Sequence[float]

    def __init__(
        self,
        factor: int | Sequence[int],
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        lower, upper = factor_range(title(self), "factor", self.factor, 1, 8)
        if int(lower) != lower or int(upper) != upper:
            raise ValueError(f"{title(self)} expects factor to be an integer number of bits, got {self.factor!r}")
        bits = (lower, upper) if isinstance(self.factor, (tuple, list)) else (upper, upper)
        return {**super()._ranges(), "factor": bits}


class Solarization(RandomColorLayer):
    """Layer that adds a random number to images and inverts large values in training.

    The sums are clipped to `value_range`; then each value of at least a random threshold is inverted: the largest value
    becomes the smallest. In inference the layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        addition_factor: Range from which the number is drawn for each image, as a fraction of the value range: a pair
            (lower, upper) of numbers from 0 to 1, or one number x for the range (0, x).
        threshold_factor: Range from which the threshold is drawn for each image, as a fraction of the value range: a
            pair (lower, upper) of numbers from 0 to 1, or one number x for the range (0, x). 0 inverts all values.
        value_range: Pair of numbers, smallest and largest value of a channel.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.Solarization(threshold_factor=(0.5, 0.5))
        >>> layer(np.array([[[[100.0], [200.0]]]]), training=True).ravel()
        array([100.,  55.], dtype=float32)
    """

    __fastnn_kind__ = "Solarization"
    addition_factor: Factor
    threshold_factor: Factor
    value_range: Sequence[float]

    def __init__(
        self,
        addition_factor: Factor = 0.0,
        threshold_factor: Factor = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        return {
            **super()._ranges(),
            **{
                name: factor_range(title(self), name, getattr(self, name), 0, 1, from_zero=True)
                for name in ("addition_factor", "threshold_factor")
            },
        }
