"""Base of the layers that project their input by an einsum."""

from __future__ import annotations

from typing import Any

from fastnn.engine.layer import Layer


class Projecting(Layer):
    """A layer with an argument `output_shape`, which is no attribute of that name: there a layer says its shape."""

    _sizes: tuple[int | None, ...] | None

    def store_arguments(self, arguments: dict[str, Any]) -> None:
        given = arguments.pop("output_shape")
        self._sizes = given if given is None else (given,) if isinstance(given, int) else tuple(given)
        super().store_arguments(arguments)

    def get_config(self) -> dict[str, Any]:
        """The arguments from which `from_config` makes an equal layer without weights, as plain values."""
        return {**super().get_config(), "output_shape": None if self._sizes is None else list(self._sizes)}
