"""InceptionV3: blocks of parallel branches with kernels of several sizes, some of them a row or a column.

Source: Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, "Rethinking the Inception Architecture for Computer Vision" (2015).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from fastnn.applications.architecture import (
    SCALED_OUTSIDE,
    architecture,
    average_and_classify,
    channel_axis,
    kernels,
)
from fastnn.applications.imagenet_utils import decode_predictions, preprocessing
from fastnn.layers import Activation, AveragePooling2D, BatchNormalization, Conv2D, MaxPooling2D, concatenate

__all__ = ["InceptionV3", "decode_predictions", "preprocess_input"]


class Unit(NamedTuple):
    """Convolution in a branch: filters, kernel, stride; with a stride of 2 nothing is padded."""

    filters: int
    kernel: int | tuple[int, int]
    stride: int = 1


def convolve(x: Any, filters: int, kernel: int | tuple[int, int], strides: int = 1, padding: str = "same") -> Any:
    """Convolves, normalizes without a factor, and applies the activation."""
    x = Conv2D(filters, kernel, strides=strides, padding=padding, use_bias=False)(x)
    return Activation("relu")(BatchNormalization(axis=channel_axis(), scale=False)(x))


def branch(x: Any, units: tuple[Unit, ...]) -> Any:
    """Applies convolutions one after the other."""
    for unit in units:
        x = convolve(x, unit.filters, unit.kernel, unit.stride, "same" if unit.stride == 1 else "valid")
    return x


def stem(x: Any) -> Any:
    """Returns the images after the convolutions and poolings that both Inception networks begin with."""
    x = convolve(x, 32, 3, strides=2, padding="valid")
    x = convolve(convolve(x, 32, 3, padding="valid"), 64, 3)
    x = MaxPooling2D(3, strides=2)(x)
    x = convolve(convolve(x, 80, 1, padding="valid"), 192, 3, padding="valid")
    return MaxPooling2D(3, strides=2)(x)


def smooth(x: Any) -> Any:
    """Averages each pixel with its neighbours."""
    return AveragePooling2D(3, strides=1, padding="same")(x)


def _join(branches: list[Any], name: str | None = None) -> Any:
    return concatenate(branches, axis=channel_axis(), name=name)


def _wide(x: Any, pooled: int, name: str) -> Any:
    branches = [
        branch(x, (Unit(64, 1),)),
        branch(x, (Unit(48, 1), Unit(64, 5))),
        branch(x, (Unit(64, 1), Unit(96, 3), Unit(96, 3))),
        convolve(smooth(x), pooled, 1),
    ]
    return _join(branches, name)


def _crossed(x: Any, inner: int, name: str) -> Any:
    row, column = (1, 7), (7, 1)
    branches = [
        branch(x, (Unit(192, 1),)),
        branch(x, (Unit(inner, 1), Unit(inner, row), Unit(192, column))),
        branch(x, (Unit(inner, 1), Unit(inner, column), Unit(inner, row), Unit(inner, column), Unit(192, row))),
        convolve(smooth(x), 192, 1),
    ]
    return _join(branches, name)


def _forked(x: Any, index: int, name: str) -> Any:
    def fork(x: Any, name: str | None) -> Any:
        return _join([convolve(x, 384, (1, 3)), convolve(x, 384, (3, 1))], name)

    branches = [
        branch(x, (Unit(320, 1),)),
        fork(branch(x, (Unit(384, 1),)), f"mixed9_{index}"),
        fork(branch(x, (Unit(448, 1), Unit(384, 3))), None),
        convolve(smooth(x), 192, 1),
    ]
    return _join(branches, name)


def _features(x: Any) -> Any:
    x = stem(x)
    for i, pooled in enumerate((32, 64, 64)):
        x = _wide(x, pooled, f"mixed{i}")
    branches = [branch(x, (Unit(384, 3, 2),)), branch(x, (Unit(64, 1), Unit(96, 3), Unit(96, 3, 2)))]
    x = _join([*branches, MaxPooling2D(3, strides=2)(x)], "mixed3")
    for i, inner in enumerate((128, 160, 160, 192), 4):
        x = _crossed(x, inner, f"mixed{i}")
    branches = [
        branch(x, (Unit(192, 1), Unit(320, 3, 2))),
        branch(x, (Unit(192, 1), Unit(192, (1, 7)), Unit(192, (7, 1)), Unit(192, 3, 2))),
    ]
    x = _join([*branches, MaxPooling2D(3, strides=2)(x)], "mixed8")
    for i in range(2):
        x = _forked(x, i, f"mixed{9 + i}")
    return x


InceptionV3 = architecture(
    "InceptionV3", __name__, _features, average_and_classify,
    kernels("inception_v3", "inception_v3", "9a0d58056eeedaa3f26cb7ebd46da564", "bcbd6486424b2319ff4ef7d526e38f63"),
    side=299, smallest=75, named_pools=False, says=SCALED_OUTSIDE, name="inception_v3",
)  # fmt: skip
preprocess_input = preprocessing(__name__, "tf")
