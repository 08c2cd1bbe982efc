"""Bases of the layers on images: a batch or one image, and random numbers drawn for each image in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn import ops, random
from fastnn.engine.by_code import BY_CODE
from fastnn.engine.channels import has_channels_first
from fastnn.engine.contract import Outcome, title
from fastnn.engine.emission import Emission
from fastnn.engine.node_layer import ByNode, NodeLayer
from fastnn.layers.preprocessing.base_image_preprocessing_layer import BaseImagePreprocessingLayer
from fastnn.layers.preprocessing.factor_ranges import Range, color_range
from fastnn.seeds import is_generator
from fastnn.symbolic.tensors import Arguments, Shape


class ByImages(ByNode):
    """The computation of layers that are one node of the core for images, and code for a dict of data."""

    def arguments(self, part: NodeLayer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Returns the checked arguments of a call, (args, kwargs)."""
        return BY_CODE.arguments(part, args, kwargs) if _is_dict(args) else super().arguments(part, args, kwargs)

    def arrays(self, part: NodeLayer, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Returns the arguments of a call on arrays, with the inputs as arrays."""
        return BY_CODE.arrays(part, args) if _is_dict(args) else super().arrays(part, args)

    def check_tensors(self, part: NodeLayer, args: tuple[Any, ...]) -> None:
        """Raises a TypeError where the input is neither a symbolic tensor nor a dict."""
        if not _is_dict(args):
            super().check_tensors(part, args)

    def outcome(self, part: NodeLayer, arguments: Arguments, training: bool | None) -> Outcome:
        """Builds the layer and returns the output specs."""
        return (BY_CODE if _is_dict(arguments.place(arguments.tensors)[0]) else super()).outcome(
            part, arguments, training
        )

    def emit(self, part: NodeLayer, emission: Emission, edges: list[int], arguments: Arguments | None) -> list[int]:
        """Adds the node, or what the methods of the layer compute, to a graph."""
        if arguments is not None and _is_dict(arguments.place(arguments.tensors)[0]):
            return BY_CODE.emit(part, emission, edges, arguments)
        return super().emit(part, emission, edges, arguments)


def _is_dict(args: tuple[Any, ...]) -> bool:
    return bool(args) and isinstance(args[0], Mapping)


class ImageLayer(BaseImagePreprocessingLayer, NodeLayer):
    """Base of the layers on images of shape (batch, height, width, channels).

    An array of three axes is taken as one image, and the output is one image too.

    Args:
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`, and `bounding_box_format`.
    """

    __fastnn_common_arguments__ = BaseImagePreprocessingLayer.__fastnn_common_arguments__
    __fastnn_native__ = ByImages()
    __fastnn_call_arguments__ = ("data", "training")
    data_format: str

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def build(self, input_shape: Any = None) -> None:
        """Builds the layer for a batch of images, or for one image."""
        if isinstance(input_shape, Mapping):
            super().build(input_shape)
        else:
            NodeLayer.build(self, (None, *input_shape) if _is_one_image(input_shape) else input_shape)

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
        self.generator = seed if is_generator(seed) else random.SeedGenerator(seed)
        self.stream = self.generator.stream

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

    Boxes and segmentation masks stay as they are.

    Args:
        **kwargs: Arguments of `RandomImageLayer`.
    """

    __fastnn_keeps_places__ = True
    value_range: Sequence[float] = (0, 255)

    def _ranges(self) -> Mapping[str, Range]:
        return {"value_range": color_range(title(self), self.value_range)}

    def _clipped(self, images: Any) -> Any:
        """Returns images with values within the range."""
        return ops.clip(images, *color_range(title(self), self.value_range))


def of_images(numbers: Any) -> Any:
    """Returns one number for each image with the axes of images."""
    return ops.reshape(numbers, (-1, 1, 1, 1))
