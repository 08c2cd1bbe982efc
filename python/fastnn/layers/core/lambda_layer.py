"""A layer made of a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from fastnn.configurable import plain
from fastnn.engine.contract import title
from fastnn.engine.layer import Layer


class Lambda(Layer):
    """A function as a layer: what it does with `fastnn.ops` and operators becomes part of the model.

    Shapes: those that the function makes. It has no weights: for a function with weights write a layer of your own.

    Args:
        function: A function of the inputs, and of `mask` and `training` where it has such parameters.
        output_shape: Taken for Keras' sake: shapes are found by running the function.
        mask: The mask of the output, or a function of the inputs and their mask that makes it; None: there is none.
        arguments: Further arguments of the function, by name.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        TypeError: `function` cannot be called.

    Example:
        >>> Lambda(lambda x: x / 255.0)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"{title(self)} expects a function, got {function!r}")
        self.arguments = dict(arguments or {})
        self.supports_masking = mask is not None
        try:
            self._parameters = set(inspect.signature(function).parameters)
        except ValueError:
            self._parameters = set()

    def store_arguments(self, arguments: dict[str, Any]) -> None:
        # `output_shape` of a layer is what comes out of it.
        self._given_shape = arguments.get("output_shape")
        super().store_arguments({name: value for name, value in arguments.items() if name != "output_shape"})

    def get_config(self) -> dict[str, Any]:
        """Its arguments; the function by its name alone."""
        return {**super().get_config(), "output_shape": plain(self._given_shape)}

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        """The function of the inputs."""
        given = {"mask": mask, "training": training}
        own = {name: value for name, value in given.items() if name in self._parameters}
        return self.function(inputs, **{**self.arguments, **own})

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """What `mask` says."""
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask
