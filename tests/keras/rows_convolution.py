"""Rows for convolutions of all kinds, pooling, and layers that rearrange pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rows import Row

ROWS: list[Row] = []


def sequential(name: str, shape: tuple[int, ...], layers: Callable[[Any], list[Any]], **arguments: Any) -> None:
    """A row of a chain of layers."""
    ROWS.append(Row(name, lambda keras: keras.Sequential([keras.Input(shape), *layers(keras.layers)]), **arguments))


for padding in ("valid", "same", "causal"):
    sequential(f"conv1d-{padding}", (9, 2), lambda k, p=padding: [k.Conv1D(3, 3, padding=p, activation="relu")])
    sequential(f"conv1d-{padding}-strided", (10, 2), lambda k, p=padding: [k.Conv1D(3, 4, strides=3, padding=p)])
    sequential(f"conv1d-{padding}-dilated", (11, 2), lambda k, p=padding: [k.Conv1D(3, 3, padding=p, dilation_rate=2)])
sequential("conv1d-groups", (7, 4), lambda k: [k.Conv1D(6, 3, groups=2, activation="tanh"), k.Flatten(), k.Dense(2)])
sequential("conv3d", (4, 5, 3, 2), lambda k: [k.Conv3D(3, (2, 3, 2), activation="relu"), k.Flatten(), k.Dense(2)])
sequential("conv3d-same-strided", (5, 4, 3, 2), lambda k: [k.Conv3D(3, 2, strides=(2, 1, 2), padding="same")])
sequential("conv3d-same-dilated", (4, 4, 3, 2), lambda k: [k.Conv3D(2, 2, dilation_rate=2, padding="same")])
sequential("conv3d-groups", (3, 3, 4, 4), lambda k: [k.Conv3D(4, 2, groups=2)])

for padding in ("valid", "same"):
    for size, stride, extra in [
        (1, 1, None), (3, 1, None), (2, 2, None), (3, 2, None), (4, 2, None), (5, 2, None), (1, 3, None), (2, 3, None),
        (4, 3, None), (3, 2, 0), (3, 2, 1), (4, 2, 1), (4, 3, 0), (4, 3, 2), (3, 3, 1), (2, 3, 2), (5, 3, 2),
    ]:  # fmt: skip
        sequential(
            f"conv1d-transpose-{padding}-k{size}-s{stride}{'' if extra is None else f'-extra{extra}'}",
            (4, 2),
            lambda k, a=(3, size, stride, padding, extra): [k.Conv1DTranspose(*a)],
        )
    sequential(
        f"conv1d-transpose-{padding}-dilated",
        (5, 2),
        lambda k, p=padding: [k.Conv1DTranspose(3, 3, padding=p, dilation_rate=2)],
    )
    sequential(
        f"conv2d-transpose-{padding}",
        (3, 4, 2),
        lambda k, p=padding: [k.Conv2DTranspose(3, (3, 2), strides=2, padding=p, activation="relu")],
    )
    sequential(
        f"conv2d-transpose-{padding}-extra",
        (3, 4, 2),
        lambda k, p=padding: [k.Conv2DTranspose(3, 3, strides=(2, 3), padding=p, output_padding=(1, 2))],
    )
    sequential(
        f"conv3d-transpose-{padding}",
        (2, 3, 2, 2),
        lambda k, p=padding: [k.Conv3DTranspose(2, (2, 3, 2), strides=(2, 1, 2), padding=p, activation="tanh")],
    )
sequential("conv2d-transpose-decoder", (2, 2, 3), lambda k: [
    k.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu"),
    k.Conv2DTranspose(1, 4, strides=2, padding="same", use_bias=False),
])  # fmt: skip

for padding in ("valid", "same"):
    sequential(f"depthwise1d-{padding}", (9, 3), lambda k, p=padding: [k.DepthwiseConv1D(3, strides=2, padding=p)])
    sequential(
        f"depthwise2d-{padding}", (7, 6, 3), lambda k, p=padding: [k.DepthwiseConv2D(3, padding=p, activation="relu")]
    )
    sequential(
        f"depthwise2d-{padding}-multiplied",
        (7, 6, 3),
        lambda k, p=padding: [k.DepthwiseConv2D((3, 2), strides=2, padding=p, depth_multiplier=2)],
    )
    sequential(
        f"separable1d-{padding}", (9, 3), lambda k, p=padding: [k.SeparableConv1D(4, 3, padding=p, activation="tanh")]
    )
    sequential(
        f"separable2d-{padding}",
        (6, 7, 2),
        lambda k, p=padding: [k.SeparableConv2D(4, 3, padding=p, depth_multiplier=2), k.GlobalAveragePooling2D()],
    )
sequential("depthwise2d-dilated", (7, 8, 2), lambda k: [k.DepthwiseConv2D(3, dilation_rate=2)])
sequential("depthwise1d-multiplied", (7, 2), lambda k: [k.DepthwiseConv1D(2, depth_multiplier=3, use_bias=False)])
sequential(
    "depthwise-penalties",
    (5, 5, 2),
    lambda k: [k.DepthwiseConv2D(3, depthwise_regularizer="l2", depthwise_constraint="max_norm")],
)
sequential(
    "separable-penalties",
    (5, 5, 2),
    lambda k: [k.SeparableConv2D(3, 3, depthwise_regularizer="l2", pointwise_regularizer="l1")],
)

for padding in ("valid", "same"):
    for kind in ("Max", "Average"):
        word = f"{kind.lower()}-pooling"
        sequential(
            f"{word}1d-{padding}",
            (10, 2),
            lambda k, c=f"{kind}Pooling1D", p=padding: [k.Dense(3), getattr(k, c)(3, strides=2, padding=p)],
        )
        sequential(
            f"{word}3d-{padding}",
            (5, 4, 3, 2),
            lambda k, c=f"{kind}Pooling3D", p=padding: [k.Dense(2), getattr(k, c)((2, 3, 2), padding=p)],
        )
for kind in ("Max", "Average"):
    for rank, shape in ((1, (7, 2)), (3, (2, 3, 4, 2))):
        for keepdims in (False, True):
            sequential(
                f"global-{kind.lower()}-pooling{rank}d{'-keepdims' * keepdims}",
                shape,
                lambda k, c=f"Global{kind}Pooling{rank}D", d=keepdims: [k.Dense(3), getattr(k, c)(keepdims=d)],
            )

sequential("up-sampling1d", (4, 2), lambda k: [k.Dense(2), k.UpSampling1D(3)])
sequential("up-sampling3d", (2, 2, 3, 2), lambda k: [k.Dense(2), k.UpSampling3D((2, 1, 2))])
for word in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"):
    sequential(
        f"up-sampling2d-{word}",
        (4, 3, 2),
        lambda k, w=word: [k.Dense(2), k.UpSampling2D((2, 3), interpolation=w)],
    )
sequential("zero-padding1d", (4, 2), lambda k: [k.Dense(2), k.ZeroPadding1D((1, 2)), k.ZeroPadding1D()])
sequential("zero-padding2d", (3, 4, 2), lambda k: [k.Dense(2), k.ZeroPadding2D(((1, 0), (2, 1))), k.ZeroPadding2D()])
sequential("zero-padding3d", (2, 3, 2, 2), lambda k: [k.Dense(2), k.ZeroPadding3D((0, 1, 2))])
sequential("cropping1d", (9, 2), lambda k: [k.Dense(2), k.Cropping1D((1, 2)), k.Cropping1D()])
sequential("cropping2d", (6, 7, 2), lambda k: [k.Dense(2), k.Cropping2D(((1, 0), (2, 1))), k.Cropping2D((1, 0))])
sequential("cropping3d", (4, 5, 6, 2), lambda k: [k.Dense(2), k.Cropping3D()])
sequential("permute", (2, 3, 4), lambda k: [k.Dense(3), k.Permute((3, 1, 2)), k.Dense(2)])
sequential("repeat-vector", (4,), lambda k: [k.Dense(3, activation="tanh"), k.RepeatVector(4), k.Dense(2)])
