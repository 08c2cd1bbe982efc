"""Objects as Keras 3 writes them into JSON, and back: {"module", "class_name", "config", "registered_name"}.

This file owns the form of one object: its entry, the values of its config, objects that stand several times. A config
comes from `get_config` and goes to `from_config`; models join their layers there. A file may name the classes that the
registry knows. Python code in a file is refused.
"""

from __future__ import annotations

import contextvars
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastnn import code_objects, dtype_policies
from fastnn.configurable import Configurable, accepted_names, are_atoms, has_own_config, is_foreign
from fastnn.custom_objects import CustomObjectScope, get_custom_objects, get_registered_name, get_registered_object
from fastnn.engine.by_code import runs_code
from fastnn.engine.contract import Part, state_of
from fastnn.engine.holding import is_made_of_layers
from fastnn.engine.network import Network
from fastnn.keras_form import class_name, merged_attribute, own_attribute
from fastnn.naming import suggestion
from fastnn.precision import FLOATS, ROUNDING, SHORTER
from fastnn.random import SeedGenerator
from fastnn.saving.reading import Reading
from fastnn.saving.registry import families_for, function_named
from fastnn.saving.tree import is_overridden

KERAS_VERSION = "3.0.5"
"""Version of Keras whose format is written: the oldest one that is tested, which all later ones read."""

# Writing --------------------------------------------------------------------------------------------------------------


class _Writing:
    """State of one description while it is written.

    Args:
        legacy: Whether entries have the form of Keras 2, without modules.

    Attributes:
        entries: The layers so far, by identity, with their entries. Entries of one layer share a number.
        within: The description of what stands within layers, beside one in the form of Keras 2.
    """

    def __init__(self, legacy: bool) -> None:
        self.legacy = legacy
        self.entries: dict[int, tuple[Any, dict[str, Any]]] = {}
        self.within: _Writing | None = None


_writing: contextvars.ContextVar[_Writing | None] = contextvars.ContextVar("fastnn_writing", default=None)


@contextmanager
def one_description(legacy: bool = False) -> Iterator[_Writing]:
    """Lets all objects that are written in the block share one description, in which a shared object is numbered.

    Within an enclosing description it goes on in that one.

    Args:
        legacy: Whether layers are written as by Keras 2, without their modules.
    """
    enclosing = _writing.get()
    if enclosing is not None:
        yield enclosing
        return
    writing = _Writing(legacy)
    token = _writing.set(writing)
    try:
        yield writing
    finally:
        _writing.reset(token)


def serialize_keras_object(obj: Any, legacy: bool = False) -> Any:
    """Returns an object, a function or a value as Keras 3 writes it into JSON.

    Called by a `get_config` while an object around it is written, it goes on in that description.

    Args:
        obj: A layer, model, initializer or loss, a function of fastnn or a registered one, or a plain value.
        legacy: Whether layers are written as by Keras 2, without their modules.

    Returns:
        Values of JSON; an object is {"module", "class_name", "config", "registered_name"}.

    Raises:
        TypeError: The object cannot be written.

    Example:
        >>> fastnn.saving.serialize_keras_object(fastnn.regularizers.L2(0.5))
        {'module': 'keras.regularizers', 'class_name': 'L2', 'config': {'l2': 0.5}, 'registered_name': None}
    """
    with one_description(legacy) as writing:
        return _described(obj, writing)


