"""Layers among the attributes of a layer, by attribute: the one walk that files, training and summaries share."""

from __future__ import annotations

from typing import Any

from fastnn.engine.layer import Layer, layers_within


def held_layers(layer: Layer) -> dict[str, Layer | list[Layer]]:
    """Returns the layers within a layer by the attribute that holds them, at any depth of lists, tuples and dicts.

    A model made of layers has one such attribute, "layers".

    Args:
        layer: A layer or a model.

    Returns:
        For each attribute the layer, or a list of those in its container.
    """
    if is_made_of_layers(layer):
        return {"layers": list(layer.layers)}
    found: dict[str, Layer | list[Layer]] = {}
    for name, value in vars(layer).items():
        if name not in layer._internal:
            held = value if isinstance(value, Layer) else list(layers_within(value))
            if held:
                found[name] = held
    return found


def is_made_of_layers(layer: Any) -> bool:
    """Returns whether the layers of a model are all that it computes: a Sequential or Functional."""
    return not layer._has_call and "_layers" in vars(layer)
