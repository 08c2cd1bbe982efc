"""Layer that resizes images."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import ops
from fastnn.layers.preprocessing.image_layer import ImageLayer


class Resizing(ImageLayer):
    """Layer that resizes images.

    Shapes: input (batch, h, w, channels) or one image (h, w, channels), output (batch, height, width, channels) or
    (height, width, channels).

    Args:
        height: Positive integer, height of the output in pixels.
        width: Positive integer, width of the output in pixels.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        crop_to_aspect_ratio: Whether to resize the largest centered window with the aspect ratio of the output, so that
            nothing is distorted.
        pad_to_aspect_ratio: Whether to pad the image to the aspect ratio of the output first, with `fill_value`.
        fill_mode: "constant", the only mode of padding.
        fill_value: Number with which to pad.
        antialias: Whether to average over all input pixels that an output pixel covers when an image is made smaller.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layers.Resizing(32, 32)(np.zeros((2, 48, 64, 3))).shape
        (2, 32, 32, 3)
    """

    __fastnn_keras_newer_arguments__ = {
        "pad_to_aspect_ratio": False, "fill_mode": "constant", "fill_value": 0.0, "antialias": False,
    }  # fmt: skip
    __fastnn_kind__ = "Resizing"
    height: int
    width: int
    interpolation: str
    crop_to_aspect_ratio: bool
    pad_to_aspect_ratio: bool
    fill_mode: str
    fill_value: float
    antialias: bool

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns the height and the width of the images.

        Args:
            data: Images, or a dict with them.
            training: Accepted for Keras compatibility; ignored.
            seed: Accepted for Keras compatibility; ignored.
        """
        return self._extent(data)[1:]

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """Returns a batch of images of the new size.

        Args:
            images: The images.
            transformation: Accepted for Keras compatibility; ignored.
            training: Accepted for Keras compatibility; ignored.
        """
        return self._transform_images(ops.cast(images, "float32"), transformation, self.interpolation)

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        return ops.image.resize(
            images, (self.height, self.width), interpolation, self.antialias, self.crop_to_aspect_ratio,
            self.pad_to_aspect_ratio, self.fill_mode, self.fill_value, self.data_format,
        )  # fmt: skip

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """Returns masks of the new size.

        Args:
            segmentation_masks: The masks.
            transformation: Accepted for Keras compatibility; ignored.
            training: Accepted for Keras compatibility; ignored.
        """
        return self._transform_images(segmentation_masks, transformation, "nearest")

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Returns boxes of images of the new size; boxes of zeros alone, or of -1, are padding and become zeros.

        Args:
            bounding_boxes: A dict of "boxes" and "labels".
            transformation: The height and the width of the images.
            training: Accepted for Keras compatibility; ignored.
        """
        height, width = transformation
        given = bounding_boxes["boxes"]
        padding = ops.logical_or(ops.all(given == -1, -1, keepdims=True), ops.all(given == 0, -1, keepdims=True))
        scale, shift = self._scale_and_shift(height, width)
        corners = self._corners(bounding_boxes, height, width) * scale + shift
        made = self._with_corners(bounding_boxes, ops.where(padding, 0.0, corners), self.height, self.width)
        return {**made, "boxes": ops.where(padding, 0.0, made["boxes"])}

    def _scale_and_shift(self, height: int, width: int) -> tuple[Any, Any]:
        """Returns by what corners are multiplied, and what is added, along x, y, x and y."""
        ratios = self.width / width, self.height / height
        whole = min(ratios) if self.pad_to_aspect_ratio else max(ratios) if self.crop_to_aspect_ratio else None
        scale = ratios if whole is None else (whole, whole)
        sizes = ((self.width, width), (self.height, height))
        shift = [0.0 if whole is None else _half(new - old * whole) for new, old in sizes]
        return np.array([*scale, *scale], np.float32), np.array([*shift, *shift], np.float32)


def _half(room: float) -> float:
    """Returns half of the room at both sides in whole pixels: what is added, or cut off where it is negative."""
    return float(room // 2 if room >= 0 else -(-room // 2))
