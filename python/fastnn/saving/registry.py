"""Classes and functions that a file may name: those of fastnn, by families, and those that users register.

A name in a file is looked up in `custom_objects=`, in the surrounding `CustomObjectScope`s, among the registered
objects, and in the families of fastnn. A name in none of them is refused. Nothing is imported because a file names it.
`fastnn.families` registers the families, so no file of this package imports a layer or a model.
"""

from __future__ import annotations

import contextvars
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from fastnn.keras_form import own_attribute

Named = TypeVar("Named", bound=Callable[..., Any])

_by_name: dict[str, Any] = {}
_names: dict[Any, str] = {}
_scopes: contextvars.ContextVar[tuple[Mapping[str, Any], ...]] = contextvars.ContextVar("fastnn_objects", default=())
_families: dict[str, Family] = {}


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Named], Named]:
    """Registers a class or function under the name `package>name`, by which files may name it.

    Args:
        package: Prefix that separates the names of different projects.
        name: The name; None: that of the class or function.

    Returns:
        A decorator that returns the class or function unchanged.

    Raises:
        ValueError: The class has no `get_config`, or another object has the name.

    Example:
        >>> @fastnn.saving.register_keras_serializable("shop")
        ... class Double(layers.Layer):
        ...     def call(self, x):
        ...         return 2 * x
        >>> fastnn.saving.get_registered_name(Double)
        'shop>Double'
    """

    def register(named: Named) -> Named:
        if inspect.isclass(named) and not hasattr(named, "get_config"):
            raise ValueError(
                f"register_keras_serializable: {named.__name__} has no get_config(), without which it cannot be saved"
            )
        full = f"{package}>{name or named.__name__}"
        taken = _by_name.get(full)
        # A class defined again, as in a cell of a notebook, replaces itself.
        if taken is not None and taken.__qualname__ != named.__qualname__:
            raise ValueError(f"register_keras_serializable: {full!r} is taken by {taken!r}")
        _by_name[full] = named
        _names[named] = full
        return named

    return register


def get_registered_name(obj: Any) -> str:
    """Returns the registered name of a class or function, or its own name if it is not registered.

    Example:
        >>> fastnn.saving.get_registered_name(layers.Dense)
        'Dense'
    """
    return _names.get(obj) or str(getattr(obj, "__name__", obj))


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """Returns the object of a name, or None.

    Args:
        name: Name such as "shop>Double".
        custom_objects: Further names, which take precedence over the registered ones.
        module_objects: Further names, which the registered ones take precedence over.

    Example:
        >>> fastnn.saving.get_registered_object("Half", {"Half": 0.5})
        0.5
    """
    places = (*reversed(_scopes.get()), custom_objects or {}, _by_name, module_objects or {})
    return next((place[name] for place in places if name in place), None)


def get_custom_objects() -> dict[str, Any]:
    """Returns the table of registered names. Changes of the table take effect everywhere.

    Example:
        >>> fastnn.saving.get_custom_objects()["Twice"] = lambda x: 2 * x
        >>> fastnn.saving.get_registered_object("Twice")(4)
        8
    """
    return _by_name


class CustomObjectScope:
    """A `with` block in which further names are known.

    Args:
        custom_objects: The names, each with its class or function.

    Example:
        >>> with fastnn.saving.CustomObjectScope({"Half": 0.5}):
        ...     fastnn.saving.get_registered_object("Half")
        0.5
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None) -> None:
        self.custom_objects = dict(custom_objects or {})
        self._tokens: list[contextvars.Token[tuple[Mapping[str, Any], ...]]] = []

    def __enter__(self) -> CustomObjectScope:
        self._tokens.append(_scopes.set((*_scopes.get(), self.custom_objects)))
        return self

    def __exit__(self, *details: Any) -> None:
        _scopes.reset(self._tokens.pop())


custom_object_scope = CustomObjectScope


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
        """Returns the class of a name, or None."""
        found = None if name.startswith("_") else self.members.get(name)
        if isinstance(found, type) and hasattr(found, "from_config"):
            return found
        return self.older_names.get(name)

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
    older = {old: cls for cls in classes for old in own_attribute(cls, "keras_older_names") or ()}
    _families[name] = Family(word, members, older, arguments)


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
