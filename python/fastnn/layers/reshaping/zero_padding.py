"""Layers that add zeros at the border."""

from __future__ import annotations

from typing import Any

from fastnn.layers.reshaping.border_layer import Amounts, BorderLayer


class ZeroPadding1D(BorderLayer):
    """Layer that pads sequences with zeros.

    The size of an axis grows by the two numbers of its pair.

    Shapes: input (batch, steps, channels), output (batch, new_steps, channels).

    Args:
        padding: Non-negative integer for both ends, or a pair (first, last), in steps.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `padding` has none of these forms.

    Example:
        >>> layers.ZeroPadding1D(1)(np.ones((2, 10, 4))).shape
        (2, 12, 4)
    """

    __fastnn_keras_newer_arguments__ = {"data_format": "channels_last"}
    __fastnn_kind__ = "ZeroPadding1D"
    rank = 1
    __fastnn_word__ = "padding"
    padding: tuple[int, int]
    data_format: str

    def __init__(self, padding: Amounts = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._settle()


class ZeroPadding2D(BorderLayer):
    """Layer that pads images with zeros.

    The size of an axis grows by the two numbers of its pair.

    Shapes: input (batch, height, width, channels), output (batch, new_height, new_width, channels).

    Args:
        padding: Non-negative integers, in pixels: one for all sides, (vertical, horizontal), or ((top, bottom), (left,
            right)).
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `padding` has none of these forms.

    Example:
        >>> layers.ZeroPadding2D(1)(np.ones((2, 28, 28, 4))).shape
        (2, 30, 30, 4)
    """

    __fastnn_kind__ = "ZeroPadding2D"
    rank = 2
    __fastnn_word__ = "padding"
    padding: tuple[tuple[int, int], ...]
    data_format: str

    def __init__(self, padding: Amounts = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._settle()


class ZeroPadding3D(BorderLayer):
    """Layer that pads volumes with zeros.

    The size of an axis grows by the two numbers of its pair.

    Shapes: input (batch, depth, height, width, channels), output (batch, new_depth, new_height, new_width, channels).

    Args:
        padding: Non-negative integers, in voxels: one for all sides, one for each axis, or ((front, back), (top,
            bottom), (left, right)).
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `padding` has none of these forms.

    Example:
        >>> layers.ZeroPadding3D(1)(np.ones((2, 8, 8, 8, 4))).shape
        (2, 10, 10, 10, 4)
    """

    __fastnn_kind__ = "ZeroPadding3D"
    rank = 3
    __fastnn_word__ = "padding"
    padding: tuple[tuple[int, int], ...]
    data_format: str

    def __init__(
        self, padding: Amounts = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._settle()
