"""EfficientNet: networks of mobile inverted bottlenecks, scaled in width, depth and resolution together.

Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (2019). Names of layers
are those of Keras, so that weights files of Keras fit.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any, NamedTuple

from fastnn import config
from fastnn.initializers import VarianceScaling
from fastnn.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Input,
    Normalization,
    Rescaling,
    Reshape,
    ZeroPadding2D,
    add,
    multiply,
)
from fastnn.models import Model
from fastnn.utils import get_source_inputs

__all__ = [
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetB3",
    "EfficientNetB4",
    "EfficientNetB5",
    "EfficientNetB6",
    "EfficientNetB7",
    "preprocess_input",
]


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
_SQUEEZE = 0.25
_SKIPPED = 0.2  # the share of samples that leave out the last block, in training; less in the blocks before


class _Scale(NamedTuple):
    """Scale of one network: factors of channels and of blocks, side of the images, dropout at the end."""

    width: float
    depth: float
    resolution: int
    dropout: float

    def channels(self, number: float) -> int:
        """Returns a number of channels, scaled, as a multiple of 8 that is not below nine tenths of it."""
        wanted = number * self.width
        rounded = max(8, int(wanted + 4) // 8 * 8)
        return rounded + 8 if rounded < 0.9 * wanted else rounded

    def repeats(self, number: int) -> int:
        """Returns a number of blocks, scaled."""
        return math.ceil(self.depth * number)


class _Builder:
    """Layers of one network, with the axis of its channels and the initializers."""

    def __init__(self, scale: _Scale) -> None:
        self.scale = scale
        self.axis = 1 if config.image_data_format() == "channels_first" else 3
        self.kernels = VarianceScaling(2.0, "fan_out", "truncated_normal")

    def convolve(self, x: Any, filters: int, name: str, **arguments: Any) -> Any:
        given = {"padding": "same", "use_bias": False, "kernel_initializer": self.kernels, **arguments}
        return Conv2D(filters, given.pop("kernel_size", 1), name=name, **given)(x)

    def normalize(self, x: Any, name: str) -> Any:
        return BatchNormalization(axis=self.axis, name=name)(x)

    def activate(self, x: Any, name: str) -> Any:
        return Activation("swish", name=name)(x)

    def pad(self, x: Any, kernel: int, name: str) -> Any:
        """Pads an image for a kernel with strides of 2, where odd sides get the border on both sides."""
        sides = x.shape[2:] if self.axis == 1 else x.shape[1:3]
        border = kernel // 2
        return ZeroPadding2D(tuple((border - (1 - (side or 1) % 2), border) for side in sides), name=name)(x)

    def block(self, x: Any, stage: _Stage, skipped: float, name: str) -> Any:
        """Mobile inverted bottleneck: expand, convolve each channel, excite, project."""
        inputs = x
        inner = stage.filters_in * stage.expansion
        if stage.expansion != 1:
            x = self.convolve(x, inner, f"{name}expand_conv")
            x = self.activate(self.normalize(x, f"{name}expand_bn"), f"{name}expand_activation")
        if stage.strides == 2:
            x = self.pad(x, stage.kernel, f"{name}dwconv_pad")
        x = DepthwiseConv2D(
            stage.kernel,
            strides=stage.strides,
            padding="valid" if stage.strides == 2 else "same",
            use_bias=False,
            depthwise_initializer=self.kernels,
            name=f"{name}dwconv",
        )(x)
        x = self.activate(self.normalize(x, f"{name}bn"), f"{name}activation")
        x = self.excite(x, inner, max(1, int(stage.filters_in * _SQUEEZE)), name)
        x = self.normalize(self.convolve(x, stage.filters_out, f"{name}project_conv"), f"{name}project_bn")
        if stage.strides == 1 and stage.filters_in == stage.filters_out:
            if skipped > 0:
                x = Dropout(skipped, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(x)
            x = add([x, inputs], name=f"{name}add")
        return x

    def excite(self, x: Any, channels: int, squeezed: int, name: str) -> Any:
        """Weights the channels by what their means say together (squeeze and excitation)."""
        shape = (channels, 1, 1) if self.axis == 1 else (1, 1, channels)
        weights = Reshape(shape, name=f"{name}se_reshape")(GlobalAveragePooling2D(name=f"{name}se_squeeze")(x))
        given = {"use_bias": True}
        weights = self.convolve(weights, squeezed, f"{name}se_reduce", activation="swish", **given)
        weights = self.convolve(weights, channels, f"{name}se_expand", activation="sigmoid", **given)
        return multiply([x, weights], name=f"{name}se_excite")

    def features(self, x: Any) -> Any:
        """Everything below the classifier."""
        x = Normalization(axis=self.axis)(Rescaling(1.0 / 255.0)(x))
        x = self.convolve(
            self.pad(x, 3, "stem_conv_pad"), self.scale.channels(32), "stem_conv",
            kernel_size=3, strides=2, padding="valid",
        )  # fmt: skip
        x = self.activate(self.normalize(x, "stem_bn"), "stem_activation")
        total = float(sum(self.scale.repeats(stage.repeats) for stage in _STAGES))
        made = 0
        for i, stage in enumerate(_STAGES):
            within = stage._replace(
                filters_in=self.scale.channels(stage.filters_in), filters_out=self.scale.channels(stage.filters_out)
            )
            for j in range(self.scale.repeats(stage.repeats)):
                x = self.block(x, within, _SKIPPED * made / total, f"block{i + 1}{chr(ord('a') + j)}_")
                within = within._replace(strides=1, filters_in=within.filters_out)
                made += 1
        x = self.convolve(x, self.scale.channels(1280), "top_conv")
        return self.activate(self.normalize(x, "top_bn"), "top_activation")


def _weights_path(weights: Any, who: str) -> str | None:
    if weights is None:
        return None
    if isinstance(weights, (str, os.PathLike)) and os.path.exists(weights):
        return os.fspath(weights)
    raise ValueError(
        f"{who} expects weights=None, for new weights, or the path of a weights file, got {weights!r}; there are no "
        "pretrained weights to download, and a file that Keras wrote by save_weights() can be given"
    )


def _input(input_tensor: Any, input_shape: Any, side: int, include_top: bool, who: str) -> Any:
    """Returns the symbolic tensor of the images."""
    first = config.image_data_format() == "channels_first"
    default = (3, side, side) if first else (side, side, 3)
    if input_tensor is not None:
        return input_tensor
    if input_shape is None:
        loose = (3, None, None) if first else (None, None, 3)
        return Input(default if include_top else loose)
    if len(input_shape) != 3:
        raise ValueError(f"{who} expects an input_shape of three numbers, such as {default}, got {input_shape!r}")
    return Input(tuple(input_shape))


def _network(name: str, scale: _Scale) -> Callable[..., Model]:
    """Returns the function that builds one of the networks."""

    def build(
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str = name.lower(),
    ) -> Model:
        path = _weights_path(weights, who)
        if pooling not in (None, "avg", "max"):
            raise ValueError(f"{who} expects pooling None, 'avg' or 'max', got {pooling!r}")
        images = _input(input_tensor, input_shape, scale.resolution, include_top, who)
        x = _Builder(scale).features(images)
        if include_top:
            x = GlobalAveragePooling2D(name="avg_pool")(x)
            x = Dropout(scale.dropout, name="top_dropout")(x)
            last = VarianceScaling(1 / 3, "fan_out", "uniform")
            x = Dense(classes, classifier_activation, kernel_initializer=last, name="predictions")(x)
        elif pooling is not None:
            x = (GlobalAveragePooling2D if pooling == "avg" else GlobalMaxPooling2D)(name=f"{pooling}_pool")(x)
        sources = images if input_tensor is None else get_source_inputs(input_tensor)
        model = Model(sources, x, name=name)
        if path is not None:
            model.load_weights(path)
        return model

    who = name
    build.__name__ = build.__qualname__ = name
    build.__doc__ = f"""Builds the network {name}.

    Images have values from 0 to 255; scaling them is part of the network.

    Args:
        include_top: Whether the network ends with a classifier.
        weights: None for new weights, or the path of a weights file. The default of Keras names a download, which there
            is not.
        input_tensor: Symbolic tensor of the images, in place of a new input.
        input_shape: Shape of an image. The default is {(scale.resolution, scale.resolution, 3)}, and without a
            classifier any height and width.
        pooling: Pooling of the features of a network without classifier: "avg", "max", or None for images of features.
        classes: The number of classes.
        classifier_activation: Activation of the classifier; None for logits.
        name: The name of the model.

    Returns:
        A model of images (batch, height, width, channels).

    Raises:
        ValueError: `weights` is no file, or an argument is out of its range.

    Example:
        {_example(name, scale)}
    """
    return build


def _example(name: str, scale: _Scale) -> str:
    """Returns an example: a network, where that takes no time, or else what comes of asking for a download."""
    build = f"fastnn.applications.{name}"
    if scale.depth < 1.2:
        lines = [f">>> {build}(weights=None, input_shape=(32, 32, 3), classes=10).output_shape", "(None, 10)"]
    else:
        lines = [f">>> {build}()  # doctest: +ELLIPSIS", "Traceback (most recent call last):"]
        lines += [
            "    ...",
            f"ValueError: {name} expects weights=None, for new weights, or the path of a weights file, ...",
        ]
    return f"\n{' ' * 8}".join(lines)


EfficientNetB0 = _network("EfficientNetB0", _Scale(1.0, 1.0, 224, 0.2))
EfficientNetB1 = _network("EfficientNetB1", _Scale(1.0, 1.1, 240, 0.2))
EfficientNetB2 = _network("EfficientNetB2", _Scale(1.1, 1.2, 260, 0.3))
EfficientNetB3 = _network("EfficientNetB3", _Scale(1.2, 1.4, 300, 0.3))
EfficientNetB4 = _network("EfficientNetB4", _Scale(1.4, 1.8, 380, 0.4))
EfficientNetB5 = _network("EfficientNetB5", _Scale(1.6, 2.2, 456, 0.4))
EfficientNetB6 = _network("EfficientNetB6", _Scale(1.8, 2.6, 528, 0.5))
EfficientNetB7 = _network("EfficientNetB7", _Scale(2.0, 3.1, 600, 0.5))


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Returns images as they are, since scaling them is part of the network.

    Args:
        x: Images with values from 0 to 255.
        data_format: Accepted for Keras compatibility; ignored.

    Example:
        >>> fastnn.applications.efficientnet.preprocess_input(np.array([0.0, 255.0]))
        array([  0., 255.])
    """
    return x
