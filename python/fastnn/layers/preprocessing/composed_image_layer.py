"""Base of the image layers that functions of `fastnn.ops` make up, for images alone too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn import ops, random
from fastnn.engine.contract import title
from fastnn.layers.preprocessing.base_image_preprocessing_layer import BaseImagePreprocessingLayer
from fastnn.layers.preprocessing.factor_ranges import color_range, factor_range
from fastnn.seeds import is_generator


class ComposedImageLayer(BaseImagePreprocessingLayer):
    """Base of the image layers that are written with functions.

    Called on images, or on a dict with "images" and what belongs to them. An array of three axes is taken as one image,
    and the output is one image too.

    Args:
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`, and `bounding_box_format`.
    """

    __fastnn_common_arguments__ = BaseImagePreprocessingLayer.__fastnn_common_arguments__

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Stores each argument as an attribute. Only arguments stored here are part of the config."""
        if "value_range" in arguments:
            color_range(type(self).__name__, arguments["value_range"])
        super().__fastnn_store_arguments__(arguments)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the output: that of the input."""
        return input_shape

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """Returns a batch of images, transformed.

        Args:
            images: The images.
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        images = ops.cast(images, "float32")
        if not training and self.__fastnn_in_training_only__:
            return images
        return self._with_channels_last(images, lambda last: self._transformed(last, transformation))

    def _with_channels_last(self, images: Any, function: Callable[[Any], Any]) -> Any:
        """Returns what a function makes of a batch of images with the channels last; one image is a batch of one."""
        alone, first = len(images.shape) == 3, self.data_format == "channels_first"
        images = ops.expand_dims(images, 0) if alone else images
        made = function(ops.moveaxis(images, 1, -1) if first else images)
        made = ops.moveaxis(made, -1, 1) if first else made
        return made[0] if alone else made

    def _transformed(self, images: Any, transformation: Any) -> Any:
        """Returns images `(batch, height, width, channels)` changed as was drawn."""
        raise NotImplementedError


class ComposedRandomLayer(ComposedImageLayer):
    """Base of such layers that draw.

    Args:
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.
    """

    seed: Any

    def __init__(self, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.generator = seed if is_generator(seed) else random.SeedGenerator(seed)

    def _range(self, name: str, least: float = 0.0, most: float = 1.0) -> tuple[float, float]:
        return factor_range(title(self), name, getattr(self, name), least, most, from_zero=True)

    def _ranges(self) -> dict[str, tuple[float, float]]:
        return {"factor": self._range("factor")}

    def _generator(self, seed: Any) -> Any:
        return self.generator if seed is None else seed

    def _order(self, rows: Any, seed: Any) -> Any:
        """Returns the numbers of the images in random order."""
        return ops.argsort(self._draw((rows,), seed=seed))
