"""Functions of `fastnn.ops` among the layers of a model, as Keras 3 writes them into JSON, and back.

Some arguments of a function are those of Keras' class and stand in the `config` of the entry; the others are those of
the call and stand in `inbound_nodes`. `fastnn.ops.keras_functions` says which are which.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.configurable import plain
from fastnn.engine import contract
from fastnn.engine.network import Network, calls_of
from fastnn.naming import file_name, suggestion
from fastnn.ops.function import Function, functions
from fastnn.ops.keras_functions import KerasFunction, keras_function
from fastnn.ops.node import Operation, array
from fastnn.saving.reading import Reading
from fastnn.saving.serialization import read
from fastnn.saving.tree import parts_of
from fastnn.symbolic.tensors import Call, is_symbolic


def _form(title: str) -> KerasFunction:
    """Returns Keras' form of a function."""
    return keras_function(title, "image" if hasattr(ops.image, title) else "nn" if hasattr(ops.nn, title) else "numpy")


@functools.cache
def _titles() -> dict[str, str]:
    """Returns for each class of Keras the name of the function. Some functions have several names."""
    named = [*vars(ops).items(), *vars(ops.image).items()]
    others = {_form(name).class_name: f.__name__ for name, f in named if getattr(f, "__name__", "") in functions}
    return {**others, **{_form(title).class_name: title for title in functions}}


def is_function(entry: Any) -> bool:
    """Returns whether an entry describes a function and not a layer."""
    module = str(entry.get("module")) if isinstance(entry, dict) else ""
    return module.startswith(("keras.src.ops.", "keras.src.activations."))


def parts(call: Call) -> tuple[dict[str, Any], list[Any], dict[str, Any]]:
    """Returns the arguments of a call as (those of Keras' class, positional ones of its call, named ones)."""
    title = call.layer.title
    form = _form(title)
    signature = inspect.signature(functions[title])
    given, named = call.arguments.place(call.inputs)
    config: dict[str, Any] = {}
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    bound = signature.bind(*given, **named)
    bound.apply_defaults()
    for name, value in bound.arguments.items():
        parameter = signature.parameters[name]
        needed = parameter.default is parameter.empty
        if name in form.arrays and _is_plain(value):
            value = array(value)
        if parameter.kind is parameter.VAR_POSITIONAL:
            args += value
        elif parameter.kind is parameter.VAR_KEYWORD:
            kwargs.update(value)
        elif form.is_of_call(name) and needed:
            args.append(value)
        elif form.is_of_call(name) or is_symbolic(value):
            if parameter.default is None or not _same(value, parameter.default):
                kwargs[name] = value
        elif name == "data_format":
            if hasattr(ops.nn, title) or value == "channels_first":
                config[name] = value
        elif needed or name in form.required or not _same(value, parameter.default):
            config[name] = plain(value)
    if title == "reshape":
        config["newshape"] = _closed(config["newshape"], call.outputs[0].shape)
    if title == "average_pool":
        # Keras on JAX does not derive them from the window.
        config.setdefault("strides", config["pool_size"])
    return config, args, kwargs


def _is_plain(value: Any) -> bool:
    return isinstance(value, float) or (np.ndim(value) > 0 and not is_symbolic(value))


def _closed(newshape: Any, made: Sequence[int | None]) -> Any:
    """Returns a shape with -1 in place of the None that stands for the batch, where the other sizes are known."""
    open_sizes = [-1 if size is None else size for size in made]
    return open_sizes if np.ndim(newshape) and None in newshape and open_sizes.count(-1) == 1 else newshape


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)


def unknown_to_keras(call: Call) -> bool:
    """Returns whether Keras has no such function, or its function does not accept these arguments."""
    if not isinstance(call.layer, Function):
        return isinstance(call.layer, Operation) and bool(call.inputs)
    title = call.layer.title
    config, args, kwargs = parts(call)
    if title == "get_item":
        key = args[1] if isinstance(args[1], tuple) else (args[1],)
        return not all(one is None or one is ... or isinstance(one, (int, np.integer, slice)) for one in key)
    if title == "broadcast_to":
        return np.ndim(config["shape"]) > 0 and None in config["shape"]
    return any(is_symbolic(value) for name, value in kwargs.items() if not _form(title).is_of_call(name))


def only_for_fastnn(model: Any) -> list[str]:
    """Returns the titles of the functions among the layers of a model that Keras cannot read from a file."""
    calls = [call for part in parts_of(model) if isinstance(part, Network) for call in calls_of(part)]
    return sorted({contract.title(call.layer) for call in calls if unknown_to_keras(call)})


def described_function(call: Call) -> dict[str, Any]:
    """Returns the entry of the function that is called."""
    form = _form(call.layer.title)
    return {
        "module": form.module, "class_name": form.class_name, "config": parts(call)[0],
        "registered_name": form.class_name,
    }  # fmt: skip


def read_function(entry: Mapping[str, Any], reading: Reading) -> tuple[Function, dict[str, Any]]:
    """Returns the function of an entry and the arguments in its config.

    Raises:
        ValueError: fastnn.ops has no such function, or the function has no such argument.
    """
    name, config = str(entry.get("class_name")), entry.get("config")
    title = _titles().get(name)
    if title is None:
        raise reading.error(f"fastnn.ops has no function {file_name(name)!r}.{suggestion(file_name(name), functions)}")
    if not isinstance(config, dict):
        raise reading.error(f"config expects a dict, got {str(config)[:80]!r}")
    known = inspect.signature(functions[title]).parameters
    arguments = {}
    for key, value in config.items():
        if key in known:
            arguments[key] = reading.bounded_size(key, read(value, reading))
        elif key != "name" and value:
            raise reading.error(f"ops.{title} has no argument {key!r}.{suggestion(key, known)}")
    return Function(title, str(entry.get("name") or config.get("name") or title)), arguments


def joined(
    title: str, config: Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Returns the arguments of a call, positional and by name: the reverse of `parts`.

    Raises:
        TypeError: The function does not accept them.
    """
    signature = inspect.signature(functions[title])
    names = [name for name, one in signature.parameters.items() if one.kind is one.POSITIONAL_OR_KEYWORD]
    if any(one.kind is one.VAR_POSITIONAL for one in signature.parameters.values()):
        named = {**config, **kwargs}
        bound = signature.bind(*[named.pop(name) for name in names], *args, **named)
    else:
        form = _form(title)
        called = [name for name in names if form.is_of_call(name)]
        if len(args) > len(called):
            raise TypeError(f"ops.{title} is called with {', '.join(called)}, got {len(args)} arguments")
        named = {**config, **dict(zip(called, args, strict=False)), **kwargs}
        if isinstance(named.get("key"), list):
            # Keys of x[...] are tuples, which JSON does not have.
            named["key"] = tuple(named["key"])
        bound = signature.bind(**named)
    return bound.args, bound.kwargs
