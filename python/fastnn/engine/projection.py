"""Constraints written in Python: their computation as a graph that the core runs after each update of a weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import _core, constraints
from fastnn.engine.emission import Emission
from fastnn.precision import computed
from fastnn.symbolic.tensors import Trace, operators
from fastnn.symbolic.variable import Variable


def project(constraint: constraints.Constraint, handle: _core.Variable) -> None:
    """Gives a weight a constraint written in Python, which is run once on a symbolic tensor.

    Args:
        constraint: The constraint.
        handle: The weight.

    Raises:
        ValueError: It makes a weight of another shape.
        TypeError: It returns nothing, or uses NumPy on the tensor.
    """
    who = f"the constraint {constraint!r} of {handle.path}"
    floats = computed(handle.dtype)
    weight = Variable(np.zeros(handle.shape), dtype=floats, trainable=False, name=handle.path)
    emission = Emission(True, floats=floats)
    _, made = Trace.paused(lambda: emission.run(lambda: _allowed(constraint, weight), [], who))
    if len(made) != 1 or tuple(emission.graph.spec(made[0])[0]) != weight.shape:
        shapes = [tuple(emission.graph.spec(edge)[0]) for edge in made]
        raise ValueError(f"{who} expects to return a weight of shape {weight.shape}, got {shapes}")
    handle.set_projection(emission.graph, made[0], weight.handle)


def _allowed(constraint: constraints.Constraint, weight: Variable) -> Any:
    made = constraint(operators["tensor"](weight))
    return None if made is None else operators["cast"](operators["tensor"](made), "float32")


constraints.use(project)
