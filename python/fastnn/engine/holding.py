"""Layers among the attributes of a part, by attribute: the walk of the paths in files."""

from __future__ import annotations

from typing import Any

from fastnn.engine.contract import Part, attributes, state_of
from fastnn.engine.network import Network
from fastnn.engine.ownership import parts_within


def held_layers(part: Part) -> dict[str, Any]:
    """Returns the layers within a part by the attribute that holds them, at any depth of lists, tuples and dicts.

    They are the layers of `ownership.sublayers`, and those that a layer computed by nodes keeps as parts. A model made
    of layers has one such attribute, "layers".

    Args:
        part: A layer or a model.

    Returns:
        For each attribute the layer, or a list of those in its container.
    """
    if isinstance(part, Network) and is_made_of_layers(part):
        return {"layers": list(part.operations)}
    found: dict[str, Any] = {}
    for name, value in attributes(part).items():
        held = value if isinstance(value, Part) else list(parts_within(value))
        if held:
            found[name] = held
    return found


def is_made_of_layers(part: Any) -> bool:
    """Returns whether the layers of a model are all that it computes: a Sequential or Functional."""
    return state_of(part).members is not None
