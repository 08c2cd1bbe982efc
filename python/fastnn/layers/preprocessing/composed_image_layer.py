"""Base of the image layers that functions of `fastnn.ops` make up.

A layer of this kind draws a transformation of a batch, and applies it to the images, and where it mixes images to their
labels and segmentation masks too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from fastnn import config, ops, random
from fastnn.engine.arrays import numeric
from fastnn.engine.contract import title
from fastnn.engine.layer import Layer
from fastnn.layers.preprocessing.factor_ranges import color_range, factor_range
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_symbolic


class ComposedImageLayer(Layer):
    """Base of the image layers that are written with functions.

    Called on images, or on a dict with "images" and perhaps "labels" and "segmentation_masks". An array of three axes
    is taken as one image, and the output is one image too.

    Args:
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.
    """

    __fastnn_in_training_only__: ClassVar[bool] = True
    """Whether the layer is the identity in inference."""
    data_format: str | None = None

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Stores each argument as an attribute. Only arguments stored here are part of the config."""
        if "data_format" in arguments:
            arguments["data_format"] = config.checked_data_format(type(self).__name__, arguments["data_format"])
        if "value_range" in arguments:
            color_range(type(self).__name__, arguments["value_range"])
        super().__fastnn_store_arguments__(arguments)

    def build(self, input_shape: Any = None) -> None:
        """Builds the layer: it has no weights."""
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the output: that of the input."""
        return input_shape

    def __call__(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the output for a batch of images or for one image, or a symbolic tensor for a symbolic tensor."""
        if isinstance(data, Mapping):
            wrong = set(data) - {"images", "labels", "segmentation_masks"}
            if wrong or "images" not in data:
                raise ValueError(
                    f"{title(self)} expects images, or a dict of 'images' and perhaps 'labels' and "
                    f"'segmentation_masks', got the keys {sorted(data)}"
                )
        elif not is_symbolic(data):
            images = numeric(data, f"{title(self)}: the input")
            if images.ndim == 3:
                return super().__call__(images[None], *args, **kwargs)[0]
            data = images
        return super().__call__(data, *args, **kwargs)

    def call(self, data: Any, training: bool | None = None) -> Any:
        """Returns the transformed images, and labels and segmentation masks where they are given."""
        parts = dict(data) if isinstance(data, Mapping) else {"images": data}
        images = ops.cast(parts["images"], floatx())
        if len(images.shape) != 4:
            raise ValueError(f"{title(self)} expects images of 4 axes, got shape {tuple(images.shape)}")
        if training or not self.__fastnn_in_training_only__:
            first = self.data_format == "channels_first"
            last = ops.moveaxis(images, 1, -1) if first else images
            drawn = self.__fastnn_draw__(last)
            made = self.__fastnn_transformed__(last, drawn)
            parts["images"] = ops.moveaxis(made, -1, 1) if first else made
            if "labels" in parts:
                parts["labels"] = self.__fastnn_labels__(parts["labels"], drawn)
            if "segmentation_masks" in parts:
                parts["segmentation_masks"] = self.__fastnn_masks__(parts["segmentation_masks"], drawn)
        return parts if isinstance(data, Mapping) else parts["images"]

    def __fastnn_draw__(self, images: Any) -> Any:
        """Returns what is drawn for a batch of images with the channels last; None without random numbers."""
        return None

    def __fastnn_transformed__(self, images: Any, drawn: Any) -> Any:
        """Returns images `(batch, height, width, channels)` changed as was drawn."""
        raise NotImplementedError

    def __fastnn_labels__(self, labels: Any, drawn: Any) -> Any:
        """Returns labels that fit the changed images."""
        return labels

    def __fastnn_masks__(self, masks: Any, drawn: Any) -> Any:
        """Returns segmentation masks that fit the changed images."""
        return masks

    def _to_bytes(self, images: Any) -> Any:
        """Returns images with values from 0 to 255 in place of `value_range`."""
        low, high = color_range(title(self), self.value_range)  # type: ignore[attr-defined]
        return images if (low, high) == (0.0, 255.0) else (images - low) * (255.0 / (high - low))

    def _from_bytes(self, images: Any) -> Any:
        """Returns images with values in `value_range` in place of 0 to 255."""
        low, high = color_range(title(self), self.value_range)  # type: ignore[attr-defined]
        return images if (low, high) == (0.0, 255.0) else images * ((high - low) / 255.0) + low


class ComposedRandomLayer(ComposedImageLayer):
    """Base of such layers that draw.

    Args:
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.
    """

    seed: Any
    generator: Any

    def __init__(self, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.generator = seed if isinstance(seed, random.SeedGenerator) else random.SeedGenerator(seed)

    def _range(self, name: str, least: float = 0.0, most: float = 1.0) -> tuple[float, float]:
        return factor_range(title(self), name, getattr(self, name), least, most, from_zero=True)

    def _uniform(self, shape: Any, low: float = 0.0, high: float = 1.0) -> Any:
        return random.uniform(shape, low, high, seed=self.generator)

    def _chosen(self, images: Any, name: str = "factor") -> Any:
        """Returns for each image true with a probability that is drawn from the range of an argument."""
        rows = ops.shape(images)[0]
        low, high = self._range(name)
        return ops.less(self._uniform((rows,)), self._uniform((rows,), low, high))

    def _order(self, images: Any) -> Any:
        """Returns the numbers of the images in random order."""
        return ops.argsort(self._uniform((ops.shape(images)[0],)))


def of_images(numbers: Any) -> Any:
    """Returns one number for each image with the axes of images."""
    return ops.reshape(numbers, (-1, 1, 1, 1))


def mixed(x: Any, order: Any, weight: Any) -> Any:
    """Returns each row mixed with another, its own with a weight of its own."""
    shaped = ops.reshape(weight, (-1, *[1] * (len(x.shape) - 1)))
    x = ops.cast(x, floatx())
    return shaped * x + (1.0 - shaped) * ops.take(x, order, 0)
