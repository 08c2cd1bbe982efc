"""Random changes of the values of each channel of images, active in training only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn import ops, random
from fastnn.engine.contract import title
from fastnn.layers.preprocessing.factor_ranges import Factor, Range, factor_range
from fastnn.layers.preprocessing.image_layer import RandomColorLayer, of_images


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

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns "rgb_delta" (batch, 1, 1, 1), what is added to each image; None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        (lower, upper), (low, high) = (self._ranges()[name] for name in ("factor", "value_range"))
        drawn = self._draw((self._extent(data)[0], 1, 1, 1), (lower, upper), seed)
        return {"rgb_delta": drawn * (high - low)}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        return self._clipped(images + ops.cast(transformation["rgb_delta"], "float32"))


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

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns "contrast_factor" (batch, 1, 1, 1), that of differences from the mean; None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        bounds = self._ranges()["factor"]
        return {"contrast_factor": self._draw((self._extent(data)[0], 1, 1, 1), bounds, seed)}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        axes = (-2, -1) if self.data_format == "channels_first" else (-3, -2)
        mean = ops.mean(images, axes, keepdims=True)
        return self._clipped((images - mean) * ops.cast(transformation["contrast_factor"], "float32") + mean)


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

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns "apply_inversion" (batch,), whether each image is inverted; None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        return {"apply_inversion": self._chosen(data, seed)}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        inverted = self._ranges()["value_range"][1] - images
        return ops.where(of_images(transformation["apply_inversion"]), inverted, images)


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

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns "shift_factor" (batch,), how many bits of each value are dropped; None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        rows, (lower, upper) = self._extent(data)[0], self._ranges()["factor"]
        if lower == upper:
            return {"shift_factor": self._draw((rows,), (8.0 - upper, 8.0 - upper), seed)}
        kept = random.randint((rows,), int(lower), int(upper), seed=self.generator if seed is None else seed)
        return {"shift_factor": 8 - kept}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        step = of_images(2.0 ** ops.cast(transformation["shift_factor"], "float32"))
        return self._from_bytes(ops.floor(ops.floor(self._to_bytes(images)) / step) * step)


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

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns "additions" and "thresholds" (batch, 1, 1, 1), in values from 0 to 255; None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        shape, made = (self._extent(data)[0], 1, 1, 1), {}
        for name, argument in (("additions", "addition_factor"), ("thresholds", "threshold_factor")):
            lower, upper = self._ranges()[argument]
            made[name] = self._draw(shape, (255.0 * lower, 255.0 * upper), seed)
        return made

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        drawn = {name: ops.cast(value, "float32") for name, value in transformation.items()}
        moved = ops.clip(self._to_bytes(images) + drawn["additions"], 0.0, 255.0)
        return self._from_bytes(ops.where(moved < drawn["thresholds"], moved, 255.0 - moved))
