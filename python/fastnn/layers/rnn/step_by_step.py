"""Base of the recurrent layers whose steps are added to the graph one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import ops
from fastnn.engine.by_code import build_for_call
from fastnn.engine.contract import Outcome
from fastnn.engine.emission import stand_in
from fastnn.layers.rnn.cells import select_states
from fastnn.layers.rnn.recurrent import OverTime
from fastnn.ops.node import node
from fastnn.precision import floatx
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments
from fastnn.symbolic.variable import Variable


def _state_node(kind: str, state: Variable, tensor: Any) -> Any:
    """Adds a node that reads or keeps the states of the rows of a batch."""
    return node(kind, {"shape": list(state.shape)}, [tensor], state.name, [state])


class StepByStep(OverTime):
    """Base of the layers that run Python code for each step, on symbolic tensors."""

    go_backwards: bool
    zero_output_for_mask: bool = False

    @property
    def state_size(self) -> list[Any]:
        """List of the dimensions of the states."""
        raise NotImplementedError

    def _step(self, inputs: Any, states: list[Any]) -> tuple[Any, Any]:
        """Returns the output of one step and the new states."""
        raise NotImplementedError

    def _adds_steps(self) -> bool:
        """Returns whether each step adds nodes of its own to a graph."""
        return True

    def __fastnn_infer_call__(self, arguments: Arguments, training: bool | None) -> Outcome:
        """Builds the layer and returns what comes out of its `call`."""
        steps = arguments.tensors[0].shape[1]
        if steps is not None or not self._adds_steps():
            return super().__fastnn_infer_call__(arguments, training)
        # Each step adds nodes of its own, so one step is tried in place of an unknown number of steps.
        build_for_call(self, arguments)
        first, *rest = arguments.tensors
        one = stand_in((((*first.shape[:1], 1, *first.shape[2:])), first.dtype), first.name)
        specs = super().__fastnn_infer_call__(self._without_mask(arguments, one, rest), training)
        (made, dtype), *states = specs[0]
        if self.return_sequences:
            made = (*made[:1], None, *made[2:])
        return [(made, dtype), *states], specs[1]

    def _without_mask(self, arguments: Arguments, first: Any, rest: Sequence[Any]) -> Arguments:
        args, kwargs = arguments.place([first, *rest])
        return Arguments(args, {name: value for name, value in kwargs.items() if name != "mask"})

    def _step_by_step(self, sequences: Any, initial_state: Any, mask: Any, time_order: bool) -> tuple[Any, list[Any]]:
        time = sequences.shape[1]
        given = initial_state
        if given is None and self.states is not None:
            kept = [_state_node("ReadState", state, sequences) for state in self.states]
            given = Structure(self.state_size).pack(kept)
        elif given is None:
            given = self.get_initial_state(ops.shape(sequences)[0])
        states = list(given) if isinstance(given, (list, tuple)) else [given]
        outputs = []
        for t in reversed(range(time)) if self.go_backwards else range(time):
            output, new = self._step(sequences[:, t], states)
            new = list(new) if isinstance(new, (list, tuple)) else [new]
            if mask is not None:
                seen = ops.expand_dims(ops.cast(mask, "bool")[:, t], list(range(1, len(output.shape))))
                stacked = isinstance(states[-1], (list, tuple))
                before = states[-1][0] if stacked else states[0]
                output = ops.where(seen, output, ops.zeros_like(output) if self.zero_output_for_mask else before)
                new = select_states(seen, new, states)
            states = new
            outputs.append(output)
        if self.states is not None:
            last = Structure(states).flat(states)
            for state, tensor in zip(self.states, last, strict=True):
                _state_node("KeepState", state, ops.cast(tensor, floatx()))
        # A cell of a single state has it alone, whatever form the state had within.
        states = [
            state[0] if isinstance(state, (list, tuple)) and not isinstance(size, (list, tuple)) else state
            for state, size in zip(states, self.state_size, strict=True)
        ]
        if not self.return_sequences:
            return outputs[-1], states
        ordered = outputs[::-1] if time_order and self.go_backwards else outputs
        return ops.stack(ordered, axis=1), states
