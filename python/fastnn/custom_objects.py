"""Classes and functions that users register, by the names that configs and files use for them.

A name is looked up in the surrounding `CustomObjectScope`s, in `custom_objects=`, and among the registered objects. The
functions `get` of initializers, losses and their like look here first. Nothing is imported because a file names it.
"""

from __future__ import annotations

import contextvars
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Named = TypeVar("Named", bound=Callable[..., Any])

_by_name: dict[str, Any] = {}
_names: dict[Any, str] = {}
_scopes: contextvars.ContextVar[tuple[Mapping[str, Any], ...]] = contextvars.ContextVar("fastnn_objects", default=())


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

    Args:
        obj: The class or function.

    Returns:
        The name, a string: "package>name" for what is registered.

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
