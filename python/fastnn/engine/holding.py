"""Layers among the attributes of a part, by attribute: the walk of the paths in files."""

from __future__ import annotations

from typing import Any

from fastnn.engine.contract import Part, attributes, state_of
from fastnn.engine.network import Network
from fastnn.engine.ownership import holds_parts, sublayers


def held_layers(part: Part) -> dict[str, Any]:
    """Returns the attributes of a part that hold layers, at any depth of lists, tuples and dicts.

    The layers are those of `ownership.sublayers`, and those that a layer computed by nodes keeps as parts. A model has
    all its layers as "layers" too; a model made of layers has no other attribute.

    Args:
        part: A layer or a model.

    Returns:
        For each attribute its value: a layer, or a container.
    """
    if isinstance(part, Network) and is_made_of_layers(part):
        return {"layers": list(part.__fastnn_operations__())}
    found = {name: value for name, value in attributes(part).items() if holds_parts(value)}
    return {**found, "layers": sublayers(part)} if isinstance(part, Network) else found


def is_made_of_layers(part: Any) -> bool:
    """Returns whether the layers of a model are all that it computes: a Sequential or Functional."""
    return state_of(part).members is not None
