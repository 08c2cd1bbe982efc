"""Base of the layers with an argument `output_shape`: `EinsumDense` and what projects with it."""

from __future__ import annotations

from typing import Any

from fastnn.engine.layer import Layer


class Projecting(Layer):
    """Base of the layers with an argument `output_shape`.

    It is stored as `_sizes`, since a layer's property `output_shape` is the shape of its output.
    """

    _sizes: tuple[int | None, ...] | None

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Stores each argument as an attribute. Only arguments stored here are part of the config."""
        given = arguments.pop("output_shape")
        several = list(given) if isinstance(given, (list, tuple)) else [given]
        if any(size is not None and (isinstance(size, bool) or not isinstance(size, int)) for size in several):
            raise ValueError(f"{type(self).__name__} expects output_shape to be integers, got {given!r}")
        self._sizes = given if given is None else (given,) if isinstance(given, int) else tuple(given)
        super().__fastnn_store_arguments__(arguments)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments as plain values, from which `from_config` creates an equal layer without weights."""
        return {**super().get_config(), "output_shape": self._sizes}
