"""MobileNetV2: inverted residual blocks, which expand the channels, convolve each alone, and project them.

Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (2018).
"""

from __future__ import annotations

from typing import Any

from fastnn.applications.architecture import (
    CLASSES,
    SCALED_OUTSIDE,
    STORE,
    Published,
    Request,
    channel_axis,
    channels,
    described,
    divisible,
    pad_for_stride,
)
from fastnn.applications.imagenet_utils import decode_predictions, preprocessing
from fastnn.applications.mobilenet import published_side, side_of
from fastnn.layers import Add, BatchNormalization, Conv2D, DepthwiseConv2D, GlobalAveragePooling2D, ReLU
from fastnn.models import Model

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]

_STAGES = ((16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1))
"""Filters, number of blocks, and stride of the first of them."""
_SIDES = (96, 128, 160, 192, 224)
_ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)


def _normalize(x: Any, name: str) -> Any:
    return BatchNormalization(axis=channel_axis(), epsilon=1e-3, momentum=0.999, name=name)(x)


def _pointwise(x: Any, filters: int, name: str, **arguments: Any) -> Any:
    return Conv2D(filters, 1, use_bias=False, name=name, **arguments)(x)


def _block(x: Any, filters: int, stride: int, number: int) -> Any:
    inputs = x
    name = f"block_{number}_" if number else "expanded_conv_"
    if number:
        x = _pointwise(x, 6 * channels(x), f"{name}expand", padding="same")
        x = ReLU(6.0, name=f"{name}expand_relu")(_normalize(x, f"{name}expand_BN"))
    if stride == 2:
        x = pad_for_stride(x, 3, f"{name}pad")
    padding = "same" if stride == 1 else "valid"
    x = DepthwiseConv2D(3, strides=stride, use_bias=False, padding=padding, name=f"{name}depthwise")(x)
    x = ReLU(6.0, name=f"{name}depthwise_relu")(_normalize(x, f"{name}depthwise_BN"))
    x = _normalize(_pointwise(x, filters, f"{name}project", padding="same"), f"{name}project_BN")
    return Add(name=f"{name}add")([inputs, x]) if stride == 1 and channels(inputs) == filters else x


def _features(x: Any, alpha: float) -> Any:
    x = Conv2D(divisible(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="Conv1")(x)
    x = ReLU(6.0, name="Conv1_relu")(_normalize(x, "bn_Conv1"))
    number = 0
    for filters, count, stride in _STAGES:
        for i in range(count):
            x = _block(x, divisible(int(filters * alpha)), stride if i == 0 else 1, number)
            number += 1
    x = _pointwise(x, divisible(1280 * alpha) if alpha > 1 else 1280, "Conv_1")
    return ReLU(6.0, name="out_relu")(_normalize(x, "Conv_1_bn"))


def _files(request: Request, alpha: float) -> Published:
    if alpha not in _ALPHAS:
        raise ValueError(
            f"MobileNetV2 expects alpha {', '.join(map(str, _ALPHAS))} with weights='imagenet', got alpha={alpha}"
        )
    stem = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{float(alpha)}_{published_side(request, _SIDES)}"
    return Published(f"{STORE}mobilenet_v2/", (f"{stem}.h5", None), (f"{stem}_no_top.h5", None))


@described(
    224,
    SCALED_OUTSIDE,
    alpha="Factor of the number of channels. There are pretrained weights for 0.35, 0.5, 0.75, 1, 1.3 and 1.4.",
    name="The name of the model; None: `mobilenetv2_`, then `alpha` and the height of the images.",
)
def MobileNetV2(
    input_shape: Any = None,
    alpha: float = 1.0,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = CLASSES,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    """Builds the network MobileNetV2."""
    request = Request(
        "MobileNetV2", include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    )
    given = input_tensor.shape[1:] if input_shape is None and input_tensor is not None else input_shape
    side = side_of(given)
    images = request.images(side if side in _SIDES else 224)
    files = _files(request, alpha) if request.pretrained else None
    x = _features(images, alpha)
    x = request.classify(GlobalAveragePooling2D()(x)) if include_top else request.pool(x, named=False)
    if name is None:
        request.name = f"mobilenetv2_{alpha:0.2f}_{request.height}"
    return request.model(images, x, files)


preprocess_input = preprocessing(__name__, "tf")
