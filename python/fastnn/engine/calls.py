"""Calls on symbolic tensors: how one is recorded, and what a part tells of those it had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastnn.engine.contract import Hooks, Part, computation_of, state_of, title
from fastnn.engine.masks import tell_masks
from fastnn.engine.ownership import own_floats, policy_of
from fastnn.engine.sizes import depend_on_rows
from fastnn.engine.trial_graphs import emitted_on_trial
from fastnn.precision import using
from fastnn.symbolic.tensors import Arguments, Call, KerasTensor, SizedSpec, Trace


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
    arguments = Arguments(args, kwargs)
    if type(layer).__fastnn_reads_texts__:
        return _on_texts(layer, arguments)
    for tensor in arguments.tensors:
        if tensor.dtype == "string":
            raise TypeError(
                f"{title(layer)} computes with numbers and got the texts of {tensor.name!r}; turn them into integers "
                "first, by StringLookup, TextVectorization or Hashing"
            )
    type(layer).__fastnn_check_symbolic_call__(layer)
    computation = computation_of(layer)
    computation.check_tensors(layer, args)
    free, size = with_free_batch(arguments)
    with using(policy_of(layer)):
        specs, structure = computation.outcome(layer, free, training)
    if depend_on_rows(arguments.tensors) and not any(isinstance(spec, SizedSpec) for spec in specs):
        specs = emitted_on_trial(
            arguments.tensors,
            lambda emission, edges: computation.emit(layer, emission, edges, arguments),
            training,
            layer,
        )
    call = Call(layer, arguments, specs, structure, None if training is None else bool(training), own_floats(layer))
    tell_masks(layer, free, call.outputs, training)
    fix_batch(call.outputs, call.inputs, size)
    return call.result()


def _on_texts(layer: Hooks, arguments: Arguments) -> Any:
    """Records a call of a layer that makes numbers of texts, which the model runs before its graph."""
    for tensor in arguments.tensors:
        if Trace.current() is not None or tensor.made_by is None or tensor.history.layer.trainable_weights:
            raise TypeError(
                f"{title(layer)} works on texts and integers as they are given to a model: call it on an Input of the "
                "model, such as Input((1,), dtype='string'), or on arrays before the model"
            )
        if tensor.dtype != "string" and not type(layer).__fastnn_reads_integers__:
            raise TypeError(
                f"{title(layer)} reads texts, and {tensor.name!r} is of {tensor.dtype}; make it by "
                "Input(dtype='string')"
            )
    type(layer).__fastnn_check_symbolic_call__(layer)
    shapes = arguments.place([tensor.free_shape for tensor in arguments.tensors])[0][0]
    shape = layer.compute_output_shape(shapes)
    dtype = "float32" if getattr(layer, "output_mode", "int") == "tf_idf" else "int32"
    layer.built = True
    return Call(layer, arguments, [(tuple(shape), dtype)]).result()


def with_free_batch(arguments: Arguments) -> tuple[Arguments, int | None]:
    """Returns arguments whose tensors have a batch of any size, since the core knows no other, and the size they show.

    The size is None where they show none, in a trace, and where sketches meet tensors of a model.
    """
    tensors = arguments.tensors
    if Trace.current() is not None or not tensors:
        return arguments, None
    size = next((tensor.batch_size for tensor in tensors if tensor.batch_size is not None), None)
    if size is None and all(tensor.is_sketch for tensor in tensors):
        size = tensors[0].shape[0]
    if size is None:
        return arguments, None
    free = [_freed(tensor) if tensor.shape[:1] == (size,) else tensor for tensor in tensors]
    return Arguments(*arguments.place(free)), size


def fix_batch(outputs: Sequence[KerasTensor], inputs: Sequence[KerasTensor], size: int | None) -> None:
    """Gives the outputs of a call the size of the batch that its inputs show; with None nothing is done."""
    if size is None:
        return
    for tensor in outputs:
        if all(one.is_sketch for one in inputs):
            tensor.is_sketch = True
            tensor.shape = (size, *tensor.shape[1:]) if tensor.shape[:1] == (None,) else tensor.shape
        else:
            tensor.fix_batch(size)


def _freed(tensor: KerasTensor) -> KerasTensor:
    made = KerasTensor((None, *tensor.shape[1:]), tensor.dtype, name=tensor.name)
    made.mask_shape = tensor.mask_shape and (None, *tensor.mask_shape[1:])
    return made


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

    @overridable
    def _inbound_nodes(self) -> list[Call]:
        """The calls on symbolic tensors, under the name by which other packages read the graph of a Keras model."""
        return list(state_of(self).calls)


def _first_call(part: Part, word: str) -> Call:
    calls = state_of(part).calls
    if not calls:
        raise AttributeError(
            f"{title(part)} was never called on a symbolic tensor and has no {word}; call it on an Input, or put it "
            "into a model whose input shape is known"
        )
    return calls[0]
