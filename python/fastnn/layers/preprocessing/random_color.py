"""Random changes that mix the color channels of images, active in training only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn import config, ops
from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.layers.preprocessing.factor_ranges import Factor, Range, color_range, factor_range
from fastnn.layers.preprocessing.image_layer import RandomColorLayer, RandomImageLayer, of_images
from fastnn.layers.preprocessing.random_intensity import RandomBrightness, RandomContrast


class RandomGrayscale(RandomImageLayer):
    """Layer that converts random images to grayscale in training.

    The three channels of a converted image are equal. In inference the layer is the identity.

    Shapes: input (batch, height, width, 3) or one image without the batch, output of the same shape.

    Args:
        factor: Number from 0 to 1, probability of a conversion.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.RandomGrayscale(1.0)
        >>> np.ptp(layer(np.arange(12.0).reshape(1, 2, 2, 3), training=True), axis=-1).ravel()
        array([0., 0., 0., 0.], dtype=float32)
    """

    __fastnn_kind__ = "RandomGrayscale"
    __fastnn_keeps_places__ = True
    factor: float

    def __init__(self, factor: float = 0.5, data_format: str | None = None, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        factor_range(title(self), "factor", self.factor, 0, 1)
        # Gray is a mean of the channels and stays within their range: no clipping is needed.
        return self.__fastnn_kind__, {"factor": float(self.factor), "value_range_lower": 0.0, "value_range_upper": 1.0}

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns whether each image is converted (batch, 1, 1, 1); None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        return ops.less(self._draw((self._extent(data)[0], 1, 1, 1), seed=seed), float(self.factor))

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        return ops.where(transformation, ops.image.rgb_to_grayscale(images, self.data_format), images)


class RandomColorDegeneration(RandomColorLayer):
    """Layer that mixes images with their grayscale version in training.

    Computes gray * r + x * (1 - r) with a random r. In inference the layer is the identity.

    Shapes: input (batch, height, width, 3) or one image without the batch, output of the same shape.

    Args:
        factor: Range from which r is drawn for each image: a pair (lower, upper) of numbers from -1 to 1 (grayscale),
            or one number x for the range (0, x). Below 0 the colors become stronger.
        value_range: Pair of numbers, smallest and largest value of a channel.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.RandomColorDegeneration((0.0, 0.8))
        >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    __fastnn_kind__ = "RandomColorDegeneration"
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
        return {**super()._ranges(), "factor": factor_range(title(self), "factor", self.factor, -1, 1, from_zero=True)}

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns "factor" (batch, 1, 1, 1), the weight of the gray version; None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        return {"factor": self._draw((self._extent(data)[0], 1, 1, 1), self._ranges()["factor"], seed)}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        gray = ops.image.rgb_to_grayscale(images, self.data_format)
        return self._clipped(images + ops.cast(transformation["factor"], "float32") * (gray - images))


class _HueLayer(RandomColorLayer):
    """Base of the layers that compute with hue, saturation and value."""

    def _hsv(self, images: Any) -> list[Any]:
        made: list[Any] = ops.split(ops.image.rgb_to_hsv(images, self.data_format), 3, self._channels())
        return made

    def _rgb(self, *parts: Any) -> Any:
        return ops.image.hsv_to_rgb(ops.concatenate(parts, self._channels()), self.data_format)

    def _channels(self) -> int:
        return -3 if self.data_format == "channels_first" else -1


class RandomSaturation(_HueLayer):
    """Layer that changes the saturation of images in training.

    A factor of 0 gives gray, 0.5 leaves the image as it is, 1 gives the strongest colors. In inference the layer is the
    identity.

    Shapes: input (batch, height, width, 3) or one image without the batch, output of the same shape.

    Args:
        factor: Range from which the factor is drawn for each image: a pair (lower, upper) of numbers from 0 to 1, or
            one number x for the range (0, x). Numbers below 0 count as 0.
        value_range: Pair of numbers, smallest and largest value of a channel.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.RandomSaturation((0.3, 0.7))
        >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    __fastnn_kind__ = "RandomSaturation"
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
        return {**super()._ranges(), "factor": factor_range(title(self), "factor", self.factor, -1, 1, from_zero=True)}

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns "factor" (batch,), by which saturations are multiplied; None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        drawn = self._draw((self._extent(data)[0],), self._ranges()["factor"], seed)
        return {"factor": drawn / (1.0 - drawn + config.epsilon())}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        hue, saturation, value = self._hsv(images)
        factor = of_images(ops.cast(transformation["factor"], "float32"))
        return self._rgb(hue, ops.clip(saturation * factor, 0.0, 1.0), value)


class RandomHue(_HueLayer):
    """Layer that rotates the hue of images in training.

    A factor of 0 leaves the image as it is, 1 rotates the hue by half a turn. The direction is drawn too. In inference
    the layer is the identity.

    Shapes: input (batch, height, width, 3) or one image without the batch, output of the same shape.

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
        >>> layer = layers.RandomHue((0.3, 0.7))
        >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    __fastnn_kind__ = "RandomHue"
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
        """Returns "factor" (batch,), the turns by which hues are rotated; None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        rows = self._extent(data)[0]
        sign = ops.where(self._draw((rows,), seed=seed) > 0.5, -1.0, 1.0)
        return {"factor": sign * self._draw((rows,), self._ranges()["factor"], seed) * 0.5}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        low, high = self._ranges()["value_range"]
        hue, saturation, value = self._hsv((images - low) / (high - low))
        hue = hue + of_images(ops.cast(transformation["factor"], "float32"))
        hue = ops.where(hue > 1.0, hue - 1.0, ops.where(hue < 0.0, hue + 1.0, hue))
        return ops.clip(self._rgb(hue, saturation, value), 0.0, 1.0) * (high - low) + low


class RandomColorJitter(RandomImageLayer):
    """Layer that changes brightness, contrast, saturation and hue of images in training.

    The changes are made in this order; those whose factor is None are left out. In inference the layer is the identity.

    Shapes: input (batch, height, width, channels), with 3 channels for saturation and hue, or one image without the
    batch, output of the same shape.

    Args:
        value_range: Pair of numbers, smallest and largest value of a channel.
        brightness_factor: As `factor` of `RandomBrightness`, or None.
        contrast_factor: As `factor` of `RandomContrast`, or None.
        saturation_factor: As `factor` of `RandomSaturation`, or None.
        hue_factor: As `factor` of `RandomHue`, or None.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.RandomColorJitter(brightness_factor=0.2, hue_factor=0.1)
        >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    __fastnn_keeps_places__ = True
    value_range: Sequence[float]
    brightness_factor: Factor | None
    contrast_factor: Factor | None
    saturation_factor: Factor | None
    hue_factor: Factor | None

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        brightness_factor: Factor | None = None,
        contrast_factor: Factor | None = None,
        saturation_factor: Factor | None = None,
        hue_factor: Factor | None = None,
        seed: Any = None,
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
        color_range(title(self), value_range)
        self._parts = [
            layer(factor, value_range, seed=0, data_format=self.data_format, name=self.name)
            for layer, factor in given
            if factor is not None
        ]

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns what each of the four changes draws; None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        generator = self.generator if seed is None else seed
        return [part.get_random_transformation(data, training, generator) for part in self._parts]

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        for part, drawn in zip(self._parts, transformation, strict=True):
            images = part.transform_images(images, drawn)
        return images

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        return None

    def __fastnn_add_core_node__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        for part in self._parts if emission.draws() else []:
            node = part.__fastnn_core_node__()
            assert node is not None
            edges = emission.add(self, node[0], node[1], edges, self.stream)
        return edges
