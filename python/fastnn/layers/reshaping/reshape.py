"""Layers that change the shape of their input, or the order of its axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.inference import are_free
from fastnn.engine.node_layer import NodeLayer
from fastnn.engine.shapes import channels_last
from fastnn.symbolic.tensors import Spec


class Flatten(NodeLayer):
    """All axes but the batch become one.

    Shapes: (batch, a, b, ...) -> (batch, a * b * ...).

    Args:
        data_format: None or "channels_last".
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> Flatten(input_shape=(28, 28))
    """

    kind = "Flatten"

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)


class Reshape(NodeLayer):
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

    def infer_node(self, specs: Sequence[Spec]) -> tuple[list[Spec], list[tuple[str, tuple[int, ...], bool]]]:
        if are_free([specs[0][0]]) and -1 not in self.target_shape:
            # Whether sizes that are not known yet go in is seen when they are.
            return [((None, *self.target_shape), specs[0][1])], []
        return super().infer_node(specs)


class Permute(NodeLayer):
    """The same numbers with their axes in another order.

    Shapes: (batch, d1, d2, ...) -> (batch, d[dims[0]], d[dims[1]], ...).

    Args:
        dims: For each axis that comes out the number of the axis that goes in; the first after the batch is 1.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `dims` are not the numbers 1 to n, each once.

    Example:
        >>> Permute((2, 1), input_shape=(10, 64))
    """

    kind = "Permute"

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)


class RepeatVector(NodeLayer):
    """A vector, n times.

    Shapes: (batch, features) -> (batch, n, features).

    Args:
        n: How often.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        TypeError: `n` is no integer.
        ValueError: `n` is less than 1.

    Example:
        >>> RepeatVector(3, input_shape=(32,))
    """

    kind = "RepeatVector"

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
