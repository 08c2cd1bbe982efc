"""Base of the layers that contain a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from fastnn.engine.contract import title
from fastnn.engine.layer import Layer
from fastnn.layers.lookup import layer_from_config


class Wrapper(Layer):
    """Base of the layers that contain a layer, as attribute `layer`.

    Args:
        layer: The layer.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `layer` is no layer.

    Example:
        >>> class Twice(layers.Wrapper):
        ...     def call(self, inputs):
        ...         return 2 * self.layer(inputs)
        >>> Twice(layers.Dense(1, kernel_initializer="ones"))(np.ones((1, 2)))
        array([[4.]], dtype=float32)
    """

    layer: Any
    __fastnn_wrapped__: ClassVar[tuple[str, ...]] = ("layer", "backward_layer")
    """Names of the arguments that are layers."""

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._check_layer(layer)

    def build(self, input_shape: Any = None) -> None:
        """Creates the weights of the layer within."""
        if not self.layer.built:
            self.layer.build(input_shape)
        super().build(input_shape)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Returns a new layer with the arguments that `get_config` returned."""
        return cls(
            **{k: layer_from_config(v, custom_objects) if k in cls.__fastnn_wrapped__ else v for k, v in config.items()}
        )

    def _check_layer(self, layer: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(f"{title(self)} expects a layer, such as Dense(8), got {layer!r}")
