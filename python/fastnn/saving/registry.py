"""Classes and functions that a file may name: those of fastnn, by families, and those that users register.

A name in a file is looked up in `custom_objects=`, in the surrounding `CustomObjectScope`s, among the registered
objects (`fastnn.custom_objects`), and in the families of fastnn. A name in none of them is refused.
`fastnn.families` registers the families, so no file of this package imports a layer or a model.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from fastnn.keras_form import own_attribute
from fastnn.naming import snake_case

_families: dict[str, Family] = {}


class Family(NamedTuple):
    """A group of public classes of fastnn.

    Attributes:
        word: The kind of its members, for messages: "layer".
        members: Its namespace; classes among the values that have no leading underscore belong to it.
        older_names: Names of members in files of other versions of Keras.
        arguments: Endings of the names of arguments that expect a member.
    """

    word: str
    members: Mapping[str, Any]
    older_names: Mapping[str, type]
    arguments: tuple[str, ...]

    def find(self, name: str) -> type | None:
        """Returns the class of a name, which may be in lower case, or None."""
        found = None if name.startswith("_") else self.members.get(name)
        if isinstance(found, type) and hasattr(found, "from_config"):
            return found
        if name in self.older_names:
            return self.older_names[name]
        lower = (known for known in self.names() if name in (known.lower(), snake_case(known)))
        proper = next(lower, None)
        return None if proper is None else self.members[proper]

    def function(self, name: str) -> Callable[..., Any] | None:
        """Returns the function of a name, or None."""
        found = None if name.startswith("_") else self.members.get(name)
        return found if inspect.isfunction(found) else None

    def names(self) -> list[str]:
        """Returns the names of all classes."""
        return [name for name, one in self.members.items() if isinstance(one, type) and hasattr(one, "from_config")]


def register_family(name: str, word: str, members: Mapping[str, Any], arguments: tuple[str, ...] = ()) -> None:
    """Registers a group of classes that files may name without any registration by the user.

    Args:
        name: Last part of the public module of Keras that has the classes: "layers".
        word: The kind of the members, for messages: "layer".
        members: Namespace that holds them.
        arguments: Endings of the names of arguments that expect a member: "_initializer".
    """
    classes = [one for one in members.values() if isinstance(one, type)]
    older = {old: cls for cls in classes for old in own_attribute(cls, "__fastnn_keras_older_names__") or ()}
    others = {own_attribute(cls, "__fastnn_keras_class__"): cls for cls in classes}
    older |= {other: cls for other, cls in others.items() if other is not None}
    _families[name] = Family(word, members, older, arguments)


class _LoadedWhenNamed(Mapping[str, Any]):
    """Members that are loaded when they are looked up.

    Args:
        homes: The module of each member.
    """

    def __init__(self, homes: Mapping[str, str]) -> None:
        self._homes = homes

    def __getitem__(self, name: str) -> Any:
        return getattr(import_module(self._homes[name]), name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)


def register_later(name: str, word: str, homes: Mapping[str, str]) -> None:
    """Registers a group of classes whose modules are loaded when a file names one of them.

    Args:
        name: Part of the name of the module of Keras that has the classes: "applications".
        word: The kind of the members, for messages: "layer".
        homes: The module of each class, by the name of the class.
    """
    _families[name] = Family(word, _LoadedWhenNamed(homes), {}, ())


def families_for(module: str, argument: str) -> list[Family]:
    """Returns the families in which a class is looked up, the most likely first.

    Layers and models are always among them: older files do not name their modules.

    Args:
        module: Module that the file names: "keras.src.losses.losses"; "": none.
        argument: Name of the argument that the object is for; "": none.
    """
    named = [part for part in module.split(".") if part in _families]
    if named:
        first = named[-1]
    else:
        fitting = (name for name, family in _families.items() if argument.endswith(family.arguments or ("\0",)))
        first = next(fitting, "layers")
    return [_families[name] for name in dict.fromkeys((first, "layers", "models"))]


def function_named(name: str, module: str = "") -> Callable[..., Any] | None:
    """Returns the function of fastnn that has a name, such as a loss or an activation, or None.

    Args:
        name: The name.
        module: Module that the file names, whose functions come first; "": none.
    """
    likely = module.split(".")
    ordered = sorted(_FUNCTIONS, key=lambda family: family not in likely)
    found = (_families[family].function(name) for family in ordered if family in _families)
    return next((function for function in found if function is not None), None)


_FUNCTIONS = ("activations", "losses", "metrics")
"""Families whose functions a file may name."""
