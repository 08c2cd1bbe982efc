"""Functions that compute on arrays alone: what comes out has no fixed shape, or the core has no node for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from fastnn.symbolic.tensors import is_traced

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

VALUES = "the shape of its result depends on values"
NO_NODE = "it has no node there"


def on_arrays(why: str, mend: str = "apply it to the data before the model") -> Callable[[Decorated], Decorated]:
    """Returns a decorator for a function that refuses symbolic tensors.

    Args:
        why: Why it cannot be part of a model.
        mend: What to do in place of it.
    """

    def decorate(function: Decorated) -> Decorated:
        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            if is_traced(args) or is_traced(list(kwargs.values())):
                raise TypeError(
                    f"ops.{function.__name__} expects arrays, got a symbolic tensor: {why}, so it cannot be computed "
                    f"within a model; {mend}"
                )
            return function(*args, **kwargs)

        return called  # type: ignore[return-value]

    return decorate
