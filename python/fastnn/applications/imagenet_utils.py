"""Scaling of images for networks that were trained on ImageNet, and the names of its classes."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from fastnn import config, ops
from fastnn.utils.downloads import get_file

__all__ = ["decode_predictions", "preprocess_input"]

_CLASS_NAMES = "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"
_CLASS_NAMES_HASH = "c2c37ea517e94d9795004a39431a14cb"


class _Scaling(NamedTuple):
    """Factor, then the mean to subtract and the deviation to divide by, for each channel; and the order of colours."""

    divisor: float
    mean: tuple[float, ...]
    deviation: tuple[float, ...] | None
    reversed: bool


_MODES = {
    "caffe": _Scaling(1.0, (103.939, 116.779, 123.68), None, True),
    "tf": _Scaling(127.5, (1.0, 1.0, 1.0), None, False),
    "torch": _Scaling(255.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), False),
}


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Scales images as networks trained on ImageNet expect them.

    An array of floating-point numbers is changed in place (Keras does so), any other is left as it was.

    Args:
        x: Images (height, width, 3) or (batch, height, width, 3) with values from 0 to 255: an array, or a symbolic
            tensor.
        data_format: `"channels_last"`, or `"channels_first"`, where the channels are the first axis of an image; None:
            as the configuration says.
        mode: `"caffe"`: colours become blue, green, red, and the mean of ImageNet is subtracted. `"tf"`: values from -1
            to 1. `"torch"`: values from 0 to 1 are standardized by mean and deviation of ImageNet.

    Returns:
        The scaled images, of the same shape.

    Raises:
        ValueError: `mode` or `data_format` is unknown.

    Example:
        >>> x = np.full((1, 1, 3), 255.0)
        >>> fastnn.applications.imagenet_utils.preprocess_input(x, mode="tf").ravel()
        array([1., 1., 1.])
    """
    if mode not in _MODES:
        raise ValueError(f"preprocess_input expects mode 'caffe', 'tf' or 'torch', got {mode!r}")
    if data_format is None:
        data_format = config.image_data_format()
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError(
            f"preprocess_input expects data_format 'channels_first' or 'channels_last', got {data_format!r}"
        )
    scaling = _MODES[mode]
    axis = -1 if data_format == "channels_last" else -3
    along = (3,) if axis == -1 else (3, 1, 1)
    if isinstance(x, np.ndarray):
        return _scale_array(x, scaling, axis, along)
    dtype = "float32"
    x = ops.cast(x, dtype) / scaling.divisor if scaling.divisor != 1 else ops.cast(x, dtype)
    if scaling.reversed:
        x = ops.flip(x, axis=axis)
    x = x - np.array(scaling.mean, dtype).reshape(along)
    return x if scaling.deviation is None else x / np.array(scaling.deviation, dtype).reshape(along)


def _scale_array(x: Any, scaling: _Scaling, axis: int, along: tuple[int, ...]) -> Any:
    if not np.issubdtype(x.dtype, np.floating):
        x = x.astype(config.floatx())
    if scaling.reversed:
        x = np.flip(x, axis)
    if scaling.divisor != 1:
        x /= scaling.divisor
    x -= np.array(scaling.mean, x.dtype).reshape(along)
    if scaling.deviation is not None:
        x /= np.array(scaling.deviation, x.dtype).reshape(along)
    return x


@cache
def class_names() -> dict[str, tuple[str, str]]:
    path = get_file("imagenet_class_index.json", _CLASS_NAMES, cache_subdir="models", file_hash=_CLASS_NAMES_HASH)
    with open(path, encoding="utf-8") as file:
        return {number: tuple(names) for number, names in json.load(file).items()}


def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple[str, str, float]]]:
    """Returns the names of the most probable classes of ImageNet.

    Args:
        preds: Predicted probabilities (batch, 1000).
        top: The number of classes for each image.

    Returns:
        For each image a list of (identifier in WordNet, name, probability), the most probable first.

    Raises:
        ValueError: `preds` has another shape.

    Example:
        >>> fastnn.applications.imagenet_utils.decode_predictions(np.zeros((1, 10)))
        Traceback (most recent call last):
            ...
        ValueError: decode_predictions expects predictions of shape (batch, 1000), got (1, 10)
    """
    values = np.asarray(preds)
    if values.ndim != 2 or values.shape[1] != 1000:
        raise ValueError(f"decode_predictions expects predictions of shape (batch, 1000), got {values.shape}")
    names = class_names()
    best = np.argsort(values, axis=1)[:, ::-1][:, :top]
    return [[(*names[str(i)], row[i]) for i in order] for row, order in zip(values, best, strict=True)]


def preprocessing(module: str, mode: str | None) -> Callable[..., Any]:
    """Returns the function `preprocess_input` of one family of networks.

    Args:
        module: The module in which it stands.
        mode: The mode of scaling; None: the network itself scales its images.
    """
    family = module.rsplit(".", 1)[1]

    def scale(x: Any, data_format: str | None = None) -> Any:
        return x if mode is None else preprocess_input(x, data_format, mode)

    effect = (
        "Returns images as they are, since scaling them is part of the network."
        if mode is None
        else f"Scales images for these networks, in the mode {mode!r} of `imagenet_utils.preprocess_input`."
    )
    pixel = np.full((1, 1, 3), 255.0)
    result = np.round(scale(pixel).ravel(), 2)
    scale.__name__ = scale.__qualname__ = "preprocess_input"
    scale.__module__ = module
    scale.__doc__ = f"""{effect}

    Args:
        x: Images (height, width, 3) or (batch, height, width, 3) with values from 0 to 255.
        data_format: Where the channels are; None: as the configuration says.

    Returns:
        Images of the same shape.

    Example:
        >>> x = np.full((1, 1, 3), 255.0)
        >>> np.round(fastnn.applications.{family}.preprocess_input(x).ravel(), 2)
        {result!r}
    """
    return scale
