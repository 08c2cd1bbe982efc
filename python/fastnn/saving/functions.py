"""Functions of `fastnn.ops` among a model's layers, as Keras 3 writes them into JSON, and back.

Keras has a class for each of its functions. Some of a function's arguments are those of the class, and stand in the
`config` of the layer's entry; the others are those of the call, and stand in `inbound_nodes`. Both have the names that
the function has for them, so all that is said here is which are which.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.configurable import plain
from fastnn.naming import suggestion
from fastnn.ops.function import Function, functions
from fastnn.ops.node import Operation, array
from fastnn.saving.serialization import Reading, file_name, read
from fastnn.symbolic.tensors import Call, is_symbolic

_MODULES = {
    "core": "cast convert_to_tensor saturate_cast scatter scatter_update slice slice_update stop_gradient unstack",
    "math": "cdist erf erfc erfinv in_top_k logsumexp rsqrt segment_max segment_min segment_prod segment_sum top_k",
    "linalg": "norm",
    "einops": "rearrange",
}
"""Where Keras keeps functions that are neither in `ops.nn` nor in `ops.image`, and not in its `numpy`."""

_CLASSES = {
    "allclose": "AllClose", "batch_normalization": "BatchNorm", "cdist": "CDist", "hsv_to_rgb": "HSVToRGB",
    "isin": "IsIn", "layer_normalization": "LayerNorm", "psnr": "PSNR", "rgb_to_grayscale": "RGBToGrayscale",
    "rgb_to_hsv": "RGBToHSV", "rms_normalization": "RMSNorm", "searchsorted": "SearchSorted",
    "re_lu": "ReLU",
}  # fmt: skip
"""Classes that are not called as their functions are."""

_OF_CALLS = (
    "a array atol axes_lengths beta bias bins choicelist condition condlist constant_values data default "
    "depthwise_kernel fill_value gamma images indices inputs kernel key mask mean offset operands output pattern "
    "pointwise_kernel predictions q query rtol scale segment_ids sorted_sequence start_indices target targets tensor "
    "updates value values variable variance weights x x1 x2 xs y"
)
"""Arguments of calls; all others are those of classes."""
_OF_CLASSES = "allclose.atol allclose.rtol diagonal.offset histogram.bins resize.fill_value trace.offset trapezoid.x"
"""Those that are of classes although other functions have them in their calls."""

_ALWAYS = (
    "batch_normalization.epsilon crop_images.bottom_cropping crop_images.left_cropping crop_images.right_cropping "
    "crop_images.target_height crop_images.target_width crop_images.top_cropping pad_images.bottom_padding "
    "pad_images.left_padding pad_images.right_padding pad_images.target_height pad_images.target_width "
    "pad_images.top_padding"
)
"""Those that have no default in older Keras."""

_ARRAYS = "digitize.bins heaviside.x1 heaviside.x2 hypot.x1 hypot.x2"
"""Those of calls that Keras takes as arrays, and not as lists or fractions."""


def _class_of(title: str) -> str:
    return _CLASSES.get(title) or "".join(word.capitalize() for word in title.split("_"))


def _module_of(title: str) -> str:
    if title in ("mish", "re_lu"):
        return "keras.src.activations.activations"
    if hasattr(ops.image, title):
        return "keras.src.ops.image"
    if hasattr(ops.nn, title):
        return "keras.src.ops.nn"
    return f"keras.src.ops.{next((module for module, titles in _MODULES.items() if title in titles.split()), 'numpy')}"


def _titles() -> dict[str, str]:
    """For each class the name of the function; some have several names."""
    named = [*vars(ops).items(), *vars(ops.image).items()]
    others = {_class_of(name): f.__name__ for name, f in named if getattr(f, "__name__", "") in functions}
    return {**others, **{_class_of(title): title for title in functions}}


def is_function(entry: Any) -> bool:
    """Whether an entry of a file is one of a function, and not of a layer."""
    module = str(entry.get("module")) if isinstance(entry, dict) else ""
    return module.startswith(("keras.src.ops.", "keras.src.activations."))


def _is_of_call(title: str, name: str) -> bool:
    return name in _OF_CALLS.split() and f"{title}.{name}" not in _OF_CLASSES.split()


def parts(call: Call) -> tuple[dict[str, Any], list[Any], dict[str, Any]]:
    """What a function was called with: the arguments of Keras' class, and those of its call, without and by name."""
    title = call.layer.title
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
        if f"{title}.{name}" in _ARRAYS.split() and _is_plain(value):
            value = array(value)
        if parameter.kind is parameter.VAR_POSITIONAL:
            args += value
        elif parameter.kind is parameter.VAR_KEYWORD:
            kwargs.update(value)
        elif _is_of_call(title, name) and needed:
            args.append(value)
        elif _is_of_call(title, name) or is_symbolic(value):
            if parameter.default is None or not _same(value, parameter.default):
                kwargs[name] = value
        elif name == "data_format" and hasattr(ops.nn, title):
            config[name] = "channels_last"
        elif needed or f"{title}.{name}" in _ALWAYS.split() or not _same(value, parameter.default):
            config[name] = plain(value)
    if title == "reshape":
        config["newshape"] = _closed(config["newshape"], call.outputs[0].shape)
    if title == "average_pool":
        # Keras on JAX does not make them of the size of the window.
        config.setdefault("strides", config["pool_size"])
    return config, args, kwargs


