"""Layers that enlarge sequences, images and volumes by integer factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.layer import Layer, channels_last
from fastnn.layers.windowed import Windowed


class UpSampling1D(Layer):
    """Each step several times.

    Shapes: (batch, steps, channels) -> (batch, steps * size, channels).

    Args:
        size: How often.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> UpSampling1D(2)
    """

    kind = "UpSampling1D"

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class UpSampling2D(Windowed):
    """Images made larger: each pixel several times, or a blend of its neighbours.

    Shapes: (batch, height, width, channels) -> (batch, height * size[0], width * size[1], channels).

    Args:
        size: Factors of height and width, or one number for both.
        data_format: None or "channels_last".
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5"; pixels are squares whose middles
            lie at one half.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> UpSampling2D(2, interpolation="bilinear")
    """

    kind = "UpSampling2D"
    rank = 2

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)

    def _node(self) -> tuple[str, dict[str, Any]] | None:
        word = self.interpolation
        return self.kind, {"size": self.size, "interpolation": word.lower() if isinstance(word, str) else word}


class UpSampling3D(Windowed):
    """Each pixel of a volume several times.

    Shapes: (batch, depth, height, width, channels) ->
    (batch, depth * size[0], height * size[1], width * size[2], channels).

    Args:
        size: Factors of depth, height and width, or one number for all.
        data_format: None or "channels_last".
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> UpSampling3D((1, 2, 2))
    """

    kind = "UpSampling3D"
    rank = 3

    def __init__(self, size: int | Sequence[int] = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)
