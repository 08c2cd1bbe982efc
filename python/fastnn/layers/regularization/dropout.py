"""Dropout of single elements: plain, and the form for self-normalizing networks."""

from __future__ import annotations

from typing import Any

from fastnn.layers.regularization.noise_layer import ShapedNoise


class Dropout(ShapedNoise):
    """Layer that drops random elements in training.

    In training each element is set to 0 with probability `rate`, and the others are divided by 1 - rate, so that the
    expected sum is kept. In inference the layer is the identity.

    Shapes: input (batch, ...), output of the same shape.

    Args:
        rate: Number from 0 up to but not including 1, probability that an element is dropped.
        noise_shape: Shape of the random mask; along an axis of size 1 one draw is shared, as in (None, 1, 8). None
            means the input's shape.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `rate` is out of its range, or `noise_shape` does not fit the input.

    References:
        - Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: A Simple Way to Prevent Neural Networks
          from Overfitting", 2014.

    Example:
        >>> layer = layers.Dropout(0.5, seed=1)
        >>> layer(np.ones((1, 4)))
        array([[1., 1., 1., 1.]], dtype=float32)
        >>> sorted(set(layer(np.ones((1, 100)), training=True).ravel().tolist()))
        [0.0, 2.0]
    """

    __fastnn_kind__ = "Dropout"
    rate: float

    def __init__(
        self,
        rate: float,
        noise_shape: Any = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)


class AlphaDropout(ShapedNoise):
    """Dropout layer for self-normalizing networks with `selu` activations.

    In training each element is replaced, with probability `rate`, by -1.758, the limit of selu for large negative
    inputs. Then all elements are scaled and shifted so that mean 0 and variance 1 are kept. In inference the layer is
    the identity.

    Shapes: input (batch, ...), output of the same shape.

    Args:
        rate: Number from 0 up to but not including 1, probability that an element is dropped.
        noise_shape: Shape of the random mask; along an axis of size 1 one draw is shared, as in (None, 1, 8). None
            means the input's shape.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `rate` is out of its range, or `noise_shape` does not fit the input.

    References:
        - Klambauer, Unterthiner, Mayr, Hochreiter, "Self-Normalizing Neural Networks", 2017.

    Example:
        >>> layer = layers.AlphaDropout(0.1, seed=1)
        >>> layer(np.ones((1, 4)))
        array([[1., 1., 1., 1.]], dtype=float32)
        >>> len(set(layer(np.ones((1, 100)), training=True).ravel().tolist()))
        2
    """

    __fastnn_kind__ = "AlphaDropout"
    rate: float

    def __init__(
        self,
        rate: float,
        noise_shape: Any = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
