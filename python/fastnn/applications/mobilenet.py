"""MobileNet: convolutions of each channel alone, each followed by one of 1x1.

Source: Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications" (2017).
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
    described,
)
from fastnn.applications.imagenet_utils import decode_predictions, preprocessing
from fastnn.caller import warn
from fastnn.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    ReLU,
    Reshape,
    ZeroPadding2D,
)
from fastnn.models import Model

__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]

_BLOCKS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1),
    (1024, 2), (1024, 1),
)  # fmt: skip
"""Filters and stride of each block."""


def published_side(request: Request, known: tuple[int, ...]) -> int:
    """Returns the size of the images for which weights are loaded: that of the request, or 224, with a warning.

    Args:
        request: The arguments.
        known: Sizes for which weights are published.
    """
    side = side_of(request.shape)
    if side in known:
        return side
    warn(
        f"{request.who} has pretrained weights for square images of {', '.join(map(str, known))} pixels; those for 224 "
        f"are loaded for images of shape {request.shape}"
    )
    return 224


def side_of(shape: Any) -> int:
    """Returns height and width of square images; 0: they are not square, or not known."""
    if shape is None or len(shape) != 3:
        return 0
    height, width = shape[1:] if channel_axis() == 1 else shape[:2]
    return height if height is not None and height == width else 0


def _normalized(x: Any, name: str) -> Any:
    return ReLU(6.0, name=f"{name}_relu")(BatchNormalization(axis=channel_axis(), name=f"{name}_bn")(x))


def _block(x: Any, filters: int, stride: int, depth_multiplier: int, number: int) -> Any:
    if stride == 2:
        x = ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{number}")(x)
    x = DepthwiseConv2D(
        3, strides=stride, padding="same" if stride == 1 else "valid", depth_multiplier=depth_multiplier,
        use_bias=False, name=f"conv_dw_{number}",
    )(x)  # fmt: skip
    x = _normalized(x, f"conv_dw_{number}")
    x = Conv2D(filters, 1, padding="same", use_bias=False, name=f"conv_pw_{number}")(x)
    return _normalized(x, f"conv_pw_{number}")


_SIDES = (128, 160, 192, 224)
_ALPHAS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}


def _files(request: Request, alpha: float, depth_multiplier: int) -> Published:
    if depth_multiplier != 1 or alpha not in _ALPHAS:
        raise ValueError(
            f"MobileNet expects alpha {', '.join(map(str, _ALPHAS))} and depth_multiplier=1 with weights='imagenet', "
            f"got alpha={alpha}, depth_multiplier={depth_multiplier}"
        )
    stem = f"mobilenet_{_ALPHAS[alpha]}_{published_side(request, _SIDES)}_tf"
    return Published(f"{STORE}mobilenet/", (f"{stem}.h5", None), (f"{stem}_no_top.h5", None))


@described(
    224,
    SCALED_OUTSIDE,
    alpha="Factor of the number of channels. There are pretrained weights for 0.25, 0.5, 0.75 and 1.",
    depth_multiplier="The number of outputs that a convolution makes of each channel.",
    dropout="Dropout rate before the classifier.",
    name="The name of the model; None: `mobilenet_`, then `alpha` and the height of the images.",
)
def MobileNet(
    input_shape: Any = None,
    alpha: float = 1.0,
    depth_multiplier: int = 1,
    dropout: float = 0.001,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = CLASSES,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    """Builds the network MobileNet."""
    request = Request(
        "MobileNet", include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    )
    side = side_of(input_shape)
    images = request.images(side if side in _SIDES else 224)
    files = _files(request, alpha, depth_multiplier) if request.pretrained else None
    x = Conv2D(int(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="conv1")(images)
    x = _normalized(x, "conv1")
    for number, (filters, stride) in enumerate(_BLOCKS, 1):
        x = _block(x, int(filters * alpha), stride, depth_multiplier, number)
    if include_top:
        x = Dropout(dropout, name="dropout")(GlobalAveragePooling2D(keepdims=True)(x))
        x = Conv2D(classes, 1, padding="same", name="conv_preds")(x)
        x = Activation(classifier_activation, name="predictions")(Reshape((classes,), name="reshape_2")(x))
    else:
        x = request.pool(x, named=False)
    if name is None:
        request.name = f"mobilenet_{alpha:0.2f}_{request.height}"
    return request.model(images, x, files)


preprocess_input = preprocessing(__name__, "tf")
