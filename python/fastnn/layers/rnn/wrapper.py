"""Base of the layers that wrap a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastnn.engine.layer import Layer
from fastnn.layers.lookup import layer_from_config


class Wrapper(Layer):
    """A layer around one."""

    supports_masking = True

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A new layer with the arguments that `get_config` returned."""
        return cls(
            **{name: layer_from_config(value) if name.endswith("layer") else value for name, value in config.items()}
        )

    def _check_layer(self, layer: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(f"{self.who()} expects a layer, such as Dense(8), got {layer!r}")
