"""Objects as Keras 3 writes them into JSON, and back: {"module", "class_name", "config", "registered_name"}.

This file knows layers, initializers, losses, optimizers and their kin in general, from what `get_config` says of them;
how the layers of a model are joined is in `structure.py`. What a stranger's file may name is found here and nowhere
else: classes of fastnn, and what the user has registered. Python code in a file is refused.
"""

from __future__ import annotations

import inspect
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastnn import constraints, initializers, layers, losses, metrics, models, optimizers, regularizers
from fastnn.configurable import Configurable
from fastnn.engine.by_code import runs_code
from fastnn.engine.contract import Part
from fastnn.engine.contract import attributes as own_attributes
from fastnn.engine.layer import Layer
from fastnn.naming import suggestion
from fastnn.ops.node import Operation
from fastnn.saving.registry import CustomObjectScope, get_registered_name, get_registered_object

_FAMILIES: dict[str, Any] = {
    "layers": layers, "models": models, "initializers": initializers, "regularizers": regularizers,
    "constraints": constraints, "optimizers": optimizers, "losses": losses, "metrics": metrics,
    "schedules": optimizers.schedules,
}  # fmt: skip
_OF_ARGUMENT = {
    "_initializer": "initializers", "_regularizer": "regularizers", "_constraint": "constraints",
    "optimizer": "optimizers", "learning_rate": "schedules", "loss": "losses", "metrics": "metrics",
}  # fmt: skip
"""The family that an argument's name speaks of, where the file says no module."""

_SINCE: dict[str, Any] = {
    "quantization_config": None, "lora_alpha": None, "output_padding": None, "optional": False, "ragged": None,
    "renorm": False, "renorm_clipping": None, "renorm_momentum": 0.99, "use_cudnn": "auto", "use_gate": False,
    "sliding_window": None, "flash_attention": None, "input_axes": None, "output_axes": None,
    "loss_scale_factor": None, "gradient_accumulation_steps": None, "weights": None, "salt": None,
    "oov_method": "floormod", "from_sorted_ids": False, "batch_size": None,
    "Loss.dtype": None, "Metric.dtype": None, "SparseCategoricalCrossentropy.axis": -1,
    "SparseCategoricalCrossentropy.ignore_class": None, "MultiHeadAttention.seed": None,
    "GroupQueryAttention.seed": None, "CategoryEncoding.sparse": False, "RandomContrast.value_range": [0, 255],
    "AdditiveAttention.seed": None, "Embedding.input_length": None, "gptq_unpacked_column_size": None,
    "zero_output_for_mask": False, "RandomBrightness.data_format": None, "RandomContrast.data_format": None,
    "RandomFlip.data_format": None, "ZeroPadding1D.data_format": None, "Resizing.pad_to_aspect_ratio": False,
    "Resizing.fill_mode": "constant", "Resizing.fill_value": 0.0, "Resizing.antialias": False,
}  # fmt: skip
"""Arguments that Keras 3.0 did not know, of any class or of one: they are written only where they say something."""

_HARMLESS: dict[str, Any] = {
    "quantization_config": None, "sparse": False, "ragged": False, "optional": False, "lora_rank": None,
    "lora_alpha": None, "renorm": False, "renorm_clipping": None, "renorm_momentum": ..., "synchronized": False,
    "use_gate": False, "sliding_window": None, "flash_attention": None, "input_axes": None, "output_axes": None,
    "use_ema": False, "ema_momentum": ..., "ema_overwrite_frequency": ..., "loss_scale_factor": None,
    "gradient_accumulation_steps": None, "jit_compile": ..., "is_legacy_optimizer": ..., "decay": 0.0,
    "time_major": False, "implementation": ..., "dtype": ..., "fused": ..., "unroll": ...,
    "zero_output_for_mask": ..., "virtual_batch_size": None, "adjustment": None, "fn": ..., "keras_version":
    ..., "backend": ..., "batch_size": None, "input_tensor": None, "kernel_initializer": ...,
    "kernel_regularizer": None, "kernel_constraint": None, "value_range": ..., "data_format": "channels_last",
    "groups": 1, "auto_scale_loss": ...,
}  # fmt: skip
"""Keys that other versions of Keras write and that ask for nothing at these values (...: at any)."""


