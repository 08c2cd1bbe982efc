"""Quantization of the layers of a model."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fastnn.engine.contract import title
from fastnn.engine.ownership import sublayers
from fastnn.layers.quantization import checked_config

Filters = str | Sequence[str] | Callable[[Any], bool] | None


def quantize_layers(model: Any, mode: Any, config: Any, filters: Filters, type_check: bool) -> None:
    """Quantizes the layers of a model, in place; warns of layers with weights that cannot be quantized.

    Args:
        model: The model, which is built.
        mode: "int8", or None where `config` says it.
        config: An `Int8QuantizationConfig`, or None.
        filters: Which layers: a regular expression that is found in their names, several, or a function of a layer;
            None: all.
        type_check: Whether classes derived from layers of the package are left out.

    Raises:
        ValueError: The arguments contradict each other, or a layer is not built or is quantized already.
    """
    who = title(model)
    checked_config(who, mode, config)
    wanted = _wanted(who, filters)
    # All that can be refused is refused before the first layer changes.
    chosen = [layer for layer in _leaves(model) if wanted(layer) and (layer.weights or not layer.built)]
    for layer in chosen:
        if not layer.built and type(layer).__fastnn_quantizes__:
            raise ValueError(f"{who}: {title(layer)} is not built; build the model first, or call it on data")
        if layer.quantization_mode is not None:
            raise ValueError(
                f"{who}: {title(layer)} is quantized already, to {layer.dtype_policy.name!r}; leave it out by filters"
            )
    for layer in chosen:
        try:
            layer.quantize(mode, type_check=type_check, config=config)
        except NotImplementedError as error:
            warnings.warn(str(error), stacklevel=3)


def _leaves(part: Any) -> Iterator[Any]:
    """Yields the layers within a part that hold no others, each once."""
    seen: set[int] = set()
    waiting = list(sublayers(part))
    while waiting:
        layer = waiting.pop(0)
        within = sublayers(layer)
        if not within and id(layer) not in seen:
            yield layer
        if id(layer) not in seen:
            waiting[:0] = within
        seen.add(id(layer))


def _wanted(who: str, filters: Filters) -> Callable[[Any], bool]:
    if filters is None:
        return lambda layer: True
    if callable(filters):
        return filters
    patterns = [filters] if isinstance(filters, str) else filters
    if not isinstance(patterns, (list, tuple)) or not all(isinstance(one, str) for one in patterns):
        raise ValueError(
            f"{who}: quantize expects filters to be a regular expression, a list of them or a function of a layer, got "
            f"{filters!r}"
        )
    return lambda layer: any(re.search(pattern, layer.name) for pattern in patterns)
