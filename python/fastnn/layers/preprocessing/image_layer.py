"""Bases of the layers on images: a batch or one image, and random numbers drawn for each image in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn.engine.arrays import numeric
from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.engine.node_layer import NodeLayer
from fastnn.engine.shapes import channels_last
from fastnn.layers.preprocessing.factor_ranges import Range, color_range
from fastnn.seeds import stream_of
from fastnn.symbolic.tensors import Shape, is_symbolic


class ImageLayer(NodeLayer):
    """Base of the layers on images of shape (batch, height, width, channels).

    An array of three axes is taken as one image, and the output is one image too.

    Args:
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `data_format` is not None or "channels_last".
    """

    call_arguments = ("data", "training")
    data_format: str | None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, self.__dict__.get("data_format"))

    def known_shapes(self, input_shape: Any) -> list[Shape]:
        """Returns the shapes of the inputs, one by one, each beginning with the batch."""
        shapes = super().known_shapes(input_shape)
        if len(shapes[0]) != 4:
            raise ValueError(f"{title(self)} expects images (batch, height, width, channels), got {shapes[0]}")
        return shapes

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the output for a batch of images or for one image, or a symbolic tensor for a symbolic tensor."""
        if is_symbolic(inputs):
            return super().__call__(inputs, *args, **kwargs)
        images = numeric(inputs, f"{title(self)}: the input")
        if images.ndim != 3:
            return super().__call__(images, *args, **kwargs)
        return super().__call__(images[None], *args, **kwargs)[0]


class RandomImageLayer(ImageLayer):
    """Base of the layers that change images randomly in training and are the identity in inference.

    Args:
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.
    """

    keras_ignored_arguments = {"value_range": ...}
    seed: Any

    def __init__(self, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stream = stream_of(seed)

    def _ranges(self) -> Mapping[str, Range]:
        """Returns the arguments that stand for ranges, by name."""
        return {}

    def core_node(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        node = super().core_node()
        assert node is not None
        kind, config = node
        for name, (lower, upper) in self._ranges().items():
            config.pop(name, None)
            config[f"{name}_lower"], config[f"{name}_upper"] = float(lower), float(upper)
        return kind, config

    def add_core_node(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        node = self.core_node()
        assert node is not None
        return emission.add(self, node[0], node[1], edges, self.stream) if emission.draws() else edges


class RandomColorLayer(RandomImageLayer):
    """Base of the random image layers that change values within a `value_range`.

    Args:
        **kwargs: Arguments of `RandomImageLayer`.
    """

    value_range: Sequence[float] = (0, 255)

    def _ranges(self) -> Mapping[str, Range]:
        return {"value_range": color_range(title(self), self.value_range)}
