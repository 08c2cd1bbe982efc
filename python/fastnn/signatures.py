"""Errors for calls that do not fit a signature: they name the method as users call it and propose the nearest argument.

`explained` decorates the public methods and functions whose arguments are often mistyped; `check_kinds` compares the
arguments of constructors with their annotations. Which values are allowed is said where they are read.
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
        names = _checked_by(constructor).names
        check_kinds(type(self).__name__, constructor, {**dict(zip(names, args, strict=False)), **kwargs})
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


def check_kinds(who: str, constructor: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    """Checks that arguments are of the plain kinds that their annotations name: numbers, strings, True or False.

    Args:
        who: The name of what is called, for the error.
        constructor: The constructor that is called.
        arguments: The arguments by name; defaults always pass.

    Raises:
        TypeError: An argument is of another kind.
    """
    _, kinds, passed = _checked_by(constructor)
    # Most arguments pass by their types; these are looked at once.
    types = (*arguments, *map(type, arguments.values()))
    if types not in passed:
        by_type = [_check_kind(who, name, value, *kinds[name]) for name, value in arguments.items() if name in kinds]
        if all(by_type) and len(passed) < _MOST_PASSED:
            passed.add(types)


def _check_kind(who: str, name: str, value: Any, default: Any, kinds: Sequence[str]) -> bool:
    """Raises a TypeError where an argument is of none of these kinds; returns whether all of its type pass."""
    if not kinds or any(_is_of_kind(value, kind) for kind in kinds):
        return not isinstance(value, np.ndarray)
    if value is default:
        return value is None
    words = " or ".join(_KINDS[kind] for kind in kinds if kind != "None")
    example = f" such as ({value},)" if "Sequence" in kinds and isinstance(value, int) else ""
    raise WrongKindError(f"{who} expects {name} to be {words}{example}, got {value!r}")


class _Checked(NamedTuple):
    """What is known of the arguments of a constructor.

    Attributes:
        names: Those that may be given by place.
        kinds: For each that is checked its default and its kinds.
        passed: Names and types of arguments that pass, whatever their values.
    """

    names: list[str]
    kinds: dict[str, tuple[Any, list[str]]]
    passed: set[tuple[Any, ...]]


@functools.cache
def _checked_by(constructor: Callable[..., Any]) -> _Checked:
    open_ended = inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL
    own = [one for one in list(signature_of(constructor).parameters.values())[1:] if one.kind not in open_ended]
    kinds = {one.name: (one.default, _kinds_of(one.annotation)) for one in own}
    return _Checked(
        [one.name for one in own if one.kind is one.POSITIONAL_OR_KEYWORD],
        {name: found for name, found in kinds.items() if found[1]},
        set(),
    )


@functools.cache
def _kinds_of(annotation: Any) -> list[str]:
    """Returns the kinds that an annotation names; none where one of them is not checked."""
    outer = str(annotation)
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
