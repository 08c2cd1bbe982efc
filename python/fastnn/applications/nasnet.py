"""NASNet: networks of two cells that were found by a search, one of which halves the sides of the images.

Source: Zoph, Vasudevan, Shlens and Le, "Learning Transferable Architectures for Scalable Image Recognition" (2017).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from fastnn.applications.architecture import (
    CLASSES,
    SCALED_OUTSIDE,
    STORE,
    Published,
    Request,
    channels,
    described,
    named,
    pad_for_stride,
    refuse_channels_first,
    sides,
)
from fastnn.applications.imagenet_utils import decode_predictions, preprocessing
from fastnn.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Cropping2D,
    GlobalAveragePooling2D,
    MaxPooling2D,
    SeparableConv2D,
    ZeroPadding2D,
    add,
    concatenate,
)
from fastnn.models import Model

__all__ = ["NASNetLarge", "NASNetMobile", "decode_predictions", "preprocess_input"]


class _Plan(NamedTuple):
    """What makes one of the networks."""

    side: int
    filters: int
    blocks: int
    stem_filters: int
    skip_reduction: bool
    """Whether the cell after a reduction takes the input of the cell before it, not of the reduction."""
    hashes: tuple[str, str]


def _normalize(x: Any, name: str) -> Any:
    return BatchNormalization(axis=-1, momentum=0.9997, epsilon=1e-3, name=name)(x)


def _convolve(x: Any, filters: int, name: str) -> Any:
    return Conv2D(filters, 1, padding="same", use_bias=False, kernel_initializer="he_normal", name=name)(x)


def _separable(x: Any, filters: int, kernel: int, block: str, stride: int = 1) -> Any:
    x = Activation("relu")(x)
    if stride == 2:
        x = pad_for_stride(x, kernel, f"separable_conv_1_pad_{block}")
    for i in (1, 2):
        if i == 2:
            x, stride = Activation("relu")(x), 1
        x = SeparableConv2D(
            filters, kernel, strides=stride, padding="same" if stride == 1 else "valid", use_bias=False,
            name=f"separable_conv_{i}_{block}",
        )(x)  # fmt: skip
        x = _normalize(x, f"separable_conv_{i}_bn_{block}")
    return x


def _fit(before: Any, x: Any, filters: int, block: str) -> Any:
    """Brings the output of the cell before the last to the size and the channels of this one."""
    if before is None:
        return x
    if sides(before)[1] != sides(x)[1]:
        before = Activation("relu", name=f"adjust_relu_1_{block}")(before)
        moved = Cropping2D(((1, 0), (1, 0)))(ZeroPadding2D(((0, 1), (0, 1)))(before))
        halves = []
        for i, one in enumerate((before, moved), 1):
            half = AveragePooling2D(1, strides=2, name=f"adjust_avg_pool_{i}_{block}")(one)
            halves.append(_convolve(half, filters // 2, f"adjust_conv_{i}_{block}"))
        return _normalize(concatenate(halves, axis=-1), f"adjust_bn_{block}")
    if channels(before) != filters:
        before = _convolve(Activation("relu")(before), filters, f"adjust_conv_projection_{block}")
        return _normalize(before, f"adjust_bn_{block}")
    return before


def _smooth(x: Any, name: str) -> Any:
    return AveragePooling2D(3, strides=1, padding="same", name=name)(x)


def _begin(x: Any, before: Any, filters: int, kind: str, block: str) -> tuple[Any, Any]:
    before = _fit(before, x, filters, block)
    h = _convolve(Activation("relu")(x), filters, f"{kind}_conv_1_{block}")
    return _normalize(h, f"{kind}_bn_1_{block}"), before


def _normal_cell(x: Any, before: Any, filters: int, block: str) -> tuple[Any, Any]:
    h, p = _begin(x, before, filters, "normal", block)

    def separable(x: Any, kernel: int, side: str) -> Any:
        return _separable(x, filters, kernel, f"normal_{side}_{block}")

    def total(first: Any, second: Any, number: int) -> Any:
        return add([first, second], name=f"normal_add_{number}_{block}")

    parts = [
        p,
        total(separable(h, 5, "left1"), separable(p, 3, "right1"), 1),
        total(separable(p, 5, "left2"), separable(p, 3, "right2"), 2),
        total(_smooth(h, f"normal_left3_{block}"), p, 3),
        total(_smooth(p, f"normal_left4_{block}"), _smooth(p, f"normal_right4_{block}"), 4),
        total(separable(h, 3, "left5"), h, 5),
    ]
    return concatenate(parts, axis=-1, name=f"normal_concat_{block}"), x


def _reduction_cell(x: Any, before: Any, filters: int, block: str) -> tuple[Any, Any]:
    h, p = _begin(x, before, filters, "reduction", block)
    padded = pad_for_stride(h, 3, f"reduction_pad_1_{block}")

    def separable(x: Any, kernel: int, side: str, stride: int = 2) -> Any:
        return _separable(x, filters, kernel, f"reduction_{side}_{block}", stride)

    def pool(layer: Any, side: str) -> Any:
        return layer(3, strides=2, name=f"reduction_{side}_{block}")(padded)

    first = add([separable(h, 5, "left1"), separable(p, 7, "right1")], name=f"reduction_add_1_{block}")
    second = add([pool(MaxPooling2D, "left2"), separable(p, 7, "right2")], name=f"reduction_add_2_{block}")
    third = add([pool(AveragePooling2D, "left3"), separable(p, 5, "right3")], name=f"reduction_add3_{block}")
    fourth = add([second, _smooth(first, f"reduction_left4_{block}")])
    fifth = add([separable(first, 3, "left4", 1), pool(MaxPooling2D, "right5")], name=f"reduction_add4_{block}")
    return concatenate([second, third, fourth, fifth], axis=-1, name=f"reduction_concat_{block}"), x


def _features(x: Any, plan: _Plan) -> Any:
    x = Conv2D(
        plan.stem_filters, 3, strides=2, use_bias=False, kernel_initializer="he_normal", name="stem_conv1"
    )(x)  # fmt: skip
    x, before = _normalize(x, "stem_bn1"), None
    for i, share in ((1, 4), (2, 2)):
        x, before = _reduction_cell(x, before, plan.filters // share, f"stem_{i}")
    for group in range(3):
        filters, last = plan.filters * 2**group, group * plan.blocks
        if group:
            x, reduced = _reduction_cell(x, before, filters, f"reduce_{last}")
            before = before if plan.skip_reduction else reduced
        for i in range(plan.blocks):
            x, before = _normal_cell(x, before, filters, str(last + i + (group > 0)))
    return Activation("relu")(x)


def _network(size: str, plan: _Plan) -> Callable[..., Model]:
    title = f"NASNet{size.title()}"
    folder = f"{STORE}nasnet/"
    names = (f"nasnet_{size}.h5", f"nasnet_{size}_no_top.h5")
    with_top, without_top = plan.hashes
    files = Published(
        folder, (f"NASNet-{size}.h5", with_top), (f"NASNet-{size}-no-top.h5", without_top), cached=names
    )  # fmt: skip

    def build(
        input_shape: Any = None,
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        pooling: str | None = None,
        classes: int = CLASSES,
        classifier_activation: Any = "softmax",
        name: str = f"nasnet_{size}",
    ) -> Model:
        refuse_channels_first(title)
        if size == "mobile" and not include_top and input_shape is None:
            input_shape = (plan.side, plan.side, 3)
        request = Request(
            title, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
        )
        images = request.images(plan.side)
        x = _features(images, plan)
        x = request.classify(GlobalAveragePooling2D()(x)) if include_top else request.pool(x, named=False)
        return request.model(images, x, files)

    return described(plan.side, f"{SCALED_OUTSIDE} Their channels are last.", light=size == "mobile")(
        named(build, title, __name__)
    )


NASNetMobile = _network(
    "mobile",
    _Plan(224, 44, 4, 32, False, ("020fb642bf7360b370c678b08e0adf61", "1ed92395b5b598bdda52abe5c0dbfd63")),
)
NASNetLarge = _network(
    "large",
    _Plan(331, 168, 6, 96, True, ("11577c9a518f0070763c2b964a382f17", "d81d89dc07e6e56530c4e77faddd61b5")),
)
preprocess_input = preprocessing(__name__, "tf")
