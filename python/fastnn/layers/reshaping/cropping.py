"""Layers that remove positions at the border."""

from __future__ import annotations

from typing import Any

from fastnn.layers.reshaping.border_layer import Amounts, BorderLayer


class Cropping1D(BorderLayer):
    """Layer that crops the first and last steps of sequences.

    The size of an axis shrinks by the two numbers of its pair.

    Shapes: input (batch, steps, channels), output (batch, new_steps, channels).

    Args:
        cropping: Non-negative integer for both ends, or a pair (first, last), in steps.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `cropping` has none of these forms, or nothing would remain.

    Example:
        >>> layers.Cropping1D(1)(np.ones((2, 10, 4))).shape
        (2, 8, 4)
    """

    __fastnn_kind__ = "Cropping1D"
    rank = 1
    __fastnn_word__ = "cropping"
    cropping: tuple[int, int]

    def __init__(self, cropping: Amounts = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._settle()


class Cropping2D(BorderLayer):
    """Layer that crops the borders of images.

    The size of an axis shrinks by the two numbers of its pair.

    Shapes: input (batch, height, width, channels), output (batch, new_height, new_width, channels).

    Args:
        cropping: Non-negative integers, in pixels: one for all sides, (vertical, horizontal), or ((top, bottom), (left,
            right)).
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `cropping` has none of these forms, or nothing would remain.

    Example:
        >>> layers.Cropping2D(1)(np.ones((2, 28, 28, 4))).shape
        (2, 26, 26, 4)
    """

    __fastnn_kind__ = "Cropping2D"
    rank = 2
    __fastnn_word__ = "cropping"
    cropping: tuple[tuple[int, int], ...]
    data_format: str

    def __init__(self, cropping: Amounts = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._settle()


class Cropping3D(BorderLayer):
    """Layer that crops the borders of volumes.

    The size of an axis shrinks by the two numbers of its pair.

    Shapes: input (batch, depth, height, width, channels), output (batch, new_depth, new_height, new_width, channels).

    Args:
        cropping: Non-negative integers, in voxels: one for all sides, one for each axis, or ((front, back), (top,
            bottom), (left, right)).
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `cropping` has none of these forms, or nothing would remain.

    Example:
        >>> layers.Cropping3D(1)(np.ones((2, 8, 8, 8, 4))).shape
        (2, 6, 6, 6, 4)
    """

    __fastnn_kind__ = "Cropping3D"
    rank = 3
    __fastnn_word__ = "cropping"
    cropping: tuple[tuple[int, int], ...]
    data_format: str

    def __init__(
        self, cropping: Amounts = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._settle()
