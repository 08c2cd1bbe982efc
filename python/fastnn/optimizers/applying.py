"""Gradients that a user has computed, applied by an optimizer of the core.

The core takes gradients from a graph. So the graph here is one whose gradients are its inputs: the sum of each weight
times its gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core, ops
from fastnn.engine.emission import Emission
from fastnn.engine.step_trace import StepTrace
from fastnn.symbolic.variable import Variable


class Application:
    """Steps of an optimizer for the same weights.

    Args:
        optimizers: The optimizers of the core, each with the weights that it moves; None: all.
        variables: The weights.
    """

    def __init__(self, optimizers: _core.Optimizers, variables: Sequence[Variable]) -> None:
        emission = Emission(True, floats=variables[0].floats)
        edges = [
            emission.graph.input((None, max(1, variable.size)), "float32", f"the gradient of {variable.path}")
            for variable in variables
        ]

        def products(*gradients: Any) -> list[Any]:
            flat = [ops.reshape(ops.convert_to_tensor(variable), (max(1, variable.size),)) for variable in variables]
            return [ops.sum(g * weight, axis=-1) for g, weight in zip(gradients, flat, strict=True)]

        trained = [variable.trainable for variable in variables]
        try:
            # Gradients may be given for a weight that a model does not train.
            for variable in variables:
                variable.trainable = True
            _, sums = emission.run(products, edges, "the gradients")
        finally:
            for variable, flag in zip(variables, trained, strict=True):
                variable.trainable = flag
        self._variables = list(variables)
        self._trainer = emission.core.Trainer(
            emission.graph, [(edge, 1.0, -1, True, -1) for edge in sums], [], optimizers
        )

    def run(self, gradients: Sequence[NDArray[np.float32]], rates: NDArray[np.float64] | None) -> None:
        """Runs one step.

        Args:
            gradients: The gradient of each weight, of its shape.
            rates: The learning rate of each optimizer where schedules determine them, of shape `(1, optimizers)`; or
                None.
        """
        handles = [variable.handle for variable in self._variables]
        penalties = [(handle.l1, handle.l2) for handle in handles]
        try:
            # A user's gradients are those of the whole loss, penalties included.
            for handle in handles:
                handle.l1 = handle.l2 = 0.0
            columns = _core.Columns([gradient.reshape(1, -1) for gradient in gradients])
            self._trainer.run(columns, None, 1, 0, 1, 0.0, rates)
        finally:
            for handle, (l1, l2) in zip(handles, penalties, strict=True):
                handle.l1, handle.l2 = l1, l2


def check_moved(who: str, variable: Any) -> None:
    """Checks that an optimizer can move what it is given a gradient for.

    Args:
        who: The class of the optimizer, for messages.
        variable: The weight.

    Raises:
        TypeError: It is no variable.
        ValueError: It holds integers.
    """
    if not isinstance(variable, Variable):
        raise TypeError(
            f"{who}: apply expects variables to move, got {type(variable).__name__}; give the gradients first, "
            "apply(gradients, variables) or apply_gradients(zip(gradients, variables))"
        )
    if variable.handle.dtype == "int8":
        raise ValueError(
            f"{who}: apply expects weights of floats, and {variable.path} holds integers of 8 bits, which are not "
            "trained; leave it out, as model.trainable_variables does"
        )


def update_in_step(
    step: StepTrace, optimizer: Any, pairs: Sequence[tuple[Any, Variable]], built: Sequence[Variable]
) -> None:
    """Adds a step of an optimizer to the step of a user's own.

    Args:
        step: The step that is traced.
        optimizer: The optimizer.
        pairs: The gradients, which are tensors of the step, and their weights.
        built: The weights for which the optimizer was built.

    Raises:
        ValueError: The shapes differ, the optimizer searches along lines, or it was built for other weights.
    """
    who = type(optimizer).__name__
    gradients = [ops.convert_to_tensor(gradient) for gradient, _ in pairs]
    variables = [variable for _, variable in pairs]
    for gradient, variable in zip(gradients, variables, strict=True):
        if tuple(gradient.shape) != variable.shape:
            raise ValueError(f"{who}: {variable.path} has shape {variable.shape}, its gradient {gradient.shape}")
    known = {id(variable) for variable in built}
    unknown = [variable.path for variable in variables if id(variable) not in known]
    if unknown:
        raise ValueError(
            f"{who}: apply got the weights {', '.join(unknown[:3])}, but the optimizer was built for others, such as "
            f"{built[0].path}; make an optimizer for each set of weights, or call optimizer.build(all_of_them) before"
        )
    if optimizer.loss_scale_factor is not None:
        gradients = [gradient / optimizer.loss_scale_factor for gradient in gradients]
    step.update(optimizer, optimizer.__fastnn_commits__(variables), gradients, variables)
