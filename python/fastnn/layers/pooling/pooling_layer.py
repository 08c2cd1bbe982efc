"""Base of the layers that pool over windows."""

from __future__ import annotations

from typing import Any

from fastnn.layers.windowed import Windowed


class PoolingLayer(Windowed):
    """Base of maximum and average pooling over windows, which do not overlap by default."""

    __fastnn_built_at_once__ = True
    pool_size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Stores each argument as an attribute. Only arguments stored here are part of the config."""
        if arguments["strides"] is None:
            arguments["strides"] = arguments["pool_size"]
        super().__fastnn_store_arguments__(arguments)
