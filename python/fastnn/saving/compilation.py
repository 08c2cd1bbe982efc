"""Arguments of `compile()` in a file: written, and given to `compile()` again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastnn.custom_objects import CustomObjectScope
from fastnn.saving.reading import Reading
from fastnn.saving.serialization import read, serialize_keras_object

_ARGUMENTS = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")


def describe_compile(model: Any) -> dict[str, Any] | None:
    """Returns the arguments with which a model was compiled, described; None where it is not compiled."""
    if not model.compiled:
        return None
    given = model.__fastnn_training__.compiled.arguments
    return {
        **{word: serialize_keras_object(given[word]) for word in _ARGUMENTS},
        "run_eagerly": False, "steps_per_execution": 1, "jit_compile": False,
    }  # fmt: skip


def compile_as(model: Any, config: Mapping[str, Any] | None, reading: Reading) -> bool:
    """Compiles a model as a file describes it.

    Args:
        model: The model.
        config: What `describe_compile` returned; None: nothing.
        reading: The reading of the file.

    Returns:
        Whether the model was compiled.
    """
    if not config:
        return False
    with reading.at("compile_config"), CustomObjectScope(reading.custom_objects):
        if "optimizer" not in config:
            return False
        config = {key: read(config.get(key), reading, key) for key in _ARGUMENTS}
        try:
            model.compile(**{key: value for key, value in config.items() if value is not None or key == "optimizer"})
        except (TypeError, ValueError) as error:
            raise reading.error(f"{error} (compile=False loads the model without)") from error
    return True
