"""Quantizers by name and by config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastnn import object_forms
from fastnn.naming import lookup, snake_case
from fastnn.quantizers.configs import (
    Float8QuantizationConfig,
    Int4QuantizationConfig,
    Int8QuantizationConfig,
    QuantizationConfig,
)
from fastnn.quantizers.quantizer import AbsMaxQuantizer, Quantizer

_all = (
    Quantizer, AbsMaxQuantizer, QuantizationConfig, Int8QuantizationConfig, Int4QuantizationConfig,
    Float8QuantizationConfig,
)  # fmt: skip
_classes = {cls.__name__: cls for cls in _all} | {snake_case(cls.__name__): cls for cls in _all}


def get(identifier: Any, **kwargs: Any) -> Any:
    """Returns a quantizer for a name, a config or a class.

    Args:
        identifier: Such as "abs_max_quantizer", a config with "class_name" and "config", a quantizer, or None.
        **kwargs: Arguments of the constructor, for a name or a class.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.

    Example:
        >>> fastnn.quantizers.get("abs_max_quantizer", axis=-1)
        AbsMaxQuantizer(axis=(-1,))
    """
    if identifier is None:
        return None
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, str):
        identifier = lookup("quantizer", identifier, _classes)
    if isinstance(identifier, type):
        return identifier(**kwargs)
    if callable(identifier):
        return identifier
    raise ValueError(f"quantizers.get expects a name, a config or a quantizer, got {identifier!r}")


def serialize(initializer: Any) -> Any:
    """Returns a quantizer as values of JSON, in the form of Keras' files.

    Args:
        initializer: The quantizer; Keras calls the argument so.

    Example:
        >>> fastnn.quantizers.serialize(fastnn.quantizers.AbsMaxQuantizer())["class_name"]
        'AbsMaxQuantizer'
    """
    return object_forms.serialize(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the quantizer that `serialize` described.

    Args:
        config: Dict with "class_name" and "config"; or a name.
        custom_objects: Classes by the names that the config uses for them.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.

    Example:
        >>> fastnn.quantizers.deserialize(fastnn.quantizers.serialize(fastnn.quantizers.AbsMaxQuantizer(axis=0)))
        AbsMaxQuantizer(axis=(0,))
    """
    return object_forms.deserialize(config, custom_objects, "quantizers")
