"""Bases of the layers on images: a batch or one image, and random numbers drawn for each image in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn import _core
from fastnn.engine.emission import Emission
from fastnn.engine.layer import Layer, channels_last, numeric
from fastnn.layers.preprocessing.factor_ranges import Range, values_between
from fastnn.seeds import next_seed
from fastnn.symbolic.tensors import Shape, is_symbolic


class ImageLayer(Layer):
    """Base of layers on images of shape (batch, height, width, channels).

    Called on an array of three axes, it takes it for one image and gives one back.

    Args:
        **kwargs: As in `Layer`.

    Raises:
        ValueError: `data_format` is not None or "channels_last".
    """

    data_format: str | None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, self.__dict__.get("data_format"))

    def _known_shapes(self, input_shape: Any) -> list[Shape]:
        shapes = super()._known_shapes(input_shape)
        if len(shapes[0]) != 4:
            raise ValueError(f"{self.who()} expects images (batch, height, width, channels), got {shapes[0]}")
        return shapes

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The layer's output for a batch of images or for one image, or a symbolic tensor for a symbolic tensor."""
        if is_symbolic(inputs):
            return super().__call__(inputs, *args, **kwargs)
        images = numeric(inputs, f"{self.who()}: the input")
        if images.ndim != 3:
            return super().__call__(images, *args, **kwargs)
        return super().__call__(images[None], *args, **kwargs)[0]


class RandomImageLayer(ImageLayer):
    """Base of layers that change images in training by what they draw, and pass them on in inference.

    Args:
        seed: A whole number, or None to draw one.
        **kwargs: As in `Layer`.
    """

    seed: int | None

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stream = _core.Stream(next_seed() if seed is None else int(seed))

    def _ranges(self) -> Mapping[str, Range]:
        """The arguments that stand for ranges."""
        return {}

    def _node(self) -> tuple[str, dict[str, Any]] | None:
        node = super()._node()
        assert node is not None
        kind, config = node
        for name, (lower, upper) in self._ranges().items():
            config.pop(name, None)
            config[f"{name}_lower"], config[f"{name}_upper"] = float(lower), float(upper)
        return kind, config

    def _emit_main(self, emission: Emission, edges: list[int]) -> list[int]:
        node = self._node()
        assert node is not None
        return emission.add(self, node[0], node[1], edges, self.stream) if emission.training else edges


class RandomColorLayer(RandomImageLayer):
    """Base of those among them that change colours.

    Args:
        **kwargs: As in `RandomImageLayer`.
    """

    value_range: Sequence[float] = (0, 255)

    def _ranges(self) -> Mapping[str, Range]:
        return {"value_range": values_between(self.who(), self.value_range)}
