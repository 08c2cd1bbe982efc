"""Pooling over sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.layer import Emission, Layer, channels_last
from fastnn.windowed import Windowed


class MaxPooling1D(Windowed):
    """The largest value of each window.

    Shapes: (batch, steps, channels) -> (batch, new steps, channels). With padding "valid" a rest
    that does not fill a window is dropped.

    Args:
        pool_size: How many steps a window spans.
        strides: How far the window moves; None: its size.
        padding: "valid" or "same".
        data_format: None or "channels_last".
        name: A name, or None.
        **kwargs: `trainable`, `input_shape`, as in `Layer`.

    Example:
        >>> MaxPooling1D(pool_size=2)
    """

    kind = "MaxPooling1D"
    rank = 1

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        channels_last(self, data_format)


class MaxPooling2D(Windowed):
    """The largest value of each window.

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, channels). With padding "valid" a rest
    that does not fill a window is dropped.

    Args:
        pool_size: The window's height and width, or one number for both.
        strides: Steps down and right; None: the window's size.
        padding: "valid" or "same".
        data_format: None or "channels_last".
        name: A name, or None.
        **kwargs: `trainable`, `input_shape`, as in `Layer`.

    Example:
        >>> MaxPooling2D(pool_size=(2, 2), strides=2)
    """

    kind = "MaxPooling2D"
    rank = 2

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2),
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        channels_last(self, data_format)


class MaxPooling3D(Windowed):
    """The largest value of each window.

    Shapes: (batch, depth, height, width, channels) -> (batch, new depth, new height, new width, channels).
    With padding "valid" a rest that does not fill a window is dropped.

    Args:
        pool_size: The window's depth, height and width, or one number for all.
        strides: Steps in depth, down and right; None: the window's size.
        padding: "valid" or "same".
        data_format: None or "channels_last".
        name: A name, or None.
        **kwargs: `trainable`, `input_shape`, as in `Layer`.

    Example:
        >>> MaxPooling3D(2)
    """

    kind = "MaxPooling3D"
    rank = 3

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2, 2),
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        channels_last(self, data_format)


class AveragePooling1D(Windowed):
    """The mean of each window; padding is not counted.

    Shapes: (batch, steps, channels) -> (batch, new steps, channels).

    Args:
        pool_size: How many steps a window spans.
        strides: How far the window moves; None: its size.
        padding: "valid" or "same".
        data_format: None or "channels_last".
        name: A name, or None.
        **kwargs: `trainable`, `input_shape`, as in `Layer`.

    Example:
        >>> AveragePooling1D(2)
    """

    kind = "AveragePooling1D"
    rank = 1

    def __init__(
        self,
        pool_size: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        channels_last(self, data_format)


class AveragePooling2D(Windowed):
    """The mean of each window; padding is not counted.

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, channels).

    Args:
        pool_size: The window's height and width, or one number for both.
        strides: Steps down and right; None: the window's size.
        padding: "valid" or "same".
        data_format: None or "channels_last".
        name: A name, or None.
        **kwargs: `trainable`, `input_shape`, as in `Layer`.

    Example:
        >>> AveragePooling2D(2)
    """

    kind = "AveragePooling2D"
    rank = 2

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2),
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        channels_last(self, data_format)


class AveragePooling3D(Windowed):
    """The mean of each window; padding is not counted.

    Shapes: (batch, depth, height, width, channels) -> (batch, new depth, new height, new width, channels).

    Args:
        pool_size: The window's depth, height and width, or one number for all.
        strides: Steps in depth, down and right; None: the window's size.
        padding: "valid" or "same".
        data_format: None or "channels_last".
        name: A name, or None.
        **kwargs: `trainable`, `input_shape`, as in `Layer`.

    Example:
        >>> AveragePooling3D(2)
    """

    kind = "AveragePooling3D"
    rank = 3

    def __init__(
        self,
        pool_size: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        channels_last(self, data_format)


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


MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
MaxPool3D = MaxPooling3D
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