class Reading:
    """One reading of a file: the names it may use, how large it may grow, and what had to be left out.

    Args:
        custom_objects: Names beside the registered ones.
        budget: How many numbers its weights may hold together; None: any.
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None = None, budget: int | None = None) -> None:
        self.custom_objects = dict(custom_objects or {})
        self.budget = budget
        self.dropped: dict[str, list[str]] = {}
        self.shared: dict[Any, Any] = {}
        self._place: list[str] = []

    @contextmanager
    def at(self, place: str) -> Iterator[None]:
        """Errors within say that they are there."""
        self._place.append(place)
        try:
            yield
        finally:
            self._place.pop()

    @property
    def place(self) -> str:
        """Where the reading stands: layers[2] "dense" > activation."""
        return " > ".join(self._place) or "the config"

    def error(self, message: str) -> ValueError:
        return ValueError(f"{self.place}: {message}")

    def drop(self, owner: str, key: str) -> None:
        """Notes a key that is not understood."""
        keys = self.dropped.setdefault(owner, [])
        if key not in keys:
            keys.append(key)

    def warn(self, stacklevel: int = 4) -> None:
        """One warning of all that was left out."""
        if self.dropped:
            told = "; ".join(f"{owner}: {', '.join(keys)}" for owner, keys in self.dropped.items())
            warnings.warn(f"keys that fastnn does not know were left out: {told}", stacklevel=stacklevel)

    def bound(self, layer: Any) -> None:
        """Lets a layer's weights be made without their first values, and no more of them than the file can fill."""
        if self.budget is None:
            return
        for part in parts_of(layer):
            for name, value in list(vars(part).items()):
                if name.endswith("_initializer") and value is not None and not isinstance(value, _Bounded):
                    part.__dict__[name] = _Bounded(self, value)

    def settle(self, model: Any) -> None:
        """Gives the layers of a model their own initializers back."""
        for part in parts_of(model):
            for name, value in list(vars(part).items()):
                if isinstance(value, _Bounded):
                    part.__dict__[name] = value.initializer

    @property
    def largest_size(self) -> int:
        """The largest size that an argument may name: of a stranger's file one that fits into memory."""
        return (1 << 31) - 1 if self.budget is None else 1 << 24

    def bounded_size(self, key: str, value: Any) -> Any:
        """The value of an argument, where it is not a size that is too large."""
        if not any(word in key for word in _NO_SIZES) and _largest(value) > self.largest_size:
            raise self.error(f"{key} expects a size of at most {self.largest_size}, got {str(value)[:80]}")
        return value

    def weigh(self, shape: Sequence[int | None]) -> None:
        """Refuses samples that would not fit into memory, where a stranger's file asks for them."""
        if self.budget is not None and math.prod(size or 1 for size in shape) > _MOST_A_SAMPLE:
            raise self.error(f"a sample of shape {tuple(shape[1:])} is larger than a file may ask for")

    def spend(self, shape: tuple[int, ...]) -> None:
        assert self.budget is not None
        self.budget -= math.prod(shape)
        if self.budget < 0:
            raise self.error(f"a weight of shape {shape} is larger than all that the file holds")


_MOST_A_SAMPLE = 1 << 26


class _Bounded:
    """An initializer while a file is read: zeros, which the file's values replace, within its budget."""

    def __init__(self, reading: Reading, initializer: Any) -> None:
        self._reading = reading
        self.initializer = initializer

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        self._reading.spend(tuple(shape))
        return np.zeros(tuple(shape), dtype=np.float32)


def children_of(layer: Layer) -> list[tuple[str, Layer]]:
    """The layers that are attributes of a layer, or stand in lists there, each with the path by which files call it.

    That is the attribute's name without a leading underscore; in a list, the class's name and a number after it.
    """
    found: list[tuple[str, Layer]] = []
    attributes: list[tuple[str, Any]] = []
    if isinstance(layer, models.Model) and not runs_code(layer):
        attributes.append(("layers", layer.layers))
    else:
        for name, value in own_attributes(layer).items():
            if _holds_layers(value):
                attributes.append((name.lstrip("_"), list(value.values()) if isinstance(value, dict) else value))
    for name, value in sorted(attributes, key=lambda attribute: attribute[0]):
        if isinstance(value, Layer):
            found.append((name, value))
            continue
        counts: dict[str, int] = {}
        for one in value:
            stem = file_name(type(one).__name__)
            count = counts[stem] = counts.get(stem, -1) + 1
            found.append((f"{name}/{stem}_{count}" if count else f"{name}/{stem}", one))
    return found


def _holds_layers(value: Any) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return bool(value) and all(isinstance(one, Layer) for one in value)
    return isinstance(value, Layer)


