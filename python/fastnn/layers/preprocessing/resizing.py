"""Layer that resizes images."""

from __future__ import annotations

from typing import Any

from fastnn.layers.preprocessing.image_layer import ImageLayer


class Resizing(ImageLayer):
    """Layer that resizes images.

    Shapes: input (batch, h, w, channels) or one image (h, w, channels), output (batch, height, width, channels) or
    (height, width, channels).

    Args:
        height: Positive integer, height of the output in pixels.
        width: Positive integer, width of the output in pixels.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        crop_to_aspect_ratio: Whether to resize the largest centered window with the aspect ratio of the output, so that
            nothing is distorted.
        pad_to_aspect_ratio: Whether to pad the image to the aspect ratio of the output first, with `fill_value`.
        fill_mode: "constant", the only mode of padding.
        fill_value: Number with which to pad.
        antialias: Whether to average over all input pixels that an output pixel covers when an image is made smaller.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layers.Resizing(32, 32)(np.zeros((2, 48, 64, 3))).shape
        (2, 32, 32, 3)
    """

    __fastnn_keras_newer_arguments__ = {
        "pad_to_aspect_ratio": False, "fill_mode": "constant", "fill_value": 0.0, "antialias": False,
    }  # fmt: skip
    __fastnn_kind__ = "Resizing"
    height: int
    width: int
    interpolation: str
    crop_to_aspect_ratio: bool
    pad_to_aspect_ratio: bool
    fill_mode: str
    fill_value: float
    antialias: bool

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
