"""ResNet V2: residual networks whose blocks begin with normalization and activation.

Source: He, Zhang, Ren and Sun, "Identity Mappings in Deep Residual Networks" (2016). Strides of 2 are in the last block
of a group.
"""

from __future__ import annotations

from typing import Any

from fastnn.applications.architecture import SCALED_OUTSIDE, architecture, average_and_classify, kernels
from fastnn.applications.imagenet_utils import decode_predictions, preprocessing
from fastnn.applications.resnet import FILTERS, activate, normalize, stem
from fastnn.layers import Add, Conv2D, MaxPooling2D, ZeroPadding2D

__all__ = ["ResNet50V2", "ResNet101V2", "ResNet152V2", "decode_predictions", "preprocess_input"]


def _block(x: Any, filters: int, stride: int, project: bool, name: str) -> Any:
    inputs = activate(normalize(x, f"{name}_preact"), f"{name}_preact")
    if project:
        shortcut = Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(inputs)
    else:
        shortcut = MaxPooling2D(1, strides=stride)(x) if stride > 1 else x
    x = Conv2D(filters, 1, use_bias=False, name=f"{name}_1_conv")(inputs)
    x = activate(normalize(x, f"{name}_1"), f"{name}_1")
    x = ZeroPadding2D(1, name=f"{name}_2_pad")(x)
    x = Conv2D(filters, 3, strides=stride, use_bias=False, name=f"{name}_2_conv")(x)
    x = activate(normalize(x, f"{name}_2"), f"{name}_2")
    return Add(name=f"{name}_out")([shortcut, Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)])


def _network(depth: int, blocks: tuple[int, ...], with_top: str, without_top: str) -> Any:
    def features(x: Any) -> Any:
        x = stem(x, preactivated=True)
        for group, (filters, count) in enumerate(zip(FILTERS, blocks, strict=True), 2):
            for i in range(1, count + 1):
                stride = 2 if i == count and group < 5 else 1
                x = _block(x, filters, stride, i == 1, f"conv{group}_block{i}")
        return activate(normalize(x, "post"), "post")

    title = f"ResNet{depth}V2"
    files = kernels("resnet", title.lower(), with_top, without_top)
    return architecture(title, __name__, features, average_and_classify, files, says=SCALED_OUTSIDE, light=depth == 50)


ResNet50V2 = _network(50, (3, 4, 6, 3), "3ef43a0b657b3be2300d5770ece849e0", "fac2f116257151a9d068a22e544a4917")
ResNet101V2 = _network(101, (3, 4, 23, 3), "6343647c601c52e1368623803854d971", "c0ed64b8031c3730f411d2eb4eea35b5")
ResNet152V2 = _network(152, (3, 8, 36, 3), "a49b44d1979771252814e80f8ec446f9", "ed17cf2e0169df9d443503ef94b23b33")
preprocess_input = preprocessing(__name__, "tf")