def _described(obj: Any, writing: _Writing) -> Any:
    if obj is None or isinstance(obj, (str, bool, int, float)):
        return obj
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, slice):
        ends = {name: _described(getattr(obj, name), writing) for name in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": ends}
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode("utf-8")}}
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if type(obj) in (list, tuple) and are_atoms(obj):
        return type(obj)(obj)
    if isinstance(obj, (list, tuple)):
        described = [_described(one, writing) for one in obj]
        return tuple(described) if isinstance(obj, tuple) else described
    if isinstance(obj, Mapping) and not hasattr(obj, "get_config"):
        return {str(key): _described(value, writing) for key, value in obj.items()}
    if isinstance(obj, Part):
        return _layer_entry(obj, writing)
    if inspect.isfunction(obj) or inspect.isbuiltin(obj):
        return _function_entry(obj)
    if getattr(type(obj), "__fastnn_keras_function__", None) is not None:
        return _described(getattr(obj, type(obj).__fastnn_keras_function__), writing)
    if hasattr(obj, "get_config"):
        return _entry(type(obj), _config_of(obj, writing))
    if isinstance(obj, type):
        return {"module": "builtins", "class_name": "__type__", "config": obj.__name__, "registered_name": None}
    raise TypeError(f"{obj!r} cannot be saved: it has no get_config()")


def _function_entry(function: Any) -> Any:
    name = get_registered_name(function)
    if code_objects.is_lambda(function):
        code = code_objects.dump(function)
        return {"class_name": "__lambda__", "config": {"value": [code["code"], code["defaults"], code["closure"]]}}
    registered = "function" if _is_ours(function) else name
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": registered}


def _is_ours(function: Any) -> bool:
    return (getattr(function, "__module__", "") or "").split(".")[0] == "fastnn"


def _entry(cls: type, config: Any) -> dict[str, Any]:
    """Returns the entry of an object of a class."""
    if not is_foreign(cls):
        module = getattr(cls, "__fastnn_keras_module__", None)
        registered = own_attribute(cls, "__fastnn_keras_registered_name__")
    else:
        module, registered = cls.__module__, get_registered_name(cls)
    name = own_attribute(cls, "__fastnn_keras_class_name__") or cls.__name__
    return {"module": module, "class_name": name, "config": config, "registered_name": registered}


def _layer_entry(layer: Any, writing: _Writing) -> dict[str, Any]:
    """Returns the entry of a layer; entries of the same layer bear one number."""
    if id(layer) in writing.entries:
        first = writing.entries[id(layer)][1]
        first["shared_object_id"] = list(writing.entries).index(id(layer)) + 1
        return {key: value for key, value in first.items() if key not in ("name", "inbound_nodes")}
    config = _config_of(layer, writing)
    entry = _entry(type(layer), config)
    known = accepted_names(type(layer)) if is_foreign(type(layer)) and not has_own_config(type(layer)) else None
    if known is not None:
        # Keras gives a constructor all that stands in the config, also what it does not accept.
        for key, default in (("name", ...), ("trainable", True), ("dtype", "float32")):
            if key not in known and default in (..., config.get(key)):
                config.pop(key, None)
        entry["name"] = layer.name
    if writing.legacy:
        name = entry["registered_name"] if is_foreign(type(layer)) else class_name(type(layer))
        entry = {"class_name": name, "config": entry["config"]}
    else:
        build_config = _build_config_of(layer)
        if build_config is not None:
            entry["build_config"] = serialize_keras_object(build_config)
    writing.entries[id(layer)] = layer, entry
    return entry


def _build_config_of(layer: Any) -> Any:
    """Returns what builds a layer before it is called; None where nothing need be said."""
    if is_overridden(layer, "get_build_config"):
        return layer.get_build_config()
    shape = _shape_to_build(layer)
    return None if shape is None else {"input_shape": shape}


def _shape_to_build(layer: Any) -> Any:
    """Returns the input shape that builds a layer before it is called; None where its call builds it."""
    shape = state_of(layer).build_shape
    builds_itself = getattr(type(layer), "__fastnn_keras_builds_itself__", False) and not runs_code(layer)
    if not layer.built or not shape or builds_itself:
        return None
    # Layers of several arguments are built by their calls; a layer of the user's may depend on the shape.
    return shape if (is_foreign(type(layer)) if runs_code(layer) else is_shape(shape)) else None


def is_shape(shape: Any) -> bool:
    """Returns whether a value is the shape of one tensor."""
    return isinstance(shape, (list, tuple)) and all(size is None or isinstance(size, int) for size in shape)


