"""Errors for calls that do not fit a signature: they name the method as users call it and propose the nearest argument.

`explained` decorates the public methods and functions whose arguments are often mistyped. What the values of the
arguments must be like is said where they are read.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from fastnn.naming import suggestion

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


def _mismatch(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """Returns why a call does not fit the signature of a function; None where it does."""
    signature = inspect.signature(function)
    names = list(signature.parameters)
    who = function.__name__
    if names[:1] == ["self"] and args:
        who = type(args[0]).__name__ if who == "__init__" else f"{type(args[0]).__name__}.{who}"
    for name in kwargs:
        if name not in names:
            known = [one for one in names if one != "self"]
            return f"{who}() has no argument {name!r}.{suggestion(name, known)}"
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        return f"{who}() {error}; it takes {', '.join(name for name in names if name != 'self')}"
    return None
