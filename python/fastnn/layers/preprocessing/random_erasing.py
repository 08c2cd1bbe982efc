"""Random rectangles of images that are filled, active in training only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastnn import ops, random
from fastnn.engine.arrays import numeric
from fastnn.engine.contract import title
from fastnn.layers.preprocessing.factor_ranges import Factor, Range, factor_range
from fastnn.layers.preprocessing.image_layer import RandomColorLayer, of_images
from fastnn.layers.preprocessing.image_windows import rectangles


class RandomErasing(RandomColorLayer):
    """Layer that fills a rectangle of random images in training.

    The rectangle is filled with one color or with noise, and values are clipped to `value_range`. In inference the
    layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        factor: Range from which the probability of erasing is drawn for each image: a pair (lower, upper) of numbers
            from 0 to 1, or one number x for the range (0, x).
        scale: Range from which an area is drawn for each image and each side: a pair (lower, upper) of numbers from 0
            to 1, or one number x for the range (0, x). Its square root is the fraction of the width, or of the height,
            that the rectangle takes.
        fill_value: Number, or one number for each channel, with which to fill; None means noise.
        value_range: Pair of numbers, smallest and largest value of a channel.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    References:
        - Zhong, Zheng, Kang, Li, Yang, "Random Erasing Data Augmentation", 2020.

    Example:
        >>> layer = layers.RandomErasing((0.5, 0.5), fill_value=0)
        >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    __fastnn_kind__ = "RandomErasing"
    factor: Factor
    scale: Factor
    fill_value: float | Sequence[float] | None
    value_range: Sequence[float]

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: Factor = (0.02, 0.33),
        fill_value: float | Sequence[float] | None = None,
        value_range: Sequence[float] = (0, 255),
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        return {
            **super()._ranges(),
            **{name: factor_range(title(self), name, getattr(self, name), 0, 1) for name in ("factor", "scale")},
        }

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns which images are erased, where, and by what; None in inference.

        They are called "apply_erasing", "batch_masks" and "fill_value".

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        rows, height, width = self._extent(data)
        shape = ops.shape(data["images"] if isinstance(data, Mapping) else data)
        shares = ops.sqrt(self._draw((rows, 2), self._ranges()["scale"], seed))
        of_x, of_y = (self._side(rows, size, shares[:, i], seed) for i, size in enumerate((width, height)))
        inside = rectangles(of_x, of_y, height, width, self.data_format)
        if self.fill_value is None:
            generator = self.generator if seed is None else seed
            filling = random.normal((rows, *shape[-3:]), seed=generator) * self._ranges()["value_range"][1]
        else:
            filling = ops.cast(np.asarray(self.fill_value, np.float32), "float32")
            if filling.ndim:
                filling = filling.reshape((-1, 1, 1) if self.data_format == "channels_first" else (-1,))
        return {
            "apply_erasing": self._chosen(data, seed), "batch_masks": inside, "fill_value": self._clipped(filling),
        }  # fmt: skip

    def _side(self, rows: Any, size: int, share: Any, seed: Any) -> tuple[Any, Any]:
        """Returns where rectangles begin and end along one side."""
        length = share * float(size)
        start = self._draw((rows,), seed=seed) * (float(size) - length)
        return start, start + length

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        chosen = ops.logical_and(of_images(transformation["apply_erasing"]), transformation["batch_masks"])
        return ops.where(chosen, ops.cast(transformation["fill_value"], "float32"), images)

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        node = super().__fastnn_core_node__()
        assert node is not None
        if self.fill_value is not None:
            node[1]["fill_value"] = np.atleast_1d(numeric(self.fill_value, f"{title(self)}: fill_value"))
        return node
