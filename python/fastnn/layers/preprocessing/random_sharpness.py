"""Random blurring and sharpening of images, active in training only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn.layers.preprocessing.factor_ranges import Factor, Range, drawn_between
from fastnn.layers.preprocessing.image_layer import RandomColorLayer


class RandomSharpness(RandomColorLayer):
    """In training blurs each image or makes its edges clearer.

    Shapes: the input's, (batch, height, width, channels).

    Args:
        factor: Between which numbers it is drawn: two from 0 (blurred) over 0.5 (as it is) to 1 (sharp), or one for the
            range from 0.
        value_range: The smallest and the largest value.
        data_format: "channels_last" or None.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> RandomSharpness((0.3, 0.7))
    """

    kind = "RandomSharpness"

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        return {**super()._ranges(), "factor": drawn_between(self.who(), "factor", self.factor, 0, 1)}
