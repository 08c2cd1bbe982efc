"""Layers that apply other random image layers, chosen at random: RandAugment and AugMix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn import ops, random
from fastnn.engine.contract import title
from fastnn.layers.preprocessing.composed_image_layer import ComposedRandomLayer
from fastnn.layers.preprocessing.factor_ranges import Factor
from fastnn.layers.preprocessing.histograms import AutoContrast, Equalization
from fastnn.layers.preprocessing.random_color import RandomColorDegeneration
from fastnn.layers.preprocessing.random_geometry import RandomRotation, RandomShear, RandomTranslation
from fastnn.layers.preprocessing.random_intensity import (
    RandomBrightness,
    RandomContrast,
    RandomPosterization,
    Solarization,
)
from fastnn.layers.preprocessing.random_sharpness import RandomSharpness
from fastnn.naming import snake_case
from fastnn.symbolic.tensors import is_symbolic


class _Policy(ComposedRandomLayer):
    """Base of the two: it owns the layers that are chosen from, as attributes of their names."""

    factor: Factor
    value_range: Sequence[float]
    interpolation: str
    names: tuple[str, ...]

    def _make_layers(self, colors: bool) -> None:
        """Makes the layers to choose from, all of the same strength."""
        factor = self._range("factor")
        shared: dict[str, Any] = {"data_format": self.data_format, "bounding_box_format": self.bounding_box_format}
        drawing = {**shared, "seed": self.seed}
        placed = {**drawing, "interpolation": self.interpolation}
        valued = {**drawing, "value_range": self.value_range}
        made: list[Any] = [
            RandomShear(factor, factor, **placed),
            RandomTranslation(factor, factor, **placed),
            RandomRotation(factor, **placed),
        ]
        if colors:
            made += [
                RandomBrightness(factor, **valued),
                RandomColorDegeneration(factor, **valued),
                RandomContrast(factor, **valued),
                RandomSharpness(factor, **valued),
            ]
        made += [
            RandomPosterization(max(1, int(8 * factor[1])), **valued),
            Solarization(factor, factor, **valued),
            AutoContrast(self.value_range, **shared),
            Equalization(self.value_range, **shared),
        ]
        self.names = tuple(snake_case(type(layer).__name__) for layer in made)
        for name, layer in zip(self.names, made, strict=True):
            setattr(self, name, layer)

    def _drawn(self, data: Any, seed: Any) -> dict[str, Any] | None:
        """Returns what each layer draws; None for symbolic images, where their own nodes draw."""
        if is_symbolic(data) and not isinstance(data, Mapping):
            return None
        generator = self._generator(seed)
        return {name: getattr(self, name).get_random_transformation(data, seed=generator) for name in self.names}

    def _changed(self, method: str, x: Any, choice: Any, drawn: Mapping[str, Any] | None) -> Any:
        """Returns data changed by the layer of a number; a number without a layer leaves them.

        Args:
            method: The method of the layers that changes them.
            x: The data: an array, a tensor, or a dict of them.
            choice: The number.
            drawn: What the layers have drawn; None: they draw when called.
        """
        if not is_symbolic(choice):
            name = self.names[int(choice)] if int(choice) < len(self.names) else None
            return x if name is None else self._by_one(name, method, x, drawn)
        made = x
        for i, name in enumerate(self.names):
            one, here = self._by_one(name, method, x, drawn), ops.equal(choice, i)
            made = (
                {key: ops.where(here, one[key], made[key]) for key in made}
                if isinstance(made, Mapping)
                else ops.where(here, one, made)
            )
        return made

    def _by_one(self, name: str, method: str, x: Any, drawn: Mapping[str, Any] | None) -> Any:
        layer = getattr(self, name)
        return layer(x, training=True) if drawn is None else getattr(layer, method)(x, drawn[name])


class RandAugment(_Policy):
    """Layer that applies randomly chosen changes to images in training.

    The changes are shears, translations, rotations, brightness, color degeneration, contrast, sharpness,
    posterization, solarization, automatic contrast and equalization. Each batch draws its changes. In inference the
    layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        value_range: Pair of numbers, smallest and largest value of a channel.
        num_ops: Number of changes that are applied one after the other.
        factor: Range from which the strength of a change is drawn: a pair (lower, upper) of numbers from 0 to 1, or one
            number x for the range (0, x).
        interpolation: Interpolation between pixels: "bilinear" or "nearest".
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    References:
        - Cubuk, Zoph, Shlens, Le, "RandAugment: Practical automated data augmentation with a reduced search space",
          2020.

    Example:
        >>> layers.RandAugment(num_ops=1)(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    num_ops: int

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        num_ops: int = 2,
        factor: Factor = 0.5,
        interpolation: str = "bilinear",
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        if isinstance(num_ops, bool) or not isinstance(num_ops, int) or num_ops < 0:
            raise ValueError(f"{title(self)} expects num_ops to be an integer of at least 0, got {num_ops!r}")
        self._make_layers(colors=True)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns the numbers of the changes and what each layer has drawn; None in inference.

        They are called "layer_idxes" and "transforms".

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        idxes = random.randint((self.num_ops,), 0, len(self.names), seed=self._generator(seed))
        return {"transforms": self._drawn(data, seed), "layer_idxes": idxes}

    def _all(self, method: str, x: Any, transformation: Any, training: bool) -> Any:
        if training and transformation is not None:
            for i in range(self.num_ops):
                x = self._changed(method, x, transformation["layer_idxes"][i], transformation["transforms"])
        return x

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """Returns a batch of images, changed one layer after the other.

        Args:
            images: The images.
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        return self._all("transform_images", ops.cast(images, "float32"), transformation, training)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the boxes, changed as the images are.

        Args:
            bounding_boxes: A dict of "boxes" and "labels".
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        return self._all("transform_bounding_boxes", bounding_boxes, transformation, training)

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the masks, changed as the images are.

        Args:
            segmentation_masks: The masks.
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        return self._all("transform_segmentation_masks", segmentation_masks, transformation, training)


class AugMix(_Policy):
    """Layer that blends images with several randomly changed versions of them in training.

    Each version is the end of a chain of changes: shears, translations, rotations, posterization, solarization,
    automatic contrast, equalization, and with `all_ops` brightness, color degeneration, contrast and sharpness. In
    inference the layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        value_range: Pair of numbers, smallest and largest value of a channel.
        num_chains: Positive integer, number of chains.
        chain_depth: Positive integer, number of changes of a chain, each of which may be left out at random.
        factor: Range from which the strength of a change is drawn: a pair (lower, upper) of numbers from 0 to 1, or one
            number x for the range (0, x).
        alpha: Number above 0, shape of the distributions from which the weights of the chains and of the image are
            drawn.
        all_ops: Whether changes of colors are among the choices.
        interpolation: Interpolation between pixels: "bilinear" or "nearest".
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    References:
        - Hendrycks, Mu, Cubuk, Zoph, Gilmer, Lakshminarayanan, "AugMix: A Simple Data Processing Method to Improve
          Robustness and Uncertainty", 2020.

    Example:
        >>> layers.AugMix(num_chains=1, chain_depth=1)(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    __fastnn_mixes_masks__ = True
    num_chains: int
    chain_depth: int
    alpha: float
    all_ops: bool

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Factor = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        for name in ("num_chains", "chain_depth"):
            count = getattr(self, name)
            if isinstance(count, bool) or not isinstance(count, int) or count < 1:
                raise ValueError(f"{title(self)} expects {name} to be a positive integer, got {count!r}")
        if alpha <= 0:
            raise ValueError(f"{title(self)} expects alpha above 0, got {alpha!r}")
        self._make_layers(colors=all_ops)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Returns the changes of each chain, the weights of the chains and that of the image; None in inference.

        They are called "chain_transforms", "chain_mixing_weights" and "weight_sample".

        Args:
            data: Images, or a dict with them.
            training: Whether to draw.
            seed: An integer or a `SeedGenerator` to draw from; None: the generator of the layer.
        """
        if not training:
            return None
        generator = self._generator(seed)
        shares = random.gamma((self.num_chains,), self.alpha, seed=generator)
        # One number more than there are layers leaves a change out.
        choices = random.randint((self.num_chains, self.chain_depth), 0, len(self.names) + 1, seed=generator)
        chains = [
            [self._step(data, choices[chain, depth], seed) for depth in range(self.chain_depth)]
            for chain in range(self.num_chains)
        ]
        return {
            "chain_mixing_weights": shares / ops.maximum(ops.sum(shares), 1e-30),
            "weight_sample": random.beta((), self.alpha, self.alpha, seed=generator),
            "chain_transforms": [[step for step in chain if step is not None] for chain in chains],
        }

    def _step(self, data: Any, choice: Any, seed: Any) -> Any:
        """Returns the name of the layer and what it has drawn; for a number in a graph that, and what all have."""
        if is_symbolic(choice):
            return {"choice": choice, "transforms": self._drawn(data, seed)}
        if int(choice) == len(self.names):
            return None
        name = self.names[int(choice)]
        drawn = getattr(self, name).get_random_transformation(data, seed=self._generator(seed))
        return {"layer_name": name, "transformation": drawn}

    def _blended(self, method: str, x: Any, transformation: Any) -> Any:
        """Returns data mixed with the ends of the chains."""
        total: Any = None
        for steps, share in zip(
            transformation["chain_transforms"],
            _parts(transformation["chain_mixing_weights"], self.num_chains),
            strict=True,
        ):
            made = x
            for step in steps:
                if "choice" in step:
                    made = self._changed(method, made, step["choice"], step["transforms"])
                else:
                    made = getattr(getattr(self, step["layer_name"]), method)(made, step["transformation"])
            part = made * share
            total = part if total is None else total + part
        kept = transformation["weight_sample"]
        return kept * x + (1.0 - kept) * total

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """Returns a batch of images, blended with changed versions of them.

        Args:
            images: The images.
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        images = ops.cast(images, "float32")
        if not training or transformation is None:
            return images
        low, high = (float(one) for one in self.value_range)
        return ops.clip(self._blended("transform_images", images, transformation), low, high)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the boxes as they are: an image blended with moved ones keeps what is in it in place.

        Args:
            bounding_boxes: A dict of "boxes" and "labels".
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        return bounding_boxes

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        """Returns the masks, blended as the images are.

        Args:
            segmentation_masks: The masks.
            transformation: What `get_random_transformation` returned.
            training: Whether to change them as in training.
        """
        if not training or transformation is None:
            return segmentation_masks
        return self._blended("transform_segmentation_masks", ops.cast(segmentation_masks, "float32"), transformation)


def _parts(x: Any, count: int) -> list[Any]:
    return [x[i] for i in range(count)]
