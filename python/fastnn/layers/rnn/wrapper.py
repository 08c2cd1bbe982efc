"""Base of the layers that wrap a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastnn.engine.contract import title
from fastnn.engine.layer import Layer


def _layer_from(config: Any) -> Any:
    """A layer of what describes it; a layer itself."""
    if not isinstance(config, Mapping):
        return config
    from fastnn import layers

    made = getattr(layers, config["class_name"], None)
    if made is None:
        raise ValueError(f"fastnn has no layer {config['class_name']!r}; make the layer first and pass it on")
    return made.from_config(config["config"])


class Wrapper(Layer):
    """A layer around one."""

    supports_masking = True

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A new layer with the arguments that `get_config` returned."""
        return cls(**{name: _layer_from(value) if name.endswith("layer") else value for name, value in config.items()})

    def _check_layer(self, layer: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(f"{title(self)} expects a layer, such as Dense(8), got {layer!r}")