def file_name(class_name: str) -> str:
    """What Keras calls a class in paths: `Conv2DTranspose` -> `conv2d_transpose`, `PReLU` -> `p_re_lu`."""
    name = re.sub(r"\W+", "", class_name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def parts_of(layer: Layer) -> list[Layer]:
    """A layer and all the layers in it, each once."""
    found: dict[int, Layer] = {}
    pending = [layer]
    while pending:
        part = pending.pop()
        if id(part) not in found:
            found[id(part)] = part
            pending += [child for _, child in children_of(part)]
    return list(found.values())


# Writing --------------------------------------------------------------------------------------------------------------


def described(obj: Any, config: Any) -> dict[str, Any]:
    """An object of a class as Keras writes it, with this config."""
    cls = type(obj)
    module: str | None = cls.__module__
    registered: str | None = get_registered_name(cls)
    if cls.__module__.split(".")[0] == "fastnn":
        parts = cls.__module__.split(".")[1:]
        family = "layers" if parts[0] in ("layers", "layer") else ".".join(parts)
        # What Keras has no word for, only fastnn reads.
        module = "fastnn.ops" if cls is Operation else f"keras.{family}"
        registered = None
    name = cls.__name__
    if cls in _LONGER:
        name += "Initializer"
    return {"module": module, "class_name": name, "config": config, "registered_name": registered}


_LONGER = (initializers.Orthogonal, initializers.Identity)
"""Whose short names old versions of Keras do not find."""


def _written(value: Any, live: Any, legacy: bool) -> Any:
    """A value of a config; `live` is the attribute of the same name, which knows its class better than the config."""
    if isinstance(live, Configurable) and not isinstance(value, str):
        return serialize_keras_object(live, legacy)
    if callable(live) and hasattr(live, "__name__") and not inspect.isclass(live):
        return serialize_keras_object(live, legacy)
    if isinstance(value, (list, tuple)):
        lives = live if isinstance(live, (list, tuple)) and len(live) == len(value) else [None] * len(value)
        return [_written(one, other, legacy) for one, other in zip(value, lives, strict=True)]
    if isinstance(value, Mapping) and set(value) == {"class_name", "config"} and live is None and not legacy:
        return {"module": None, **value, "registered_name": None}
    return serialize_keras_object(value, legacy)


def config_of(obj: Any, legacy: bool = False) -> dict[str, Any]:
    """What Keras has as the object's config."""
    config = dict(obj.get_config())
    config.pop("batch_input_shape", None)
    names = [cls.__name__ for cls in type(obj).__mro__]
    written = {}
    for key, value in config.items():
        word = next((word for word in (*(f"{name}.{key}" for name in names), key) if word in _SINCE), None)
        if word is None or value != _SINCE[word]:
            live = getattr(obj, key, None)
            if key == "learning_rate":
                live = getattr(obj, "_schedule", None)
            written[key] = _written(value, live, legacy)
    if "data_format" in written and written["data_format"] is None:
        written["data_format"] = "channels_last"
    return written


def serialize_keras_object(obj: Any, legacy: bool = False) -> Any:
    """An object, a function or a value as Keras 3 writes it into JSON.

    Args:
        obj: A layer, model, initializer, loss..., a function of fastnn or a registered one, or a value.
        legacy: Whether layers are written as Keras 2 did, without their modules.

    Returns:
        Values of JSON; an object is {"module", "class_name", "config", "registered_name"}.

    Raises:
        TypeError: It is nothing that can be written.

    Example:
        >>> fastnn.saving.serialize_keras_object(fastnn.regularizers.L2(0.5))
        {'module': 'keras.regularizers', 'class_name': 'L2', 'config': {'l2': 0.5}, 'registered_name': None}
    """
    if obj is None or isinstance(obj, (str, bool, int, float)):
        return obj
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, slice):
        return {"class_name": "__slice__", "config": {"start": obj.start, "stop": obj.stop, "step": obj.step}}
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if isinstance(obj, (list, tuple)):
        return [serialize_keras_object(one, legacy) for one in obj]
    if isinstance(obj, Mapping):
        return {str(key): serialize_keras_object(value, legacy) for key, value in obj.items()}
    if isinstance(obj, models.Model):
        from fastnn.saving.structure import describe_model

        return describe_model(obj, legacy)
    if isinstance(obj, Part):
        from fastnn.saving.structure import describe_layer

        return describe_layer(obj, legacy)
    if inspect.isfunction(obj) or inspect.isbuiltin(obj):
        name = get_registered_name(obj)
        if name == "<lambda>":
            raise TypeError("a lambda cannot be saved; write a function and register it: register_keras_serializable()")
        if (getattr(obj, "__module__", "") or "").split(".")[0] == "fastnn":
            return name
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": name}
    if hasattr(obj, "get_config"):
        return described(obj, config_of(obj, legacy))
    if isinstance(obj, type):
        return {"module": "builtins", "class_name": "__type__", "config": obj.__name__, "registered_name": None}
    raise TypeError(f"{obj!r} cannot be saved: it has no get_config()")


