"""Random flips, rotations, zooms, translations and shears of images, active in training only.

For images alone a node of the core draws and computes; for dicts of data the methods of each class do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.engine.contract import title
from fastnn.layers.preprocessing.bounding_boxes import affine_transform
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

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns "flips", whether each image is flipped, and "input_shape"; None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        flips = ops.less_equal(self._draw((self._extent(data)[0], 1, 1, 1), seed=seed), 0.5)
        return {"flips": flips, "input_shape": _shape(data)}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        across, down = (-1, -2) if self.data_format == "channels_first" else (-2, -3)
        for word, axis in (("horizontal", across), ("vertical", down)):
            if word in self.mode:
                images = ops.where(transformation["flips"], ops.flip(images, axis), images)
        return images

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Returns flipped boxes.

        Args:
            bounding_boxes: A dict of "boxes" and "labels".
            transformation: What `get_random_transformation` returned.
            training: Whether to flip them.
        """
        if not training or transformation is None:
            return bounding_boxes
        height, width = self._size(transformation["input_shape"])
        corners = self._corners(bounding_boxes, height, width)
        flips = ops.squeeze(transformation["flips"], -1)
        x1, y1, x2, y2 = (corners[..., i : i + 1] for i in range(4))
        if "horizontal" in self.mode:
            x1, x2 = ops.where(flips, width - x2, x1), ops.where(flips, width - x1, x2)
        if "vertical" in self.mode:
            y1, y2 = ops.where(flips, height - y2, y1), ops.where(flips, height - y1, y2)
        return self._with_corners(bounding_boxes, ops.concatenate([x1, y1, x2, y2], -1), height, width)


def _shape(data: Any) -> tuple[Any, ...]:
    return tuple(ops.shape(data["images"] if isinstance(data, Mapping) else data))


def _of_boxes(numbers: Any, corners: Any) -> Any:
    """Returns numbers (batch, n) of each image with the axes of corners, which may be those of one image."""
    return ops.expand_dims(numbers, 1) if len(corners.shape) == 3 else numbers