def _config_of(obj: Any, writing: _Writing) -> dict[str, Any]:
    """Returns the config that Keras has for an object."""
    if writing.legacy and not isinstance(obj, Network):
        # Models alone have a form of Keras 2: what a layer says of the layers within it has that of Keras 3.
        writing.within = writing.within or _Writing(False)
        token = _writing.set(writing.within)
        try:
            return _config_of(obj, writing.within)
        finally:
            _writing.reset(token)
    config = dict(obj.get_config())
    if hasattr(obj, "__fastnn_holds_file_form__") and obj.__fastnn_holds_file_form__(config):
        return config
    config.pop("batch_input_shape", None)
    if isinstance(config.get("dtype"), Mapping) and config["dtype"].get("class_name") == "DTypePolicy":
        name = config["dtype"].get("config", {}).get("name", "float32")
        config["dtype"] = name if name == "float32" else config["dtype"]
    newer = merged_attribute(type(obj), "__fastnn_keras_newer_arguments__")
    written = {}
    for key, value in config.items():
        if key not in newer or value != newer[key]:
            live = obj.__fastnn_live__(key) if hasattr(type(obj), "__fastnn_live__") else getattr(obj, key, None)
            written[key] = _written(value, live, writing)
    return written


def _written(value: Any, live: Any, writing: _Writing) -> Any:
    """Returns a value of a config. `live` is the attribute of the same name, whose class the config may not tell."""
    if (
        isinstance(value, Mapping)
        and "class_name" in value
        and ("module" in value or value["class_name"] == "__lambda__")
    ):
        return dict(value)  # described by the object's own get_config
    if isinstance(live, Configurable) and not isinstance(value, str):
        return _described(live, writing)
    if callable(live) and hasattr(live, "__name__") and not inspect.isclass(live):
        return value if isinstance(value, str) and _is_ours(live) else _described(live, writing)
    if isinstance(value, (list, tuple)):
        lives = live if isinstance(live, (list, tuple)) and len(live) == len(value) else [None] * len(value)
        if type(value) in (list, tuple) and are_atoms(value) and are_atoms(lives):
            return type(value)(value)
        written = [_written(one, other, writing) for one, other in zip(value, lives, strict=True)]
        return tuple(written) if isinstance(value, tuple) else written
    if isinstance(value, Mapping) and set(value) == {"class_name", "config"} and live is None and not writing.legacy:
        return {"module": None, **value, "registered_name": None}
    return _described(value, writing)


# Reading --------------------------------------------------------------------------------------------------------------


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """Returns the object that `serialize_keras_object`, of fastnn or Keras, described.

    Args:
        config: Values of JSON.
        custom_objects: Names that take precedence over the registered ones.
        safe_mode: Whether Python code in the config (a lambda) is refused; it may do anything.

    Returns:
        The object.

    Raises:
        ValueError: A class or function is unknown, or does not accept its arguments.

    Example:
        >>> fastnn.saving.deserialize_keras_object({"class_name": "L2", "module": "keras.regularizers",
        ...                                         "config": {"l2": 0.5}})
        L2(l2=0.5)
    """
    reading = Reading(custom_objects, safe_mode=safe_mode)
    with reading.understood():
        made = read(config, reading)
    reading.warn()
    return made


def read_member(config: Any, custom_objects: Mapping[str, Any] | None, family: str) -> Any:
    """Returns the object of a config of one family, where the config need not name its module.

    Args:
        config: A description as of `serialize_keras_object`, or the name of a class or function.
        custom_objects: Names that take precedence over the registered ones.
        family: Last part of the module of Keras: "losses".

    Raises:
        ValueError: The family has no such member, or it does not accept its arguments.
    """
    reading = Reading(custom_objects)
    if not isinstance(config, Mapping):
        config = {"class_name": config, "config": {}}
    name = config.get("class_name")
    if not isinstance(name, str):
        raise ValueError(f"{family}.deserialize expects a name or a dict with 'class_name', got {config!r}")
    if name not in _SPECIAL:
        config = {**config, "module": config.get("module") or f"keras.{family}"}
        found = get_registered_object(name, reading.custom_objects)
        function = found if inspect.isfunction(found) else function_named(name, family) if found is None else None
        if function is not None and not config.get("config"):
            return function
    with reading.understood():
        made = read(config, reading)
    reading.warn()
    return made


