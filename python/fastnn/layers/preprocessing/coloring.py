"""Layers that change the colours of images each time. Active in training only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastnn.engine.arrays import numeric
from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.layers.preprocessing.image_layers import (
    RandomColorLayer,
    RandomImageLayer,
    Range,
    drawn_between,
    values_between,
)

Factor = float | Sequence[float]


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

    keras_newer_arguments = {"data_format": None}
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
        return {**super()._ranges(), "factor": drawn_between(title(self), "factor", self.factor, -1, 1)}


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

    keras_newer_arguments = {"data_format": None, "value_range": [0, 255]}
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
        drawn_between(title(self), "factor", self.factor, 0, 1)
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
        return {**super()._ranges(), "factor": drawn_between(title(self), "factor", self.factor, 0, 1)}


class RandomGrayscale(RandomImageLayer):
    """In training makes some images grey, all three channels alike.

    Shapes: the input's, (batch, height, width, 3).

    Args:
        factor: The chance of an image, from 0 to 1.
        data_format: "channels_last" or None.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> RandomGrayscale(0.2)
    """

    kind = "RandomGrayscale"

    def __init__(
        self, factor: float = 0.5, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, **kwargs)

    def core_node(self) -> tuple[str, dict[str, Any]] | None:
        drawn_between(title(self), "factor", self.factor, 0, 1)
        # Grey is no further from 0 than the colours that it is made of: no range is needed.
        return self.kind, {"factor": float(self.factor), "value_range_lower": 0.0, "value_range_upper": 1.0}


class RandomColorDegeneration(RandomColorLayer):
    """In training mixes each image with its grey version.

    Shapes: the input's, (batch, height, width, 3).

    Args:
        factor: Between which numbers the share of grey is drawn: two from 0 (as it is) to 1 (grey), or one for the
            range from 0. Below 0 colours are made stronger.
        value_range: The smallest and the largest value.
        data_format: "channels_last" or None.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> RandomColorDegeneration((0.0, 0.8))
    """

    kind = "RandomColorDegeneration"

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
        return {**super()._ranges(), "factor": drawn_between(title(self), "factor", self.factor, -1, 1, from_zero=True)}


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
        lower, upper = drawn_between(title(self), "factor", self.factor, 1, 8)
        if int(lower) != lower or int(upper) != upper:
            raise ValueError(f"{title(self)} expects factor to be a whole number of bits, got {self.factor!r}")
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
                name: drawn_between(title(self), name, getattr(self, name), 0, 1, from_zero=True)
                for name in ("addition_factor", "threshold_factor")
            },
        }


class RandomSaturation(RandomColorLayer):
    """In training makes the colours of each image stronger or weaker.

    Shapes: the input's, (batch, height, width, 3).

    Args:
        factor: Between which numbers it is drawn: two from 0 (grey) over 0.5 (as it is) to 1 (as strong as can be),
            or one for the range from 0. What is below 0 counts as 0.
        value_range: The smallest and the largest value.
        data_format: "channels_last" or None.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> RandomSaturation((0.3, 0.7))
    """

    kind = "RandomSaturation"

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
        return {**super()._ranges(), "factor": drawn_between(title(self), "factor", self.factor, -1, 1, from_zero=True)}


class RandomHue(RandomColorLayer):
    """In training turns the colours of each image round the circle of hues, either way.

    Shapes: the input's, (batch, height, width, 3).

    Args:
        factor: Between which numbers it is drawn: two from 0 (as it is) to 1 (half of the circle), or one for the range
            from 0.
        value_range: The smallest and the largest value.
        data_format: "channels_last" or None.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> RandomHue((0.3, 0.7))
    """

    kind = "RandomHue"

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
        return {**super()._ranges(), "factor": drawn_between(title(self), "factor", self.factor, 0, 1)}


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
        return {**super()._ranges(), "factor": drawn_between(title(self), "factor", self.factor, 0, 1)}


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
            **{name: drawn_between(title(self), name, getattr(self, name), 0, 1) for name in ("factor", "scale")},
        }

    def core_node(self) -> tuple[str, dict[str, Any]] | None:
        node = super().core_node()
        assert node is not None
        if self.fill_value is not None:
            node[1]["fill_value"] = np.atleast_1d(numeric(self.fill_value, f"{title(self)}: fill_value"))
        return node


class RandomColorJitter(RandomImageLayer):
    """In training changes brightness, contrast, saturation and hue of each image, in this order; those that are given.

    Shapes: the input's, (batch, height, width, channels); of 3 channels for saturation and hue.

    Args:
        value_range: The smallest and the largest value.
        brightness_factor: As in `RandomBrightness`, or None to leave it.
        contrast_factor: As in `RandomContrast`, or None.
        saturation_factor: As in `RandomSaturation`, or None.
        hue_factor: As in `RandomHue`, or None.
        seed: A whole number, or None to draw one.
        data_format: "channels_last" or None.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> RandomColorJitter(brightness_factor=0.2, hue_factor=0.1)
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        brightness_factor: Factor | None = None,
        contrast_factor: Factor | None = None,
        saturation_factor: Factor | None = None,
        hue_factor: Factor | None = None,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        given = (
            (RandomBrightness, brightness_factor),
            (RandomContrast, contrast_factor),
            (RandomSaturation, saturation_factor),
            (RandomHue, hue_factor),
        )
        values_between(title(self), value_range)
        self._parts = [
            layer(factor, value_range, seed=0, name=self.name) for layer, factor in given if factor is not None
        ]

    def core_node(self) -> tuple[str, dict[str, Any]] | None:
        return None

    def add_core_node(self, emission: Emission, edges: list[int]) -> list[int]:
        for part in self._parts if emission.training else []:
            node = part.core_node()
            assert node is not None
            edges = emission.add(self, node[0], node[1], edges, self.stream)
        return edges
