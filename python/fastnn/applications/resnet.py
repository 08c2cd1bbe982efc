"""ResNet: residual networks of bottlenecks, in which a sum leads past each block.

Source: He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition" (2015). Strides of 2 are in the first
kernel of a block, of 1x1.
"""

from __future__ import annotations

from typing import Any

from fastnn.applications.architecture import SCALED_OUTSIDE, architecture, average_and_classify, channel_axis, kernels
from fastnn.applications.imagenet_utils import decode_predictions, preprocessing
from fastnn.layers import Activation, Add, BatchNormalization, Conv2D, MaxPooling2D, ZeroPadding2D

__all__ = ["ResNet50", "ResNet101", "ResNet152", "decode_predictions", "preprocess_input"]

FILTERS = (64, 128, 256, 512)
"""The filters of the inner kernels, for each of the four groups of blocks."""


def normalize(x: Any, name: str) -> Any:
    """Normalizes a batch as these networks do."""
    return BatchNormalization(axis=channel_axis(), epsilon=1.001e-5, name=f"{name}_bn")(x)


def activate(x: Any, name: str) -> Any:
    """Applies the activation of these networks."""
    return Activation("relu", name=f"{name}_relu")(x)


def stem(x: Any, preactivated: bool) -> Any:
    """Returns the images after the first convolution and pooling.

    Args:
        x: The images.
        preactivated: Whether the blocks that follow begin with normalization and activation.
    """
    x = Conv2D(64, 7, strides=2, name="conv1_conv")(ZeroPadding2D(3, name="conv1_pad")(x))
    if not preactivated:
        x = activate(normalize(x, "conv1"), "conv1")
    return MaxPooling2D(3, strides=2, name="pool1_pool")(ZeroPadding2D(1, name="pool1_pad")(x))


def _block(x: Any, filters: int, stride: int, project: bool, name: str) -> Any:
    shortcut = x
    if project:
        shortcut = normalize(Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(x), f"{name}_0")
    x = Conv2D(filters, 1, strides=stride, name=f"{name}_1_conv")(x)
    x = activate(normalize(x, f"{name}_1"), f"{name}_1")
    x = Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x)
    x = activate(normalize(x, f"{name}_2"), f"{name}_2")
    x = normalize(Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x), f"{name}_3")
    return Activation("relu", name=f"{name}_out")(Add(name=f"{name}_add")([shortcut, x]))


def _network(depth: int, blocks: tuple[int, ...], with_top: str, without_top: str) -> Any:
    def features(x: Any) -> Any:
        x = stem(x, preactivated=False)
        for group, (filters, count) in enumerate(zip(FILTERS, blocks, strict=True), 2):
            for i in range(1, count + 1):
                stride = 2 if i == 1 and group > 2 else 1
                x = _block(x, filters, stride, i == 1, f"conv{group}_block{i}")
        return x

    title = f"ResNet{depth}"
    files = kernels("resnet", title.lower(), with_top, without_top)
    return architecture(title, __name__, features, average_and_classify, files, says=SCALED_OUTSIDE, light=depth == 50)


ResNet50 = _network(50, (3, 4, 6, 3), "2cb95161c43110f7111970584f804107", "4d473c1dd8becc155b73f8504c6f6626")
ResNet101 = _network(101, (3, 4, 23, 3), "f1aeb4b969a6efcfb50fad2f0c20cfc5", "88cf7a10940856eca736dc7b7e228a21")
ResNet152 = _network(152, (3, 8, 36, 3), "100835be76be38e30d865e96f2aaae62", "ee4c566cf9a93f14d82f913c2dc6dd0c")
preprocess_input = preprocessing(__name__, "caffe")
