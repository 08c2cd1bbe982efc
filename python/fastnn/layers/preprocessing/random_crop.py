"""Random windows of images, in training only."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.layers.preprocessing.image_layer import RandomImageLayer
from fastnn.layers.preprocessing.image_windows import Window, centered_window, window_of_corners, window_of_images


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

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns the window: its top, its left, its height and its width.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw one; the centered window with the aspect ratio of the output otherwise.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        _, height, width = self._extent(data)
        if height is None or width is None:
            raise ValueError(f"{title(self)} expects images of known height and width, got {height} and {width}")
        if not training or height < self.height or width < self.width:
            return (*centered_window(height, width, self.height, self.width), height, width)
        starts = [
            ops.minimum(ops.cast(self._draw((), (0.0, size - kept + 1), seed), "int32"), size - kept)
            for size, kept in ((height, self.height), (width, self.width))
        ]
        return (*starts, self.height, self.width, height, width)

    def _window(self, transformation: Any, height: int, width: int) -> Window:
        """Returns the window, of which only the top and the left may be given, in an image of a size."""
        top, left, *size = transformation
        if size:
            return Window(top, left, size[0], size[1])
        return Window(top, left, min(self.height, height - int(top)), min(self.width, width - int(left)))

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the window of a batch of images.

        Args:
            images: The images.
            transformation: What `get_random_transformation` returned, or the top and the left of the window.
            training: Accepted for Keras compatibility; ignored.
        """
        return self._transform_images(ops.cast(images, "float32"), transformation, "bilinear")

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        window = self._window(transformation, *self._size(images.shape))
        return window_of_images(images, window, (self.height, self.width), self.data_format, interpolation)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Returns boxes in the window, cut off at its border.

        Args:
            bounding_boxes: A dict of "boxes" and "labels".
            transformation: What `get_random_transformation` returned, or the top and the left of the window.
            training: Accepted for Keras compatibility; ignored.
        """
        size = self.height, self.width
        if len(transformation) > 2:
            height, width = transformation[4:]
            window = self._window(transformation, height, width)
        else:
            # The size of the image is not told: as in Keras, boxes of relative formats count in that of the window.
            (height, width), window = size, Window(transformation[0], transformation[1], *size)
        corners = window_of_corners(self._corners(bounding_boxes, height, width), window, size)
        return self._with_corners(bounding_boxes, corners, *size)

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the window of masks.

        Args:
            segmentation_masks: The masks.
            transformation: What `get_random_transformation` returned, or the top and the left of the window.
            training: Accepted for Keras compatibility; ignored.
        """
        return self._transform_images(segmentation_masks, transformation, "nearest")

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
