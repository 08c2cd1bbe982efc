"""Layers that only keep a model from learning by heart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import _core
from fastnn.layer import Emission, Layer
from fastnn.seeds import next_seed


class Dropout(Layer):
    """In training sets a share of the inputs to 0 and divides the others by 1 - rate; in inference passes all on.

    Shapes: the input's.

    Args:
        rate: The share that is dropped, from 0 up to but not including 1.
        noise_shape: The shape of the mask, where axes of size 1 share one draw: (None, 1, 8); None: the input's.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> Dropout(0.5)
    """

    kind = "Dropout"

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.stream = _core.Stream(next_seed() if seed is None else int(seed))

    def _emit_main(self, emission: Emission, edges: list[int]) -> list[int]:
        node = self._node()
        assert node is not None
        return emission.add(self, node[0], node[1], edges, self.stream) if emission.training else edges


class ActivityRegularization(Layer):
    """Passes its input on and adds l1 * sum(|x|) + l2 * sum(x**2) to the loss.

    Shapes: the input's.

    Args:
        l1: The strength of the first.
        l2: The strength of the second.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> ActivityRegularization(l2=1e-4)
    """

    kind = "ActivityRegularization"

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input: the node's other output is the penalty."""
        return super().compute_output_shape(input_shape)[0]

    def _emit_main(self, emission: Emission, edges: list[int]) -> list[int]:
        node = self._node()
        assert node is not None
        output, penalty = emission.add(self, node[0], node[1], edges)
        emission.penalties.append(penalty)
        return [output]
