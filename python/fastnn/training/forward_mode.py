"""`ops.jvp`: how a function's results change along a direction of its arguments.

The gradient of a function's results, weighted by numbers u, is linear in u; the gradient of that gradient, weighted by
the direction, with respect to u is the derivative along the direction. Both are computed in one run of the core.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.engine.step_trace import StepTrace
from fastnn.gradient_tape import GradientTape
from fastnn.ops.node import tensor
from fastnn.precision import floatx
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import is_symbolic, operators
from fastnn.training.function import TracedFunction


def jvp(fun: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool) -> Any:
    """Returns the results and the derivatives; see `ops.jvp`, which has checked nothing yet."""
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (list, tuple)):
            raise TypeError(f"ops.jvp expects {name} to be a list or tuple of arguments, got {given!r}")
    structure = Structure(list(primals), "ops.jvp: primals")
    leaves, along = structure.flat(list(primals)), Structure(list(tangents), "ops.jvp: tangents").flat(list(tangents))
    shapes = [[tuple(np.shape(one)) for one in side] for side in (leaves, along)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"ops.jvp expects tangents of the shapes of primals, {shapes[0]}, got {shapes[1]}")
    made: Structure | None = None

    def derived(*given: Any) -> Any:
        nonlocal made
        at, directions = given[: len(leaves)], given[len(leaves) :]
        with GradientTape() as outer:
            with GradientTape() as inner:
                found = fun(*structure.pack(list(at)))
                result, aux = found if has_aux else (found, None)
                made = Structure(result, "ops.jvp: the result of fun")
                results = [tensor(one) for one in made.flat(result)]
            weights = [ops.zeros_like(one) for one in results]
            for weight in weights:
                outer.watch(weight)
            gradients = inner.gradient(results, list(at), output_gradients=weights)
        pairs = [(g, t) for g, t in zip(gradients, directions, strict=True) if g is not None]
        changes = [None] * len(weights)
        if pairs:
            changes = outer.gradient([g for g, _ in pairs], weights, output_gradients=[t for _, t in pairs])
        filled = [w if change is None else change for w, change in zip(weights, changes, strict=True)]
        return [results, filled, *([aux] if has_aux else [])]

    if StepTrace.running() is not None:
        found = derived(*leaves, *along)
    elif is_symbolic([leaves, along]):
        raise TypeError(
            "ops.jvp computes on arrays, and on tensors within a train_step or a function decorated by "
            "fastnn.function; got a symbolic tensor of a model"
        )
    else:
        found = TracedFunction(derived)(*(np.asarray(one, floatx()) for one in (*leaves, *along)))
    assert made is not None
    results, changes, *rest = found
    return (made.pack(list(results)), made.pack(list(changes)), *rest)


operators["jvp"] = jvp
