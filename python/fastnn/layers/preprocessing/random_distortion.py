"""Random changes of images that functions make up, active in training only: blur, perspective, elastic distortion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastnn import ops, random
from fastnn.engine.contract import title
from fastnn.layers.preprocessing.composed_image_layer import ComposedRandomLayer
from fastnn.layers.preprocessing.factor_ranges import Factor
from fastnn.layers.preprocessing.image_layer import of_images
from fastnn.ops.image_sampling import FILL_MODES, INTERPOLATIONS, displaced, homography


class RandomGaussianBlur(ComposedRandomLayer):
    """Layer that blurs random images with a Gaussian kernel in training.

    The standard deviations along height and width are drawn for each batch. In inference the layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        factor: Range from which the probability of a blur is drawn for each image: a pair (lower, upper) of numbers
            from 0 to 1, or one number x for the range (0, x).
        kernel_size: Odd integer, or a pair of odd integers (width, height), size of the kernel.
        sigma: Range from which a standard deviation is drawn: a pair (lower, upper) of numbers from 0 to 1, or one
            number x for the range (0, x).
        value_range: Pair of numbers, smallest and largest value of a channel.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layers.RandomGaussianBlur()(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    __fastnn_keeps_places__ = True
    factor: Factor
    kernel_size: int | Sequence[int]
    sigma: Factor
    value_range: Sequence[float]

    def __init__(
        self,
        factor: Factor = 1.0,
        kernel_size: int | Sequence[int] = 3,
        sigma: Factor = 1.0,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        for name in ("factor", "sigma"):
            self._range(name)
        sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size)
        if len(sizes) != 2 or any(not isinstance(size, int) or size % 2 == 0 for size in sizes):
            raise ValueError(f"{title(self)} expects kernel_size to be one or two odd integers, got {kernel_size!r}")

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns which images are blurred, and the standard deviations along width and height; None in inference.

        They are called "should_apply_blur" and "blur_factor".

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        return {
            "should_apply_blur": self._chosen(data, seed),
            "blur_factor": self._draw((2,), self._range("sigma"), seed) + 1e-6,
        }

    def _transformed(self, images: Any, transformation: Any) -> Any:
        if transformation is None:
            return images
        sigma = ops.cast(transformation["blur_factor"], "float32")
        sizes = [self.kernel_size] * 2 if isinstance(self.kernel_size, int) else list(self.kernel_size)
        curves = []
        for i, size in enumerate(sizes):
            places = ((np.arange(size) - (size - 1) / 2.0) ** 2).astype(np.float32)
            curve = ops.exp(-0.5 * places / (sigma[i] * sigma[i]))
            curves.append(curve / ops.sum(curve))
        blurred = _smoothed(_smoothed(images, curves[1], 1), curves[0], 2)
        made = ops.where(of_images(transformation["should_apply_blur"]), blurred, images)
        return ops.clip(made, *(float(one) for one in self.value_range))


def _smoothed(images: Any, curve: Any, axis: int) -> Any:
    """Returns images smoothed along one axis by weights, with zeros around them."""
    size, count = images.shape[axis], curve.shape[0]
    widths = [(0, 0)] * 4
    widths[axis] = ((count - 1) // 2, count // 2)
    padded = ops.pad(images, widths)
    made: Any = None
    for i in range(count):
        part = ops.take(padded, np.arange(i, i + size, dtype=np.int32), axis) * curve[i]
        made = part if made is None else made + part
    return made


class RandomPerspective(ComposedRandomLayer):
    """Layer that views random images from another perspective in training.

    Each corner is moved by a random share of its distance from the upper left one. In inference the layer is the
    identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        factor: Range from which the probability of a change is drawn for each image: a pair (lower, upper) of numbers
            from 0 to 1, or one number x for the range (0, x).
        scale: Number from 0 to 1: a corner moves by up to half this share of its coordinates.
        interpolation: Interpolation between pixels: "bilinear" or "nearest".
        fill_value: Number that stands beyond the border.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layers.RandomPerspective(scale=0.5)(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    factor: Factor
    scale: float
    interpolation: str
    fill_value: float

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        for name in ("factor", "scale"):
            self._range(name)
        if interpolation not in INTERPOLATIONS:
            raise ValueError(f"{title(self)} expects interpolation 'nearest' or 'bilinear', got {interpolation!r}")

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns which images are changed, and where their corners are and go; None in inference.

        They are called "apply_perspective", "start_points" and "end_points"; "input_shape" is beside them.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        rows, height, width = self._extent(data)
        corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]], np.float32)
        half = 0.5 * float(self._range("scale")[1])
        moved = self._draw((rows, 4, 2), (-half, half), seed)
        start = moved * 0.0 + corners
        return {
            "apply_perspective": self._chosen(data, seed),
            "start_points": start,
            "end_points": start + start * moved,
            "input_shape": tuple(ops.shape(data["images"] if isinstance(data, Mapping) else data)),
        }

    def _transformed(self, images: Any, transformation: Any) -> Any:
        return images if transformation is None else self._viewed(images, transformation, self.interpolation)

    def _viewed(self, images: Any, transformation: Any, interpolation: str) -> Any:
        points = transformation["start_points"], transformation["end_points"]
        made = ops.image.perspective_transform(
            images, *points, interpolation, self.fill_value, data_format="channels_last"
        )
        return ops.where(of_images(transformation["apply_perspective"]), made, images)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the boxes around what is in them in the other perspective.

        Args:
            bounding_boxes: A dict of "boxes" and "labels".
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        if not training or transformation is None:
            return bounding_boxes
        height, width = self._size(transformation["input_shape"])
        corners = self._corners(bounding_boxes, height, width)
        start, end = (ops.cast(transformation[name], "float32") for name in ("start_points", "end_points"))
        numbers = homography(end, start)
        of_x, of_y, below = (numbers[:, None, 0:3], numbers[:, None, 3:6], numbers[:, None, 6:8])
        places = []
        for i, j in ((0, 1), (2, 3), (0, 3), (2, 1)):
            x, y = corners[..., i], corners[..., j]
            depth = below[..., 0] * x + below[..., 1] * y + 1.0
            places.append([(one[..., 0] * x + one[..., 1] * y + one[..., 2]) / depth for one in (of_x, of_y)])
        ends = [end(ops.stack(along, -1), -1) for end in (ops.amin, ops.amax) for along in zip(*places, strict=True)]
        chosen = ops.reshape(transformation["apply_perspective"], (-1, 1, 1))
        return self._with_corners(bounding_boxes, ops.where(chosen, ops.stack(ends, -1), corners), height, width)

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the masks, changed as the images are, without mixing neighboring values.

        Args:
            segmentation_masks: The masks.
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        if not training or transformation is None:
            return segmentation_masks
        masks = ops.cast(segmentation_masks, "float32")
        return self._with_channels_last(masks, lambda last: self._viewed(last, transformation, "nearest"))


class RandomElasticTransform(ComposedRandomLayer):
    """Layer that distorts random images in training, as if they were drawn on rubber.

    In inference the layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        factor: Range from which the probability of a distortion is drawn for each image: a pair (lower, upper) of
            numbers from 0 to 1, or one number x for the range (0, x).
        scale: Range from which the strength s is drawn for each batch: a pair (lower, upper) of numbers from 0 to 1, or
            one number x for the range (0, x). Random distances are multiplied by s / 10 of the longer side, and
            smoothed by a Gaussian of the width s / 20 of the shorter side, where s is the upper end of the range.
        interpolation: Interpolation between pixels: "bilinear" or "nearest".
        fill_mode: Values beyond the border: "reflect", "wrap", "mirror", "constant" (`fill_value`) or "nearest".
        fill_value: Number that stands beyond the border with "constant".
        value_range: Pair of numbers, smallest and largest value of a channel.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    References:
        - Simard, Steinkraus, Platt, "Best Practices for Convolutional Neural Networks Applied to Visual Document
          Analysis", 2003.

    Example:
        >>> layers.RandomElasticTransform()(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    factor: Factor
    scale: Factor
    interpolation: str
    fill_mode: str
    fill_value: float
    value_range: Sequence[float]

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: Factor = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        for name in ("factor", "scale"):
            self._range(name)
        if interpolation not in INTERPOLATIONS:
            raise ValueError(f"{title(self)} expects interpolation 'nearest' or 'bilinear', got {interpolation!r}")
        if fill_mode not in FILL_MODES:
            raise ValueError(f"{title(self)} expects fill_mode one of {FILL_MODES}, got {fill_mode!r}")

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns which images are distorted, how strongly, and distances to be smoothed; None in inference.

        They are called "apply_transform", "distortion_factor" and "distances".

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training or self._range("scale")[1] == 0 or self._range("factor")[1] == 0:
            return None
        rows, height, width = self._extent(data)
        return {
            "apply_transform": self._chosen(data, seed),
            "distortion_factor": self._draw((), self._range("scale"), seed),
            "distances": random.normal((rows, height, width, 2), seed=self._generator(seed)),
        }

    def _transformed(self, images: Any, transformation: Any) -> Any:
        if transformation is None:
            return images
        made = self._displaced(images, transformation, self.interpolation)
        return ops.clip(made, *(float(one) for one in self.value_range))

    def _displaced(self, images: Any, transformation: Any, interpolation: str) -> Any:
        strength = transformation["distortion_factor"]
        height, width = images.shape[1:3]
        distances = transformation.get("distances")
        if distances is None:
            distances = random.normal((ops.shape(images)[0], height, width, 2), seed=transformation["seed"])
        # A kernel has a fixed size, so the width of the Gaussian is that of the strongest distortion.
        sigma = max(0.05 * self._range("scale")[1] * min(height, width), 1e-3)
        spread = distances * (strength * (0.05 * min(height, width)))
        made = displaced(
            images, spread, strength * (0.1 * max(height, width)), sigma, interpolation, self.fill_mode,
            self.fill_value,
        )  # fmt: skip
        return ops.where(of_images(transformation["apply_transform"]), made, images)

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the masks, changed as the images are, without mixing neighboring values.

        Args:
            segmentation_masks: The masks.
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        if not training or transformation is None:
            return segmentation_masks
        masks = ops.cast(segmentation_masks, "float32")
        return self._with_channels_last(masks, lambda last: self._displaced(last, transformation, "nearest"))
