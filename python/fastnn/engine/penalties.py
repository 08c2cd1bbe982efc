"""Penalties that layers add to the loss of a model: on their outputs, and by `add_loss` in a `call`."""

from __future__ import annotations

from typing import Any

from fastnn.engine.contract import Part, title
from fastnn.engine.emission import Emission
from fastnn.symbolic.tensors import KerasTensor, Trace, operators


def add_loss(part: Part, loss: Any) -> None:
    """Adds tensors to the loss of the model in whose graph the running trace ends.

    Args:
        part: The layer or model that adds them.
        loss: A tensor, whose elements are summed, or a list of them.

    Raises:
        ValueError: No `call` is running.
    """
    trace = Trace.current()
    if trace is None:
        raise ValueError(
            f"{title(part)}: add_loss() counts within call() only, got {loss!r} outside of it; compute the loss in the "
            "call() of a layer of your own, and put that layer into the model"
        )
    for one in loss if isinstance(loss, (list, tuple)) else [loss]:
        tensor = operators["cast"](operators["tensor"](one), "float32")
        trace.losses.append((part, operators["sum"](tensor) if tensor.shape else tensor))


def add_activity_penalty(layer: Part, emission: Emission, edges: list[int]) -> list[int]:
    """Adds the penalty of a layer's `activity_regularizer` on its outputs; returns the output edges."""
    penalty = layer.__dict__.get("activity_regularizer")
    if penalty is None or not emission.penalizes(layer):
        return edges
    if penalty.__fastnn_is_custom__():

        def per_sample(x: KerasTensor) -> KerasTensor:
            add_loss(layer, penalty(x) / operators["cast"](operators["rows"](x), "float32"))
            return x

        for edge in edges:
            emission.run(per_sample, [edge], f"{title(layer)}: {penalty!r}")
        return edges
    l1, l2 = penalty.__fastnn_strengths__()
    output, amount = emission.graph.add("ActivityRegularization", layer.name, {"l1": l1, "l2": l2}, edges)
    emission.add_penalty(layer, amount)
    return [output]
