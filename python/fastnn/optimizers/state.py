"""State of one optimizer: what it keeps beside the arguments that are its attributes.

Owns the optimizer of the core, the weights that it was built for, the variables of a rule written in Python and the
excluded weights. The class `Optimizer` holds one `State`, so that a subclass of a user may choose its names freely.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fastnn import _core
from fastnn.optimizers.applying import Application
from fastnn.optimizers.tracing import TracedRule
from fastnn.symbolic.variable import Variable


class State:
    """State of one optimizer.

    Args:
        kind: The kind of the optimizer of the core.
        config: Its arguments.
        schedule: The schedule or function that determines the learning rate; None where it is a number.

    Attributes:
        handle: The optimizer of the core.
        kind: As given.
        config: As given.
        schedule: As given.
        weights: All weights that have slots, in the order in which they came.
        current: The weights of the last `build`.
        own: The variables that `add_variable` made.
        rule: The rule written in Python, or None.
        applications: Steps with gradients given by the user, by the weights.
    """

    def __init__(self, kind: str, config: dict[str, Any], schedule: Any) -> None:
        self.kind = kind
        self.config = config
        self.handle = _core.Optimizer(kind, config)
        self.schedule = schedule
        self.weights: list[Variable] = []
        self.current: list[Variable] = []
        self.own: list[Variable] = []
        self.rule: TracedRule | None = None
        self.applications: dict[tuple[int, ...], Application] = {}
        self.undecayed: list[Variable] = []
        self.undecayed_names: list[str] = []

    def add_weights(self, variables: Sequence[Variable]) -> None:
        """Makes slots for weights not seen before; these are the current weights from now on.

        Raises:
            ValueError: The weights are of several types of floats.
        """
        self.take_type(variables)
        known = {id(variable) for variable in self.weights}
        self.current = list(variables)
        self.weights += [variable for variable in variables if id(variable) not in known]
        self.handle.build([variable.handle for variable in variables])
        excluded = [
            variable.handle
            for variable in variables
            if any(re.search(name, variable.name) for name in self.undecayed_names)
        ]
        excluded += [variable.handle for variable in self.undecayed]
        if excluded:
            self.handle.exclude_from_weight_decay(excluded)

    def take_type(self, variables: Sequence[Variable]) -> None:
        """Moves the optimizer to the core of the weights, where it has none yet."""
        types = {variable.floats for variable in [*self.weights, *variables]}
        if len(types) > 1:
            raise ValueError(
                "an optimizer moves weights of one type of floats, got weights of float32 and of float64; make an "
                "optimizer for each"
            )
        for floats in types:
            core = _core.core_for(floats)
            if _core.core_of(self.handle) is not core:
                before, self.handle = self.handle, core.Optimizer(self.kind, self.config)
                self.handle.learning_rate, self.handle.iterations = before.learning_rate, before.iterations
            for variable in self.own:
                variable.__fastnn_move__(floats)

    def slots(self, weights: Sequence[Variable], groups: Sequence[Sequence[int]] | None) -> list[_core.Variable]:
        """Returns the slots of weights in the order of Keras' files.

        Args:
            weights: The weights.
            groups: Groups of slots of the rule, each written for all weights; None: weight by weight.
        """
        kept = [self.handle.slots(variable.handle) for variable in weights]
        averages = [average for average, _, _ in kept if average is not None]
        accumulators = [accumulator for _, accumulator, _ in kept if accumulator is not None]
        count = max((len(of_rule) for _, _, of_rule in kept), default=0)
        of_rules = [
            of_rule[i]
            for group in groups or (range(count),)
            for _, _, of_rule in kept
            for i in group
            if i < len(of_rule)
        ]
        return [*averages, *accumulators, *of_rules, *self.handle.shared_slots()]
