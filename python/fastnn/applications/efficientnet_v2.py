"""EfficientNetV2: networks whose first blocks expand and convolve in one step.

Source: Tan and Le, "EfficientNetV2: Smaller Models and Faster Training" (2021).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from fastnn.applications.architecture import (
    CLASSES,
    SCALED_INSIDE,
    STORE,
    Request,
    channel_axis,
    channels,
    described,
    divisible,
    named,
    published,
)
from fastnn.applications.efficientnet import SKIPPED, convolve, excite, finish, kernels, normalize, skip
from fastnn.applications.imagenet_utils import decode_predictions, preprocessing
from fastnn.layers import DepthwiseConv2D, Normalization, Rescaling
from fastnn.models import Model

__all__ = [
    "EfficientNetV2B0",
    "EfficientNetV2B1",
    "EfficientNetV2B2",
    "EfficientNetV2B3",
    "EfficientNetV2L",
    "EfficientNetV2M",
    "EfficientNetV2S",
    "decode_predictions",
    "preprocess_input",
]

_MOMENTUM = 0.9


class _Stage(NamedTuple):
    """Row of a table of the paper; all kernels are 3x3."""

    repeats: int
    filters_in: int
    filters_out: int
    expansion: int
    strides: int
    fused: bool


def _stages(rows: tuple[tuple[int, int, int, int], ...], first: int) -> tuple[_Stage, ...]:
    """Returns the stages of rows (repeats, filters, expansion, strides), of which the first three are fused."""
    before = (first, *(filters for _, filters, _, _ in rows))
    return tuple(
        _Stage(n, before[i], filters, grow, stride, i < 3) for i, (n, filters, grow, stride) in enumerate(rows)
    )


_B = _stages(((1, 16, 1, 1), (2, 32, 4, 2), (2, 48, 4, 2), (3, 96, 4, 2), (5, 112, 6, 1), (8, 192, 6, 2)), 32)
_S = _stages(((2, 24, 1, 1), (4, 48, 4, 2), (4, 64, 4, 2), (6, 128, 4, 2), (9, 160, 6, 1), (15, 256, 6, 2)), 24)
_M = _stages(
    ((3, 24, 1, 1), (5, 48, 4, 2), (5, 80, 4, 2), (7, 160, 4, 2), (14, 176, 6, 1), (18, 304, 6, 2), (5, 512, 6, 1)), 24
)
_L = _stages(
    ((4, 32, 1, 1), (7, 64, 4, 2), (7, 96, 4, 2), (10, 192, 4, 2), (19, 224, 6, 1), (25, 384, 6, 2), (7, 640, 6, 1)), 32
)


class _Plan(NamedTuple):
    """What makes one of the networks."""

    suffix: str
    stages: tuple[_Stage, ...]
    side: int
    hashes: tuple[str, str]
    width: float = 1.0
    depth: float = 1.0


def _width(filters: int, plan: _Plan) -> int:
    return divisible(filters * plan.width, bound=0.0)


def _apart(x: Any, stage: _Stage, inner: int, name: str) -> Any:
    if stage.expansion != 1:
        x = convolve(x, inner, f"{name}expand_conv")
        x = normalize(x, f"{name}expand_bn", _MOMENTUM, f"{name}expand_activation")
    x = DepthwiseConv2D(
        3, strides=stage.strides, padding="same", use_bias=False, name=f"{name}dwconv2",
        depthwise_initializer=kernels(),
    )(x)  # fmt: skip
    x = normalize(x, f"{name}bn", _MOMENTUM, f"{name}activation")
    x = excite(x, inner, max(1, int(stage.filters_in * 0.25)), name)
    return normalize(convolve(x, stage.filters_out, f"{name}project_conv"), f"{name}project_bn", _MOMENTUM)


def _fused(x: Any, stage: _Stage, inner: int, name: str) -> Any:
    if stage.expansion == 1:
        x = convolve(x, stage.filters_out, f"{name}project_conv", 3, strides=stage.strides)
        return normalize(x, f"{name}project_bn", _MOMENTUM, f"{name}project_activation")
    x = convolve(x, inner, f"{name}expand_conv", 3, strides=stage.strides)
    x = normalize(x, f"{name}expand_bn", _MOMENTUM, f"{name}expand_activation")
    return normalize(convolve(x, stage.filters_out, f"{name}project_conv"), f"{name}project_bn", _MOMENTUM)


def _block(inputs: Any, stage: _Stage, skipped: float, name: str) -> Any:
    x = (_fused if stage.fused else _apart)(inputs, stage, stage.filters_in * stage.expansion, name)
    return skip(x, inputs, skipped, name) if stage.strides == 1 and stage.filters_in == stage.filters_out else x


def _scale(x: Any, suffix: str) -> Any:
    if suffix.startswith("b") and channels(x) == 3:
        mean, variance = [0.485, 0.456, 0.406], [one**2 for one in (0.229, 0.224, 0.225)]
        return Normalization(mean=mean, variance=variance, axis=channel_axis())(Rescaling(1.0 / 255.0)(x))
    return Rescaling(1.0 / 128.0, -1.0)(x)


def _features(x: Any, plan: _Plan) -> Any:
    x = convolve(x, _width(plan.stages[0].filters_in, plan), "stem_conv", 3, strides=2)
    x = normalize(x, "stem_bn", _MOMENTUM, "stem_activation")
    total, made = float(sum(stage.repeats for stage in plan.stages)), 0
    for i, stage in enumerate(plan.stages, 1):
        within = stage._replace(
            filters_in=_width(stage.filters_in, plan), filters_out=_width(stage.filters_out, plan)
        )  # fmt: skip
        for j in range(math.ceil(plan.depth * stage.repeats)):
            x = _block(x, within, SKIPPED * made / total, f"block{i}{chr(ord('a') + j)}_")
            within = within._replace(strides=1, filters_in=within.filters_out)
            made += 1
    return x


def _network(plan: _Plan) -> Callable[..., Model]:
    title = f"EfficientNetV2{plan.suffix.strip('-').upper()}"
    stem = f"efficientnetv2-{plan.suffix.strip('-')}"

    def build(
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = CLASSES,
        classifier_activation: Any = "softmax",
        include_preprocessing: bool = True,
        name: str = stem,
    ) -> Model:
        request = Request(
            title, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
        )
        images = request.images(plan.side)
        x = _features(_scale(images, plan.suffix) if include_preprocessing else images, plan)
        x = finish(request, x, _width(1280, plan), 0.2, _MOMENTUM)
        return request.model(images, x, published(f"{STORE}efficientnet_v2/", stem, *plan.hashes))

    return described(plan.side, SCALED_INSIDE, light=plan.suffix.startswith("b"))(named(build, title, __name__))


EfficientNetV2B0 = _network(
    _Plan("b0", _B, 224, ("21ecbf6da12460d5c40bb2f29ceb2188", "893217f2bb855e2983157299931e43ff"))
)
EfficientNetV2B1 = _network(
    _Plan("b1", _B, 240, ("069f0534ff22adf035c89e2d9547a9dc", "0e80663031ca32d657f9caa404b6ec37"), 1.0, 1.1)
)
EfficientNetV2B2 = _network(
    _Plan("b2", _B, 260, ("424e49f28180edbde1e94797771950a7", "1dfe2e7a5d45b6632553a8961ea609eb"), 1.1, 1.2)
)
EfficientNetV2B3 = _network(
    _Plan("b3", _B, 300, ("1f1fc43bd98a6e4fd8fdfd551e02c7a0", "f6abf7b5849ac99a89b50dd3fd532856"), 1.2, 1.4)
)
EfficientNetV2S = _network(
    _Plan("-s", _S, 384, ("e1d88a8495beba45748fedd0cecbe016", "af0682fb74e8c54910f2d4393339c070"))
)
EfficientNetV2M = _network(
    _Plan("-m", _M, 480, ("a3bf6aa3276309f4fc6a34aa114c95cd", "1b8dc055df72dde80d614482840fe342"))
)
EfficientNetV2L = _network(
    _Plan("-l", _L, 480, ("27e6d408b53c7ebc868fefa357689935", "b0b66b5c863aef5b46e8608fe1711615"))
)
preprocess_input = preprocessing(__name__, None)
