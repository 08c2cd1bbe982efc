"""Errors for calls that do not fit a signature: they name the method as users call it and propose the nearest argument.

`explained` decorates the public methods and functions whose arguments are often mistyped; `taken_by` describes what a
constructor takes, and compares arguments with their annotations. Which values are allowed is said where they are read.
"""

from __future__ import annotations

import functools
import inspect
import numbers
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from fastnn.naming import suggestion

_KINDS = {
    "bool": "True or False", "float": "a number", "int": "an integer", "str": "a string", "Sequence": "a list or tuple",
    "Mapping": "a dict", "Callable": "a function", "os.PathLike": "a path",
}  # fmt: skip
"""Annotations that are checked, by the words of messages."""


_MOST_PASSED = 1000
"""Combinations of types that are kept for each constructor."""


class WrongKindError(TypeError, ValueError):
    """Error for an argument of another kind.

    In Python's custom it is a TypeError; Keras raises a ValueError for most of them, and scripts catch that.
    """


F = TypeVar("F", bound=Callable[..., Any])


def explained(function: F) -> F:
    """Decorates a function or method so that a call with wrong arguments says which it takes."""

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            # Only a call that did not fit the signature has no frame below this one.
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise
            mismatch = _mismatch(function, args, kwargs)
            if mismatch is None:
                raise
        raise TypeError(mismatch)

    return cast(F, called)


def checked(constructor: F) -> F:
    """Decorates a constructor so that wrong arguments, and arguments of another kind, are explained."""
    function = explained(constructor)

    @functools.wraps(constructor)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        taken = taken_by(constructor)
        taken.check_kinds(type(self).__name__, {**dict(zip(taken.places, args, strict=False)), **kwargs})
        function(self, *args, **kwargs)

    return cast(F, __init__)


signature_of = functools.lru_cache(4096)(inspect.signature)
"""Returns the signature of a function, which is read once."""


def _mismatch(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """Returns why a call does not fit the signature of a function; None where it does."""
    signature = signature_of(function)
    names = list(signature.parameters)
    who = function.__name__
    if names[:1] == ["self"] and args:
        who = type(args[0]).__name__ if who == "__init__" else f"{type(args[0]).__name__}.{who}"
    open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values())
    for name in kwargs:
        if name not in names and not open_ended:
            known = [one for one in names if one != "self"]
            return f"{who}() has no argument {name!r}.{suggestion(name, known)}"
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        return f"{who}() {error}; it takes {', '.join(name for name in names if name != 'self')}"
    return None


def _check_kind(who: str, name: str, value: Any, default: Any, kinds: Sequence[str]) -> bool:
    """Raises a TypeError where an argument is of none of these kinds; returns whether all of its type pass."""
    if not kinds or any(_is_of_kind(value, kind) for kind in kinds):
        return not isinstance(value, np.ndarray)
    if value is default:
        return value is None
    words = " or ".join(_KINDS[kind] for kind in kinds if kind != "None")
    example = f" such as ({value},)" if "Sequence" in kinds and isinstance(value, int) else ""
    raise WrongKindError(f"{who} expects {name} to be {words}{example}, got {value!r}")


class Taken(NamedTuple):
    """What a constructor takes.

    Attributes:
        signature: Its signature.
        variadic: The name of its **kwargs; None: it has none.
        own: Its arguments without *args and **kwargs in their order, with their defaults, or `Parameter.empty`.
        places: Those that may be given by place or by name.
        plain: False where others may be given by place.
        kinds: For each argument that is checked its default and its kinds.
        passed: Names and types of arguments that pass, whatever their values.
    """

    signature: inspect.Signature
    variadic: str | None
    own: dict[str, Any]
    places: tuple[str, ...]
    plain: bool
    kinds: dict[str, tuple[Any, list[str]]]
    passed: set[tuple[Any, ...]]

    def arguments(self, this: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the own arguments of a call by name, defaults included.

        Args:
            this: The object that is constructed.
            args: The arguments by place.
            kwargs: Those by name.

        Raises:
            TypeError: The constructor does not take them.
        """
        if self.plain and len(args) <= len(self.places):
            by_place = dict(zip(self.places, args, strict=False))
            found = {**self.own, **by_place, **kwargs}
            if self.variadic is not None:
                found = {name: found[name] for name in self.own}
            fits = len(found) == len(self.own) and by_place.keys().isdisjoint(kwargs)
            if fits and not any(value is inspect.Parameter.empty for value in found.values()):
                return found
        try:
            bound = self.signature.bind(this, *args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{type(this).__name__}() {error}") from None
        bound.apply_defaults()
        return {name: bound.arguments[name] for name in self.own}

    def check_kinds(self, who: str, arguments: Mapping[str, Any]) -> None:
        """Checks that arguments are of the plain kinds that their annotations name: numbers, strings, True or False.

        Args:
            who: The name of what is called, for the error.
            arguments: The arguments by name; defaults always pass.

        Raises:
            TypeError: An argument is of another kind.
        """
        # Most arguments pass by their types; these are looked at once.
        types = (*arguments, *map(type, arguments.values()))
        if types in self.passed:
            return
        kinds = self.kinds
        by_type = [_check_kind(who, name, value, *kinds[name]) for name, value in arguments.items() if name in kinds]
        if all(by_type) and len(self.passed) < _MOST_PASSED:
            self.passed.add(types)


@functools.cache
def taken_by(constructor: Callable[..., Any]) -> Taken:
    """Returns what a constructor takes. Read at the first use, to keep imports fast.

    Args:
        constructor: The constructor.
    """
    signature = signature_of(constructor)
    parameters = list(signature.parameters.values())[1:]
    own = [one for one in parameters if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)]
    kinds = {one.name: (one.default, _kinds_of(str(one.annotation))) for one in own}
    return Taken(
        signature,
        next((one.name for one in parameters if one.kind is one.VAR_KEYWORD), None),
        {one.name: one.default for one in own},
        tuple(one.name for one in own if one.kind is one.POSITIONAL_OR_KEYWORD),
        not any(one.kind in (one.POSITIONAL_ONLY, one.VAR_POSITIONAL) for one in parameters),
        {name: found for name, found in kinds.items() if found[1]},
        set(),
    )


@functools.cache
def _kinds_of(annotation: str) -> list[str]:
    """Returns the kinds that an annotation names; none where one of them is not checked."""
    outer = annotation
    while "[" in outer:
        outer, before = re.sub(r"\[[^\[\]]*\]", "", outer), outer
        if outer == before:
            return []
    kinds = outer.split(" | ")
    return kinds if all(kind in _KINDS or kind == "None" for kind in kinds) else []


def _is_of_kind(value: Any, kind: str) -> bool:
    array = isinstance(value, np.ndarray)
    if kind == "None":
        return value is None
    if kind == "str":
        return isinstance(value, str)
    if kind == "os.PathLike":
        return isinstance(value, os.PathLike)
    if kind == "Mapping":
        return isinstance(value, Mapping)
    if kind == "Callable":
        return callable(value)
    if kind == "Sequence":
        return not isinstance(value, (str, bytes)) and (value.ndim > 0 if array else isinstance(value, Iterable))
    if kind == "bool":
        return value is None or isinstance(value, (bool, int, np.bool_, np.integer))
    # Numbers of other packages and tensors have __float__; a fraction for an integer is refused where it is read.
    return value.ndim == 0 if array else isinstance(value, numbers.Real) or hasattr(type(value), "__float__")
