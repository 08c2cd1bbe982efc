"""Descriptions of objects for the functions `serialize` and `deserialize` of initializers, losses and their like.

The form is that of Keras' files, which `fastnn.saving` owns; `fastnn.families` gives it to this file, so that no module
below it imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class _Form(NamedTuple):
    write: Callable[[Any], Any]
    read: Callable[[Any, Mapping[str, Any] | None, str], Any]


_form: list[_Form] = []


def use(write: Callable[[Any], Any], read: Callable[[Any, Mapping[str, Any] | None, str], Any]) -> None:
    """Sets the functions that describe an object and read a description.

    Args:
        write: Returns the description of an object.
        read: Returns the object of (description, custom objects, family).
    """
    _form[:] = [_Form(write, read)]


def serialize(obj: Any) -> Any:
    """Returns an object as values of JSON: {"module", "class_name", "config", "registered_name"}."""
    return _form[0].write(obj)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None, family: str) -> Any:
    """Returns the object that a config describes.

    Args:
        config: A description, or the name of a class or function.
        custom_objects: Names that take precedence over the registered ones.
        family: Module of Keras that has the class where the config names none: "losses".
    """
    return _form[0].read(config, custom_objects, family)
