"""Rows for images, sequences and volumes with channels first, whole models among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rows import Row

ROWS: list[Row] = []
FIRST = "channels_first"


def sequential(name: str, shape: tuple[int, ...], layers: Callable[[Any], list[Any]], **arguments: Any) -> None:
    """A row of a chain of layers."""
    ROWS.append(Row(name, lambda keras: keras.Sequential([keras.Input(shape), *layers(keras.layers)]), **arguments))


for name, shape, convolutions in [
    ("conv1d", (2, 9), lambda k: k.Conv1D(3, 3, data_format=FIRST, activation="relu")),
    ("conv1d-softmax", (2, 9), lambda k: k.Conv1D(3, 3, strides=2, data_format=FIRST, activation="softmax")),
    ("conv2d", (3, 6, 7), lambda k: k.Conv2D(4, 3, padding="same", data_format=FIRST, activation="relu")),
    ("conv2d-groups", (4, 6, 5), lambda k: k.Conv2D(6, (3, 2), strides=2, groups=2, data_format=FIRST)),
    ("conv2d-dilated", (2, 7, 6), lambda k: k.Conv2D(3, 2, dilation_rate=2, data_format=FIRST, activation="gelu")),
    ("conv3d", (2, 4, 5, 3), lambda k: k.Conv3D(3, 2, data_format=FIRST, activation="tanh")),
    ("conv1d-transpose", (2, 5), lambda k: k.Conv1DTranspose(3, 3, strides=2, data_format=FIRST)),
    ("conv2d-transpose", (3, 4, 3), lambda k: k.Conv2DTranspose(2, 3, 2, "same", data_format=FIRST, activation="relu")),
    ("conv3d-transpose", (2, 3, 2, 3), lambda k: k.Conv3DTranspose(2, 2, strides=2, data_format=FIRST)),
    ("depthwise-conv1d", (3, 8), lambda k: k.DepthwiseConv1D(3, depth_multiplier=2, data_format=FIRST)),
    ("depthwise-conv2d", (3, 6, 5), lambda k: k.DepthwiseConv2D(3, depth_multiplier=2, data_format=FIRST)),
    ("separable-conv1d", (3, 8), lambda k: k.SeparableConv1D(4, 3, depth_multiplier=2, data_format=FIRST)),
    ("separable-conv2d", (3, 6, 5), lambda k: k.SeparableConv2D(4, 3, data_format=FIRST, activation="relu")),
]:
    sequential(name, shape, lambda k, c=convolutions: [c(k)])
    sequential(f"{name}-flat", shape, lambda k, c=convolutions: [c(k), k.Flatten(data_format=FIRST), k.Dense(2)])

for rank, shape in [(1, (2, 8)), (2, (2, 6, 7)), (3, (2, 4, 5, 6))]:
    for kind in ("Max", "Average"):
        for padding in ("valid", "same"):
            sequential(
                f"{kind.lower()}-pooling{rank}d-{padding}",
                shape,
                lambda k, n=f"{kind}Pooling{rank}D", p=padding, r=rank: [
                    getattr(k, f"Conv{r}D")(3, 2, data_format=FIRST),
                    getattr(k, n)(3, 2, p, data_format=FIRST),
                ],
            )
        for keepdims in (False, True):
            sequential(
                f"global-{kind.lower()}-pooling{rank}d{'-keepdims' if keepdims else ''}",
                shape,
                lambda k, n=f"Global{kind}Pooling{rank}D", d=keepdims, r=rank: [
                    getattr(k, f"Conv{r}D")(3, 2, data_format=FIRST),
                    getattr(k, n)(data_format=FIRST, keepdims=d),
                ],
            )
    sequential(
        f"zero-padding{rank}d",
        shape,
        lambda k, r=rank: [
            getattr(k, f"ZeroPadding{r}D")(2, data_format=FIRST),
            getattr(k, f"Conv{r}D")(2, 3, data_format=FIRST),
        ],
    )

for rank, shape in [(2, (2, 6, 7)), (3, (2, 4, 5, 6))]:
    for name, borders in [
        ("cropping", lambda k, r: getattr(k, f"Cropping{r}D")(((1, 0),) + ((0, 2),) * (r - 1), data_format=FIRST)),
        ("up-sampling", lambda k, r: getattr(k, f"UpSampling{r}D")((2, 3, 1)[:r], data_format=FIRST)),
    ]:
        sequential(
            f"{name}{rank}d",
            shape,
            lambda k, b=borders, r=rank: [getattr(k, f"Conv{r}D")(3, 2, data_format=FIRST), b(k, r)],
        )
    sequential(
        f"spatial-dropout{rank}d",
        shape,
        lambda k, r=rank: [getattr(k, f"SpatialDropout{r}D")(0.5, data_format=FIRST)],
        train=False,
    )
sequential(
    "up-sampling2d-bilinear",
    (2, 3, 4),
    lambda k: [k.UpSampling2D((2, 3), data_format=FIRST, interpolation="bilinear")],
    train=False,
)
for name, images in [
    ("resizing", lambda k: k.Resizing(4, 9, data_format=FIRST)),
    ("resizing-crop", lambda k: k.Resizing(4, 9, crop_to_aspect_ratio=True, data_format=FIRST)),
    ("resizing-pad", lambda k: k.Resizing(4, 9, pad_to_aspect_ratio=True, fill_value=2.0, data_format=FIRST)),
    ("center-crop", lambda k: k.CenterCrop(4, 3, data_format=FIRST)),
    ("center-crop-of-small-images", lambda k: k.CenterCrop(8, 3, data_format=FIRST)),
    ("random-flip-at-rest", lambda k: k.RandomFlip(data_format=FIRST)),
]:
    sequential(name, (3, 6, 5), lambda k, i=images: [i(k)], train=False)

sequential("convnet", (1, 10, 8), lambda k: [
    k.Conv2D(4, 3, padding="same", use_bias=False, data_format=FIRST),
    k.BatchNormalization(axis=1),
    k.ReLU(),
    k.MaxPooling2D(data_format=FIRST),
    k.Conv2D(6, 3, data_format=FIRST, activation="relu"),
    k.LayerNormalization(axis=1),
    k.GlobalAveragePooling2D(data_format=FIRST),
    k.Dense(3),
])  # fmt: skip


def residual(keras: Any) -> Any:
    """A model whose second convolution reads the sum of the first one's output and the input."""
    k = keras.layers
    inputs = keras.Input((3, 6, 5))
    x = k.Conv2D(3, 3, padding="same", activation="relu", data_format=FIRST)(inputs)
    x = k.Add()([x, inputs])
    x = k.Conv2D(2, 3, data_format=FIRST)(x)
    x = k.Concatenate(axis=1)([x, k.AveragePooling2D(3, 1, data_format=FIRST)(inputs)])
    return keras.Model(inputs, k.Flatten()(x))


def by_functions(keras: Any) -> Any:
    """A model of functions of `ops` with channels first."""
    inputs = keras.Input((3, 6, 8))
    x = keras.layers.Conv2D(4, 3, padding="same", data_format=FIRST)(inputs)
    x = keras.ops.max_pool(x, 2, 2, data_format=FIRST)
    x = keras.ops.image.resize(x, (5, 6), data_format=FIRST)
    x = keras.ops.average_pool(x, 3, 1, "same", data_format=FIRST)
    return keras.Model(inputs, x)


ROWS += [Row("residual", residual), Row("by-functions", by_functions)]


def set_by_default(keras: Any) -> Any:
    """A model whose layers have their position of channels from the setting."""
    keras.config.set_image_data_format(FIRST)
    try:
        return keras.Sequential([
            keras.Input((2, 7, 6)),
            keras.layers.ZeroPadding2D(),
            keras.layers.Conv2D(3, 3, strides=2),
            keras.layers.AveragePooling2D((2, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(2),
        ])  # fmt: skip
    finally:
        keras.config.set_image_data_format("channels_last")


ROWS.append(Row("set-by-default", set_by_default))
