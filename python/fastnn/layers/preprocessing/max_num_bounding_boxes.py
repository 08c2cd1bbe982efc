"""Layer that gives each image the same number of bounding boxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.engine.contract import title
from fastnn.layers.preprocessing.box_batches import dense_boxes
from fastnn.layers.preprocessing.composed_image_layer import ComposedImageLayer


class MaxNumBoundingBoxes(ComposedImageLayer):
    """Layer that cuts the bounding boxes of images to a number, and fills up those of images that have fewer.

    Call it on a dict with the key "bounding_boxes", itself a dict of "boxes" (batch, boxes, 4) and "labels" (batch,
    boxes), or both without the batch. All else in it is passed on, and so are images alone.

    Args:
        max_number: Positive integer, number of boxes.
        fill_value: Integer that fills up boxes and labels.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`, and `bounding_box_format`.

    Raises:
        ValueError: `max_number` is not positive.

    Example:
        >>> data = {"bounding_boxes": {"boxes": np.ones((1, 2, 4)), "labels": np.array([[3, 4]])}}
        >>> layers.MaxNumBoundingBoxes(3)(data)["bounding_boxes"]["labels"]
        array([[ 3,  4, -1]], dtype=int32)
    """

    __fastnn_keras_newer_arguments__ = {"data_format": "channels_last"}
    max_number: int
    fill_value: int

    def __init__(self, max_number: int, fill_value: int = -1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(max_number, bool) or not isinstance(max_number, (int, np.integer)) or max_number < 1:
            raise ValueError(f"{title(self)} expects max_number to be a positive integer, got {max_number!r}")

    def call(self, data: Any, training: bool = True) -> Any:
        """Returns the data with that number of boxes; images alone as they are."""
        if not isinstance(data, Mapping):
            return self.transform_images(data)
        made = dict(data)
        if "bounding_boxes" in made:
            boxes = dense_boxes(made["bounding_boxes"], title(self))
            alone = len(boxes["boxes"].shape) == 2
            made["bounding_boxes"] = (self.transform_single_bounding_box if alone else self.transform_bounding_boxes)(
                boxes, None
            )
        return made

    def _check_keys(self, data: Mapping[str, Any]) -> None:
        """Accepts any keys: the layer has no need of images."""

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """Returns a batch of images as it is.

        Args:
            images: The images.
            transformation: Accepted for Keras compatibility; ignored.
            training: Accepted for Keras compatibility; ignored.
        """
        return images

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Returns that number of boxes.

        Args:
            bounding_boxes: A dict of "boxes" and "labels".
            transformation: Accepted for Keras compatibility; ignored.
            training: Accepted for Keras compatibility; ignored.
        """
        return {name: self._fitted(value) for name, value in bounding_boxes.items()}

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of images as it is; of a dict of shapes with that number of boxes."""
        if not isinstance(input_shape, Mapping) or "bounding_boxes" not in input_shape:
            return input_shape
        boxes = input_shape["bounding_boxes"]
        axis = len(boxes["boxes"]) - 2
        made = {name: (*shape[:axis], self.max_number, *shape[axis + 1 :]) for name, shape in boxes.items()}
        return {**input_shape, "bounding_boxes": made}

    def _fitted(self, x: Any) -> Any:
        count = x.shape[1]
        if count is None:
            raise ValueError(f"{title(self)} expects a known number of boxes, got shape {tuple(x.shape)}")
        if count >= self.max_number:
            return x[:, : self.max_number]
        widths = [(0, 0), (0, self.max_number - count), *[(0, 0)] * (len(x.shape) - 2)]
        return ops.pad(x, widths, constant_values=self.fill_value)
