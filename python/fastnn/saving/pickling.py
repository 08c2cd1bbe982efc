"""Pickles of models: the bytes of their `.keras` file, with the classes and functions outside fastnn that it names."""

from __future__ import annotations

import inspect
import io
from collections.abc import Iterator, Mapping
from typing import Any

from fastnn import code_objects
from fastnn.configurable import Configurable, argument_names, given_arguments
from fastnn.custom_objects import get_registered_name
from fastnn.saving.archive import read_archive_from
from fastnn.saving.files import read_model, write_model
from fastnn.saving.tree import parts_of


def freeze(model: Any) -> tuple[bytes, dict[str, Any]]:
    """Returns the arguments of `thaw` for an equal model, with the state of its training."""
    buffer = io.BytesIO()
    write_model(model, buffer)
    return buffer.getvalue(), objects_of(model)


def objects_of(model: Any) -> dict[str, Any]:
    """Returns the classes and functions outside fastnn that a model and its compilation are made of, by name."""
    compiled = [model.__fastnn_training__.compiled.arguments] if model.compiled else []
    parts = (one for part in parts_of(model) for one in _foreign([part, *compiled]))
    return {get_registered_name(one): one for one in parts}


def thaw(data: bytes, custom_objects: Mapping[str, Any]) -> Any:
    """Returns the model that `freeze` was given."""
    return read_model(read_archive_from(io.BytesIO(data)), custom_objects, True, safe_mode=False)[0]


def _foreign(value: Any) -> Iterator[Any]:
    """Yields the classes and functions outside fastnn among objects and their arguments."""
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _foreign(one)
    elif isinstance(value, Mapping):
        yield from _foreign(list(value.values()))
    elif inspect.isfunction(value) or inspect.isclass(value):
        # The file holds the code of a lambda.
        if not code_objects.is_lambda(value) and (value.__module__ or "").split(".")[0] != "fastnn":
            yield value
    elif isinstance(value, Configurable):
        yield from _foreign(type(value))
        arguments = {
            **(given_arguments(value) or {}),
            "_": [vars(value).get(n) for n in argument_names(value)],
        }
        yield from _foreign(arguments)
