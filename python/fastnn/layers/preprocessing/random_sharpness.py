"""Random blurring and sharpening of images, active in training only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn.engine.contract import title
from fastnn.layers.preprocessing.factor_ranges import Factor, Range, factor_range
from fastnn.layers.preprocessing.image_layer import RandomColorLayer


class RandomSharpness(RandomColorLayer):
    """Layer that blurs or sharpens images in training.

    A factor of 0 gives a blurred image, 0.5 leaves the image as it is, 1 gives the sharpest. In inference the layer is
    the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        factor: Range from which the factor is drawn for each image: a pair (lower, upper) of numbers from 0 to 1, or
            one number x for the range (0, x).
        value_range: Pair of numbers, smallest and largest value of a channel.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.RandomSharpness((0.3, 0.7))
        >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    __fastnn_kind__ = "RandomSharpness"
    factor: Factor
    value_range: Sequence[float]

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        return {**super()._ranges(), "factor": factor_range(title(self), "factor", self.factor, 0, 1)}
