"""Arguments of `compile()` in a file: written, and given to `compile()` again."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, cast

from fastnn.caller import warn
from fastnn.custom_objects import CustomObjectScope
from fastnn.saving.reading import Reading
from fastnn.saving.serialization import read, serialize_keras_object

_WITHOUT = " (compile=False loads the model without)"

_ARGUMENTS = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")


def _overrides(model: Any, method: str) -> bool:
    """Returns whether the class of a model has a form of its own of a method."""
    return not str(getattr(getattr(type(model), method), "__module__", "")).startswith("fastnn.")


def describe_compile(model: Any, own: bool = False) -> dict[str, Any] | None:
    """Returns the arguments with which a model was compiled, described; None where it is not compiled.

    Args:
        model: The model.
        own: True for what fastnn says of it, also where its class has a `get_compile_config`.
    """
    if not model.compiled:
        return None
    if _overrides(model, "get_compile_config") and not own:
        return cast("dict[str, Any] | None", model.get_compile_config())
    given = model.__fastnn_training__.compiled.arguments
    return {
        **{word: serialize_keras_object(given[word]) for word in _ARGUMENTS},
        "run_eagerly": False, "steps_per_execution": 1, "jit_compile": False,
    }  # fmt: skip


def _takes_usual(model: Any) -> bool:
    """Returns whether a `compile` of the user's own can be called with the usual arguments alone."""
    try:
        inspect.signature(model.compile).bind(**dict.fromkeys(_ARGUMENTS))
    except TypeError:
        return False
    return True


def compile_as(model: Any, config: Mapping[str, Any] | None, reading: Reading, own: bool = False) -> bool:
    """Compiles a model as a file describes it.

    Args:
        model: The model.
        config: What `describe_compile` returned; None: nothing.
        reading: The reading of the file.
        own: True for what fastnn does, also where the class has a `compile_from_config`.

    Returns:
        Whether the model was compiled.
    """
    if not config:
        return False
    with reading.at("compile_config"), CustomObjectScope(reading.custom_objects):
        if not own and _overrides(model, "compile_from_config"):
            with reading.explaining(KeyError, TypeError, ValueError, further=_WITHOUT):
                model.compile_from_config(config)
            return bool(model.compiled)
        if _overrides(model, "compile") and not _takes_usual(model):
            warn(
                f"{type(model).__name__} was loaded without being compiled, since its compile() takes arguments of its "
                "own: call compile(), and then load_weights() for the state of its optimizers, or write "
                "get_compile_config() and compile_from_config(config)"
            )
            return False
        if "optimizer" not in config:
            return False
        config = {key: read(config.get(key), reading, key) for key in _ARGUMENTS}
        with reading.explaining(TypeError, ValueError, further=_WITHOUT):
            model.compile(**{key: value for key, value in config.items() if value is not None or key == "optimizer"})
    return True
