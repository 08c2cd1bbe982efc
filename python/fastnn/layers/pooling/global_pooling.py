"""Pooling over all positions of a sequence, an image or a volume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.emission import Emission
from fastnn.engine.layer import Layer, channels_last


class _GlobalPooling(Layer):
    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)


class GlobalMaxPooling1D(_GlobalPooling):
    """The largest value of each channel.

    Shapes: (batch, steps, channels) -> (batch, channels), or (batch, 1, channels) with `keepdims`.

    Args:
        data_format: None or "channels_last".
        keepdims: Whether the axis of steps stays, as 1.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> GlobalMaxPooling1D()
    """

    kind = "GlobalMaxPooling1D"


class GlobalMaxPooling2D(_GlobalPooling):
    """The largest value of each channel.

    Shapes: (batch, height, width, channels) -> (batch, channels), or (batch, 1, 1, channels) with `keepdims`.

    Args:
        data_format: None or "channels_last".
        keepdims: Whether height and width stay, as 1.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> GlobalMaxPooling2D()
    """

    kind = "GlobalMaxPooling2D"


class GlobalMaxPooling3D(_GlobalPooling):
    """The largest value of each channel.

    Shapes: (batch, depth, height, width, channels) -> (batch, channels), or (batch, 1, 1, 1, channels) with `keepdims`.

    Args:
        data_format: None or "channels_last".
        keepdims: Whether depth, height and width stay, as 1.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> GlobalMaxPooling3D()
    """

    kind = "GlobalMaxPooling3D"


class GlobalAveragePooling1D(_GlobalPooling):
    """The mean of each channel, over the steps that count where there is a mask; 0 where none does.

    Shapes: (batch, steps, channels) -> (batch, channels), or (batch, 1, channels) with `keepdims`.

    Args:
        data_format: None or "channels_last".
        keepdims: Whether the axis of steps stays, as 1.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> GlobalAveragePooling1D()
    """

    kind = "GlobalAveragePooling1D"
    supports_masking = True

    def _emit_masked(self, emission: Emission, edges: list[int], masks: Sequence[int | None]) -> list[int]:
        if masks[0] is None:
            return self._emit_main(emission, edges)
        return emission.add(self, self.kind, {"keepdims": self.keepdims, "masked": True}, [edges[0], masks[0]])

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: there are no steps any more."""
        return None


class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of each channel.

    Shapes: (batch, height, width, channels) -> (batch, channels), or (batch, 1, 1, channels) with `keepdims`.

    Args:
        data_format: None or "channels_last".
        keepdims: Whether height and width stay, as 1.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> GlobalAveragePooling2D()
    """

    kind = "GlobalAveragePooling2D"


class GlobalAveragePooling3D(_GlobalPooling):
    """The mean of each channel.

    Shapes: (batch, depth, height, width, channels) -> (batch, channels), or (batch, 1, 1, 1, channels) with `keepdims`.

    Args:
        data_format: None or "channels_last".
        keepdims: Whether depth, height and width stay, as 1.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> GlobalAveragePooling3D()
    """

    kind = "GlobalAveragePooling3D"


GlobalMaxPool1D = GlobalMaxPooling1D


GlobalMaxPool2D = GlobalMaxPooling2D


GlobalMaxPool3D = GlobalMaxPooling3D


GlobalAvgPool1D = GlobalAveragePooling1D


GlobalAvgPool2D = GlobalAveragePooling2D


GlobalAvgPool3D = GlobalAveragePooling3D
