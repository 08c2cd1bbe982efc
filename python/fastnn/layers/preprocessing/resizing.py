"""Layer that resizes images."""

from __future__ import annotations

from typing import Any

from fastnn.layers.preprocessing.image_layer import ImageLayer


class Resizing(ImageLayer):
    """Images of another size, each pixel made of those around its place in the input.

    Shapes: (batch, h, w, channels) -> (batch, height, width, channels).

    Args:
        height: Rows of the output.
        width: Columns of the output.
        interpolation: How a pixel is made of others: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        crop_to_aspect_ratio: Whether to resize the largest window in the middle that has the output's shape, so that
            nothing is stretched.
        pad_to_aspect_ratio: Whether to pad the image to the output's shape first, with `fill_value`.
        fill_mode: "constant", the only way to pad.
        fill_value: What is padded.
        antialias: Whether a smaller output averages over all of the input.
        data_format: "channels_last" or None.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> Resizing(32, 32)(np.zeros((2, 48, 64, 3))).shape
        (2, 32, 32, 3)
    """

    kind = "Resizing"

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
