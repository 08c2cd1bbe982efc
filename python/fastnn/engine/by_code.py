"""Layers that compute by a `call` written in Python.

The `call` is run once for each graph, on tensors that stand for edges, and what it computes is added. Run on trial it
tells the shapes of its outputs. This file owns how its arguments, its masks and its `training` reach it.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastnn.engine.arrays import numeric
from fastnn.engine.contract import Computation, Hooks, Outcome, Part, computation_of, state_of, title
from fastnn.engine.emission import Emission, stand_in
from fastnn.engine.masks import first_and_masks, masks_of_arguments
from fastnn.engine.shapes import as_leaves, batched
from fastnn.engine.trial_graphs import emitted_on_trial
from fastnn.signatures import signature_of
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments, KerasTensor

_REMEMBERED = 32
"""Number of trial runs whose outcome a layer remembers."""


def call_parameters(layer: Hooks) -> list[str]:
    """Returns the names of the parameters of a layer's `call`."""
    return [name for name in signature_of(type(layer).call).parameters if name != "self"]


def reads_masks(layer: Hooks) -> bool:
    """Returns whether the `call` of a layer asks for masks, which may well end there."""
    return any(name == "mask" or name.endswith("_mask") for name in call_parameters(layer))


class ByCode(Computation[Hooks]):
    """The computation of layers with a `call`."""

    owns_attributes = True

    def parameters(self, part: Hooks) -> Sequence[str]:
        """Returns the names of the arguments of a call, in order."""
        return call_parameters(part)

    def arguments(self, part: Hooks, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Returns the checked arguments of a call, (args, kwargs)."""
        if "mask" in kwargs and not _takes_mask(part) and kwargs.pop("mask") is not None:
            raise no_use_for_mask(part, "give call() a parameter mask")
        return args, kwargs

    def arrays(self, part: Hooks, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Returns the arguments of a call on arrays, with the inputs as arrays."""
        if not args or isinstance(args[0], np.ndarray):
            return args
        # A list of arrays is several inputs; any other list is one.
        several = isinstance(args[0], (list, tuple, Mapping)) and any(
            isinstance(leaf, np.ndarray) for leaf in Structure(args[0]).flat(args[0])
        )
        return args if several else (numeric(args[0], f"{title(part)}: the input"), *args[1:])

    def outcome(self, part: Hooks, arguments: Arguments, training: bool | None) -> Outcome:
        """Returns what comes out of `call`, run on trial; builds the layer before."""
        return type(part).__fastnn_infer_call__(part, arguments, training)

    def emit(self, part: Hooks, emission: Emission, edges: list[int], arguments: Arguments | None) -> list[int]:
        """Runs `call` on tensors that stand for the edges and adds what it computes."""
        return _emitted(part, emission, edges, arguments)[1]

    def output_shape(self, part: Hooks, input_shape: Any) -> Any:
        """Returns the shape that comes out of `call`, run on trial."""
        leaves = as_leaves(input_shape)
        given = Structure(leaves)
        shapes = [batched(title(part), leaf.shape) for leaf in given.flat(leaves)]
        tensors = [stand_in((shape, "float32"), "inputs") for shape in shapes]
        specs, structure = type(part).__fastnn_infer_call__(part, Arguments((given.pack(tensors),), {}), None)
        assert structure is not None
        return structure.pack([shape for shape, _ in specs])


BY_CODE = ByCode()


def runs_code(part: Part) -> bool:
    """Returns whether a part computes by a `call` written in Python."""
    return isinstance(computation_of(part), ByCode)


def no_use_for_mask(layer: Part, mend: str) -> ValueError:
    """Returns the error for a mask that a layer was given and does not take."""
    return ValueError(f"{title(layer)} has no use for a mask; leave mask= out, or {mend}")


def trial_outcome(layer: Hooks, arguments: Arguments, training: bool | None) -> Outcome:
    """Returns what comes out of a layer's `call`, which is run on trial; builds the layer before."""
    state = state_of(layer)
    tensors = arguments.tensors
    build_for_call(layer, arguments)
    constants = repr(arguments.place([None] * len(tensors)))
    key = tuple((tensor.spec, tensor.trials, tensor.mask_shape) for tensor in tensors), bool(training), constants
    if key in state.outcomes:
        return state.outcomes[key]
    structure = None

    def emitted(emission: Emission, edges: list[int]) -> list[int]:
        nonlocal structure
        structure, outputs = _emitted(layer, emission, edges, arguments)
        return outputs

    specs = emitted_on_trial(tensors, emitted, training, layer)
    layer.built = True
    while len(state.outcomes) >= _REMEMBERED:
        state.outcomes.pop(next(iter(state.outcomes)))
    state.outcomes[key] = specs, structure
    return specs, structure


def build_for_call(layer: Hooks, arguments: Arguments) -> None:
    """Calls the `build` of a layer once, with the shapes of the arguments of its first call."""
    state = state_of(layer)
    args, kwargs = arguments.place([tensor.free_shape for tensor in arguments.tensors])
    if type(layer).__fastnn_built_at_once__ and state.build_shape is None:
        state.build_shape = args[0] if args else None
    if layer.built or not state.builds_in_call:
        return
    if state.build_shape is None:
        state.build_shape = args[0] if args else None
    _with_shapes(layer, layer.build, args, kwargs)
    layer.built = True


def declared_outputs(layer: Any, arguments: Arguments) -> Any:
    """Returns the shapes that a layer's own `compute_output_shape` tells for a call.

    Args:
        layer: The layer.
        arguments: The arguments of the call.
    """
    args, kwargs = arguments.place([tensor.shape for tensor in arguments.tensors])
    return _with_shapes(layer, layer.compute_output_shape, args, kwargs)


def _with_shapes(layer: Any, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Calls a method of shapes: its one parameter is the first, several are those whose names they have.

    Args:
        layer: The layer.
        method: Its `build` or `compute_output_shape`.
        args: The shapes in the places of the arguments of `call`.
        kwargs: The same, by name.
    """
    taken = [one for one in inspect.signature(method).parameters.values() if one.kind not in _VARIADIC]
    if len(taken) <= 1:
        return method(args[0] if args else next(iter(kwargs.values()), None))
    parameters = list(inspect.signature(layer.call).parameters)
    given = {**dict(zip(parameters, args, strict=False)), **kwargs}
    shapes = {}
    for one in taken:
        argument = one.name.removesuffix("_shape")
        if one.name.endswith("_shape") and argument in parameters:
            shapes[one.name] = given.get(argument)
        elif one.default is one.empty:
            raise ValueError(
                f"{title(layer)}: {method.__name__}() takes one shape, or shapes called as the arguments of call(), "
                f"{', '.join(f'{name}_shape' for name in parameters)}; got the parameter {one.name!r}"
            )
    return method(**shapes)


_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _default_training(layer: Hooks) -> bool | None:
    """Returns the default of the parameter `training` of a layer's `call`; None where it has no such default."""
    parameter = signature_of(type(layer).call).parameters.get("training")
    return None if parameter is None or parameter.default is parameter.empty else parameter.default


def _takes_mask(layer: Hooks) -> bool:
    """Returns whether `call` may be given a mask."""
    parameters = inspect.signature(layer.call).parameters
    return "mask" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _alone(layer: Hooks, tensors: list[KerasTensor]) -> Arguments:
    """Returns the arguments of a call on the inputs alone."""
    structure = state_of(layer).input_structure
    if structure is not None:
        return Arguments((structure.pack(tensors),), {})
    return Arguments((tensors if type(layer).__fastnn_takes_many__ else tensors[0],), {})


def _emitted(
    layer: Hooks, emission: Emission, edges: list[int], arguments: Arguments | None
) -> tuple[Structure, list[int]]:
    """Runs `call` on tensors that stand for the edges; returns the structure of its outputs and their edges."""
    given = arguments
    if given is None:
        given = _alone(layer, [emission.tensor(edge, "inputs") for edge in edges])
    count, state = len(edges), state_of(layer)
    masks = [emission.masks.get(edge) for edge in edges]
    parameters = call_parameters(layer)
    wanted = masks_of_arguments(given, masks, parameters)
    first, first_masks = first_and_masks(emission, edges, given, parameters, layer.name)
    carried = [mask for of_one in wanted.values() for mask in of_one if mask is not None]

    def function(*tensors: KerasTensor) -> Any:
        args, kwargs = given.place(tensors[:count])
        if "training" not in kwargs and "training" in parameters and emission.training is not None:
            kwargs["training"] = emission.training
        rest = iter(tensors[count:])
        for name, of_one in wanted.items():
            ordered = [None if mask is None else next(rest) for mask in of_one]
            kwargs[name] = ordered[0] if len(ordered) == 1 else ordered
        outer, state.in_call = state.in_call, True
        try:
            return layer.call(*args, **kwargs)
        finally:
            state.in_call = outer

    unpenalized = emission.unpenalized(type(layer).__fastnn_unpenalized__(layer))
    with emission.decided(_default_training(layer)), unpenalized:
        structure, outputs = emission.run(function, [*edges, *carried], f"{title(layer)}: call()")
    outputs = [*type(layer).__fastnn_add_output_penalty__(layer, emission, outputs[:1]), *outputs[1:]]
    type(layer).__fastnn_set_output_masks__(layer, emission, first, first_masks, outputs)
    return structure, outputs
