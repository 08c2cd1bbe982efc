"""Initializers by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fastnn import object_forms
from fastnn.configurable import converts
from fastnn.custom_objects import get_registered_object
from fastnn.initializers.constants import STFT, Constant, Identity, Ones, Zeros
from fastnn.initializers.initializer import Initializer, RandomInitializer
from fastnn.initializers.random_values import Orthogonal, RandomNormal, RandomUniform, TruncatedNormal
from fastnn.initializers.scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)
from fastnn.naming import lookup, snake_case

_classes: dict[str, type[Initializer]] = {
    name: cls
    for cls in (
        Zeros, Ones, Constant, RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling, GlorotUniform,
        GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal, Orthogonal, Identity, STFT,
    )
    for name in (snake_case(cls.__name__), cls.__name__)
}  # fmt: skip


_aliases = {
    "zero": "zeros", "one": "ones", "normal": "random_normal", "uniform": "random_uniform", "eye": "identity",
    "xavier_uniform": "glorot_uniform", "xavier_normal": "glorot_normal", "IdentityInitializer": "identity",
    "OrthogonalInitializer": "orthogonal", "STFTInitializer": "STFT",
}  # fmt: skip


@converts("_initializer")
def get(identifier: Any) -> Callable[..., Any] | None:
    """Returns the initializer for a name, a config, a class, an object or a number.

    An object without a seed is copied and draws a new one, so two layers that share it start differently.

    Args:
        identifier: Name such as "he_normal", config with "class_name" and "config", class or object of `Initializer`,
            function of a shape, number or array (see `Constant`), or None.

    Returns:
        The initializer; None for None.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.
        TypeError: `identifier` is none of these.

    Example:
        >>> fastnn.initializers.get("he_normal")
        HeNormal()
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        identifier = get_registered_object(identifier) or lookup("initializer", identifier, _classes, _aliases)
    if isinstance(identifier, Mapping):
        return deserialize(identifier)  # type: ignore[no-any-return]
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return identifier()
    if isinstance(identifier, RandomInitializer) and identifier.seed is None:
        return type(identifier).from_config(identifier.get_config())
    if callable(identifier):
        return identifier  # type: ignore[no-any-return]
    if isinstance(identifier, (int, float, np.ndarray)):
        return Constant(identifier)
    raise TypeError(f"initializer expects a name or an object of fastnn.initializers, got {identifier!r}")


def serialize(initializer: Any) -> Any:
    """Returns an initializer as values of JSON, in the form of Keras' files.

    Args:
        initializer: The initializer, or a registered class or function.

    Returns:
        Dict with "module", "class_name", "config" and "registered_name".

    Example:
        >>> fastnn.initializers.serialize(fastnn.initializers.Constant(0.5))["class_name"]
        'Constant'
    """
    return object_forms.serialize(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the initializer that `serialize` described.

    Args:
        config: Dict with "class_name" and "config"; or a name.
        custom_objects: Classes and functions by the names that the config uses for them.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.

    Example:
        >>> fastnn.initializers.deserialize(fastnn.initializers.serialize(fastnn.initializers.Constant(0.5)))
        Constant(value=0.5)
    """
    return object_forms.deserialize(config, custom_objects, "initializers")
