"""Dropout of single elements: plain, and the form for self-normalizing networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.layers.regularization.noise_layer import Noise


class Dropout(Noise):
    """In training sets a share of the inputs to 0 and divides the others by 1 - rate; in inference passes all on.

    Shapes: the input's.

    Args:
        rate: The share that is dropped, from 0 up to but not including 1.
        noise_shape: The shape of the mask, where axes of size 1 share one draw: (None, 1, 8); None: the input's.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> Dropout(0.5)
    """

    kind = "Dropout"

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._open_stream()


class AlphaDropout(Noise):
    """Dropout for `selu` networks: in training it keeps the mean 0 and the variance 1 of its inputs.

    A share of the inputs becomes the value at which selu saturates, -1.758; then all are scaled and moved.

    Shapes: the input's.

    Args:
        rate: The share that is dropped, from 0 up to but not including 1.
        noise_shape: The shape of the mask, where axes of size 1 share one draw: (None, 1, 8); None: the input's.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> AlphaDropout(0.1)
    """

    kind = "AlphaDropout"

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._open_stream()
