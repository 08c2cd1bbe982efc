"""EfficientNet: networks of mobile inverted bottlenecks, scaled in width, depth and resolution together.

Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (2019).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from fastnn.applications.architecture import (
    CLASSES,
    SCALED_INSIDE,
    Request,
    channel_axis,
    described,
    divisible,
    named,
    pad_for_stride,
    published,
)
from fastnn.applications.imagenet_utils import decode_predictions, preprocessing
from fastnn.initializers import VarianceScaling
from fastnn.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    Normalization,
    Rescaling,
    Reshape,
    add,
    multiply,
)
from fastnn.models import Model

__all__ = [
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetB3",
    "EfficientNetB4",
    "EfficientNetB5",
    "EfficientNetB6",
    "EfficientNetB7",
    "decode_predictions",
    "preprocess_input",
]

SKIPPED = 0.2
"""Share of samples that leave out the last block, in training; less in the blocks before."""
_SQUEEZE = 0.25
_DEVIATION = (0.229, 0.224, 0.225)


def kernels() -> VarianceScaling:
    """Returns the initializer of the kernels."""
    return VarianceScaling(2.0, "fan_out", "truncated_normal")


def convolve(x: Any, filters: int, name: str, kernel: int = 1, **arguments: Any) -> Any:
    """Convolves without a bias, padded to the same size."""
    given = {"padding": "same", "use_bias": False, **arguments}
    return Conv2D(filters, kernel, kernel_initializer=kernels(), name=name, **given)(x)


def normalize(x: Any, name: str, momentum: float = 0.99, activation: str | None = None) -> Any:
    """Normalizes a batch, and applies "swish" as a layer of the name `activation`, unless that is None."""
    x = BatchNormalization(axis=channel_axis(), momentum=momentum, name=name)(x)
    return x if activation is None else Activation("swish", name=activation)(x)


def excite(x: Any, filters: int, squeezed: int, name: str) -> Any:
    """Weights the channels by what their means say together (squeeze and excitation)."""
    shape = (filters, 1, 1) if channel_axis() == 1 else (1, 1, filters)
    weights = Reshape(shape, name=f"{name}se_reshape")(GlobalAveragePooling2D(name=f"{name}se_squeeze")(x))
    weights = convolve(weights, squeezed, f"{name}se_reduce", activation="swish", use_bias=True)
    weights = convolve(weights, filters, f"{name}se_expand", activation="sigmoid", use_bias=True)
    return multiply([x, weights], name=f"{name}se_excite")


def skip(x: Any, inputs: Any, skipped: float, name: str) -> Any:
    """Adds the inputs of a block to its outputs, which some samples leave out in training."""
    if skipped > 0:
        x = Dropout(skipped, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(x)
    return add([x, inputs], name=f"{name}add")


def finish(request: Request, x: Any, filters: int, dropout: float, momentum: float = 0.99) -> Any:
    """Appends the last convolution, and the classifier or the pooling."""
    x = normalize(convolve(x, filters, "top_conv"), "top_bn", momentum, "top_activation")
    if not request.include_top:
        return request.pool(x)
    x = Dropout(dropout, name="top_dropout")(GlobalAveragePooling2D(name="avg_pool")(x))
    return request.classify(x, kernel_initializer=VarianceScaling(1 / 3, "fan_out", "uniform"))


class _Stage(NamedTuple):
    """Row of table 1 of the paper: blocks of one size of kernel and one number of channels."""

    kernel: int
    repeats: int
    filters_in: int
    filters_out: int
    expansion: int
    strides: int


_STAGES = (
    _Stage(3, 1, 32, 16, 1, 1),
    _Stage(3, 2, 16, 24, 6, 2),
    _Stage(5, 2, 24, 40, 6, 2),
    _Stage(3, 3, 40, 80, 6, 2),
    _Stage(5, 3, 80, 112, 6, 1),
    _Stage(5, 4, 112, 192, 6, 2),
    _Stage(3, 1, 192, 320, 6, 1),
)


def _block(x: Any, stage: _Stage, skipped: float, name: str) -> Any:
    """Mobile inverted bottleneck: expand, convolve each channel, excite, project."""
    inputs = x
    inner = stage.filters_in * stage.expansion
    if stage.expansion != 1:
        x = normalize(
            convolve(x, inner, f"{name}expand_conv"), f"{name}expand_bn", activation=f"{name}expand_activation"
        )
    if stage.strides == 2:
        x = pad_for_stride(x, stage.kernel, f"{name}dwconv_pad")
    x = DepthwiseConv2D(
        stage.kernel, strides=stage.strides, padding="valid" if stage.strides == 2 else "same", use_bias=False,
        depthwise_initializer=kernels(), name=f"{name}dwconv",
    )(x)  # fmt: skip
    x = normalize(x, f"{name}bn", activation=f"{name}activation")
    x = excite(x, inner, max(1, int(stage.filters_in * _SQUEEZE)), name)
    x = normalize(convolve(x, stage.filters_out, f"{name}project_conv"), f"{name}project_bn")
    return skip(x, inputs, skipped, name) if stage.strides == 1 and stage.filters_in == stage.filters_out else x


def _features(x: Any, width: float, depth: float, pretrained: bool) -> Any:
    """Everything below the last convolution."""
    x = Normalization(axis=channel_axis())(Rescaling(1.0 / 255.0)(x))
    if pretrained:  # the published weights were trained on images divided by the variance, not by the deviation
        x = Rescaling([1.0 / math.sqrt(one) for one in _DEVIATION])(x)
    x = convolve(
        pad_for_stride(x, 3, "stem_conv_pad"), divisible(32 * width), "stem_conv", 3, strides=2, padding="valid"
    )
    x = normalize(x, "stem_bn", activation="stem_activation")
    counts = [math.ceil(depth * stage.repeats) for stage in _STAGES]
    made = 0
    for i, (stage, count) in enumerate(zip(_STAGES, counts, strict=True), 1):
        within = stage._replace(
            filters_in=divisible(stage.filters_in * width), filters_out=divisible(stage.filters_out * width)
        )
        for j in range(count):
            x = _block(x, within, SKIPPED * made / sum(counts), f"block{i}{chr(ord('a') + j)}_")
            within = within._replace(strides=1, filters_in=within.filters_out)
            made += 1
    return x


def _network(number: int, scale: tuple[float, float, int, float], hashes: tuple[str, str]) -> Callable[..., Model]:
    """Returns the function that builds one of the networks.

    Args:
        number: Its number in the paper.
        scale: Factors of channels and of blocks, side of the images, and the rate of the last dropout.
        hashes: Hashes of the pretrained weights, with and without the classifier.
    """
    title = f"EfficientNetB{number}"
    width, depth, side, dropout = scale
    files = published("https://storage.googleapis.com/keras-applications/", title.lower(), *hashes)

    def build(
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = CLASSES,
        classifier_activation: Any = "softmax",
        name: str = title.lower(),
    ) -> Model:
        request = Request(
            title, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
        )
        images = request.images(side)
        x = finish(request, _features(images, width, depth, request.pretrained), divisible(1280 * width), dropout)
        return request.model(images, x, files)

    return described(side, SCALED_INSIDE, light=number < 4)(named(build, title, __name__))


EfficientNetB0 = _network(
    0, (1.0, 1.0, 224, 0.2), ("902e53a9f72be733fc0bcb005b3ebbac", "50bc09e76180e00e4465e1a485ddc09d")
)
EfficientNetB1 = _network(
    1, (1.0, 1.1, 240, 0.2), ("1d254153d4ab51201f1646940f018540", "74c4e6b3e1f6a1eea24c589628592432")
)
EfficientNetB2 = _network(
    2, (1.1, 1.2, 260, 0.3), ("b15cce36ff4dcbd00b6dd88e7857a6ad", "111f8e2ac8aa800a7a99e3239f7bfb39")
)
EfficientNetB3 = _network(
    3, (1.2, 1.4, 300, 0.3), ("ffd1fdc53d0ce67064dc6a9c7960ede0", "af6d107764bb5b1abb91932881670226")
)
EfficientNetB4 = _network(
    4, (1.4, 1.8, 380, 0.4), ("18c95ad55216b8f92d7e70b3a046e2fc", "ebc24e6d6c33eaebbd558eafbeedf1ba")
)
EfficientNetB5 = _network(
    5, (1.6, 2.2, 456, 0.4), ("ace28f2a6363774853a83a0b21b9421a", "38879255a25d3c92d5e44e04ae6cec6f")
)
EfficientNetB6 = _network(
    6, (1.8, 2.6, 528, 0.5), ("165f6e37dce68623721b423839de8be5", "9ecce42647a20130c1f39a5d4cb75743")
)
EfficientNetB7 = _network(
    7, (2.0, 3.1, 600, 0.5), ("8c03f828fec3ef71311cd463b6759d99", "cbcfe4450ddf6f3ad90b1b398090fe4a")
)
preprocess_input = preprocessing(__name__, None)
