"""DenseNet: networks in which each layer sees the outputs of all layers before it in its group.

Source: Huang, Liu, van der Maaten and Weinberger, "Densely Connected Convolutional Networks" (2016).
"""

from __future__ import annotations

from typing import Any

from fastnn.applications.architecture import SCALED_OUTSIDE, architecture, average_and_classify, channels, kernels
from fastnn.applications.imagenet_utils import decode_predictions, preprocessing
from fastnn.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    MaxPooling2D,
    ZeroPadding2D,
)

__all__ = ["DenseNet121", "DenseNet169", "DenseNet201", "decode_predictions", "preprocess_input"]

_GROWTH = 32


def _activated(x: Any, name: str) -> Any:
    x = BatchNormalization(axis=-1, epsilon=1.001e-5, name=f"{name}bn")(x)
    return Activation("relu", name=f"{name}relu")(x)


def _grow(x: Any, name: str) -> Any:
    grown = _activated(x, f"{name}_0_")
    grown = Conv2D(4 * _GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(grown)
    grown = _activated(grown, f"{name}_1_")
    grown = Conv2D(_GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(grown)
    return Concatenate(axis=-1, name=f"{name}_concat")([x, grown])


def _halve(x: Any, name: str) -> Any:
    """Halves channels and sides between two groups."""
    x = _activated(x, f"{name}_")
    x = Conv2D(channels(x) // 2, 1, use_bias=False, name=f"{name}_conv")(x)
    return AveragePooling2D(2, strides=2, name=f"{name}_pool")(x)


def _network(depth: int, blocks: tuple[int, ...], with_top: str, without_top: str) -> Any:
    def features(x: Any) -> Any:
        x = Conv2D(64, 7, strides=2, use_bias=False, name="conv1_conv")(ZeroPadding2D(3)(x))
        x = MaxPooling2D(3, strides=2, name="pool1")(ZeroPadding2D(1)(_activated(x, "conv1_")))
        for group, count in enumerate(blocks, 2):
            for i in range(1, count + 1):
                x = _grow(x, f"conv{group}_block{i}")
            if group < 5:
                x = _halve(x, f"pool{group}")
        return _activated(x, "")

    title = f"DenseNet{depth}"
    files = kernels("densenet", title.lower(), with_top, without_top)
    says = f"{SCALED_OUTSIDE} Their channels are last."
    return architecture(
        title, __name__, features, average_and_classify, files, says=says, channels_last_only=True
    )  # fmt: skip


DenseNet121 = _network(121, (6, 12, 24, 16), "9d60b8095a5708f2dcce2bca79d332c7", "30ee3e1110167f948a6b9946edeeb738")
DenseNet169 = _network(169, (6, 12, 32, 32), "d699b8f76981ab1b30698df4c175e90b", "b8c4d4c20dd625c148057b9ff1c1176b")
DenseNet201 = _network(201, (6, 12, 48, 32), "1ceb130c1ea1b78c3bf6114dbdfd8807", "c13680b51ded0fb44dff2d8f86ac8bb1")
preprocess_input = preprocessing(__name__, "torch")
