"""Base of the layers that add or remove positions at the border."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from fastnn.engine.contract import title
from fastnn.engine.input_spec import InputSpec
from fastnn.engine.layer import Layer
from fastnn.engine.node_layer import NodeLayer

Amounts = int | Sequence[int] | Sequence[Sequence[int]]


def _pairs(layer: Layer, name: str, value: Amounts, rank: int) -> tuple[tuple[int, int], ...]:
    """Returns the numbers of positions before and after each axis.

    Args:
        layer: Layer whose argument it is.
        name: Name of the argument.
        value: One integer for all axes, one integer for each axis, or one pair for each axis.
        rank: Number of axes.

    Returns:
        A pair for each axis.

    Raises:
        ValueError: The value has none of these forms, or a number is negative.
    """
    lists = (list, tuple, np.ndarray)
    axes: Any = tuple(value) if isinstance(value, lists) else (value,) * rank
    if rank == 1 and isinstance(value, lists) and len(axes) == 1 and not isinstance(axes[0], lists):
        axes = ()
    if rank == 1 and len(axes) == 2:
        axes = (axes,)
    pairs = [tuple(axis) if isinstance(axis, lists) else (axis, axis) for axis in axes]
    fits = len(pairs) == rank and all(len(pair) == 2 for pair in pairs)
    if not fits or not all(isinstance(n, (int, np.integer)) and n >= 0 for pair in pairs for n in pair):
        forms = "an integer or a pair such as (1, 2)" if rank == 1 else f"an integer, {rank} integers or {rank} pairs"
        raise ValueError(f"{title(layer)} expects {name} to be {forms}, none of them negative, got {value!r}")
    return tuple((int(before), int(after)) for before, after in pairs)


class BorderLayer(NodeLayer):
    """Base of the layers whose argument is a pair of integers for each axis, which the core reads as one list."""

    rank: ClassVar[int]
    __fastnn_word__: ClassVar[str]

    def __fastnn_input_spec__(self) -> InputSpec:
        """Returns the description of the input."""
        return InputSpec(ndim=type(self).rank + 2)

    def _pairs(self) -> tuple[tuple[int, int], ...]:
        return _pairs(self, self.__fastnn_word__, getattr(self, self.__fastnn_word__), self.rank)

    def _settle(self) -> None:
        pairs = self._pairs()
        setattr(self, self.__fastnn_word__, pairs[0] if self.rank == 1 else pairs)

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        return self.__fastnn_kind__, {self.__fastnn_word__: [amount for pair in self._pairs() for amount in pair]}
