"""Layers that apply other random image layers, chosen at random: RandAugment and AugMix."""

from __future__ import annotations

from collections.abc import Sequence
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


class _Policy(ComposedRandomLayer):
    """Base of the two: it owns the layers that are chosen from."""

    factor: Factor
    value_range: Sequence[float]
    interpolation: str

    def _layers(self, colors: bool) -> list[Any]:
        """Returns the layers to choose from, all of the same strength."""
        factor = self._range("factor")
        shared: dict[str, Any] = {"seed": self.seed, "data_format": "channels_last"}
        placed = {**shared, "interpolation": self.interpolation}
        valued = {**shared, "value_range": self.value_range}
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
        return [
            *made,
            RandomPosterization(max(1, int(8 * factor[1])), **valued),
            Solarization(factor, factor, **valued),
            AutoContrast(self.value_range),
            Equalization(self.value_range, data_format="channels_last"),
        ]

    def _changed(self, images: Any, choice: Any) -> Any:
        """Returns images changed by the layer of a number; a number without a layer leaves them."""
        made = images
        for i, layer in enumerate(self.choices):
            made = ops.where(ops.equal(choice, i), layer(images, training=True), made)
        return made

    choices: list[Any]


class RandAugment(_Policy):
    """Layer that applies randomly chosen changes to images in training.

    The changes are shears, translations, rotations, brightness, color degeneration, contrast, sharpness,
    posterization, solarization, automatic contrast and equalization. Each batch draws its changes. In inference the
    layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        value_range: Pair of numbers, smallest and largest value of a channel.
        num_ops: Positive integer, number of changes that are applied one after the other.
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
        if isinstance(num_ops, bool) or not isinstance(num_ops, int) or num_ops < 1:
            raise ValueError(f"{title(self)} expects num_ops to be a positive integer, got {num_ops!r}")
        self.choices = self._layers(colors=True)

    def __fastnn_draw__(self, images: Any) -> Any:
        """Returns the numbers of the changes."""
        return random.randint((self.num_ops,), 0, len(self.choices), seed=self.generator)

    def __fastnn_transformed__(self, images: Any, drawn: Any) -> Any:
        """Returns the changed images."""
        for i in range(self.num_ops):
            images = self._changed(images, drawn[i])
        return images


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
        self.choices = self._layers(colors=all_ops)

    def __fastnn_draw__(self, images: Any) -> Any:
        """Returns the numbers of the changes, the weights of the chains and that of the image."""
        shares = random.gamma((self.num_chains,), self.alpha, seed=self.generator)
        # One number more than there are layers leaves a change out.
        several = (self.num_chains, self.chain_depth)
        return (
            random.randint(several, 0, len(self.choices) + 1, seed=self.generator),
            shares / ops.maximum(ops.sum(shares), 1e-30),
            random.beta((), self.alpha, self.alpha, seed=self.generator),
        )

    def __fastnn_transformed__(self, images: Any, drawn: Any) -> Any:
        """Returns the blended images."""
        choices, shares, kept = drawn
        total: Any = None
        for chain in range(self.num_chains):
            made = images
            for depth in range(self.chain_depth):
                made = self._changed(made, choices[chain, depth])
            part = made * shares[chain]
            total = part if total is None else total + part
        low, high = (float(one) for one in self.value_range)
        return ops.clip(kept * images + (1.0 - kept) * total, low, high)
