"""Bases of the layers on images: a batch or one image, and random numbers drawn for each image in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn.engine.arrays import numeric
from fastnn.engine.channels import has_channels_first
from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.engine.node_layer import NodeLayer
from fastnn.layers.preprocessing.factor_ranges import Range, color_range
from fastnn.seeds import stream_of
from fastnn.symbolic.tensors import Shape, is_symbolic


class ImageLayer(NodeLayer):
    """Base of the layers on images of shape (batch, height, width, channels).

    An array of three axes is taken as one image, and the output is one image too.

    Args:
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.
    """

    __fastnn_call_arguments__ = ("data", "training")
    data_format: str

    def build(self, input_shape: Any = None) -> None:
        """Builds the layer for a batch of images, or for one image."""
        super().build((None, *input_shape) if _is_one_image(input_shape) else input_shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape that comes out for a shape that goes in, of a batch or of one image."""
        if _is_one_image(input_shape):
            return super().compute_output_shape((None, *input_shape))[1:]
        return super().compute_output_shape(input_shape)

    def __fastnn_known_shapes__(self, input_shape: Any) -> list[Shape]:
        """Returns the shapes of the inputs, one by one, each beginning with the batch."""
        shapes = super().__fastnn_known_shapes__(input_shape)
        if len(shapes[0]) != 4:
            first = has_channels_first(vars(self))
            expected = "(batch, channels, height, width)" if first else "(batch, height, width, channels)"
            raise ValueError(f"{title(self)} expects images {expected}, got {shapes[0]}")
        return shapes

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the output for a batch of images or for one image, or a symbolic tensor for a symbolic tensor."""
        if is_symbolic(inputs):
            return super().__call__(inputs, *args, **kwargs)
        images = numeric(inputs, f"{title(self)}: the input")
        if images.ndim != 3:
            return super().__call__(images, *args, **kwargs)
        return super().__call__(images[None], *args, **kwargs)[0]


def _is_one_image(shape: Any) -> bool:
    return isinstance(shape, (list, tuple)) and len(shape) == 3


class RandomImageLayer(ImageLayer):
    """Base of the layers that change images randomly in training and are the identity in inference.

    Args:
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.
    """

    __fastnn_keras_ignored_arguments__ = {"value_range": ...}
    seed: Any

    def __init__(self, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stream = stream_of(seed)

    def _ranges(self) -> Mapping[str, Range]:
        """Returns the arguments that stand for ranges, by name."""
        return {}

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        node = super().__fastnn_core_node__()
        assert node is not None
        kind, config = node
        for name, (lower, upper) in self._ranges().items():
            config.pop(name, None)
            config[f"{name}_lower"], config[f"{name}_upper"] = float(lower), float(upper)
        return kind, config

    def __fastnn_add_core_node__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        node = self.__fastnn_core_node__()
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
