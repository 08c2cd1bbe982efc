"""Names of what users have written themselves: classes and functions that a file may mention.

A file names its custom objects; this table says what the names mean. Nothing is ever imported because a file says so:
what is neither part of fastnn nor in this table, in a `custom_objects=` or in a `CustomObjectScope` is refused.
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
    """Says that a class or function may stand in files, under the name `package>name`.

    Args:
        package: A word that keeps names of different projects apart.
        name: The name; None: the class's or function's own.

    Raises:
        ValueError: The class has no `get_config`, or the name is taken by another.

    Example:
        >>> @fastnn.saving.register_keras_serializable("shop")
        ... class Double(fastnn.layers.Layer): ...
    """

    def register(named: Named) -> Named:
        if inspect.isclass(named) and not hasattr(named, "get_config"):
            raise ValueError(
                f"register_keras_serializable: {named.__name__} has no get_config(), without which it cannot be saved"
            )
        full = f"{package}>{name or named.__name__}"
        taken = _by_name.get(full)
        # The same class defined anew, as in a notebook's cell, replaces itself.
        if taken is not None and taken.__qualname__ != named.__qualname__:
            raise ValueError(f"register_keras_serializable: {full!r} is taken by {taken!r}")
        _by_name[full] = named
        _names[named] = full
        return named

    return register


def get_registered_name(obj: Any) -> str:
    """The name under which a class or function was registered; its own name where it was not."""
    return _names.get(obj) or str(getattr(obj, "__name__", obj))


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """What a name means, or None.

    Args:
        name: Such as "shop>Double".
        custom_objects: Names that go before the registered ones.
        module_objects: Names that come after them.
    """
    places = (*reversed(_scopes.get()), custom_objects or {}, _by_name, module_objects or {})
    return next((place[name] for place in places if name in place), None)


def get_custom_objects() -> dict[str, Any]:
    """The table of registered names itself; what is put in there counts everywhere."""
    return _by_name


class CustomObjectScope:
    """A `with` block in which more names are known.

    Args:
        custom_objects: The names, each with its class or function.

    Example:
        >>> with fastnn.saving.CustomObjectScope({"Double": Double}):
        ...     model = fastnn.models.load_model("m.keras")
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
