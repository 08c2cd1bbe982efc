"""Models as pickles: the bytes of their file, and the classes and functions of the user's that it names."""

from __future__ import annotations

import inspect
import io
from collections.abc import Iterator, Mapping
from typing import Any

from fastnn.configurable import Configurable, argument_names, given_arguments
from fastnn.models.model import Model
from fastnn.saving import door
from fastnn.saving.files import read_model, write_model
from fastnn.saving.registry import get_registered_name
from fastnn.saving.serialization import parts_of


def freeze(model: Model) -> tuple[bytes, dict[str, Any]]:
    """What `thaw` makes an equal model of: weights, how it was compiled, the optimizer's state and random streams."""
    named: dict[str, Any] = {}
    compiled = [model.training_state.compiled.arguments] if model.compiled else []
    for part in parts_of(model):
        for one in _foreign([part, *compiled]):
            named[get_registered_name(one)] = one
    buffer = io.BytesIO()
    write_model(model, buffer)
    return buffer.getvalue(), named


def thaw(data: bytes, custom_objects: Mapping[str, Any]) -> Any:
    """The model that `freeze` was given."""
    return read_model(door.read_archive_from(io.BytesIO(data)), custom_objects, True)[0]


def _foreign(value: Any) -> Iterator[Any]:
    """Classes and functions that are not fastnn's, among objects and their arguments."""
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _foreign(one)
    elif isinstance(value, Mapping):
        yield from _foreign(list(value.values()))
    elif inspect.isfunction(value) or inspect.isclass(value):
        if (value.__module__ or "").split(".")[0] != "fastnn":
            yield value
    elif isinstance(value, Configurable):
        yield from _foreign(type(value))
        arguments = {
            **(given_arguments(value) or {}),
            "_": [vars(value).get(n) for n in argument_names(value)],
        }
        yield from _foreign(arguments)
