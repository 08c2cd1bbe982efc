"""Rules written in Python: the `update_step` of a user's optimizer, run once for each weight to make a graph.

The graph reads the gradient (after penalties and clipping), the learning rate and the number of steps from variables
of its own, and assigns to the weight and to the variables of the optimizer. The core runs it in each step.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from fastnn import _core, ops
from fastnn.engine.emission import Emission
from fastnn.symbolic.variable import Variable


class Rule(Protocol):
    """An optimizer with an `update_step` of its own."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Assigns to the variable and to the optimizer's own variables."""
        ...


class TracedRule:
    """The steps of a rule written in Python.

    Attributes:
        inputs: The learning rate and the number of steps, as tensors, while a step is traced; else None.
    """

    def __init__(self) -> None:
        self.inputs: tuple[Any, Any] | None = None
        self._traced: set[int] = set()
        self._rate = Variable(np.float32(0), trainable=False, name="learning_rate")
        self._steps = Variable(np.int32(0), trainable=False, name="iteration")

    def trace(self, optimizer: Rule, handle: _core.Optimizer, variable: Variable) -> None:
        """Traces the step of a weight, unless that was done before.

        Args:
            optimizer: The optimizer.
            handle: Its optimizer of the core.
            variable: The weight.

        Raises:
            TypeError: `update_step` asks for numbers that exist only when a step runs.
        """
        if id(variable.handle) in self._traced:
            return
        floats = variable.floats
        for one in (self._rate, self._steps):
            one.__fastnn_move__(floats)
        zeros = np.zeros(variable.shape)
        gradient = Variable(zeros, dtype=floats, trainable=False, name=f"{variable.path}/gradient")
        emission = Emission(True, floats=floats)

        def step() -> list[Any]:
            inputs = ops.convert_to_tensor(self._rate), ops.cast(ops.convert_to_tensor(self._steps), "int32")
            with self._running(inputs):
                optimizer.update_step(ops.convert_to_tensor(gradient), variable, inputs[0])
            return []

        trains = variable.handle.trainable
        emission.run(step, [], f"{type(optimizer).__name__}.update_step")
        variable.handle.trainable = trains
        handle.trace(
            variable.handle, emission.graph, gradient.handle, self._rate.handle, self._steps.handle
        )  # fmt: skip
        self._traced.add(id(variable.handle))

    @contextlib.contextmanager
    def _running(self, inputs: tuple[Any, Any]) -> Iterator[None]:
        self.inputs = inputs
        try:
            yield
        finally:
            self.inputs = None
