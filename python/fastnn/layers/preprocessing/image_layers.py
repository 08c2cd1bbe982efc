"""What layers on images have in common: a batch or one image, and what is drawn for each image in training.

The layers themselves are in `fastnn.layers`; what is drawn, and what it does, is a node of the core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastnn import _core
from fastnn.engine.arrays import numeric
from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.engine.node_layer import NodeLayer
from fastnn.engine.shapes import channels_last
from fastnn.seeds import next_seed
from fastnn.symbolic.tensors import Shape, is_symbolic

Range = tuple[float, float]


def _numbers(value: Any) -> list[float] | None:
    """The value as a list of two numbers, or of one; None where it is neither."""
    given = list(value) if isinstance(value, (tuple, list, np.ndarray)) else [value]
    pair = isinstance(value, (tuple, list, np.ndarray))
    fits = len(given) == (2 if pair else 1) and all(
        isinstance(one, (int, float, np.number)) and not isinstance(one, bool) for one in given
    )
    return [float(one) for one in given] if fits else None


def drawn_between(who: str, name: str, value: Any, least: float, most: float, from_zero: bool = False) -> Range:
    """The range that an argument stands for: two numbers, or one that stands for the range from -it to it.

    Args:
        who: Whose argument it is.
        name: What it is called.
        value: What the user gave.
        least: What no number may be below; a range from a single number starts there at the lowest.
        most: What no number may be above.
        from_zero: Whether a single number stands for the range from 0 to it.

    Raises:
        ValueError: It is no such number, nor two of them.
    """
    numbers = _numbers(value)
    if numbers is None or any(not least <= one <= most for one in numbers):
        raise ValueError(
            f"{who} expects {name} to be a number or two numbers from {least:g} to {most:g}, got {value!r}"
        )
    if len(numbers) == 2:
        return min(numbers), max(numbers)
    size = abs(numbers[0])
    return (0.0 if from_zero else max(-size, least)), size


def values_between(who: str, value: Any) -> Range:
    """The smallest and the largest value that a colour may have.

    Raises:
        ValueError: They are not two different numbers.
    """
    numbers = _numbers(value)
    if numbers is None or len(numbers) != 2 or numbers[0] == numbers[1]:
        raise ValueError(f"{who} expects value_range to be two different numbers such as (0, 255), got {value!r}")
    return min(numbers), max(numbers)


class ImageLayer(NodeLayer):
    """Base of layers on images of shape (batch, height, width, channels).

    Called on an array of three axes, it takes it for one image and gives one back.

    Args:
        **kwargs: As in `Layer`.

    Raises:
        ValueError: `data_format` is not None or "channels_last".
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, self.__dict__.get("data_format"))

    def known_shapes(self, input_shape: Any) -> list[Shape]:
        shapes = super().known_shapes(input_shape)
        if len(shapes[0]) != 4:
            raise ValueError(f"{title(self)} expects images (batch, height, width, channels), got {shapes[0]}")
        return shapes

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The layer's output for a batch of images or for one image, or a symbolic tensor for a symbolic tensor."""
        if is_symbolic(inputs):
            return super().__call__(inputs, *args, **kwargs)
        images = numeric(inputs, f"{title(self)}: the input")
        if images.ndim != 3:
            return super().__call__(images, *args, **kwargs)
        return super().__call__(images[None], *args, **kwargs)[0]


class RandomImageLayer(ImageLayer):
    """Base of layers that change images in training by what they draw, and pass them on in inference.

    Args:
        seed: A whole number, or None to draw one.
        **kwargs: As in `Layer`.
    """

    keras_ignored_arguments = {"value_range": ...}

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stream = _core.Stream(next_seed() if seed is None else int(seed))

    def _ranges(self) -> Mapping[str, Range]:
        """The arguments that stand for ranges."""
        return {}

    def core_node(self) -> tuple[str, dict[str, Any]] | None:
        node = super().core_node()
        assert node is not None
        kind, config = node
        for name, (lower, upper) in self._ranges().items():
            config.pop(name, None)
            config[f"{name}_lower"], config[f"{name}_upper"] = float(lower), float(upper)
        return kind, config

    def add_core_node(self, emission: Emission, edges: list[int]) -> list[int]:
        node = self.core_node()
        assert node is not None
        return emission.add(self, node[0], node[1], edges, self.stream) if emission.training else edges


class RandomColorLayer(RandomImageLayer):
    """Base of those among them that change colours.

    Args:
        **kwargs: As in `RandomImageLayer`.
    """

    value_range: Sequence[float] = (0, 255)

    def _ranges(self) -> Mapping[str, Range]:
        return {"value_range": values_between(title(self), self.value_range)}
