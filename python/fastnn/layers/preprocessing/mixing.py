"""Layers that mix each image of a batch with another one, and their labels alike."""

from __future__ import annotations

from typing import Any

from fastnn import ops, random
from fastnn.engine.contract import title
from fastnn.layers.preprocessing.composed_image_layer import ComposedRandomLayer
from fastnn.layers.preprocessing.factor_ranges import Factor
from fastnn.layers.preprocessing.image_windows import rectangles


class MixUp(ComposedRandomLayer):
    """Layer that blends each image of a batch with another one in training, and their labels alike.

    The weight of an image is drawn from the beta distribution with both shapes `alpha`. In inference the layer is the
    identity.

    Shapes: input (batch, height, width, channels), output of the same shape; or a dict with "images", and perhaps
    "labels" (batch, classes), "segmentation_masks" and "bounding_boxes", of which an image gets those of its partner
    too.

    Args:
        alpha: Number above 0: small values leave most images nearly as they are.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `alpha` is not above 0, or a dict has no images.

    References:
        - Zhang, Cisse, Dauphin, Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", 2018.

    Example:
        >>> data = {"images": np.ones((4, 8, 8, 3)), "labels": np.eye(4)}
        >>> made = layers.MixUp()(data, training=True)
        >>> made["images"].shape, made["labels"].sum(-1).round(4).tolist()
        ((4, 8, 8, 3), [1.0, 1.0, 1.0, 1.0])
    """

    __fastnn_mixes_masks__ = True
    alpha: float

    def __init__(self, alpha: float = 0.2, data_format: str | None = None, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        if alpha <= 0:
            raise ValueError(f"{title(self)} expects alpha above 0, got {alpha!r}")

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns "permutation_order", the partners of the images, and "mix_weight"; None in inference.

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        rows = self._extent(data)[0]
        order = self._order(rows, seed)
        weight = random.beta((rows,), self.alpha, self.alpha, seed=self._generator(seed))
        return {"mix_weight": weight, "permutation_order": order}

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """Returns a batch of blended images.

        Args:
            images: The images.
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        images = ops.cast(images, "float32")
        return _mixed(images, transformation, 4) if training and transformation is not None else images

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the blended labels.

        Args:
            labels: The labels (batch, classes).
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        return _mixed(labels, transformation) if training and transformation is not None else labels

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the boxes of each image and those of its partner.

        Args:
            bounding_boxes: A dict of "boxes" and "labels".
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        if not training or transformation is None:
            return bounding_boxes
        order = transformation["permutation_order"]
        joined = {}
        for name, value in bounding_boxes.items():
            axis = min(1, len(ops.shape(value)) - 1)
            joined[name] = ops.concatenate([value, ops.take(value, order, 0)], axis)
        return joined

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the blended masks.

        Args:
            segmentation_masks: The masks.
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        changed = training and transformation is not None
        return _mixed(segmentation_masks, transformation, 4) if changed else segmentation_masks


def _mixed(x: Any, transformation: Any, rank: int | None = None) -> Any:
    """Returns each row mixed with another, its own with a weight of its own; images have a rank of 4."""
    rank = len(x.shape) if rank is None else rank
    weight = ops.reshape(ops.cast(transformation["mix_weight"], "float32"), (-1, *[1] * (rank - 1)))
    x = ops.cast(x, "float32")
    return weight * x + (1.0 - weight) * ops.take(x, transformation["permutation_order"], 0)


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
        ValueError: `factor` is out of its range, or a dict has no images.

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

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns the partners of the images, their rectangles and their weights; None in inference.

        They are called "permutation_order", "batch_masks" and "mix_weight".

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        rows, height, width = self._extent(data)
        if not training or rows == 1:
            return None
        generator = self._generator(seed)
        shape = self._draw((), self._range("factor"), seed) + 1e-6
        ratio = ops.sqrt(1.0 - random.beta((rows,), shape, shape, seed=generator))
        (left, right), (top, bottom) = (self._side(rows, size, ratio, seed) for size in (width, height))
        return {
            "permutation_order": self._order(rows, seed),
            "batch_masks": rectangles((left, right), (top, bottom), height, width, self.data_format),
            "mix_weight": 1.0 - (right - left) * (bottom - top) / float(width * height),
        }

    def _side(self, rows: Any, size: int, ratio: Any, seed: Any) -> tuple[Any, Any]:
        """Returns where rectangles begin and end along one side."""
        length = ratio * float(size)
        start = self._draw((rows,), seed=seed) * (float(size) - length)
        return start, start + length

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """Returns a batch of images with rectangles of others.

        Args:
            images: The images.
            transformation: What `get_random_transformation` returned; None: nothing is changed.
            training: Whether to change them as in training.
        """
        images = ops.cast(images, "float32")
        return self._pasted(images, transformation) if training and transformation is not None else images

    def _pasted(self, x: Any, transformation: Any) -> Any:
        masks = transformation["batch_masks"]
        # One channel says it, whatever their number is.
        inside = masks[:, :1] if self.data_format == "channels_first" else masks[..., :1]
        return ops.where(inside, ops.take(x, transformation["permutation_order"], 0), x)

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the mixed labels.

        Args:
            labels: The labels (batch, classes).
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        changed = training and transformation is not None
        return _mixed(labels, transformation) if changed else labels

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        """Returns masks with rectangles of others.

        Args:
            segmentation_masks: The masks.
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        changed = training and transformation is not None
        return self._pasted(segmentation_masks, transformation) if changed else segmentation_masks
