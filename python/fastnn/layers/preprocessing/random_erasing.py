"""Random rectangles of images that are filled, active in training only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastnn.engine.layer import numeric
from fastnn.layers.preprocessing.factor_ranges import Factor, Range, drawn_between
from fastnn.layers.preprocessing.image_layer import RandomColorLayer


class RandomErasing(RandomColorLayer):
    """In training fills a patch of some images with one colour, or with noise.

    Shapes: the input's, (batch, height, width, channels).

    Args:
        factor: Between which numbers the chance of an image is drawn: two from 0 to 1, or one for the range from 0.
        scale: Between which numbers the parts are drawn whose square roots say how much of the width and of the height
            the patch takes: two from 0 to 1, or one for the range from 0.
        fill_value: The colour: one number, or one for each channel; None: noise.
        value_range: The smallest and the largest value; others are clipped.
        seed: A whole number, or None to draw one.
        data_format: "channels_last" or None.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> RandomErasing((0.5, 0.5), fill_value=0)
    """

    kind = "RandomErasing"

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: Factor = (0.02, 0.33),
        fill_value: float | Sequence[float] | None = None,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        return {
            **super()._ranges(),
            **{name: drawn_between(self.who(), name, getattr(self, name), 0, 1) for name in ("factor", "scale")},
        }

    def _node(self) -> tuple[str, dict[str, Any]] | None:
        node = super()._node()
        assert node is not None
        if self.fill_value is not None:
            node[1]["fill_value"] = np.atleast_1d(numeric(self.fill_value, f"{self.who()}: fill_value"))
        return node
