"""Random blurring and sharpening of images, active in training only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.engine.contract import title
from fastnn.layers.preprocessing.factor_ranges import Factor, Range, factor_range
from fastnn.layers.preprocessing.image_layer import RandomColorLayer, of_images


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

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns "factor" (batch,): 0 for blurred images, 1 for the sharpest; None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        return {"factor": self._draw((self._extent(data)[0],), self._ranges()["factor"], seed)}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        first = self.data_format == "channels_first"
        images = ops.moveaxis(images, 1, -1) if first else images
        channels = images.shape[-1]
        kernel = np.full((3, 3, channels, 1), 1.0 / 13.0, np.float32)
        kernel[1, 1] = 5.0 / 13.0
        smooth = ops.depthwise_conv(images, kernel, strides=1, padding="same", data_format="channels_last")
        factor = of_images(1.0 - 2.0 * ops.cast(transformation["factor"], "float32"))
        made = self._clipped(images + factor * (smooth - images))
        return ops.moveaxis(made, -1, 1) if first else made
