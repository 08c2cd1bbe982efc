"""Layer that applies several layers one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn.engine.contract import title
from fastnn.engine.layer import Layer
from fastnn.layers.lookup import layer_from_config
from fastnn.symbolic.tensors import Trace, is_symbolic


class Pipeline(Layer):
    """Layer that applies several layers one after the other, as a chain of image augmentations.

    Shapes: input as the first layer accepts it, output as the last layer returns it.

    Args:
        layers: List of layers.
        name: Name of the layer, unique within a model; None derives one from the class name.

    Raises:
        ValueError: `layers` is no list of layers.

    Example:
        >>> pipeline = layers.Pipeline([layers.Rescaling(1 / 255), layers.CenterCrop(2, 2)])
        >>> pipeline(np.full((1, 4, 4, 1), 255.0)).ravel()
        array([1., 1., 1., 1.], dtype=float32)
    """

    layers: list[Any]

    def __init__(self, layers: Sequence[Any], name: str | None = None) -> None:
        super().__init__(name=name)
        if not isinstance(layers, (list, tuple)) or not all(isinstance(layer, Layer) for layer in layers):
            raise ValueError(f"{title(self)} expects a list of layers, got {layers!r}")

    def build(self, input_shape: Any = None) -> None:
        """Creates the weights of the layers."""
        shape = input_shape
        for layer in self.layers:
            if not layer.built:
                layer.build(shape)
            shape = layer.compute_output_shape(shape)
        super().build(input_shape)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the output of the last layer, for arrays or symbolic tensors."""
        if isinstance(inputs, Mapping) and not is_symbolic(inputs) and Trace.current() is None:
            # Layers on images take dicts of arrays of different lengths, which are no inputs of one graph.
            self.built = True
            return self.call(inputs, *args, **kwargs)
        return super().__call__(inputs, *args, **kwargs)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Returns the output of the last layer."""
        for layer in self.layers:
            inputs = layer(inputs, training=training)
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the output of the last layer."""
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Returns a new layer with the arguments that `get_config` returned."""
        made = dict(config)
        made["layers"] = [layer_from_config(one, custom_objects) for one in made["layers"]]
        return cls(**{name: made[name] for name in ("layers", "name") if name in made})
