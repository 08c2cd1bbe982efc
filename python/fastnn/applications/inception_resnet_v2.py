"""InceptionResNetV2: blocks of parallel branches, whose scaled output is added to their input.

Source: Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the Impact of Residual Connections on
Learning" (2016).
"""

from __future__ import annotations

from typing import Any

from fastnn.applications.architecture import (
    SCALED_OUTSIDE,
    architecture,
    average_and_classify,
    channel_axis,
    channels,
    kernels,
)
from fastnn.applications.imagenet_utils import decode_predictions, preprocessing
from fastnn.applications.inception_v3 import Unit, branch, convolve, smooth, stem
from fastnn.layers import Activation, BatchNormalization, Concatenate, Conv2D, Layer, MaxPooling2D

__all__ = ["InceptionResNetV2", "decode_predictions", "preprocess_input"]

_BLOCKS: dict[str, tuple[tuple[Unit, ...], ...]] = {
    "block35": (
        (Unit(32, 1),),
        (Unit(32, 1), Unit(32, 3)),
        (Unit(32, 1), Unit(48, 3), Unit(64, 3)),
    ),
    "block17": ((Unit(192, 1),), (Unit(128, 1), Unit(160, (1, 7)), Unit(192, (7, 1)))),
    "block8": ((Unit(192, 1),), (Unit(192, 1), Unit(224, (1, 3)), Unit(256, (3, 1)))),
}


class CustomScaleLayer(Layer):
    """Sum of the first input and the scaled second one.

    Args:
        scale: Factor of the second input.
    """

    __fastnn_keras_module__ = "keras.src.applications.inception_resnet_v2"
    __fastnn_keras_registered_name__ = "CustomScaleLayer"
    scale: float

    def __init__(self, scale: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs: Any) -> Any:
        """Returns the sum."""
        return inputs[0] + inputs[1] * self.scale

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {**super().get_config(), "scale": self.scale}


def _join(branches: list[Any], name: str) -> Any:
    return Concatenate(axis=channel_axis(), name=name)(branches)


def _residual(x: Any, kind: str, index: int, scale: float, activated: bool = True) -> Any:
    name = f"{kind}_{index}"
    mixed = _join([branch(x, units) for units in _BLOCKS[kind]], f"{name}_mixed")
    update = Conv2D(channels(x), 1, padding="same", name=f"{name}_conv")(mixed)
    x = CustomScaleLayer(scale)([x, update])
    return Activation("relu", name=f"{name}_ac")(x) if activated else x


def _reduce(x: Any, branches: tuple[tuple[Unit, ...], ...], name: str) -> Any:
    made = [branch(x, units) for units in branches]
    return _join([*made, MaxPooling2D(3, strides=2)(x)], name)


def _features(x: Any) -> Any:
    x = stem(x)
    first = [
        convolve(x, 96, 1),
        branch(x, (Unit(48, 1), Unit(64, 5))),
        branch(x, (Unit(64, 1), Unit(96, 3), Unit(96, 3))),
        convolve(smooth(x), 64, 1),
    ]
    x = _join(first, "mixed_5b")
    for i in range(1, 11):
        x = _residual(x, "block35", i, 0.17)
    x = _reduce(x, ((Unit(384, 3, 2),), (Unit(256, 1), Unit(256, 3), Unit(384, 3, 2))), "mixed_6a")
    for i in range(1, 21):
        x = _residual(x, "block17", i, 0.1)
    last = (
        (Unit(256, 1), Unit(384, 3, 2)),
        (Unit(256, 1), Unit(288, 3, 2)),
        (Unit(256, 1), Unit(288, 3), Unit(320, 3, 2)),
    )
    x = _reduce(x, last, "mixed_7a")
    for i in range(1, 10):
        x = _residual(x, "block8", i, 0.2)
    x = _residual(x, "block8", 10, 1.0, activated=False)
    x = Conv2D(1536, 1, padding="same", use_bias=False, name="conv_7b")(x)
    x = BatchNormalization(axis=channel_axis(), scale=False, name="conv_7b_bn")(x)
    return Activation("relu", name="conv_7b_ac")(x)


InceptionResNetV2 = architecture(
    "InceptionResNetV2", __name__, _features, average_and_classify,
    kernels("inception_resnet_v2", "inception_resnet_v2", "e693bd0210a403b3192acc6073ad2e96",
            "d19885ff4a710c122648d3b5c3b684e4"),
    side=299, smallest=75, named_pools=False, says=SCALED_OUTSIDE, light=False, name="inception_resnet_v2",
)  # fmt: skip
preprocess_input = preprocessing(__name__, "tf")
