"""Configs of models in Keras' form: layers, the calls that join them, inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def sequential_config(model: Any) -> dict[str, Any]:
    """Returns the config of a chain of layers."""
    from fastnn.saving.serialization import serialize_keras_object

    config: dict[str, Any] = serialize_keras_object(model)["config"]
    return config


functional_config = sequential_config


def sequential_from_config(cls: Callable[..., Any], config: Mapping[str, Any], custom_objects: Any = None) -> Any:
    """Returns the model of a config."""
    from fastnn.saving.serialization import Reading
    from fastnn.saving.structure import build_model

    return build_model(cls, {"config": dict(config)}, Reading(custom_objects))  # type: ignore[arg-type]


functional_from_config = sequential_from_config
