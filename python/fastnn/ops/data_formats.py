"""Argument `data_format` of functions of images: they compute with the channels last; other inputs are moved."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from fastnn import config
from fastnn.ops import shaping

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def in_any_data_format(channels_axis: int) -> Callable[[Decorated], Decorated]:
    """Returns a decorator for a function that computes with the channels last.

    The function's first argument and its result are moved where `data_format` is "channels_first". The function itself
    is always called with "channels_last".

    Args:
        channels_axis: Axis of the channels in "channels_first".
    """

    def decorate(function: Decorated) -> Decorated:
        parameters = inspect.signature(function).parameters
        names = list(parameters)
        place, default = names.index("data_format"), parameters["data_format"].default

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            given = args[place] if len(args) > place else kwargs.pop("data_format", default)
            found = config.checked_data_format(f"ops.{function.__name__}", given)
            args = (*args[:place], "channels_last", *args[place + 1 :]) if len(args) > place else args
            if found == "channels_last":
                return function(*args, **kwargs)
            if not args:
                args = (kwargs.pop(names[0]),)
            made = function(shaping.moveaxis(args[0], channels_axis, -1), *args[1:], **kwargs)
            return shaping.moveaxis(made, -1, channels_axis)

        return called  # type: ignore[return-value]

    return decorate
