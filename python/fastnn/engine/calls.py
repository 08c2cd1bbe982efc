"""Calls on symbolic tensors: how one is recorded, and what a part tells of those it had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn.engine.contract import Hooks, Part, computation_of, state_of, title
from fastnn.engine.masks import tell_masks
from fastnn.engine.sizes import depend_on_rows
from fastnn.engine.trial_graphs import emitted_on_trial
from fastnn.symbolic.tensors import Arguments, Call, SizedSpec


def record(layer: Hooks, args: tuple[Any, ...], kwargs: dict[str, Any], training: bool | None) -> Any:
    """Records a call on symbolic tensors.

    Args:
        layer: What is called; it is built for these inputs.
        args: Its arguments, checked.
        kwargs: Those by name.
        training: A `training=` that stays with the call; None: as the model runs.

    Returns:
        Symbolic tensors for its outputs, in their structure.
    """
    type(layer).__fastnn_check_symbolic_call__(layer)
    computation = computation_of(layer)
    computation.check_tensors(layer, args)
    arguments = Arguments(args, kwargs)
    specs, structure = computation.outcome(layer, arguments, training)
    if depend_on_rows(arguments.tensors) and not any(isinstance(spec, SizedSpec) for spec in specs):
        specs = emitted_on_trial(
            arguments.tensors, lambda emission, edges: computation.emit(layer, emission, edges, arguments), training
        )
    call = Call(layer, arguments, specs, structure, None if training is None else bool(training))
    tell_masks(layer, arguments, call.outputs, training)
    return call.result()


class overridable:
    """Decorator of a method: a property in whose place a class outside fastnn may set an attribute of its own.

    Args:
        method: The method that returns the value.
    """

    def __init__(self, method: Callable[[Any], Any]) -> None:
        self._method = method
        self.__doc__ = method.__doc__

    def __get__(self, part: Any, owner: type | None = None) -> Any:
        return self if part is None else self._method(part)


class CallHistory(Part):
    """Base of parts that tell of their calls: of what the first was made and what came out."""

    @property
    def input(self) -> Any:
        """The input of its first call: a symbolic tensor, or a list of them.

        Raises:
            AttributeError: It was never called on one.
        """
        inputs = _first_call(self, "input").inputs
        return inputs[0] if len(inputs) == 1 else list(inputs)

    @property
    def output(self) -> Any:
        """The output of its first call on symbolic tensors: a symbolic tensor, or a list of them.

        Raises:
            AttributeError: It was never called on one.
        """
        outputs = _first_call(self, "output").outputs
        return outputs[0] if len(outputs) == 1 else list(outputs)

    @overridable
    def input_shape(self) -> Any:
        """The shape it was built for; a list of them for several inputs.

        Raises:
            AttributeError: It is not built.
        """
        shape = state_of(self).build_shape
        if shape is None:
            raise AttributeError(f"{title(self)} is not built and has no input shape yet")
        return shape

    @overridable
    def output_shape(self) -> Any:
        """The shape that comes out of its first call, or for the shape it was built for.

        Raises:
            AttributeError: It is not built.
        """
        calls = state_of(self).calls
        if calls:
            return calls[0].structure.pack([tensor.shape for tensor in calls[0].outputs])
        return self.compute_output_shape(self.input_shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape that comes out for a shape that goes in, the batch included."""
        return computation_of(self).output_shape(self, input_shape)


def _first_call(part: Part, word: str) -> Call:
    calls = state_of(part).calls
    if not calls:
        raise AttributeError(
            f"{title(part)} was never called on a symbolic tensor and has no {word}; call it on an Input, or put it "
            "into a model whose input shape is known"
        )
    return calls[0]
