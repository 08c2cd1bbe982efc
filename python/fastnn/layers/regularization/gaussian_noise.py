"""Additive and multiplicative Gaussian noise."""

from __future__ import annotations

from typing import Any

from fastnn.layers.regularization.noise_layer import Noise


class GaussianNoise(Noise):
    """Layer that adds Gaussian noise in training.

    In training a normally distributed number with mean 0 is added to each element. In inference the layer is the
    identity.

    Shapes: input (batch, ...), output of the same shape.

    Args:
        stddev: Non-negative number, standard deviation of the noise.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `stddev` is out of its range.

    References:
        - Bishop, "Training with Noise is Equivalent to Tikhonov Regularization", 1995.

    Example:
        >>> layer = layers.GaussianNoise(0.1, seed=1)
        >>> layer(np.ones((1, 3)))
        array([[1., 1., 1.]], dtype=float32)
        >>> bool((layer(np.ones((1, 3)), training=True) != 1).all())
        True
    """

    __fastnn_kind__ = "GaussianNoise"
    stddev: float

    def __init__(self, stddev: float, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open_stream()


class GaussianDropout(Noise):
    """Layer that multiplies by Gaussian noise in training.

    In training each element is multiplied by a normally distributed number with mean 1 and variance rate / (1 - rate).
    In inference the layer is the identity.

    Shapes: input (batch, ...), output of the same shape.

    Args:
        rate: Number from 0 up to but not including 1, as for `Dropout`; it sets the variance of the noise.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `rate` is out of its range.

    References:
        - Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: A Simple Way to Prevent Neural Networks
          from Overfitting", 2014.

    Example:
        >>> layer = layers.GaussianDropout(0.2, seed=1)
        >>> layer(np.ones((1, 3)))
        array([[1., 1., 1.]], dtype=float32)
        >>> bool((layer(np.ones((1, 3)), training=True) != 1).all())
        True
    """

    __fastnn_kind__ = "GaussianDropout"
    rate: float

    def __init__(self, rate: float, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open_stream()
