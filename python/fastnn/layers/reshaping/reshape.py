"""Layer that gives its input another shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.layer import Layer, are_free
from fastnn.symbolic.tensors import Spec


class Reshape(Layer):
    """The same numbers in another shape.

    Shapes: (batch, ...) -> (batch, *target_shape).

    Args:
        target_shape: Without the batch; one size may be -1 and is found from the others.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> Reshape((28, 28, 1))
    """

    kind = "Reshape"

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def _infer(self, specs: Sequence[Spec]) -> tuple[list[Spec], list[tuple[str, tuple[int, ...], bool]]]:
        if are_free([specs[0][0]]) and -1 not in self.target_shape:
            # Whether sizes that are not known yet go in is seen when they are.
            return [((None, *self.target_shape), specs[0][1])], []
        return super()._infer(specs)