def read(value: Any, reading: Reading, argument: str = "") -> Any:
    """Returns a value of a file, with an object in place of each description.

    Args:
        value: Values of JSON.
        reading: The reading it is part of.
        argument: Name of the argument that the value is for; "": none.
    """
    if isinstance(value, (list, tuple)):
        found = list(value) if are_atoms(value) else [read(one, reading, argument) for one in value]
        return tuple(found) if isinstance(value, tuple) else found
    if not isinstance(value, dict):
        return value
    name = value.get("class_name")
    if name is None or not isinstance(name, str) or not ("config" in value or "module" in value):
        return {key: read(one, reading, key) for key, one in value.items()}
    special = _SPECIAL.get(name)
    if special is not None:
        if name == "function" and function_named(str(value.get("config")), argument) is not None:
            _check_registered(value, value.get("config"), reading)
        with reading.at(f"{argument} {name}".strip()):
            return special(value.get("config"), reading)
    with reading.at(f"{argument} {name}".strip()):
        return _object(value, reading, argument)


def _lambda(config: Any, reading: Reading) -> Any:
    if reading.safe_mode:
        raise reading.error(
            "the file holds Python code (a lambda), which may do anything; if you trust its source, pass "
            "safe_mode=False. Better write the function into the program, register it with "
            "register_keras_serializable(), and save the model anew"
        )
    try:
        return code_objects.load(config)
    except (TypeError, KeyError, ValueError) as error:
        raise reading.error(f"the lambda cannot be read: {error}") from error


def _array(config: Any, reading: Reading) -> Any:
    try:
        dtype = np.dtype(str(config.get("dtype", "float32")))
        if dtype.kind not in "biuf":
            raise ValueError(f"its dtype is {str(dtype)!r}")
        return np.asarray(config["value"], dtype=dtype)
    except (TypeError, KeyError, ValueError) as error:
        raise reading.error(f"expects numbers, got {str(config)[:80]!r}: {error}") from None


def _policy(config: Any, reading: Reading) -> Any:
    name = config.get("name") if isinstance(config, dict) else config
    if name in (*FLOATS, *ROUNDING):
        return name
    if name is not None:
        reading.ignore("dtype", str(name))
    return "float32"


def _quantized_policy(config: Any, reading: Reading) -> Any:
    if not isinstance(config, dict):
        raise reading.error(f"a policy expects a config, got {str(config)[:80]!r}")
    source = config.get("source_name")
    if source not in ("float32", *ROUNDING, None):
        reading.ignore("dtype", str(source))
        source = None
    with reading.explaining(ValueError):
        return dtype_policies.QuantizedDTypePolicy(config.get("mode", ""), source or "float32").name


def _function(config: Any, reading: Reading) -> Any:
    name = config.get("name") if isinstance(config, dict) else config
    if not isinstance(name, str):
        raise reading.error(f"a function is named by a string, got {str(config)[:80]!r}")
    found = get_registered_object(name, reading.custom_objects)
    if found is None:
        found = function_named(name)
    if found is None:
        # Keras before 3.7 leaves the package of a registered function out.
        known = [one for full, one in get_custom_objects().items() if full.endswith(f">{name}") and callable(one)]
        found = known[0] if len(known) == 1 else None
    return name if found is None else found


def _wrapped(config: Any, reading: Reading) -> Any:
    """A metric or loss of a function, which Keras 2 describes by the name of the function."""
    function = read(config.get("fn"), reading) if isinstance(config, dict) else None
    if isinstance(function, str) and config.get("name") in ("accuracy", "acc"):
        return config["name"]
    return function