# Reading --------------------------------------------------------------------------------------------------------------


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """What `serialize_keras_object` wrote, or Keras.

    Args:
        config: Values of JSON.
        custom_objects: Names beside the registered ones.
        safe_mode: Taken for Keras' sake: Python code in a config is refused either way.

    Raises:
        ValueError: A class or function is unknown, or its arguments are none it can take.

    Example:
        >>> fastnn.saving.deserialize_keras_object({"class_name": "L2", "module": "keras.regularizers",
        ...                                         "config": {"l2": 0.5}})
        L2(l2=0.5)
    """
    reading = Reading(custom_objects)
    made = read(config, reading)
    reading.warn(stacklevel=3)
    return made


def read(value: Any, reading: Reading, hint: str = "") -> Any:
    """A value of a file: objects are made of what describes them.

    Args:
        value: Values of JSON.
        reading: The reading it is part of.
        hint: The name of the argument it is for.
    """
    if isinstance(value, list):
        return [read(one, reading, hint) for one in value]
    if not isinstance(value, dict):
        return value
    name = value.get("class_name")
    if name is None or not isinstance(name, str) or not ("config" in value or "module" in value):
        return {key: read(one, reading, key) for key, one in value.items()}
    special = _SPECIAL.get(name)
    if special is not None:
        return special(value.get("config"), reading)
    with reading.at(f"{hint} {name}".strip()):
        return _object(value, reading, hint)


def _lambda(config: Any, reading: Reading) -> Any:
    raise reading.error(
        "the file holds Python code (a lambda), which fastnn never runs; write the function into the program, register "
        "it with register_keras_serializable(), and save the model anew"
    )


def _numbers(config: Any, reading: Reading) -> Any:
    try:
        return np.asarray(config["value"], dtype=np.dtype(str(config.get("dtype", "float32"))))
    except (TypeError, KeyError, ValueError) as error:
        raise reading.error(f"expects numbers, got {str(config)[:80]!r}: {error}") from None


def _policy(config: Any, reading: Reading) -> Any:
    name = config.get("name") if isinstance(config, dict) else config
    if name not in ("float32", None):
        reading.drop("dtype", str(name))
    return "float32"


def _function(config: Any, reading: Reading) -> Any:
    name = config.get("name") if isinstance(config, dict) else config
    if not isinstance(name, str):
        raise reading.error(f"a function is named by a string, got {str(config)[:80]!r}")
    found = get_registered_object(name, reading.custom_objects)
    return name if found is None else found


def _wrapped(config: Any, reading: Reading) -> Any:
    """A metric or loss of a function, as Keras 2 wrote it: by the function's name."""
    function = read(config.get("fn"), reading) if isinstance(config, dict) else None
    if isinstance(function, str) and config.get("name") in ("accuracy", "acc"):
        return config["name"]
    return function


def _no_type(config: Any, reading: Reading) -> Any:
    return str(config)


_SPECIAL: dict[str, Callable[[Any, Reading], Any]] = {
    "__lambda__": _lambda, "__numpy__": _numbers, "__tensor__": _numbers, "DTypePolicy": _policy,
    "FloatDTypePolicy": _policy, "Policy": _policy, "MeanMetricWrapper": _wrapped, "LossFunctionWrapper": _wrapped,
    "function": _function, "__type__": _no_type,
    "__tuple__": lambda config, reading: tuple(read(config, reading)),
    "__ellipsis__": lambda config, reading: ...,
    "__slice__": lambda config, reading: slice(config.get("start"), config.get("stop"), config.get("step")),
    "__bytes__": lambda config, reading: str(config["value"]).encode(),
}  # fmt: skip


def _family_of(entry: Mapping[str, Any], hint: str) -> str:
    parts = str(entry.get("module") or "").split(".")
    found = [part for part in parts if part in _FAMILIES]
    if found:
        return found[-1]
    return next((family for ending, family in _OF_ARGUMENT.items() if hint.endswith(ending)), "layers")


