"""ConvNeXt: convolutional networks with the proportions of transformers.

Source: Liu, Mao, Wu, Feichtenhofer, Darrell and Xie, "A ConvNet for the 2020s" (2022).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn.applications.architecture import (
    CLASSES,
    SCALED_INSIDE,
    STORE,
    Request,
    channels,
    described,
    named,
    published,
    refuse_channels_first,
)
from fastnn.applications.imagenet_utils import decode_predictions, preprocessing
from fastnn.initializers import Constant
from fastnn.layers import (
    Activation,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    Layer,
    LayerNormalization,
    Normalization,
)
from fastnn.models import Model, Sequential

__all__ = [
    "ConvNeXtBase",
    "ConvNeXtLarge",
    "ConvNeXtSmall",
    "ConvNeXtTiny",
    "ConvNeXtXLarge",
    "decode_predictions",
    "preprocess_input",
]

_MEAN = tuple(255 * one for one in (0.485, 0.456, 0.406))
_VARIANCE = tuple((255 * one) ** 2 for one in (0.229, 0.224, 0.225))
_FIRST_SCALE = 1e-6


class LayerScale(Layer):
    """Learned factor of each channel.

    Args:
        init_values: The initial factor.
        projection_dim: The number of channels.
    """

    __fastnn_keras_module__ = "keras.src.applications.convnext"
    __fastnn_keras_registered_name__ = "LayerScale"
    init_values: float
    projection_dim: int

    def __init__(self, init_values: float, projection_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.init_values = init_values
        self.projection_dim = projection_dim

    def build(self, input_shape: Any = None) -> None:
        """Makes the factors."""
        self.gamma = self.add_weight(shape=(self.projection_dim,), initializer=Constant(self.init_values))

    def call(self, inputs: Any) -> Any:
        """Returns the scaled inputs."""
        return inputs * self.gamma

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        config: dict[str, Any] = super().get_config()
        return {**config, "init_values": self.init_values, "projection_dim": self.projection_dim}


def _normalize(name: str | None = None) -> LayerNormalization:
    return LayerNormalization(epsilon=1e-6, name=name)


def _block(inputs: Any, filters: int, name: str) -> Any:
    x = Conv2D(filters, 7, padding="same", groups=filters, name=f"{name}_depthwise_conv")(inputs)
    x = _normalize(f"{name}_layernorm")(x)
    x = Activation("gelu", name=f"{name}_gelu")(Dense(4 * filters, name=f"{name}_pointwise_conv_1")(x))
    x = Dense(filters, name=f"{name}_pointwise_conv_2")(x)
    x = LayerScale(_FIRST_SCALE, filters, name=f"{name}_layer_scale")(x)
    return inputs + Activation("linear", name=f"{name}_identity")(x)


def _features(x: Any, depths: tuple[int, ...], widths: tuple[int, ...], name: str) -> Any:
    first = [Conv2D(widths[0], 4, strides=4, name=f"{name}_stem_conv"), _normalize(f"{name}_stem_layernorm")]
    between = [Sequential(first, name=f"{name}_stem")]
    for i, width in enumerate(widths[1:]):
        halving = [
            _normalize(f"{name}_downsampling_layernorm_{i}"),
            Conv2D(width, 2, strides=2, name=f"{name}_downsampling_conv_{i}"),
        ]
        between.append(Sequential(halving, name=f"{name}_downsampling_block_{i}"))
    for i, (depth, width) in enumerate(zip(depths, widths, strict=True)):
        x = between[i](x)
        for j in range(depth):
            x = _block(x, width, f"{name}_stage_{i}_block_{j}")
    return x


def _network(size: str, middle: int, width: int, hashes: tuple[str, str]) -> Callable[..., Model]:
    title, stem = f"ConvNeXt{size}", f"convnext_{size.lower()}"

    def build(
        include_top: bool = True,
        include_preprocessing: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = CLASSES,
        classifier_activation: Any = "softmax",
        name: str = stem,
    ) -> Model:
        refuse_channels_first(title)
        request = Request(
            title, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
        )
        images = x = request.images(224)
        if include_preprocessing and channels(images) == 3:
            x = Normalization(mean=_MEAN, variance=_VARIANCE, name=f"{name}_prestem_normalization")(x)
        x = _features(x, (3, 3, middle, 3), tuple(width * 2**i for i in range(4)), name)
        if include_top:
            x = _normalize(f"{name}_head_layernorm")(GlobalAveragePooling2D(name=f"{name}_head_gap")(x))
            x = Dense(classes, classifier_activation, name=f"{name}_head_dense")(x)
        else:
            x = _normalize()(request.pool(x, named=False))
        return request.model(images, x, published(f"{STORE}convnext/", stem, *hashes))

    return described(224, f"{SCALED_INSIDE} Their channels are last.", light=size == "Tiny")(
        named(build, title, __name__)
    )


ConvNeXtTiny = _network(
    "Tiny", 9, 96,
    ("8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff",
     "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1"),
)  # fmt: skip
ConvNeXtSmall = _network(
    "Small", 27, 96,
    ("ce1277d8f1ee5a0ef0e171469089c18f5233860ceaf9b168049cb9263fd7483c",
     "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab"),
)  # fmt: skip
ConvNeXtBase = _network(
    "Base", 27, 128,
    ("52cbb006d3dadd03f6e095a8ca1aca47aecdd75acb4bc74bce1f5c695d0086e6",
     "40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45"),
)  # fmt: skip
ConvNeXtLarge = _network(
    "Large", 27, 192,
    ("070c5ed9ed289581e477741d3b34beffa920db8cf590899d6d2c67fba2a198a6",
     "96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd"),
)  # fmt: skip
ConvNeXtXLarge = _network(
    "XLarge", 27, 256,
    ("c1f5ccab661354fc3a79a10fa99af82f0fbf10ec65cb894a3ae0815f17a889ee",
     "de3f8a54174130e0cecdc71583354753d557fcf1f4487331558e2a16ba0cfe05"),
)  # fmt: skip
preprocess_input = preprocessing(__name__, None)
