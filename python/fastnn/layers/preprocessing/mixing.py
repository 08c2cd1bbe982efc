"""Layers that mix each image of a batch with another one, and their labels alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import ops, random
from fastnn.engine.contract import title
from fastnn.layers.preprocessing.composed_image_layer import ComposedRandomLayer, mixed, of_images
from fastnn.layers.preprocessing.factor_ranges import Factor
from fastnn.precision import floatx


class MixUp(ComposedRandomLayer):
    """Layer that blends each image of a batch with another one in training, and their labels alike.

    The weight of an image is drawn from the beta distribution with both shapes `alpha`. In inference the layer is the
    identity.

    Shapes: input (batch, height, width, channels), output of the same shape; or a dict with "images", and perhaps
    "labels" (batch, classes) and "segmentation_masks", with the shapes of the input.

    Args:
        alpha: Number above 0: small values leave most images nearly as they are.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `alpha` is not above 0, or a dict has other keys.

    References:
        - Zhang, Cisse, Dauphin, Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", 2018.

    Example:
        >>> data = {"images": np.ones((4, 8, 8, 3)), "labels": np.eye(4)}
        >>> made = layers.MixUp()(data, training=True)
        >>> made["images"].shape, made["labels"].sum(-1).round(4).tolist()
        ((4, 8, 8, 3), [1.0, 1.0, 1.0, 1.0])
    """

    alpha: float

    def __init__(self, alpha: float = 0.2, data_format: str | None = None, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        if alpha <= 0:
            raise ValueError(f"{title(self)} expects alpha above 0, got {alpha!r}")

    def __fastnn_draw__(self, images: Any) -> Any:
        """Returns the order of the partners and the weights of the images."""
        rows = ops.shape(images)[0]
        return self._order(images), random.beta((rows,), self.alpha, self.alpha, seed=self.generator)

    def __fastnn_transformed__(self, images: Any, drawn: Any) -> Any:
        """Returns the blended images."""
        return mixed(images, *drawn)

    def __fastnn_labels__(self, labels: Any, drawn: Any) -> Any:
        """Returns the blended labels."""
        return mixed(labels, *drawn)

    def __fastnn_masks__(self, masks: Any, drawn: Any) -> Any:
        """Returns the blended segmentation masks."""
        return mixed(masks, *drawn)


class CutMix(ComposedRandomLayer):
    """Layer that pastes a rectangle of another image into each image of a batch in training, and mixes their labels.

    The area that an image keeps is drawn from a beta distribution, and is the weight of its label. In inference the
    layer is the identity.

    Shapes: input (batch, height, width, channels), output of the same shape; or a dict with "images", and perhaps
    "labels" (batch, classes) and "segmentation_masks", with the shapes of the input.

    Args:
        factor: Range from which both shapes of the beta distribution are drawn: a pair (lower, upper) of numbers from 0
            to 1, or one number x for the range (0, x).
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `factor` is out of its range, or a dict has other keys.

    References:
        - Yun, Han, Oh, Chun, Choe, Yoo, "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable
          Features", 2019.

    Example:
        >>> data = {"images": np.ones((4, 8, 8, 3)), "labels": np.eye(4)}
        >>> made = layers.CutMix()(data, training=True)
        >>> made["images"].shape, made["labels"].sum(-1).round(4).tolist()
        ((4, 8, 8, 3), [1.0, 1.0, 1.0, 1.0])
    """

    factor: Factor

    def __init__(self, factor: Factor = 1.0, seed: Any = None, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self._range("factor")

    def __fastnn_draw__(self, images: Any) -> Any:
        """Returns the order of the partners, the rectangles and the weights of the images."""
        rows = ops.shape(images)[0]
        height, width = images.shape[1:3]
        shape = self._uniform((), *self._range("factor")) + 1e-6
        ratio = ops.sqrt(1.0 - random.beta((rows,), shape, shape, seed=self.generator))
        left, right = self._side(rows, width, ratio)
        top, bottom = self._side(rows, height, ratio)
        y, x = np.indices((height, width), dtype=floatx())[:, np.newaxis, :, :, np.newaxis]
        inside_x = ops.logical_and(ops.greater_equal(x, of_images(left)), ops.less(x, of_images(right)))
        inside_y = ops.logical_and(ops.greater_equal(y, of_images(top)), ops.less(y, of_images(bottom)))
        weight = 1.0 - (right - left) * (bottom - top) / float(width * height)
        return self._order(images), ops.logical_and(inside_x, inside_y), weight

    def _side(self, rows: Any, size: int, ratio: Any) -> tuple[Any, Any]:
        """Returns where rectangles begin and end along one side."""
        length = ratio * float(size)
        start = self._uniform((rows,)) * (float(size) - length)
        return start, start + length

    def __fastnn_transformed__(self, images: Any, drawn: Any) -> Any:
        """Returns the images with rectangles of others."""
        order, inside, _ = drawn
        return ops.where(inside, ops.take(images, order, 0), images)

    def __fastnn_labels__(self, labels: Any, drawn: Any) -> Any:
        """Returns the mixed labels."""
        order, _, weight = drawn
        return mixed(labels, order, weight)

    def __fastnn_masks__(self, masks: Any, drawn: Any) -> Any:
        """Returns segmentation masks with rectangles of others."""
        order, inside, _ = drawn
        if self.data_format == "channels_first":
            inside = ops.moveaxis(inside, -1, 1)
        return ops.where(inside, ops.take(ops.cast(masks, floatx()), order, 0), ops.cast(masks, floatx()))