def _generator(config: Any, reading: Reading) -> Any:
    """Returns a source of random numbers."""
    try:
        return SeedGenerator.from_config(config)
    except (TypeError, ValueError) as error:
        raise reading.error(f"the SeedGenerator cannot be read: {error}") from error


def _type(config: Any, reading: Reading) -> Any:
    return str(config)


_SPECIAL: dict[str, Callable[[Any, Reading], Any]] = {
    "__lambda__": _lambda, "__numpy__": _array, "__tensor__": _array, "DTypePolicy": _policy,
    "QuantizedDTypePolicy": _quantized_policy,
    "FloatDTypePolicy": _policy, "Policy": _policy, "MeanMetricWrapper": _wrapped, "LossFunctionWrapper": _wrapped,
    "function": _function, "__type__": _type, "SeedGenerator": _generator,
    "__tuple__": lambda config, reading: tuple(read(config, reading)),
    "__ellipsis__": lambda config, reading: ...,
    "__slice__": lambda config, reading: slice(
        *(read(config.get(name), reading) for name in ("start", "stop", "step"))
    ),
    "__bytes__": lambda config, reading: str(config["value"]).encode(),
}  # fmt: skip
"""Entries of Keras that describe plain values and functions, by their `class_name`."""


def find_class(entry: Mapping[str, Any], reading: Reading, argument: str = "") -> type:
    """Returns the class that an entry names.

    Args:
        entry: The entry.
        reading: The reading it is part of.
        argument: Name of the argument that the object is for; "": none.

    Raises:
        ValueError: There is no such class; the message has the place and proposes the nearest name.
    """
    name = entry["class_name"]
    registered = entry.get("registered_name")
    module = str(entry.get("module") or "")
    families = families_for(module, argument)
    # A class that the file takes from Keras is fastnn's, whatever other classes have its name.
    is_public = not registered and module.split(".")[0] == "keras"
    for candidate in (registered, name):
        if is_public and candidate == name and (public := next(filter(None, (f.find(name) for f in families)), None)):
            return public
        found = get_registered_object(candidate, reading.custom_objects) if isinstance(candidate, str) else None
        if found is not None:
            if not isinstance(found, type):
                raise reading.error(f"custom object {candidate!r} is no class: {found!r}")
            return found
    for family in families:
        cls = family.find(name)
        if cls is not None:
            _check_registered(entry, name, reading)
            return cls
    if module and module.split(".")[0] not in ("keras", "fastnn", "builtins", "tf_keras", "tensorflow"):
        raise reading.error(
            f"{name!r} of {module} is not part of fastnn; pass custom_objects={{{name!r}: ...}} or register the class "
            "with register_keras_serializable()"
        )
    raise reading.error(f"fastnn has no {families[0].word} {name!r}.{suggestion(name, families[0].names())}")


def _check_registered(entry: Mapping[str, Any], name: Any, reading: Reading) -> None:
    """Raises where an entry names a part of Keras and, as registered, something else."""
    registered = entry.get("registered_name")
    module = str(entry.get("module")).split(".")[0]
    if registered and registered not in (name, entry["class_name"]) and module in ("keras", "builtins"):
        raise reading.error(f"the file calls {name!r} of {entry['module']} {registered!r}, which is not registered")


def _object(entry: Mapping[str, Any], reading: Reading, argument: str) -> Any:
    cls: Any = find_class(entry, reading, argument)
    config = entry.get("config")
    if config is None:
        config = {}
    if not isinstance(config, dict):
        raise reading.error(f"config expects a dict, got {str(config)[:80]!r}")
    _refuse_paths(cls, config, reading)
    in_file_form = issubclass(cls, Configurable) and cls.__fastnn_holds_file_form__(config)
    if not in_file_form:
        config = _fitting(cls, {key: read(value, reading, key) for key, value in config.items()}, reading)
    with CustomObjectScope(reading.custom_objects), reading.in_progress():
        made = cls.from_config(config) if in_file_form else _from_arguments(cls, config, reading)
    if isinstance(made, Part):
        if is_foreign(cls) and "name" not in config and isinstance(entry.get("name"), str):
            made.name = entry["name"]
        _build(made, entry.get("build_config"))
    return made


