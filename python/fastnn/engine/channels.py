"""Position of the channels: nodes compute with channels last, and a layer for channels first transposes at its border.

This file owns the argument `data_format` of all layers: its values, and how shapes and edges are moved to and from the
order of the core. Two such transposes that meet cancel (`Emission.transpose`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastnn.engine.emission import Emission
from fastnn.symbolic.tensors import Shape


def has_channels_first(attributes: Mapping[str, Any]) -> bool:
    """Returns whether the attributes of a layer say that the channels come right after the batch."""
    return attributes.get("data_format") == "channels_first"


def with_channels_last(shape: Shape) -> Shape:
    """Returns the shape (batch, channels, ...) as (batch, ..., channels)."""
    return (*shape[:1], *shape[2:], *shape[1:2])


def with_channels_first(shape: Shape) -> Shape:
    """Returns the shape (batch, ..., channels) as (batch, channels, ...)."""
    return shape if len(shape) < 2 else (shape[0], shape[-1], *shape[1:-1])


def move_channels_last(emission: Emission, edges: Sequence[int], name: str) -> list[int]:
    """Returns edges (batch, channels, ...) as (batch, ..., channels), by nodes with this name."""
    return [_moved(emission, edge, name, last=True) for edge in edges]


def move_channels_first(emission: Emission, edges: Sequence[int], name: str) -> list[int]:
    """Returns edges (batch, ..., channels) as (batch, channels, ...), by nodes with this name."""
    return [_moved(emission, edge, name, last=False) for edge in edges]


def add_between_transposes(
    emission: Emission, edges: Sequence[int], name: str, add: Callable[[list[int]], list[int]], otherwise: Any = None
) -> list[int]:
    """Adds a node that can compute in either order: with the channels last where its inputs exist so already.

    So a chain of layers for channels first is transposed at its two ends alone.

    Args:
        emission: The graph.
        edges: The inputs, each (batch, channels, ...) if the channels are to be moved at all.
        name: The layer's name.
        add: Adds the node for inputs with channels last; returns its output edges.
        otherwise: Adds the node for the inputs as they are; None: `add` does.
    """
    if not all((edge, _order(emission, edge, last=True)) in emission.transposed for edge in edges):
        return list((otherwise or add)(list(edges)))
    return move_channels_first(emission, add(move_channels_last(emission, edges, name)), name)


def _order(emission: Emission, edge: int, last: bool) -> tuple[int, ...]:
    axes = tuple(range(len(emission.graph.spec(edge)[0])))
    return (*axes[:1], *axes[2:], *axes[1:2]) if last else (*axes[:1], *axes[-1:], *axes[1:-1])


def _moved(emission: Emission, edge: int, name: str, last: bool) -> int:
    order = _order(emission, edge, last)
    return edge if len(order) < 3 else emission.transpose(edge, order, name)
