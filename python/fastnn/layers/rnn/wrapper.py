"""Base of the layers that contain a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from fastnn.engine.contract import title
from fastnn.engine.layer import Layer
from fastnn.layers.lookup import layer_from_config


class Wrapper(Layer):
    """Base of the layers that contain a layer."""

    supports_masking = True
    wrapped: ClassVar[tuple[str, ...]] = ("layer", "backward_layer")
    """Names of the arguments that are layers."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Returns a new layer with the arguments that `get_config` returned."""
        return cls(**{k: layer_from_config(v, custom_objects) if k in cls.wrapped else v for k, v in config.items()})

    def _check_layer(self, layer: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(f"{title(self)} expects a layer, such as Dense(8), got {layer!r}")