def _refuse_paths(cls: type, config: Mapping[str, Any], reading: Reading) -> None:
    """Raises if an argument names a file of this machine, which only a trusted description may have opened."""
    for name in getattr(cls, "__fastnn_file_arguments__", ()) if reading.safe_mode else ():
        if isinstance(config.get(name), str):
            raise reading.error(
                f"{name} names the file {str(config[name])[:200]!r}, which is no part of the model's own file and is "
                "not opened; if you trust its source, pass safe_mode=False, or save the model with the values in "
                "place of the path"
            )


def _from_arguments(cls: Any, arguments: dict[str, Any], reading: Reading) -> Any:
    try:
        with reading.explaining(ValueError):
            return cls.from_config(arguments) if hasattr(cls, "from_config") else cls(**arguments)
    except (TypeError, KeyError, IndexError, AttributeError, OverflowError, ArithmeticError) as error:
        raise reading.error(f"its arguments do not fit: {error}") from error


def _build(layer: Any, build_config: Any) -> None:
    """Builds a model that does not know its input shape otherwise; a layer is built by its call."""
    if is_overridden(layer, "build_from_config") and build_config and not layer.built:
        layer.build_from_config(build_config)
        return
    shape = build_config.get("input_shape") if isinstance(build_config, dict) else None
    if not shape or layer.built or not issubclass(type(layer), Network):
        return
    if not is_made_of_layers(layer) or (layer.__fastnn_operations__() and is_shape(shape) and len(shape) > 1):
        layer.build(_as_shape(shape))


def _as_shape(value: Any) -> Any:
    """Returns shapes of JSON as they are given to `build`."""
    if isinstance(value, dict):
        return {key: _as_shape(one) for key, one in value.items()}
    return tuple(value) if is_shape(value) else [_as_shape(one) for one in value]


def _fitting(cls: type, arguments: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """Returns the arguments that a class accepts and notes the others, unless they have no effect."""
    if not issubclass(cls, Configurable):
        return arguments
    for old, new in cls.__fastnn_renamed__.items():
        if old in arguments:
            value = arguments.pop(old)
            arguments.setdefault(new, value)
    if is_foreign(cls):
        return arguments
    taken, open_ended = _accepted(cls.__init__)
    if open_ended:
        taken |= set(cls.__fastnn_common_arguments__)
    if arguments.get("dtype") is not None:
        given = arguments["dtype"]
        arguments["dtype"] = given.get("name", "float32") if isinstance(given, dict) else str(given)
        if issubclass(cls, Part) and arguments["dtype"] in SHORTER and not cls.__fastnn_is_entry__:
            reading.ignore("dtype", arguments.pop("dtype"))
    harmless = merged_attribute(cls, "__fastnn_keras_ignored_arguments__")
    fit = {}
    for key, value in arguments.items():
        reading.bounded_size(key, value)
        if key in taken:
            fit[key] = "sum_over_batch_size" if key == "reduction" and value == "auto" else value
        elif not (value is None or (key in harmless and _has_no_effect(value, harmless[key]))):
            reading.ignore(cls.__name__, key)
    return fit


@functools.lru_cache(maxsize=256)
def _accepted(constructor: Callable[..., Any]) -> tuple[frozenset[str], bool]:
    """Returns the names of a constructor's arguments, and whether it takes others by `**kwargs`."""
    parameters = inspect.signature(constructor).parameters
    names = frozenset(name for name, p in parameters.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))
    return names, any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _has_no_effect(value: Any, harmless: Any) -> bool:
    return harmless is ... or (type(value) is type(harmless) and bool(value == harmless))
