"""Random changes of the values of each channel of images, active in training only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn.layers.preprocessing.factor_ranges import Factor, Range, drawn_between
from fastnn.layers.preprocessing.image_layer import RandomColorLayer


class RandomBrightness(RandomColorLayer):
    """In training adds one number to all values of an image, and clips them to `value_range`.

    Shapes: the input's, (batch, height, width, channels).

    Args:
        factor: Between which parts of the value range the number is drawn: two numbers from -1 (all black) to 1 (all
            white), or one for the range from -it to it.
        value_range: The smallest and the largest value.
        seed: A whole number, or None to draw one.
        data_format: "channels_last" or None.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> RandomBrightness(0.2, value_range=(0, 1))
    """

    kind = "RandomBrightness"

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        return {**super()._ranges(), "factor": drawn_between(self.who(), "factor", self.factor, -1, 1)}


class RandomContrast(RandomColorLayer):
    """In training moves the values of each channel away from their mean in the image, or towards it, and clips them.

    y = (x - mean) * c + mean, where c is drawn for each image.

    Shapes: the input's, (batch, height, width, channels).

    Args:
        factor: c is drawn between 1 - lower and 1 + upper: (lower, upper), each from 0 to 1, or one number for both.
        value_range: The smallest and the largest value.
        seed: A whole number, or None to draw one.
        data_format: "channels_last" or None.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> RandomContrast(0.3, value_range=(0, 1))
    """

    kind = "RandomContrast"

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        drawn_between(self.who(), "factor", self.factor, 0, 1)
        given = self.factor
        lower, upper = given if isinstance(given, (tuple, list)) else (given, given)
        return {**super()._ranges(), "factor": (1.0 - float(lower), 1.0 + float(upper))}


class RandomInvert(RandomColorLayer):
    """In training turns the colours of some images round: the largest value less each.

    Shapes: the input's, (batch, height, width, channels).

    Args:
        factor: Between which numbers the chance of an image is drawn: two from 0 to 1, or one for the range from 0.
        value_range: The smallest and the largest value.
        seed: A whole number, or None to draw one.
        data_format: "channels_last" or None.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> RandomInvert(0.5)
    """

    kind = "RandomInvert"

    def __init__(
        self,
        factor: Factor = 1.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        return {**super()._ranges(), "factor": drawn_between(self.who(), "factor", self.factor, 0, 1)}


class RandomPosterization(RandomColorLayer):
    """In training keeps only the highest bits of the 8 that say a value.

    Shapes: the input's, (batch, height, width, channels).

    Args:
        factor: How many bits are kept, from 1 to 8; of (lower, upper) a whole number from lower to below upper is
            drawn for each image.
        value_range: The smallest and the largest value.
        data_format: "channels_last" or None.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> RandomPosterization(4)
    """

    kind = "RandomPosterization"

    def __init__(
        self,
        factor: int | Sequence[int],
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        lower, upper = drawn_between(self.who(), "factor", self.factor, 1, 8)
        if int(lower) != lower or int(upper) != upper:
            raise ValueError(f"{self.who()} expects factor to be a whole number of bits, got {self.factor!r}")
        bits = (lower, upper) if isinstance(self.factor, (tuple, list)) else (upper, upper)
        return {**super()._ranges(), "factor": bits}


class Solarization(RandomColorLayer):
    """In training adds one number to all values of an image, and then turns those from a threshold on round.

    Turned round, the smallest value becomes the largest. Sums are clipped to `value_range` first.

    Shapes: the input's, (batch, height, width, channels).

    Args:
        addition_factor: Between which parts of the value range the number is drawn: two from 0 to 1, or one for the
            range from 0.
        threshold_factor: The same for the threshold; 0.0 turns all values round.
        value_range: The smallest and the largest value.
        seed: A whole number, or None to draw one.
        data_format: "channels_last" or None.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> Solarization(threshold_factor=0.5)
    """

    kind = "Solarization"

    def __init__(
        self,
        addition_factor: Factor = 0.0,
        threshold_factor: Factor = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        return {
            **super()._ranges(),
            **{
                name: drawn_between(self.who(), name, getattr(self, name), 0, 1, from_zero=True)
                for name in ("addition_factor", "threshold_factor")
            },
        }
