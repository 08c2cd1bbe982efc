"""Forms of objects as Keras 2 had them: a class by its name and a config, a function by its name."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from fastnn.custom_objects import get_custom_objects, get_registered_name
from fastnn.naming import suggestion

__all__ = ["deserialize_keras_object", "serialize_keras_object"]


def serialize_keras_object(instance: Any) -> Any:
    """Returns the form of an object: a dictionary with its class and its config, or the name of a function.

    Args:
        instance: An object with `get_config`, a function, or None, whose form is None.

    Raises:
        ValueError: It has neither a config nor a name.

    Example:
        >>> from fastnn.utils import legacy
        >>> legacy.serialize_keras_object(layers.Flatten(name="f"))["class_name"]
        'Flatten'
    """
    if instance is None:
        return None
    if hasattr(instance, "get_config"):
        config = {name: _of_value(value) for name, value in instance.get_config().items()}
        return {"class_name": get_registered_name(type(instance)), "config": config}
    if hasattr(instance, "__name__"):
        return get_registered_name(instance)
    raise ValueError(f"serialize_keras_object expects an object with get_config(), or a function, got {instance!r}")


def _of_value(value: Any) -> Any:
    """Returns a value of a config, with functions by their names."""
    return get_registered_name(value) if inspect.isfunction(value) else value


def deserialize_keras_object(
    identifier: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """Returns the object of a form that `serialize_keras_object` made.

    Args:
        identifier: The form; None, and an object that is no form, come back as they are.
        module_objects: Classes and functions by name.
        custom_objects: Further ones, which are sought first.
        printable_module_name: The kind of object that is expected, for the error.

    Raises:
        ValueError: The name is unknown, or the form has no class and no config.

    Example:
        >>> from fastnn.utils import legacy
        >>> form = {"class_name": "Flatten", "config": {"name": "f"}}
        >>> legacy.deserialize_keras_object(form, module_objects={"Flatten": layers.Flatten}).name
        'f'
    """
    known = {**(module_objects or {}), **get_custom_objects(), **(custom_objects or {})}
    if isinstance(identifier, str):
        found = _found(identifier, known, printable_module_name)
        return found() if inspect.isclass(found) else found
    if not isinstance(identifier, Mapping):
        return identifier
    if not {"class_name", "config"} <= set(identifier):
        raise ValueError(
            f"deserialize_keras_object expects a dictionary with 'class_name' and 'config', got {dict(identifier)!r}"
        )
    found, config = _found(identifier["class_name"], known, printable_module_name), identifier["config"]
    if not hasattr(found, "from_config"):
        return found(**config)
    if "custom_objects" in inspect.signature(found.from_config).parameters:
        return found.from_config(config, custom_objects=dict(custom_objects or {}))
    return found.from_config(config)


def _found(name: str, known: Mapping[str, Any], kind: str) -> Any:
    # A registered name is that of a package, ">", and the name itself, under which modules have the object.
    for one in (name, name.rpartition(">")[2]):
        if one in known:
            return known[one]
    raise ValueError(
        f"deserialize_keras_object: there is no {kind} {name!r}; give it in custom_objects."
        f"{suggestion(name, list(known))}"
    )
