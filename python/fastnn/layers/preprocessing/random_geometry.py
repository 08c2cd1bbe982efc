"""Random flips, rotations, zooms, translations, shears and crops of images, active in training only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.layers.preprocessing.factor_ranges import Factor, Range, factor_range
from fastnn.layers.preprocessing.image_layer import RandomImageLayer


class RandomFlip(RandomImageLayer):
    """Layer that flips random images in training.

    Each image is flipped with probability 1/2 along each axis that `mode` names. In inference the layer is the
    identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        mode: "horizontal" (left to right), "vertical" (top to bottom) or "horizontal_and_vertical".
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> x = np.array([[[[1.0], [2.0]]]])
        >>> layer = layers.RandomFlip("horizontal", seed=3)
        >>> layer(x).ravel()
        array([1., 2.], dtype=float32)
        >>> sorted(layer(x, training=True).ravel().tolist())
        [1.0, 2.0]
    """

    __fastnn_keras_newer_arguments__ = {"data_format": "channels_last"}
    __fastnn_kind__ = "RandomFlip"
    mode: str

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)


class RandomRotation(RandomImageLayer):
    """Layer that rotates images by random angles in training.

    Each image is rotated about its center. In inference the layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        factor: Range from which the angle is drawn for each image, as a fraction of a full turn: a pair (lower, upper)
            of numbers from -1 to 1, or one number x for the range (-x, x). Positive angles turn counterclockwise.
        fill_mode: Values beyond the border: "reflect" (d c b a | a b c d | d c b a), "wrap" (a b c d | a b c d | a b c
            d), "constant" (`fill_value`) or "nearest" (a a a a | a b c d | d d d d).
        interpolation: Interpolation between pixels: "bilinear" or "nearest".
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        fill_value: Number that stands beyond the border with "constant".
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.RandomRotation(0.1)
        >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    __fastnn_kind__ = "RandomRotation"
    factor: Factor
    fill_mode: str
    interpolation: str
    fill_value: float

    def __init__(
        self,
        factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: Any = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        return {"factor": factor_range(title(self), "factor", self.factor, -1, 1)}


class RandomZoom(RandomImageLayer):
    """Layer that zooms images by random factors in training.

    Each image is zoomed about its center. In inference the layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        height_factor: Range from which the relative change of the visible height is drawn for each image: a pair
            (lower, upper) of numbers from -1 (exclusive) to 1, or one number x for the range (-x, x). 0.2 zooms out to
            20 % more, -0.2 zooms in to 20 % less.
        width_factor: The same for the width; None means the change of the height, which keeps the aspect ratio.
        fill_mode: Values beyond the border: "reflect" (d c b a | a b c d | d c b a), "wrap" (a b c d | a b c d | a b c
            d), "constant" (`fill_value`) or "nearest" (a a a a | a b c d | d d d d).
        interpolation: Interpolation between pixels: "bilinear" or "nearest".
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        fill_value: Number that stands beyond the border with "constant".
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.RandomZoom((-0.2, 0.0))
        >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    __fastnn_kind__ = "RandomZoom"
    height_factor: Factor
    width_factor: Factor | None
    fill_mode: str
    interpolation: str
    fill_value: float

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor | None = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: Any = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        ranges = {"height_factor": factor_range(title(self), "height_factor", self.height_factor, -1, 1)}
        if self.width_factor is not None:
            ranges["width_factor"] = factor_range(title(self), "width_factor", self.width_factor, -1, 1)
        for name, (lower, _) in ranges.items():
            if lower == -1:
                raise ValueError(
                    f"{title(self)} expects {name} above -1: -1 would enlarge a single point to the whole image"
                )
        return ranges


class RandomTranslation(RandomImageLayer):
    """Layer that shifts images by random distances in training.

    Each image is shifted vertically and horizontally. In inference the layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        height_factor: Range from which the shift down is drawn for each image, as a fraction of the height: a pair
            (lower, upper) of numbers from -1 to 1, or one number x for the range (-x, x).
        width_factor: Range from which the shift to the right is drawn for each image, as a fraction of the width: a
            pair (lower, upper) of numbers from -1 to 1, or one number x for the range (-x, x).
        fill_mode: Values beyond the border: "reflect" (d c b a | a b c d | d c b a), "wrap" (a b c d | a b c d | a b c
            d), "constant" (`fill_value`) or "nearest" (a a a a | a b c d | d d d d).
        interpolation: Interpolation between pixels: "bilinear" or "nearest".
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        fill_value: Number that stands beyond the border with "constant".
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.RandomTranslation(0.1, 0.1)
        >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    __fastnn_kind__ = "RandomTranslation"
    height_factor: Factor
    width_factor: Factor
    fill_mode: str
    interpolation: str
    fill_value: float

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: Any = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        return {
            name: factor_range(title(self), name, getattr(self, name), -1, 1)
            for name in ("height_factor", "width_factor")
        }


class RandomShear(RandomImageLayer):
    """Layer that shears images by random factors in training.

    Row r is shifted by a fraction of r, column c by a fraction of c. In inference the layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        x_factor: Range from which the shift of the rows is drawn for each image, in columns for each row: a pair
            (lower, upper) of numbers from -1 to 1, or one number x for the range (-x, x). Its sign is drawn too.
        y_factor: Range from which the shift of the columns is drawn for each image, in rows for each column: a pair
            (lower, upper) of numbers from -1 to 1, or one number x for the range (-x, x).
        interpolation: Interpolation between pixels: "bilinear" or "nearest".
        fill_mode: Values beyond the border: "reflect" (d c b a | a b c d | d c b a), "wrap" (a b c d | a b c d | a b c
            d), "constant" (`fill_value`) or "nearest" (a a a a | a b c d | d d d d).
        fill_value: Number that stands beyond the border with "constant".
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.RandomShear(0.1)
        >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    __fastnn_kind__ = "RandomShear"
    x_factor: Factor
    y_factor: Factor
    interpolation: str
    fill_mode: str
    fill_value: float

    def __init__(
        self,
        x_factor: Factor = 0.0,
        y_factor: Factor = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)

    def _ranges(self) -> Mapping[str, Range]:
        return {name: factor_range(title(self), name, getattr(self, name), -1, 1) for name in ("x_factor", "y_factor")}


class RandomCrop(RandomImageLayer):
    """Layer that crops random windows of images in training.

    One window is drawn for all images of a batch. In inference, and for images smaller than the output, the largest
    centered window with the aspect ratio of the output is resized.

    Shapes: input (batch, h, w, channels) or one image (h, w, channels), output (batch, height, width, channels) or
    (height, width, channels).

    Args:
        height: Positive integer, height of the output in pixels.
        width: Positive integer, width of the output in pixels.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        name: Name of the layer, unique within a model; None derives one from the class name.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.RandomCrop(24, 24)
        >>> layer(np.ones((2, 28, 28, 1)), training=True).shape
        (2, 24, 24, 1)
    """

    __fastnn_kind__ = "Resizing"
    height: int
    width: int

    def __init__(
        self,
        height: int,
        width: int,
        seed: Any = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, name=name, **kwargs)

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        return self.__fastnn_kind__, {"height": self.height, "width": self.width, "crop_to_aspect_ratio": True}

    def __fastnn_add_core_node__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        height, width = emission.graph.spec(edges[0])[0][1:3]
        size = {"height": self.height, "width": self.width}
        if (height or 0) >= self.height and (width or 0) >= self.width and emission.draws():
            return emission.add(self, "RandomCrop", size, edges, self.stream)
        return emission.add(self, self.__fastnn_kind__, {**size, "crop_to_aspect_ratio": True}, edges)
