"""Optimizers by name. One more optimizer is one more class in the list here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastnn.naming import lookup
from fastnn.optimizers.adam import Adam
from fastnn.optimizers.adamw import AdamW
from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.rmsprop import RMSprop
from fastnn.optimizers.sgd import SGD

_classes: dict[str, type[Optimizer]] = {cls.__name__.lower(): cls for cls in (SGD, Adam, AdamW, RMSprop)}


def get(identifier: str | Mapping[str, Any] | Optimizer | type[Optimizer]) -> Optimizer:
    """Returns the optimizer for a name, a config, a class or an object.

    Args:
        identifier: Name, in upper or lower case; config with "class_name" and "config"; class or object of `Optimizer`.

    Returns:
        The optimizer.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.
        TypeError: `identifier` is none of these.

    Example:
        >>> fastnn.optimizers.get("sgd")
        SGD()
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        name = identifier.lower() if identifier.lower() in _classes else identifier
        return lookup("optimizer", name, _classes)()  # type: ignore[no-any-return]
    if isinstance(identifier, Mapping):
        cls = lookup("optimizer", str(identifier["class_name"]).lower(), _classes)
        return cls.from_config(identifier.get("config", {}))  # type: ignore[no-any-return]
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()
    raise TypeError(f"optimizer expects a name or an object of fastnn.optimizers, got {identifier!r}")
