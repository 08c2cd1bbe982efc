"""Networks VGG: five groups of convolutions, each followed by a pooling, then three dense layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn.applications.architecture import SCALED_OUTSIDE, Published, Request, architecture
from fastnn.layers import Conv2D, Dense, Flatten, MaxPooling2D
from fastnn.models import Model

_FILTERS = (64, 128, 256, 512, 512)


def vgg(title: str, module: str, depths: tuple[int, ...], files: Published) -> Callable[..., Model]:
    """Returns the function that builds a network with so many convolutions in each group."""

    def features(x: Any) -> Any:
        for group, (filters, depth) in enumerate(zip(_FILTERS, depths, strict=True), 1):
            for i in range(1, depth + 1):
                name = f"block{group}_conv{i}"
                x = Conv2D(filters, 3, padding="same", activation="relu", name=name)(x)
            x = MaxPooling2D(2, strides=2, name=f"block{group}_pool")(x)
        return x

    says = f"{SCALED_OUTSIDE} The dense layers hold most of the weights."
    return architecture(title, module, features, _top, files, named_pools=False, says=says)


def _top(request: Request, x: Any) -> Any:
    x = Flatten(name="flatten")(x)
    for name in ("fc1", "fc2"):
        x = Dense(4096, activation="relu", name=name)(x)
    return request.classify(x)
