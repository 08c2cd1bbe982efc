"""Functions on cells of any class, those of users included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import ops
from fastnn.engine.layer import Layer


def select_states(seen: Any, new: Any, old: Any) -> Any:
    """Returns the new states where `seen` is true, the old ones elsewhere."""
    if isinstance(new, (list, tuple)):
        return [select_states(seen, a, b) for a, b in zip(new, old, strict=True)]
    return ops.where(seen, new, old)


def check_cell(who: str, cell: Any) -> None:
    """Checks that an object can be used as a cell.

    Raises:
        ValueError: It is not callable or has no `state_size`.
    """
    if not callable(cell) or not hasattr(cell, "state_size"):
        raise ValueError(
            f"{who} expects a cell: an object with state_size that is called with (inputs, states), such as "
            f"LSTMCell(16); got {cell!r}"
        )


def output_size(cell: Any) -> int:
    """Returns the dimension of a cell's output; without `output_size` that of its first state."""
    size = getattr(cell, "output_size", None)
    if size is None:
        size = cell.state_size
    return int(size[0] if isinstance(size, (list, tuple)) else size)


def initial_states(cell: Any, batch_size: Any) -> Any:
    """Returns the initial states of a cell."""
    if hasattr(cell, "get_initial_state"):
        return cell.get_initial_state(batch_size=batch_size)
    sizes = cell.state_size if isinstance(cell.state_size, (list, tuple)) else [cell.state_size]
    return [ops.zeros((batch_size, size)) for size in sizes]


def build_cells(cells: Sequence[Any], shape: Sequence[int | None]) -> None:
    """Builds the cells that are layers, each for the output of the cell before it."""
    for cell in cells:
        if isinstance(cell, Layer) and not cell.built:
            cell.build(tuple(shape))
            cell.built = True
        shape = (None, output_size(cell))
