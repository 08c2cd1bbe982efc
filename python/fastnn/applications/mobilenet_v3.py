"""MobileNetV3: inverted residual blocks with squeeze and excitation, found by a search.

Source: Howard et al., "Searching for MobileNetV3" (2019).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from fastnn.applications.architecture import (
    CLASSES,
    SCALED_INSIDE,
    STORE,
    Published,
    Request,
    channel_axis,
    channels,
    described,
    divisible,
    named,
    pad_for_stride,
)
from fastnn.applications.imagenet_utils import decode_predictions, preprocessing
from fastnn.applications.mobilenet import side_of
from fastnn.caller import warn
from fastnn.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Multiply,
    ReLU,
    Rescaling,
)
from fastnn.models import Model

# The functions stand in `fastnn.applications`; Keras has no more in this module either.
__all__ = ["decode_predictions", "preprocess_input"]


class _Block(NamedTuple):
    """Row of table 1 or 2 of the paper."""

    expansion: float
    filters: int
    kernel: int
    stride: int
    excited: bool
    hard_swish: bool


_SMALL = (
    _Block(1, 16, 3, 2, True, False), _Block(72 / 16, 24, 3, 2, False, False), _Block(88 / 24, 24, 3, 1, False, False),
    _Block(4, 40, 5, 2, True, True), *[_Block(6, 40, 5, 1, True, True)] * 2, *[_Block(3, 48, 5, 1, True, True)] * 2,
    _Block(6, 96, 5, 2, True, True), *[_Block(6, 96, 5, 1, True, True)] * 2,
)  # fmt: skip
_LARGE = (
    _Block(1, 16, 3, 1, False, False), _Block(4, 24, 3, 2, False, False), _Block(3, 24, 3, 1, False, False),
    _Block(3, 40, 5, 2, True, False), *[_Block(3, 40, 5, 1, True, False)] * 2, _Block(6, 80, 3, 2, False, True),
    _Block(2.5, 80, 3, 1, False, True), *[_Block(2.3, 80, 3, 1, False, True)] * 2,
    *[_Block(6, 112, 3, 1, True, True)] * 2, _Block(6, 160, 5, 2, True, True), *[_Block(6, 160, 5, 1, True, True)] * 2,
)  # fmt: skip

_HASHES = {
    "large_224_0.75": ("765b44a33ad4005b3ac83185abf1d0eb", "40af19a13ebea4e2ee0c676887f69a2e"),
    "large_224_1.0": ("59e551e166be033d707958cf9e29a6a7", "07fb09a5933dd0c8eaafa16978110389"),
    "large_minimalistic_224_1.0": ("675e7b876c45c57e9e63e6d90a36599c", "ec5221f64a2f6d1ef965a614bdae7973"),
    "small_224_0.75": ("cb65d4e5be93758266aa0a7f2c6708b7", "ebdb5cc8e0b497cd13a7c275d475c819"),
    "small_224_1.0": ("8768d4c2e7dee89b9d02b2d03d65d862", "d3e8ec802a04aa4fc771ee12a9a9b836"),
    "small_minimalistic_224_1.0": ("99cd97fb2fcdad2bf028eb838de69e37", "cde8136e733e811080d9fcd8a252f7e4"),
}


def _normalize(x: Any, name: str) -> Any:
    return BatchNormalization(axis=channel_axis(), epsilon=1e-3, momentum=0.999, name=name)(x)


def _pointwise(x: Any, filters: int, name: str, use_bias: bool = False) -> Any:
    return Conv2D(filters, 1, padding="same", use_bias=use_bias, name=name)(x)


def _activate(x: Any, hard_swish: bool) -> Any:
    return Activation("hard_swish")(x) if hard_swish else ReLU()(x)


def _excite(inputs: Any, filters: int, name: str) -> Any:
    """Weights the channels by what their means say together (squeeze and excitation)."""
    x = GlobalAveragePooling2D(keepdims=True, name=f"{name}avg_pool")(inputs)
    x = ReLU(name=f"{name}relu")(_pointwise(x, divisible(filters * 0.25), f"{name}conv", use_bias=True))
    x = _pointwise(x, filters, f"{name}conv_1", use_bias=True)
    return Multiply(name=f"{name}mul")([inputs, ReLU(6.0)(x + 3.0) * (1.0 / 6.0)])


def _bottleneck(x: Any, block: _Block, number: int) -> Any:
    inputs = x
    name = f"expanded_conv_{number}_" if number else "expanded_conv_"
    inner = divisible(channels(x) * block.expansion)
    if number:
        x = _activate(_normalize(_pointwise(x, inner, f"{name}expand"), f"{name}expand_bn"), block.hard_swish)
    if block.stride == 2:
        x = pad_for_stride(x, block.kernel, f"{name}depthwise_pad")
    padding = "same" if block.stride == 1 else "valid"
    x = DepthwiseConv2D(
        block.kernel, strides=block.stride, padding=padding, use_bias=False, name=f"{name}depthwise"
    )(x)  # fmt: skip
    x = _activate(_normalize(x, f"{name}depthwise_bn"), block.hard_swish)
    if block.excited:
        x = _excite(x, inner, f"{name}squeeze_excite_")
    x = _normalize(_pointwise(x, block.filters, f"{name}project"), f"{name}project_bn")
    return Add(name=f"{name}add")([inputs, x]) if block.stride == 1 and channels(inputs) == block.filters else x


def _files(request: Request, size: str, alpha: float, minimalistic: bool) -> Published:
    key = f"{size}{'_minimalistic' if minimalistic else ''}_224_{float(alpha)}"
    if key not in _HASHES:
        raise ValueError(
            f"{request.who} expects alpha 0.75 or 1, and 1 where minimalistic, with weights='imagenet', got "
            f"alpha={alpha}, minimalistic={minimalistic}"
        )
    if side_of(request.shape) != 224:
        warn(
            f"{request.who} has pretrained weights for images of 224x224 pixels; they are loaded for images of shape "
            f"{request.shape}"
        )
    stem = f"weights_mobilenet_v3_{key}_float"
    with_top, without_top = _HASHES[key]
    return Published(f"{STORE}mobilenet_v3/", (f"{stem}.h5", with_top), (f"{stem}_no_top_v2.h5", without_top))


def _network(size: str, blocks: tuple[_Block, ...], last: int) -> Callable[..., Model]:
    title = f"MobileNetV3{size.title()}"

    def build(
        input_shape: Any = None,
        alpha: float = 1.0,
        minimalistic: bool = False,
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        classes: int = CLASSES,
        pooling: str | None = None,
        dropout_rate: float = 0.2,
        classifier_activation: Any = "softmax",
        include_preprocessing: bool = True,
        name: str = title,
    ) -> Model:
        request = Request(
            title, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
        )
        images = request.images(224, any_size=True)
        files = _files(request, size, alpha, minimalistic) if request.pretrained else None
        x = Rescaling(1.0 / 127.5, -1.0)(images) if include_preprocessing else images
        swish = not minimalistic
        x = Conv2D(16, 3, strides=2, padding="same", use_bias=False, name="conv")(x)
        x = _activate(_normalize(x, "conv_bn"), swish)
        for number, block in enumerate(blocks):
            block = block._replace(filters=divisible(block.filters * alpha))
            if minimalistic:
                block = block._replace(kernel=3, excited=False, hard_swish=False)
            x = _bottleneck(x, block, number)
        x = _activate(_normalize(_pointwise(x, divisible(channels(x) * 6), "conv_1"), "conv_1_bn"), swish)
        if include_top:
            x = GlobalAveragePooling2D(keepdims=True)(x)
            filters = divisible(last * alpha) if alpha > 1 else last
            x = _activate(_pointwise(x, filters, "conv_2", use_bias=True), swish)
            if dropout_rate > 0:
                x = Dropout(dropout_rate)(x)
            x = Flatten()(_pointwise(x, classes, "logits", use_bias=True))
            x = Activation(classifier_activation, name="predictions")(x)
        else:
            x = request.pool(x)
        return request.model(images, x, files)

    return described(
        224,
        SCALED_INSIDE,
        input_shape="Shape of an image. The default is any height and width, and 3 channels.",
        alpha="Factor of the number of channels. There are pretrained weights for 0.75 and 1.",
        minimalistic="Whether to leave out squeeze and excitation, hard swish and kernels of 5x5.",
        dropout_rate="Dropout rate before the classifier.",
    )(named(build, title, __name__))


MobileNetV3Small = _network("small", _SMALL, 1024)
MobileNetV3Large = _network("large", _LARGE, 1280)
preprocess_input = preprocessing(__name__, None)
