"""Classes of layers by name, for layers whose config describes another layer.

`fastnn.layers` fills in the table when it is imported; a family looks a class up here and imports no other family.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

classes: dict[str, type] = {}
"""The public classes of `fastnn.layers`, by their names and aliases."""


def layer_from_config(config: Any) -> Any:
    """Returns the layer that a config describes.

    Args:
        config: A mapping with "class_name" and "config", or a layer, which is returned as it is.

    Returns:
        A layer.

    Raises:
        ValueError: fastnn has no layer of this name.
    """
    if not isinstance(config, Mapping):
        return config
    cls: Any = classes.get(config["class_name"])
    if cls is None:
        raise ValueError(f"fastnn has no layer {config['class_name']!r}; create the layer first and pass the object")
    return cls.from_config(config["config"])