def find_class(entry: Mapping[str, Any], reading: Reading, hint: str = "") -> type:
    """The class that an entry names.

    Raises:
        ValueError: There is none; the message says where, and proposes the nearest.
    """
    name = entry["class_name"]
    for candidate in (entry.get("registered_name"), name):
        found = get_registered_object(candidate, reading.custom_objects) if isinstance(candidate, str) else None
        if found is not None:
            if not isinstance(found, type):
                raise reading.error(f"custom object {candidate!r} is no class: {found!r}")
            return found
    if entry.get("module") == "fastnn.ops" and name == "Operation":
        return Operation
    family = _family_of(entry, hint)
    order = [family, *(other for other in ("layers", "models") if other != family)]
    for place in order:
        found = None if name.startswith("_") else getattr(_FAMILIES[place], name, None)
        found = found or getattr(_FAMILIES[place], _RENAMED.get(name, ""), None)
        if isinstance(found, type) and (issubclass(found, Configurable) or hasattr(found, "from_config")):
            return found
    word = "layer" if family in ("layers", "models") else family.rstrip("s").replace("losse", "loss")
    known = [n for n, cls in vars(_FAMILIES[family]).items() if isinstance(cls, type) and issubclass(cls, Configurable)]
    module = str(entry.get("module") or "")
    if module and module.split(".")[0] not in ("keras", "fastnn", "builtins", "tf_keras", "tensorflow"):
        raise reading.error(
            f"{name!r} of {module} is not part of fastnn; pass custom_objects={{{name!r}: ...}} or register the class "
            "with register_keras_serializable()"
        )
    raise reading.error(f"fastnn has no {word} {name!r}.{suggestion(name, known)}")


_RENAMED = {
    "IdentityInitializer": "Identity", "OrthogonalInitializer": "Orthogonal", "SpatialDropout": "SpatialDropout1D",
    "BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization", "LSTMV2": "LSTM",
    "GRUV2": "GRU", "Model": "Functional", "Convolution2D": "Conv2D", "ModuleWrapper": "",
    "ExperimentalAdam": "Adam", "TorchAdam": "Adam",
}  # fmt: skip


def _object(entry: Mapping[str, Any], reading: Reading, hint: str) -> Any:
    cls = find_class(entry, reading, hint)
    config = entry.get("config")
    if config is None:
        config = {}
    if not isinstance(config, dict):
        raise reading.error(f"config expects a dict, got {str(config)[:80]!r}")
    if issubclass(cls, models.Model):
        from fastnn.saving.structure import build_model

        return build_model(cls, dict(entry), reading)
    arguments = {key: read(value, reading, key) for key, value in config.items()}
    arguments = fitting(cls, arguments, reading)
    with CustomObjectScope(reading.custom_objects):
        try:
            made = cls.from_config(arguments) if hasattr(cls, "from_config") else cls(**arguments)
        except (TypeError, KeyError, IndexError, AttributeError, OverflowError, ArithmeticError) as error:
            raise reading.error(f"its arguments do not fit: {error}") from error
        except ValueError as error:
            raise reading.error(str(error)) from error
    if isinstance(made, Layer):
        reading.bound(made)
    return made


def fitting(cls: type, arguments: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """The arguments that a class takes; the others are noted, save those that ask for nothing."""
    for old, new in getattr(cls, "renamed", {}).items():
        if old in arguments:
            value = arguments.pop(old)
            arguments.setdefault(new, value)
    if not issubclass(cls, Configurable) or cls.__module__.split(".")[0] != "fastnn":
        return arguments
    parameters = inspect.signature(cls.__init__).parameters
    taken = {name for name, p in parameters.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        taken |= set(cls.common_arguments)
    if "dtype" in arguments and arguments["dtype"] is not None:
        given = arguments["dtype"]
        arguments["dtype"] = given.get("name", "float32") if isinstance(given, dict) else str(given)
        if issubclass(cls, Layer) and cls is not layers.InputLayer and arguments["dtype"] in _HALF:
            reading.drop("dtype", arguments.pop("dtype"))
    fit = {}
    for key, value in arguments.items():
        reading.bounded_size(key, value)
        if key in taken:
            fit[key] = "sum_over_batch_size" if key == "reduction" and value == "auto" else value
        elif not (key in _HARMLESS and (_HARMLESS[key] is ... or _same(value, _HARMLESS[key]))) and value is not None:
            reading.drop(cls.__name__, key)
    return fit


_HALF = ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16", "float64")


_NO_SIZES = ("seed", "salt", "vocab", "token", "bin", "value", "mask", "threshold", "scale", "offset")
"""In the names of arguments whose whole numbers are no sizes."""


def _largest(value: Any) -> int:
    if isinstance(value, (list, tuple)):
        return max(map(_largest, value), default=0)
    return abs(value) if isinstance(value, int) else 0


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)
