"""Random changes of images that functions make up, active in training only: blur, perspective, elastic distortion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn import ops, random
from fastnn.engine.contract import title
from fastnn.layers.preprocessing.composed_image_layer import ComposedRandomLayer, of_images
from fastnn.layers.preprocessing.factor_ranges import Factor
from fastnn.ops.image_sampling import FILL_MODES, INTERPOLATIONS, displaced
from fastnn.precision import floatx


class RandomGaussianBlur(ComposedRandomLayer):
    """Layer that blurs random images with a Gaussian kernel in training.

    The standard deviations along height and width are drawn for each batch. In inference the layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        factor: Range from which the probability of a blur is drawn for each image: a pair (lower, upper) of numbers
            from 0 to 1, or one number x for the range (0, x).
        kernel_size: Odd integer, or a pair of odd integers (width, height), size of the kernel.
        sigma: Range from which a standard deviation is drawn: a pair (lower, upper) of numbers from 0 to 1, or one
            number x for the range (0, x).
        value_range: Pair of numbers, smallest and largest value of a channel.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layers.RandomGaussianBlur()(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    factor: Factor
    kernel_size: int | Sequence[int]
    sigma: Factor
    value_range: Sequence[float]

    def __init__(
        self,
        factor: Factor = 1.0,
        kernel_size: int | Sequence[int] = 3,
        sigma: Factor = 1.0,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        for name in ("factor", "sigma"):
            self._range(name)
        sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size)
        if len(sizes) != 2 or any(not isinstance(size, int) or size % 2 == 0 for size in sizes):
            raise ValueError(f"{title(self)} expects kernel_size to be one or two odd integers, got {kernel_size!r}")

    def __fastnn_draw__(self, images: Any) -> Any:
        """Returns which images are blurred, and the standard deviations."""
        return self._chosen(images), self._uniform((2,), *self._range("sigma")) + 1e-6

    def __fastnn_transformed__(self, images: Any, drawn: Any) -> Any:
        """Returns the images, some of them blurred."""
        chosen, sigma = drawn
        sizes = [self.kernel_size] * 2 if isinstance(self.kernel_size, int) else list(self.kernel_size)
        curves = []
        for i, size in enumerate(sizes):
            places = ((np.arange(size) - (size - 1) / 2.0) ** 2).astype(floatx())
            curve = ops.exp(-0.5 * places / (sigma[i] * sigma[i]))
            curves.append(curve / ops.sum(curve))
        blurred = _smoothed(_smoothed(images, curves[1], 1), curves[0], 2)
        return ops.clip(ops.where(of_images(chosen), blurred, images), *(float(one) for one in self.value_range))


def _smoothed(images: Any, curve: Any, axis: int) -> Any:
    """Returns images smoothed along one axis by weights, with zeros around them."""
    size, count = images.shape[axis], curve.shape[0]
    widths = [(0, 0)] * 4
    widths[axis] = ((count - 1) // 2, count // 2)
    padded = ops.pad(images, widths)
    made: Any = None
    for i in range(count):
        part = ops.take(padded, np.arange(i, i + size, dtype=np.int32), axis) * curve[i]
        made = part if made is None else made + part
    return made


class RandomPerspective(ComposedRandomLayer):
    """Layer that views random images from another perspective in training.

    Each corner is moved by a random share of its distance from the upper left one. In inference the layer is the
    identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        factor: Range from which the probability of a change is drawn for each image: a pair (lower, upper) of numbers
            from 0 to 1, or one number x for the range (0, x).
        scale: Number from 0 to 1: a corner moves by up to half this share of its coordinates.
        interpolation: Interpolation between pixels: "bilinear" or "nearest".
        fill_value: Number that stands beyond the border.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layers.RandomPerspective(scale=0.5)(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    factor: Factor
    scale: float
    interpolation: str
    fill_value: float

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        for name in ("factor", "scale"):
            self._range(name)
        if interpolation not in INTERPOLATIONS:
            raise ValueError(f"{title(self)} expects interpolation 'nearest' or 'bilinear', got {interpolation!r}")

    def __fastnn_draw__(self, images: Any) -> Any:
        """Returns which images are changed, and where their corners go."""
        height, width = images.shape[1:3]
        corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]], dtype=floatx())
        start = self._uniform((ops.shape(images)[0], 4, 2)) * 0.0 + corners
        half = 0.5 * float(self._range("scale")[1])
        moved = self._uniform((ops.shape(images)[0], 4, 2), -half, half)
        return self._chosen(images), start, start + start * moved

    def __fastnn_transformed__(self, images: Any, drawn: Any) -> Any:
        """Returns the images, some of them in another perspective."""
        chosen, start, end = drawn
        made = ops.image.perspective_transform(
            images, start, end, self.interpolation, self.fill_value, data_format="channels_last"
        )
        return ops.where(of_images(chosen), made, images)


class RandomElasticTransform(ComposedRandomLayer):
    """Layer that distorts random images in training, as if they were drawn on rubber.

    In inference the layer is the identity.

    Shapes: input (batch, height, width, channels) or one image without the batch, output of the same shape.

    Args:
        factor: Range from which the probability of a distortion is drawn for each image: a pair (lower, upper) of
            numbers from 0 to 1, or one number x for the range (0, x).
        scale: Range from which the strength s is drawn for each batch: a pair (lower, upper) of numbers from 0 to 1, or
            one number x for the range (0, x). Random distances are multiplied by s / 10 of the longer side, and
            smoothed by a Gaussian of the width s / 20 of the shorter side, where s is the upper end of the range.
        interpolation: Interpolation between pixels: "bilinear" or "nearest".
        fill_mode: Values beyond the border: "reflect", "wrap", "mirror", "constant" (`fill_value`) or "nearest".
        fill_value: Number that stands beyond the border with "constant".
        value_range: Pair of numbers, smallest and largest value of a channel.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    References:
        - Simard, Steinkraus, Platt, "Best Practices for Convolutional Neural Networks Applied to Visual Document
          Analysis", 2003.

    Example:
        >>> layers.RandomElasticTransform()(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    factor: Factor
    scale: Factor
    interpolation: str
    fill_mode: str
    fill_value: float
    value_range: Sequence[float]

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: Factor = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        for name in ("factor", "scale"):
            self._range(name)
        if interpolation not in INTERPOLATIONS:
            raise ValueError(f"{title(self)} expects interpolation 'nearest' or 'bilinear', got {interpolation!r}")
        if fill_mode not in FILL_MODES:
            raise ValueError(f"{title(self)} expects fill_mode one of {FILL_MODES}, got {fill_mode!r}")

    def __fastnn_draw__(self, images: Any) -> Any:
        """Returns which images are distorted, the strength, and the distances of the pixels before smoothing."""
        rows = ops.shape(images)[0]
        height, width = images.shape[1:3]
        strength = self._uniform((), *self._range("scale"))
        return self._chosen(images), strength, random.normal((rows, height, width, 2), seed=self.generator)

    def __fastnn_transformed__(self, images: Any, drawn: Any) -> Any:
        """Returns the images, some of them distorted."""
        chosen, strength, distances = drawn
        height, width = images.shape[1:3]
        # A kernel has a fixed size, so the width of the Gaussian is that of the strongest distortion.
        sigma = max(0.05 * self._range("scale")[1] * min(height, width), 1e-3)
        spread = distances * (strength * (0.05 * min(height, width)))
        made = displaced(
            images, spread, strength * (0.1 * max(height, width)), sigma, self.interpolation, self.fill_mode,
            self.fill_value,
        )  # fmt: skip
        return ops.clip(ops.where(of_images(chosen), made, images), *(float(one) for one in self.value_range))
