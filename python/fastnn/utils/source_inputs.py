"""Search for the inputs from which a symbolic tensor is computed."""

from __future__ import annotations

from typing import Any

from fastnn.layers import InputLayer
from fastnn.symbolic.tensors import KerasTensor


def get_source_inputs(tensor: Any) -> list[KerasTensor]:
    """Returns the tensors of inputs from which a symbolic tensor is computed, each once, in the order of the calls.

    Args:
        tensor: A symbolic tensor.

    Raises:
        ValueError: It is no symbolic tensor.

    Example:
        >>> x = layers.Input((3,), name="x")
        >>> [source.name for source in fastnn.utils.get_source_inputs(layers.Dense(2)(x))]
        ['x']
    """
    if not isinstance(tensor, KerasTensor):
        raise ValueError(f"get_source_inputs expects a symbolic tensor, got {tensor!r}")
    found: dict[int, KerasTensor] = {}
    seen: set[int] = set()
    open_tensors = [tensor]
    while open_tensors:
        one = open_tensors.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        inputs = [] if one.made_by is None else one.made_by.inputs
        if one.made_by is None or isinstance(one.made_by.layer, InputLayer) or not inputs:
            found[id(one)] = one
        open_tensors.extend(reversed(inputs))
    return list(found.values())
