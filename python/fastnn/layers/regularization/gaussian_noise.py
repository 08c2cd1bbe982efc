"""Additive and multiplicative Gaussian noise."""

from __future__ import annotations

from typing import Any

from fastnn.layers.regularization.noise_layer import Noise


class GaussianNoise(Noise):
    """In training adds a normal number of mean 0 to each input; in inference passes all on.

    Shapes: the input's.

    Args:
        stddev: The standard deviation of the numbers.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> GaussianNoise(0.1)
    """

    kind = "GaussianNoise"

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open_stream()


class GaussianDropout(Noise):
    """In training multiplies each input by a normal number of mean 1; in inference passes all on.

    Shapes: the input's.

    Args:
        rate: As for `Dropout`, from 0 up to but not including 1: the numbers' variance is rate / (1 - rate).
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> GaussianDropout(0.2)
    """

    kind = "GaussianDropout"

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open_stream()