def _is_plain(value: Any) -> bool:
    return isinstance(value, float) or (np.ndim(value) > 0 and not is_symbolic(value))


def _closed(newshape: Any, made: Sequence[int | None]) -> Any:
    """A shape without the None that leaves the batch open, where the others are known."""
    open_sizes = [-1 if size is None else size for size in made]
    return open_sizes if np.ndim(newshape) and None in newshape and open_sizes.count(-1) == 1 else newshape


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)


def unknown_to_keras(call: Call) -> bool:
    """Whether Keras has no function for what is called, or its function does not take such arguments."""
    if not isinstance(call.layer, Function):
        return isinstance(call.layer, Operation) and bool(call.inputs)
    title = call.layer.title
    config, args, kwargs = parts(call)
    if title == "get_item":
        key = args[1] if isinstance(args[1], tuple) else (args[1],)
        return not all(one is None or one is ... or isinstance(one, (int, np.integer, slice)) for one in key)
    if title == "broadcast_to":
        return np.ndim(config["shape"]) > 0 and None in config["shape"]
    return any(is_symbolic(value) for name, value in kwargs.items() if not _is_of_call(title, name))


def described_function(layer: Function, calls: Sequence[Call]) -> dict[str, Any]:
    """The entry of a function, of which all these are calls."""
    name = _class_of(layer.title)
    return {
        "module": _module_of(layer.title), "class_name": name, "config": parts(calls[0])[0],
        "registered_name": name,
    }  # fmt: skip


def read_function(entry: Mapping[str, Any], reading: Reading) -> tuple[Function, dict[str, Any]]:
    """The function of an entry, and the arguments in its config.

    Raises:
        ValueError: fastnn.ops has no such function, or it has no such argument.
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
    """The arguments of a function, of which `parts` made three.

    Raises:
        TypeError: The function does not take them.
    """
    signature = inspect.signature(functions[title])
    names = [name for name, one in signature.parameters.items() if one.kind is one.POSITIONAL_OR_KEYWORD]
    if any(one.kind is one.VAR_POSITIONAL for one in signature.parameters.values()):
        named = {**config, **kwargs}
        bound = signature.bind(*[named.pop(name) for name in names], *args, **named)
    else:
        called = [name for name in names if _is_of_call(title, name)]
        if len(args) > len(called):
            raise TypeError(f"ops.{title} is called with {', '.join(called)}, got {len(args)} arguments")
        named = {**config, **dict(zip(called, args, strict=False)), **kwargs}
        if isinstance(named.get("key"), list):
            # Keys of x[...] are tuples, which JSON has not.
            named["key"] = tuple(named["key"])
        bound = signature.bind(**named)
    return bound.args, bound.kwargs
