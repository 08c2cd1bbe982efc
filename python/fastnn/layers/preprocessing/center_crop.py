"""Layer that crops the center of images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastnn import ops
from fastnn.engine.emission import Emission
from fastnn.layers.preprocessing.image_layer import ImageLayer
from fastnn.layers.preprocessing.image_windows import Window, centered_window, window_of_corners, window_of_images


class CenterCrop(ImageLayer):
    """Layer that crops the center of images.

    Of an image smaller than the output, the largest centered window with the aspect ratio of the output is resized.

    Shapes: input (batch, h, w, channels) or one image (h, w, channels), output (batch, height, width, channels) or
    (height, width, channels).

    Args:
        height: Positive integer, height of the output in pixels.
        width: Positive integer, width of the output in pixels.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layers.CenterCrop(24, 24)(np.zeros((2, 28, 28, 1))).shape
        (2, 24, 24, 1)
    """

    __fastnn_kind__ = "Resizing"
    height: int
    width: int

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        return self.__fastnn_kind__, {"height": self.height, "width": self.width, "crop_to_aspect_ratio": True}

    def __fastnn_add_core_node__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        height, width = emission.graph.spec(edges[0])[0][1:3]
        if (height or 0) < self.height or (width or 0) < self.width:
            return super().__fastnn_add_core_node__(emission, edges)
        return emission.add(self, "CenterCrop", {"height": self.height, "width": self.width}, edges)

    def _window(self, height: int, width: int) -> Window:
        if height >= self.height and width >= self.width:
            return Window((height - self.height) // 2, (width - self.width) // 2, self.height, self.width)
        return centered_window(height, width, self.height, self.width)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns the shape of the images.

        Args:
            data: Images, or a dict with them.
            training: Accepted for Keras compatibility; ignored.
            seed: Accepted for Keras compatibility; ignored.
        """
        return {"input_shape": tuple(ops.shape(data["images"] if isinstance(data, Mapping) else data))}

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """Returns the center of a batch of images.

        Args:
            images: The images.
            transformation: Accepted for Keras compatibility; ignored.
            training: Accepted for Keras compatibility; ignored.
        """
        return self._transform_images(ops.cast(images, "float32"), transformation, "bilinear")

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        window = self._window(*self._size(images.shape))
        return window_of_images(images, window, (self.height, self.width), self.data_format, interpolation)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Returns boxes in the center, cut off at its border.

        Args:
            bounding_boxes: A dict of "boxes" and "labels".
            transformation: What `get_random_transformation` returned.
            training: Accepted for Keras compatibility; ignored.
        """
        height, width = self._size(transformation["input_shape"])
        corners, size = self._corners(bounding_boxes, height, width), (self.height, self.width)
        return self._with_corners(bounding_boxes, window_of_corners(corners, self._window(height, width), size), *size)

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the center of masks.

        Args:
            segmentation_masks: The masks.
            transformation: Accepted for Keras compatibility; ignored.
            training: Accepted for Keras compatibility; ignored.
        """
        return self._transform_images(segmentation_masks, transformation, "nearest")
