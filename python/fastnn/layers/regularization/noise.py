"""Base of the layers that disturb their input in training, and the layers that add noise."""

from __future__ import annotations

from typing import Any

from fastnn import _core
from fastnn.engine.emission import Emission
from fastnn.engine.node_layer import NodeLayer
from fastnn.seeds import next_seed


class Noise(NodeLayer):
    """A layer that draws random numbers in training and passes its input on in inference."""

    supports_masking = True
    seed: int | None

    def _open_stream(self) -> None:
        self.stream = _core.Stream(next_seed() if self.seed is None else int(self.seed))

    def add_core_node(self, emission: Emission, edges: list[int]) -> list[int]:
        node = self.core_node()
        assert node is not None
        return emission.add(self, node[0], node[1], edges, self.stream) if emission.training else edges


class GaussianNoise(Noise):
    """In training adds a normal number of mean 0 to each input; in inference passes all on.

    Shapes: the input's.

    Args:
        stddev: The standard deviation of the numbers.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> GaussianNoise(0.1)
    """

    kind = "GaussianNoise"

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open_stream()


class GaussianDropout(Noise):
    """In training multiplies each input by a normal number of mean 1; in inference passes all on.

    Shapes: the input's.

    Args:
        rate: As for `Dropout`, from 0 up to but not including 1: the numbers' variance is rate / (1 - rate).
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> GaussianDropout(0.2)
    """

    kind = "GaussianDropout"

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open_stream()
