"""GradientTape: gradients in a step of a user's own, under the name that TensorFlow gave them.

A step is traced into a graph, and the graph knows what each tensor was computed from. So a tape notes no more than
which nodes were added while it was open, through which gradients flow; what was computed before it is a constant. A
gradient is a node of the graph too, whose value may be clipped, combined, logged, or given to an optimizer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.engine.step_trace import StepTrace
from fastnn.node_gradients import gradients_as_nodes
from fastnn.ops.node import tensor
from fastnn.precision import is_float
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import KerasTensor
from fastnn.symbolic.variable import Variable

_WHERE = (
    "GradientTape works in a step that is traced: in train_step() of a Model, or in a function decorated with "
    "@fastnn.function, which runs whole in the core"
)


class GradientTape:
    """Context in which a step computes what it then differentiates.

    Args:
        persistent: True if `gradient` may be called more than once.
        watch_accessed_variables: Accepted for compatibility; all variables and tensors are watched.

    Example:
        >>> weight = fastnn.Variable(np.array([1.0, 2.0]))
        >>> @fastnn.function
        ... def slope(x):
        ...     with fastnn.GradientTape() as tape:
        ...         loss = ops.sum(weight * weight * x)
        ...     return tape.gradient(loss, weight)
        >>> slope(np.array([[3.0, 4.0]]))
        array([ 6., 16.], dtype=float32)
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._step: StepTrace | None = None
        self._used = False
        self._recorded: list[tuple[int, int | None]] = []

    def __enter__(self) -> GradientTape:
        self._step = StepTrace.running()
        if self._step is None:
            raise RuntimeError(_WHERE)
        self._step.tapes.append(self)
        self._begin()
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._step is not None
        self._step.tapes.remove(self)
        self._end()

    def watch(self, tensor: Any) -> None:
        """Checks that a gradient can be taken for a tensor; those of a step are watched anyway.

        Args:
            tensor: A tensor or variable, or a list of them.

        Raises:
            TypeError: A tensor does not hold floats.
        """
        structure = Structure(tensor)
        for one in structure.flat(tensor):
            if isinstance(one, KerasTensor) and not is_float(one.dtype):
                raise TypeError(
                    f"tape.watch expects tensors of float32, got {one.name!r} of {one.dtype}; cast it first: "
                    "x = ops.cast(x, 'float32')"
                )

    def watched_variables(self) -> tuple[Variable, ...]:
        """Refuses: a tape keeps no list.

        Returns:
            Nothing.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(
            "GradientTape.watched_variables: name the variables, such as model.trainable_variables"
        )

    @contextlib.contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Returns a context, what is computed in which has no gradient."""
        self._end()
        try:
            yield
        finally:
            self._begin()

    def reset(self) -> None:
        """Forgets what was recorded, so that a tape that is not persistent can be used once more."""
        is_open = bool(self._recorded) and self._recorded[-1][1] is None
        self._used = False
        self._recorded = []
        if is_open:
            self._begin()

    def _begin(self) -> None:
        assert self._step is not None
        # A transpose that was made before would not be recorded.
        self._step.emission.transposed.clear()
        self._recorded.append((self._step.graph.size, None))

    def _end(self) -> None:
        assert self._step is not None
        self._recorded[-1] = self._recorded[-1][0], self._step.graph.size

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected_gradients: Any = "none"
    ) -> Any:
        """Returns the gradients of a target for sources.

        Args:
            target: A tensor, whose elements count as their sum, or a list of tensors.
            sources: A tensor or variable, or lists and dicts of them.
            output_gradients: The gradient of each target, of its shape; None: ones.
            unconnected_gradients: What a source gets that the target does not depend on: "none" or "zero".

        Returns:
            Tensors of the shapes of the sources, in their structure; None for a source that the target does not depend
            on by what was computed while the tape was open.

        Raises:
            RuntimeError: The tape was used before and is not persistent, or never entered.
            TypeError: A target does not hold floats.

        Example:
            >>> weight = fastnn.Variable(np.array([2.0]))
            >>> @fastnn.function
            ... def slopes(x):
            ...     with fastnn.GradientTape() as tape:
            ...         loss = ops.sum(weight**2) + 0.0 * ops.sum(x)
            ...     return tape.gradient(loss, [weight])
            >>> slopes(np.ones((1, 1)))
            [array([4.], dtype=float32)]
        """
        step = self._step
        if step is None or step is not StepTrace.running():
            raise RuntimeError(
                _WHERE if StepTrace.running() is None else "tape.gradient: write `with GradientTape() as tape:` before"
            )
        if self._used and not self._persistent:
            raise RuntimeError(
                "tape.gradient was called twice; give GradientTape(persistent=True), or take all gradients in one "
                "call: tape.gradient(loss, [first, second])"
            )
        self._used = True
        zero = str(getattr(unconnected_gradients, "value", unconnected_gradients)) == "zero"
        targets = [_of_floats(one) for one in Structure(target).flat(target)]
        structure = Structure(sources)
        leaves = structure.flat(sources)
        for leaf in leaves:
            if not isinstance(leaf, (KerasTensor, Variable)):
                raise TypeError(
                    f"tape.gradient expects tensors of the step and variables as sources, got {type(leaf).__name__}"
                )
        if output_gradients is None:
            seeds = [_ones(one) for one in targets]
        else:
            given = Structure(output_gradients).flat(output_gradients)
            if len(given) != len(targets):
                raise ValueError(
                    f"tape.gradient expects one of output_gradients for each of {len(targets)} targets, got "
                    f"{len(given)}"
                )
            seeds = [_ones(to) if one is None else _ones(to) * one for one, to in zip(given, targets, strict=True)]
        found = self._found(step, targets, seeds, leaves)
        if zero:
            found = [ops.zeros_like(leaf) if one is None else one for one, leaf in zip(found, leaves, strict=True)]
        return structure.pack(found)

    def _found(self, step: StepTrace, targets: list[Any], seeds: list[Any], leaves: list[Any]) -> list[Any]:
        """Returns the gradients; where a tape around this one may differentiate them, written as nodes."""
        size = step.graph.size
        recorded = [(first, size if end is None else end) for first, end in self._recorded]
        if not any(tape is not self or self._persistent for tape in step.tapes):
            return list(step.gradients(targets, seeds, leaves, recorded))
        made = gradients_as_nodes(step, targets, seeds, leaves, recorded)
        return list(step.gradients(targets, seeds, leaves, recorded, made)) if isinstance(made, str) else made

    def jacobian(self, target: Any, sources: Any, **kwargs: Any) -> Any:
        """Refuses: a step gives gradients of sums.

        Args:
            target: Tensor whose elements would be differentiated.
            sources: Variable or tensor, or a structure of them.
            **kwargs: Further arguments of TensorFlow.

        Returns:
            Nothing.

        Raises:
            NotImplementedError: Always; take `gradient` of each element in place of it.
        """
        raise NotImplementedError(
            "GradientTape.jacobian: a step gives gradients of sums; take tape.gradient of each element with "
            "GradientTape(persistent=True)"
        )

    batch_jacobian = jacobian


def _ones(target: KerasTensor) -> Any:
    """Returns ones of the shape of a tensor."""
    known = target.trials is None and None not in target.shape
    return tensor(np.ones(target.shape, np.float32)) if known else ops.ones_like(target)


def _of_floats(target: Any) -> KerasTensor:
    """Returns a target of a gradient as a tensor."""
    if not isinstance(target, (KerasTensor, Variable)):
        raise TypeError(
            f"tape.gradient expects a tensor that the step has computed as its target, got {type(target).__name__}; "
            "compute the loss with fastnn.ops, layers and losses"
        )
    made = tensor(target)
    if not is_float(made.dtype):
        raise TypeError(f"tape.gradient expects a target of float32, got {made.dtype}; cast what it is made of")
    return made
