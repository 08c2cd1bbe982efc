"""Xception: separable convolutions with sums that lead past each block.

Source: Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions" (2016).
"""

from __future__ import annotations

from typing import Any

from fastnn.applications.architecture import SCALED_OUTSIDE, architecture, average_and_classify, channel_axis, kernels
from fastnn.applications.imagenet_utils import decode_predictions, preprocessing
from fastnn.layers import Activation, BatchNormalization, Conv2D, MaxPooling2D, SeparableConv2D, add

__all__ = ["Xception", "decode_predictions", "preprocess_input"]


def _normalize(x: Any, name: str | None = None) -> Any:
    return BatchNormalization(axis=channel_axis(), name=name)(x)


def _separable(x: Any, filters: int, name: str) -> Any:
    x = SeparableConv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
    return _normalize(x, f"{name}_bn")


def _activate(x: Any, name: str) -> Any:
    return Activation("relu", name=f"{name}_act")(x)


def _shrinking_block(x: Any, filters: tuple[int, int], block: int, activate_first: bool = True) -> Any:
    residual = _normalize(Conv2D(filters[1], 1, strides=2, padding="same", use_bias=False)(x))
    for i, width in enumerate(filters, 1):
        name = f"block{block}_sepconv{i}"
        if i > 1 or activate_first:
            x = _activate(x, name)
        x = _separable(x, width, name)
    x = MaxPooling2D(3, strides=2, padding="same", name=f"block{block}_pool")(x)
    return add([x, residual])


def _middle_block(x: Any, block: int) -> Any:
    residual = x
    for i in (1, 2, 3):
        name = f"block{block}_sepconv{i}"
        x = _separable(_activate(x, name), 728, name)
    return add([x, residual])


def _features(x: Any) -> Any:
    for i, (filters, strides) in enumerate(((32, 2), (64, 1)), 1):
        name = f"block1_conv{i}"
        x = Conv2D(filters, 3, strides=strides, use_bias=False, name=name)(x)
        x = _activate(_normalize(x, f"{name}_bn"), name)
    for block, width in enumerate((128, 256, 728), 2):
        x = _shrinking_block(x, (width, width), block, activate_first=block > 2)
    for block in range(5, 13):
        x = _middle_block(x, block)
    x = _shrinking_block(x, (728, 1024), 13)
    for i, width in enumerate((1536, 2048), 1):
        name = f"block14_sepconv{i}"
        x = _activate(_separable(x, width, name), name)
    return x


Xception = architecture(
    "Xception", __name__, _features, average_and_classify,
    kernels("xception", "xception", "0a58e3b7378bc2990ea3b43d5981f1f6", "b0042744bf5b25fce3cb969f33bebb97"),
    side=299, smallest=71, named_pools=False, says=SCALED_OUTSIDE,
)  # fmt: skip
preprocess_input = preprocessing(__name__, "tf")
