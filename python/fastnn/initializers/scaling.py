"""Initializers whose scale follows from the shape of the weight."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

from fastnn import _core
from fastnn.initializers.initializer import RandomInitializer, Values
from fastnn.naming import lookup


def fans(
    shape: Sequence[int], input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[float, float]:
    """Returns the numbers of connections into and out of one unit of a kernel.

    Without axes the last two are the channels in and out. The axes before them are the receptive field of a
    convolution, whose size multiplies both.

    Args:
        shape: Shape of the kernel.
        input_axes: Axes of the units of the input, or None.
        output_axes: Axes of the units of the output, or None.

    Returns:
        (fan_in, fan_out).

    Example:
        >>> from fastnn.initializers.scaling import fans
        >>> fans((3, 3, 16, 32))
        (144.0, 288.0)
    """
    if input_axes is not None and output_axes is not None:
        return float(math.prod(shape[axis] for axis in input_axes)), float(math.prod(shape[a] for a in output_axes))
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    field = math.prod(shape[:-2])
    return float(shape[-2] * field), float(shape[-1] * field)


class VarianceScaling(RandomInitializer):
    """Initializer of random values with variance scale / n, where n is a number of connections.

    "truncated_normal" is scaled so that the variance is as asked for although values are cut off. `GlorotUniform`,
    `HeNormal` and the others are special cases.

    Args:
        scale: A positive number.
        mode: Number that n is: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal", "untruncated_normal" or "uniform".
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.
        input_axes: Axes of the kernel that are units of the input; None: see `fans`.
        output_axes: Axes of the kernel that are units of the output; None: see `fans`.

    Raises:
        ValueError: An argument is none of these.

    Example:
        >>> fastnn.initializers.VarianceScaling(2.0, mode="fan_out", seed=1)((4, 3)).shape
        (4, 3)
    """

    __fastnn_keras_newer_arguments__ = {"input_axes": None, "output_axes": None}
    scale: float
    mode: str
    distribution: str
    input_axes: Sequence[int] | None
    output_axes: Sequence[int] | None

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        if not scale > 0:
            raise ValueError(f"VarianceScaling expects scale > 0, got {scale!r}")
        lookup("mode of VarianceScaling", mode, dict.fromkeys(("fan_in", "fan_out", "fan_avg")))
        known = dict.fromkeys(("truncated_normal", "untruncated_normal", "uniform", "normal"))
        lookup("distribution of VarianceScaling", distribution, known)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        return self._scaled(shape, self.scale, self.mode, self.distribution)

    def along(self, input_axes: Sequence[int], output_axes: Sequence[int]) -> VarianceScaling:
        """Returns the same initializer for a kernel with these axes; one that has axes is returned as it is.

        Args:
            input_axes: Axes of the kernel whose sizes multiply to the number of inputs.
            output_axes: Axes of the kernel whose sizes multiply to the number of outputs.

        Returns:
            The initializer.
        """
        if self.input_axes is not None and self.output_axes is not None:
            return self
        made = copy.copy(self)
        made.input_axes, made.output_axes = list(input_axes), list(output_axes)
        return made

    def _scaled(self, shape: Sequence[int], scale: float, mode: str, distribution: str) -> Values:
        fan_in, fan_out = fans(shape, self.input_axes, self.output_axes)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
        variance = scale / max(1.0, count)
        shape = tuple(shape)
        if distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return _core.random_uniform(self.draw_seed, shape, -limit, limit)
        if distribution == "untruncated_normal":
            return _core.random_normal(self.draw_seed, shape, 0.0, math.sqrt(variance))
        # Truncation at two standard deviations multiplies the standard deviation by 0.87962566.
        return _core.random_truncated_normal(self.draw_seed, shape, 0.0, math.sqrt(variance) / 0.87962566103423978)


class _Scaled(VarianceScaling):
    """VarianceScaling with fixed arguments, of which only the seed is left."""

    rule: tuple[float, str, str]

    def __init__(
        self,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        pass

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        return self._scaled(shape, *self.rule)


class GlorotUniform(_Scaled):
    """Glorot (Xavier) uniform initializer: variance 2 / (fan_in + fan_out); the default of kernels.

    Reference: Glorot and Bengio, 2010, "Understanding the difficulty of training deep feedforward neural networks".

    Args:
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.
        input_axes: Axes of the kernel that are units of the input; None: see `fans`.
        output_axes: Axes of the kernel that are units of the output; None: see `fans`.

    Example:
        >>> fastnn.initializers.GlorotUniform(seed=1)((4, 3)).shape
        (4, 3)
    """

    rule = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Glorot (Xavier) normal initializer: truncated normal, variance 2 / (fan_in + fan_out).

    Reference: Glorot and Bengio, 2010, "Understanding the difficulty of training deep feedforward neural networks".

    Args:
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.
        input_axes: Axes of the kernel that are units of the input; None: see `fans`.
        output_axes: Axes of the kernel that are units of the output; None: see `fans`.

    Example:
        >>> fastnn.initializers.GlorotNormal(seed=1)((4, 3)).shape
        (4, 3)
    """

    rule = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """He uniform initializer: variance 2 / fan_in, for layers with relu.

    Reference: He et al., 2015, "Delving deep into rectifiers".

    Args:
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.
        input_axes: Axes of the kernel that are units of the input; None: see `fans`.
        output_axes: Axes of the kernel that are units of the output; None: see `fans`.

    Example:
        >>> fastnn.initializers.HeUniform(seed=1)((4, 3)).shape
        (4, 3)
    """

    rule = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """He normal initializer: truncated normal, variance 2 / fan_in, for layers with relu.

    Reference: He et al., 2015, "Delving deep into rectifiers".

    Args:
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.
        input_axes: Axes of the kernel that are units of the input; None: see `fans`.
        output_axes: Axes of the kernel that are units of the output; None: see `fans`.

    Example:
        >>> fastnn.initializers.HeNormal(seed=1)((4, 3)).shape
        (4, 3)
    """

    rule = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """LeCun uniform initializer: variance 1 / fan_in.

    Reference: LeCun et al., 1998, "Efficient backprop".

    Args:
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.
        input_axes: Axes of the kernel that are units of the input; None: see `fans`.
        output_axes: Axes of the kernel that are units of the output; None: see `fans`.

    Example:
        >>> fastnn.initializers.LecunUniform(seed=1)((4, 3)).shape
        (4, 3)
    """

    rule = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """LeCun normal initializer: truncated normal, variance 1 / fan_in, for layers with selu.

    Reference: LeCun et al., 1998, "Efficient backprop".

    Args:
        seed: An integer of at least 0, or a `SeedGenerator`, which gives other values at each call; None draws one.
        input_axes: Axes of the kernel that are units of the input; None: see `fans`.
        output_axes: Axes of the kernel that are units of the output; None: see `fans`.

    Example:
        >>> fastnn.initializers.LecunNormal(seed=1)((4, 3)).shape
        (4, 3)
    """

    rule = (1.0, "fan_in", "truncated_normal")
