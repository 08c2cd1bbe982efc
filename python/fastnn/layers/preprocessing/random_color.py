"""Random changes that mix the color channels of images, active in training only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn.engine.emission import Emission
from fastnn.layers.preprocessing.factor_ranges import Factor, Range, drawn_between, values_between
from fastnn.layers.preprocessing.image_layer import RandomColorLayer, RandomImageLayer
from fastnn.layers.preprocessing.random_intensity import RandomBrightness, RandomContrast


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

    def _node(self) -> tuple[str, dict[str, Any]] | None:
        drawn_between(self.who(), "factor", self.factor, 0, 1)
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
        return {**super()._ranges(), "factor": drawn_between(self.who(), "factor", self.factor, -1, 1, from_zero=True)}


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
        return {**super()._ranges(), "factor": drawn_between(self.who(), "factor", self.factor, -1, 1, from_zero=True)}


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
        return {**super()._ranges(), "factor": drawn_between(self.who(), "factor", self.factor, 0, 1)}


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
        values_between(self.who(), value_range)
        self._parts = [
            layer(factor, value_range, seed=0, name=self.name) for layer, factor in given if factor is not None
        ]

    def _node(self) -> tuple[str, dict[str, Any]] | None:
        return None

    def _emit_main(self, emission: Emission, edges: list[int]) -> list[int]:
        for part in self._parts if emission.training else []:
            node = part._node()
            assert node is not None
            edges = emission.add(self, node[0], node[1], edges, self.stream)
        return edges
