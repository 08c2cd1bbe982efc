"""Base of all layers on images: one transformation is drawn, and applied to images, labels, boxes and masks alike.

Called on images alone, a layer of the package may compute by a node of the core; called on a dict, and wherever a class
outside the package says how something is transformed, it computes by the methods of this class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from fastnn import config, ops, random
from fastnn.configurable import is_foreign
from fastnn.engine.arrays import numeric
from fastnn.engine.by_code import BY_CODE
from fastnn.engine.calls import overridable
from fastnn.engine.contract import title
from fastnn.engine.layer import Layer
from fastnn.layers.preprocessing.bounding_boxes import checked_format, clip_to_image_size, convert_format
from fastnn.layers.preprocessing.box_batches import dense_boxes
from fastnn.layers.preprocessing.factor_ranges import Range, color_range, factor_range
from fastnn.symbolic.tensors import Trace, is_symbolic

__all__ = ["BaseImagePreprocessingLayer"]

_METHODS = frozenset((
    "get_random_transformation", "transform_images", "_transform_images", "transform_single_image",
))  # fmt: skip
"""What decides about images alone."""


class _Operations:
    """What a backend of Keras has, by the names of its modules and functions there."""

    numpy = nn = core = math = ops
    image, linalg, random = ops.image, ops.linalg, random

    def __getattr__(self, name: str) -> Any:
        return getattr(ops, name)


_OPERATIONS = _Operations()


class BaseImagePreprocessingLayer(Layer):
    """Base of the layers on images, and of layers of your own.

    Such a layer is called on images (batch, height, width, channels), or on a dict with "images" and perhaps "labels",
    "bounding_boxes" and "segmentation_masks"; other keys are passed on. "bounding_boxes" is a dict of "boxes" (batch,
    boxes, 4) and "labels" (batch, boxes); lists of images with different numbers of boxes are filled up, boxes with 0
    and labels with -1. All of it may be without the batch. A box of which nothing is left gets the label -1.

    A class of your own defines `get_random_transformation` and `transform_images`, and where boxes, labels or masks
    change too `transform_bounding_boxes`, `transform_labels` and `transform_segmentation_masks`.

    Args:
        factor: A number from -1 to 1, or two, kept as the pair `factor`: one number x stands for (-x, x).
        bounding_box_format: Format of boxes, as in `utils.bounding_boxes`; needed for data with boxes.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> data = {
        ...     "images": np.arange(12.0).reshape(1, 3, 4, 1),
        ...     "bounding_boxes": {"boxes": [[[0, 0, 3, 2]]], "labels": [[7]]},
        ... }
        >>> made = layers.CenterCrop(3, 2, bounding_box_format="xyxy")(data)
        >>> made["images"][0, :, :, 0].tolist(), made["bounding_boxes"]["boxes"].tolist()
        ([[1.0, 2.0], [5.0, 6.0], [9.0, 10.0]], [[[0.0, 0.0, 2.0, 2.0]]])
    """

    __fastnn_common_arguments__ = (*Layer.__fastnn_common_arguments__, "bounding_box_format")
    __fastnn_in_training_only__: ClassVar[bool] = True
    """Whether the layer is the identity in inference."""
    __fastnn_keeps_places__: ClassVar[bool] = False
    """Whether each pixel stays where it is, so that boxes and masks stay as they are."""
    _FACTOR_BOUNDS: ClassVar[tuple[float, float]] = (-1, 1)
    factor: Any
    data_format: Any
    bounding_box_format: str | None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if any(name in vars(base) for name in _METHODS for base in cls.__mro__ if is_foreign(base)):
            cls.__fastnn_computation__ = BY_CODE

    def __init__(
        self, factor: Any = None, bounding_box_format: Any = None, data_format: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if bounding_box_format is not None:
            bounding_box_format = checked_format(bounding_box_format, "bounding_box_format", title(self))
        self.bounding_box_format = bounding_box_format
        if vars(self).get("data_format") is None:
            self.data_format = config.checked_data_format(type(self).__name__, data_format)
        if factor is not None:
            self._set_factor(factor)

    def _set_factor(self, factor: Any) -> None:
        self.factor = factor_range(title(self), "factor", factor, *self._FACTOR_BOUNDS)

    @classmethod
    def __fastnn_convert_argument__(cls, name: str, value: Any) -> Any:
        """Returns an argument as it is stored: the position of the channels by its name."""
        if name == "data_format":
            return config.checked_data_format(cls.__name__, value)
        return super().__fastnn_convert_argument__(name, value)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal layer, as plain values."""
        made = {**super().get_config(), "data_format": self.data_format}
        if self.bounding_box_format is not None:
            made["bounding_box_format"] = self.bounding_box_format
        return made

    def build(self, input_shape: Any = None) -> None:
        """Builds the layer: it has no weights."""
        self.built = True

    @overridable
    def backend(self) -> Any:
        """The functions that Keras' layers call by `self.backend`: those of `ops` and of `random`."""
        return _OPERATIONS

    # What is transformed.

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns what is drawn for data, in the form that the other methods take; None: nothing is changed.

        Args:
            data: Images, or a dict with them.
            training: Whether to change the data as in training.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        return None

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Returns a batch of images, transformed.

        Args:
            images: The images.
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        images = ops.cast(images, "float32")
        if not training or transformation is None:
            return images
        return self._transform_images(images, transformation, getattr(self, "interpolation", "bilinear"))

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        raise NotImplementedError(f"{title(self)}: a class of its kind says in transform_images what becomes of images")

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the labels of a batch of images; those of most layers stay as they are.

        Args:
            labels: The labels.
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        return labels

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the boxes of a batch of images, transformed as the images are.

        Args:
            bounding_boxes: A dict of "boxes" and "labels".
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.

        Raises:
            NotImplementedError: The layer does not know what becomes of boxes.
        """
        if self.__fastnn_keeps_places__:
            return bounding_boxes
        raise NotImplementedError(
            f"{title(self)} does not know what becomes of bounding boxes; leave 'bounding_boxes' out of its data, or "
            "define transform_bounding_boxes in a class of your own"
        )

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the masks of a batch of images, transformed as the images are, without mixing neighboring values.

        Args:
            segmentation_masks: The masks, of the height and the width of the images.
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        if self.__fastnn_keeps_places__ or not training or transformation is None:
            return segmentation_masks
        return self._transform_images(segmentation_masks, transformation, "nearest")

    def transform_single_image(self, image: Any, transformation: Any, training: bool = True) -> Any:
        """Returns one image, transformed.

        Args:
            image: The image.
            transformation: What `get_random_transformation` returned.
            training: Whether to change it as in training.
        """
        return self.transform_images(ops.expand_dims(image, 0), transformation, training=training)[0]

    def transform_single_label(self, label: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the label of one image, transformed.

        Args:
            label: The label.
            transformation: What `get_random_transformation` returned.
            training: Whether to change it as in training.
        """
        return self.transform_labels(ops.expand_dims(label, 0), transformation, training=training)[0]

    def transform_single_bounding_box(self, bounding_box: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the boxes of one image, transformed.

        Args:
            bounding_box: A dict of "boxes" (boxes, 4) and "labels" (boxes,).
            transformation: What `get_random_transformation` returned.
            training: Whether to change it as in training.
        """
        batch = {name: ops.expand_dims(value, 0) for name, value in bounding_box.items()}
        made = self.transform_bounding_boxes(batch, transformation, training=training)
        return {name: value[0] for name, value in made.items()}

    def transform_single_segmentation_mask(
        self, segmentation_mask: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Returns the mask of one image, transformed.

        Args:
            segmentation_mask: The mask.
            transformation: What `get_random_transformation` returned.
            training: Whether to change it as in training.
        """
        batch = ops.expand_dims(segmentation_mask, 0)
        return self.transform_segmentation_masks(batch, transformation, training=training)[0]

    # Calls.

    def __call__(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns transformed data: images, one image, or a dict with them; a symbolic tensor for a symbolic tensor."""
        if is_symbolic(data):
            return super().__call__(data, *args, **kwargs)
        if isinstance(data, Mapping) and Trace.current() is None:
            # Without a graph the lengths of what is in the dict may differ, and integers stay what they are.
            return self._of_arrays(data, *args, **kwargs)
        if not isinstance(data, Mapping):
            images = numeric(data, f"{title(self)}: the input")
            if type(self).__fastnn_computation__ is BY_CODE and is_foreign(type(self)) and Trace.current() is None:
                return self._of_arrays(images, *args, **kwargs)
            if images.ndim == 3:
                return super().__call__(images[None], *args, **kwargs)[0]
            data = images
        return super().__call__(data, *args, **kwargs)

    def _of_arrays(self, data: Any, training: bool | None = None) -> Any:
        if isinstance(data, Mapping):
            self._check_keys(data)
            data = {
                name: numeric(value, f"{title(self)}: {name!r}")
                if name in ("images", "labels", "segmentation_masks")
                else value
                for name, value in data.items()
            }
        if not self.built:
            self._build_for(data["images"].shape if isinstance(data, Mapping) and "images" in data else np.shape(data))
        return self.call(data, training=True if training is None else bool(training))

    def _build_for(self, shape: Any) -> None:
        """Builds a layer of a user's own for arrays; those of the package have no weights."""
        if is_foreign(next(base for base in type(self).__mro__ if "build" in vars(base))):
            self.build((None, *shape[1:]) if len(shape) == 4 else tuple(shape))
        self.built = True

    def _check_keys(self, data: Mapping[str, Any]) -> None:
        if "images" not in data:
            raise ValueError(
                f"{title(self)} expects images, or a dict of 'images' and perhaps 'labels', 'bounding_boxes' and "
                f"'segmentation_masks', got the keys {sorted(data)}"
            )

    def call(self, data: Any, training: bool = True) -> Any:
        """Returns images, or a new dict of what belongs to them, transformed."""
        if not isinstance(data, Mapping):
            alone = self._is_alone(data)
            transformation = self.get_random_transformation(data, training=training)
            transform = self.transform_single_image if alone else self.transform_images
            return transform(data, transformation, training=training)
        self._check_keys(data)
        alone = self._is_alone(data["images"])
        transformation = self.get_random_transformation(data, training=training)
        made = dict(data)
        if "bounding_boxes" in data:
            if self.bounding_box_format is None:
                raise ValueError(
                    f"{title(self)} expects to be told the format of 'bounding_boxes', by "
                    f"{type(self).__name__}(..., bounding_box_format='xyxy') or another"
                )
            made["bounding_boxes"] = dense_boxes(data["bounding_boxes"], title(self))
        methods: dict[str, Callable[..., Any]] = {
            "images": self.transform_single_image if alone else self.transform_images,
            "labels": self.transform_single_label if alone else self.transform_labels,
            "bounding_boxes": self.transform_single_bounding_box if alone else self.transform_bounding_boxes,
            "segmentation_masks": (
                self.transform_single_segmentation_mask if alone else self.transform_segmentation_masks
            ),
        }
        for name, transform in methods.items():
            if name in made:
                made[name] = transform(made[name], transformation, training=training)
        masks = data.get("segmentation_masks")
        if isinstance(masks, np.ndarray) and masks.dtype.kind in "iub" and not self.__fastnn_mixes_masks__:
            made["segmentation_masks"] = np.asarray(made["segmentation_masks"]).astype(masks.dtype)
        return made

    __fastnn_mixes_masks__: ClassVar[bool] = False
    """Whether masks are blended, so that those of integers become fractions."""

    # For classes of the package.

    def _is_alone(self, images: Any) -> bool:
        rank = len(images.shape)
        if rank not in (3, 4):
            raise ValueError(
                f"{title(self)} expects images (batch, height, width, channels) or one image, got shape "
                f"{tuple(images.shape)}"
            )
        return rank == 3

    def _extent(self, data: Any) -> tuple[Any, int, int]:
        """Returns the number of images, and their height and width."""
        shape = ops.shape(data["images"] if isinstance(data, Mapping) else data)
        height, width = self._size(shape)
        return (shape[0] if len(shape) == 4 else 1), height, width

    def _size(self, shape: Any) -> tuple[int, int]:
        """Returns the height and the width of images of a shape."""
        return tuple(shape[-2:] if self.data_format == "channels_first" else shape[-3:-1])

    def _draw(self, shape: Any, bounds: tuple[float, float] = (0.0, 1.0), seed: Any = None) -> Any:
        """Returns uniformly distributed numbers within bounds, from the generator of the layer or another."""
        generator = self.generator if seed is None else seed
        return random.uniform(shape, float(bounds[0]), float(bounds[1]), seed=generator)

    generator: Any

    def _chosen(self, data: Any, seed: Any = None) -> Any:
        """Returns for each image true with a probability that is drawn from the range `factor`."""
        rows = self._extent(data)[0]
        probability = self._draw((rows,), self._ranges()["factor"], seed)
        return ops.less(self._draw((rows,), seed=seed), probability)

    def _ranges(self) -> Mapping[str, Range]:
        """Returns the arguments that stand for ranges, by name."""
        return {}

    def _to_bytes(self, images: Any) -> Any:
        """Returns images with values from 0 to 255 in place of `value_range`."""
        low, high = color_range(title(self), self.value_range)  # type: ignore[attr-defined]
        return images if (low, high) == (0.0, 255.0) else (images - low) * (255.0 / (high - low))

    def _from_bytes(self, images: Any) -> Any:
        """Returns images with values in `value_range` in place of 0 to 255."""
        low, high = color_range(title(self), self.value_range)  # type: ignore[attr-defined]
        return images if (low, high) == (0.0, 255.0) else images * ((high - low) / 255.0) + low

    def _corners(self, bounding_boxes: Mapping[str, Any], height: Any, width: Any) -> Any:
        """Returns boxes as left, top, right, bottom in pixels."""
        return convert_format(bounding_boxes["boxes"], self.bounding_box_format or "xyxy", "xyxy", height, width)

    def _with_corners(self, bounding_boxes: Mapping[str, Any], corners: Any, height: Any, width: Any) -> Any:
        """Returns boxes with new corners, cut off at the border of the image, in the format of the layer."""
        made = clip_to_image_size({**bounding_boxes, "boxes": corners}, height, width)
        made["boxes"] = convert_format(made["boxes"], "xyxy", self.bounding_box_format or "xyxy", height, width)
        return made
