"""Layer that applies a function of the user."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import fastnn.config
from fastnn import code_objects, object_forms, ops
from fastnn.configurable import plain
from fastnn.custom_objects import get_registered_object
from fastnn.engine.contract import title
from fastnn.engine.layer import Layer
from fastnn.symbolic.tensors import is_traced


class Lambda(Layer):
    """Layer that applies a function.

    The function is traced: the operators and functions of `fastnn.ops` that it uses become part of the model. The layer
    has no weights; for a function with weights derive a class from `Layer`.

    Shapes: those that the function returns.

    Args:
        function: Function of the inputs, and of `mask` and `training` if it has such parameters.
        output_shape: Accepted for Keras compatibility; shapes are found by running the function.
        mask: Mask of the output, or a function of the inputs and their mask that returns it; None means no mask.
        arguments: Further arguments of the function, by name.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        TypeError: `function` is not callable.

    Example:
        >>> layers.Lambda(lambda x: x / 255.0)(np.array([[0.0, 255.0]]))
        array([[0., 1.]], dtype=float32)
    """

    function: Callable[..., Any]
    mask: Any
    arguments: dict[str, Any]

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(mask, (list, tuple)):
            self.mask = np.asarray(mask, bool)
        if not callable(function):
            raise TypeError(f"{title(self)} expects a function, got {function!r}")
        self.arguments = dict(arguments or {})
        self.supports_masking = mask is not None
        try:
            self._parameters = set(inspect.signature(function).parameters)
        except ValueError:
            self._parameters = set()

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Stores each argument as an attribute. Only arguments stored here are part of the config."""
        # `output_shape` is a property of every layer, so the argument has another name.
        self._given_shape = arguments.get("output_shape")
        super().__fastnn_store_arguments__({name: value for name, value in arguments.items() if name != "output_shape"})

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments as plain values: of a lambda its code, of another function its name."""
        function = self.function
        code = {"function": _described(function)} if code_objects.is_lambda(function) else {}
        return {**super().get_config(), **code, "output_shape": plain(self._given_shape)}

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True
    ) -> Any:
        """Returns a new layer with the arguments that `get_config` returned.

        Args:
            config: The arguments.
            custom_objects: Functions by the names that the config uses for them.
            safe_mode: Whether the code of a lambda is refused.

        Raises:
            ValueError: The function is unknown, or a lambda while `safe_mode` is True.
        """
        function = config["function"]
        if isinstance(function, Mapping) and function.get("class_name") == "__lambda__":
            if safe_mode and not fastnn.config.allows_unsafe_deserialization():
                raise ValueError(f"{cls.__name__}: the config holds Python code (a lambda); safe_mode=False runs it")
            function = code_objects.load(function["config"])
        elif not callable(function):
            known = get_registered_object(function, custom_objects) if isinstance(function, str) else None
            function = known or object_forms.deserialize(function, custom_objects, "layers")
        return super().from_config({**config, "function": function})

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        """Returns the function of the inputs."""
        given = {"mask": mask, "training": training}
        own = {name: value for name, value in given.items() if name in self._parameters}
        return self.function(inputs, **{**self.arguments, **own})

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the mask that the argument `mask` defines; an array is that of every batch of as many rows."""
        if callable(self.mask):
            return self.mask(inputs, mask)
        if self.mask is None or not is_traced(inputs):
            return self.mask
        # The rows of a graph are those of any batch: an array with rows of its own must say the same of each.
        given = np.asarray(self.mask, bool)
        if given.ndim == 0 or (given != given[:1]).any():
            raise ValueError(
                f"{title(self)} expects a mask whose rows are equal, of shape (1, steps), since batches may have any "
                f"size, got shape {given.shape}; give a function of (inputs, mask) for another"
            )
        places = ops.ones_like(inputs, dtype="bool")
        for _ in range(len(inputs.shape) - given.ndim):
            places = places[..., 0]
        return ops.logical_and(places, given[:1])


def _described(function: Any) -> dict[str, Any]:
    return {"class_name": "__lambda__", "config": code_objects.dump(function)}