class _MappedLayer(RandomImageLayer):
    """Base of the layers that sample images at the places to which an affine map takes their pixels."""

    fill_mode: str
    interpolation: str
    fill_value: float

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        return ops.image.affine_transform(
            images, self._map(transformation, *self._size(images.shape)), interpolation, self.fill_mode,
            self.fill_value, self.data_format,
        )  # fmt: skip

    def _map(self, transformation: Any, height: int, width: int) -> Any:
        """Returns the map as the eight numbers that `ops.image.affine_transform` takes, for each image."""
        raise NotImplementedError

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Returns boxes, moved as what they are around.

        Args:
            bounding_boxes: A dict of "boxes" and "labels".
            transformation: What `get_random_transformation` returned.
            training: Whether to move them.
        """
        if not training or transformation is None:
            return bounding_boxes
        height, width = self._image_size(transformation)
        corners = self._moved(self._corners(bounding_boxes, height, width), transformation, height, width)
        return self._with_corners(bounding_boxes, corners, height, width)

    def _image_size(self, transformation: Any) -> tuple[int, int]:
        return self._size(transformation["input_shape"])

    def _moved(self, corners: Any, transformation: Any, height: int, width: int) -> Any:
        """Returns the corners of boxes after the transformation."""
        raise NotImplementedError


def _numbers(*rows: Any) -> Any:
    """Returns the first six numbers of a map, each a number or one for each image, as all eight (batch, 8)."""
    like = next(row for row in rows if not isinstance(row, float)) * 0.0
    return ops.stack([like + row for row in (*rows, 0.0, 0.0)], axis=-1)


class RandomRotation(_MappedLayer):
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

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns the "angle" of each image in degrees, its "rotation_matrix", and the size; None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        rows, height, width = self._extent(data)
        lower, upper = self._ranges()["factor"]
        angle = self._draw((rows,), (360.0 * lower, 360.0 * upper), seed)
        return {
            "angle": angle, "rotation_matrix": _rotation(angle, height, width), "image_height": height,
            "image_width": width, "batch_size": rows,
        }  # fmt: skip

    def _map(self, transformation: Any, height: int, width: int) -> Any:
        return transformation["rotation_matrix"]

    def _image_size(self, transformation: Any) -> tuple[int, int]:
        return transformation["image_height"], transformation["image_width"]

    def _moved(self, corners: Any, transformation: Any, height: int, width: int) -> Any:
        angle = transformation["angle"]
        none = angle * 0.0
        return affine_transform(corners, angle, none, none, none + 1.0, none, none, height, width)


def _rotation(angle: Any, height: int, width: int) -> Any:
    """Returns the map of a rotation about the center by an angle in degrees."""
    cos, sin = ops.cos(angle * (np.pi / 180.0)), ops.sin(angle * (np.pi / 180.0))
    x, y = (width - 1) / 2.0, (height - 1) / 2.0
    return _numbers(cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos)


class RandomZoom(_MappedLayer):
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

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns "height_zoom" and "width_zoom" (batch, 1), the visible parts, and "input_shape"; None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        shape = (self._extent(data)[0], 1)
        drawn = {
            name: self._draw(shape, (1.0 + lower, 1.0 + upper), seed) for name, (lower, upper) in self._ranges().items()
        }
        high = drawn["height_factor"]
        return {"height_zoom": high, "width_zoom": drawn.get("width_factor", high), "input_shape": _shape(data)}

    def _map(self, transformation: Any, height: int, width: int) -> Any:
        (x_zoom, x_start), (y_zoom, y_start) = _visible(transformation, height, width)
        return _numbers(x_zoom[:, 0], 0.0, x_start[:, 0], 0.0, y_zoom[:, 0], y_start[:, 0])

    def _moved(self, corners: Any, transformation: Any, height: int, width: int) -> Any:
        parts = _visible(transformation, height, width)
        moved = []
        for i in range(4):
            zoom, start = (_of_boxes(one, corners) for one in parts[i % 2])
            moved.append((corners[..., i : i + 1] - start) / zoom)
        return ops.concatenate(moved, -1)


def _visible(transformation: Any, height: int, width: int) -> list[tuple[Any, Any]]:
    """Returns which part of the width and of the height is visible, and where it begins in pixels."""
    zooms = transformation["width_zoom"], transformation["height_zoom"]
    return [(zoom, (size - 1.0) / 2.0 * (1.0 - zoom)) for zoom, size in zip(zooms, (width, height), strict=True)]


class RandomTranslation(_MappedLayer):
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

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns "translations" (batch, 2), to the right and down in pixels, and "input_shape"; None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        rows, height, width = self._extent(data)
        ranges = self._ranges()
        down = self._draw((rows, 1), ranges["height_factor"], seed) * float(height)
        right = self._draw((rows, 1), ranges["width_factor"], seed) * float(width)
        return {"translations": ops.concatenate([right, down], 1), "input_shape": _shape(data)}

    def _map(self, transformation: Any, height: int, width: int) -> Any:
        shifts = ops.cast(transformation["translations"], "float32")
        return _numbers(1.0, 0.0, -shifts[:, 0], 0.0, 1.0, -shifts[:, 1])

    def _moved(self, corners: Any, transformation: Any, height: int, width: int) -> Any:
        shifts = ops.cast(transformation["translations"], "float32")
        return corners + _of_boxes(ops.concatenate([shifts, shifts], 1), corners)


class RandomShear(_MappedLayer):
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

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns "shear_factor" (batch, 2), shifts for each pixel, and "input_shape"; None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        rows, ranges = self._extent(data)[0], self._ranges()
        sign = ops.where(self._draw((rows, 1), seed=seed) > 0.5, -1.0, 1.0)
        drawn = [self._draw((rows, 1), ranges[name], seed) for name in ("x_factor", "y_factor")]
        return {"shear_factor": ops.concatenate(drawn, 1) * sign, "input_shape": _shape(data)}

    def _map(self, transformation: Any, height: int, width: int) -> Any:
        factors = ops.cast(transformation["shear_factor"], "float32")
        return _numbers(1.0, factors[:, 0], 0.0, factors[:, 1], 1.0, 0.0)

    def _moved(self, corners: Any, transformation: Any, height: int, width: int) -> Any:
        # As in Keras the factors count here in shares of the width and the height, not in pixels.
        factors = ops.cast(transformation["shear_factor"], "float32")
        of_x, of_y = factors[:, 0:1], factors[:, 1:2]
        x1, x2 = corners[..., 0] / width, corners[..., 2] / width
        y1, y2 = corners[..., 1] / height, corners[..., 3] / height
        x1, x2 = (
            x1 - of_x * ops.where(of_x < 0, y1, y2),
            x2 - of_x * ops.where(of_x < 0, y2, y1),
        )
        y1 = y1 - of_y * ops.where(of_y > 0, x2, x1)
        y2 = y2 - of_y * ops.where(of_y > 0, x1, x2)
        return ops.stack([x1 * width, y1 * height, x2 * width, y2 * height], -1)
