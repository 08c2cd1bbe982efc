"""Classes of layers by name, for layers whose config describes another layer.

`fastnn.layers` fills in the table when it is imported; a family looks a class up here and imports no other family.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastnn import object_forms

classes: dict[str, type] = {}
"""The public classes of `fastnn.layers`, by their names and aliases."""


def layer_from_config(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the layer that a config describes.

    Args:
        config: A mapping with "class_name" and "config", or a layer, which is returned as it is.
        custom_objects: Classes and functions by the names that the config uses for them.

    Returns:
        A layer.

    Raises:
        ValueError: fastnn has no layer of this name.
    """
    return deserialize(config, custom_objects) if isinstance(config, Mapping) else config


def serialize(layer: Any) -> Any:
    """Returns a layer as values of JSON, in the form of Keras' files.

    Args:
        layer: The layer, or a registered class or function.

    Returns:
        Dict with "module", "class_name", "config" and "registered_name".

    Example:
        >>> fastnn.layers.serialize(fastnn.layers.Flatten(name='flat'))["class_name"]
        'Flatten'
    """
    return object_forms.serialize(layer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the layer that `serialize` described.

    Args:
        config: Dict with "class_name" and "config"; or a name.
        custom_objects: Classes and functions by the names that the config uses for them.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.

    Example:
        >>> fastnn.layers.deserialize(fastnn.layers.serialize(fastnn.layers.Flatten(name='flat')))
        Flatten(name='flat')
    """
    return object_forms.deserialize(config, custom_objects, "layers")
