"""Cloning: a model of new layers, joined as those of another model are."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from fastnn.engine.by_code import runs_code
from fastnn.engine.contract import title
from fastnn.engine.layer import Layer
from fastnn.layers import Input, InputLayer
from fastnn.models.functional import Functional
from fastnn.models.model import Model
from fastnn.models.sequential import Sequential, shape_of_first
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import KerasTensor


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """Returns a model of new layers, with new weights, joined as those of `model` are. It is compiled as `model` is.

    Args:
        model: A Sequential or Functional; or a model with a `call` of its own, which is made again from its config.
        input_tensors: Symbolic tensors in place of the inputs of a Sequential or Functional, in the structure of
            `model.input`. One that is not an `Input` gives its shape to a new one. None: new inputs.
        clone_function: A function that returns a new layer for a layer; None: from its config.
        call_function: A function of (layer, *args, **kwargs) by which a Functional calls each new layer; None: the
            layer itself.
        recursive: Whether nested models are cloned layer by layer, and not by `clone_function` as one layer.
        **kwargs: None is known.

    Raises:
        TypeError: It is no model.
        ValueError: An argument does not suit this kind of model, or `input_tensors` are not those of its structure.

    Example:
        >>> model = fastnn.Sequential([layers.Input((2,)), layers.Dense(3)])
        >>> clone = fastnn.models.clone_model(model)
        >>> clone.layers[0].units, clone.layers[0] is model.layers[0]
        (3, False)
    """
    for name in kwargs:
        raise ValueError(f"clone_model has no argument {name!r}")
    if not isinstance(model, Model):
        raise TypeError(f"clone_model expects a model, got {model!r}")
    coded = runs_code(model) or not isinstance(model, (Sequential, Functional))
    if call_function is not None and (coded or not isinstance(model, Functional)):
        raise ValueError(f"clone_model: call_function is for functional models, got {title(model)}")
    if coded and (clone_function is not None or input_tensors is not None):
        raise ValueError(
            f"clone_model: clone_function and input_tensors are for chains and functional models, got {title(model)}"
        )

    def cloned(layer: Any) -> Any:
        nested = isinstance(layer, (Sequential, Functional)) and not runs_code(layer)
        if nested and (recursive or clone_function is None):
            return clone_model(layer, None, clone_function, call_function if recursive else None, recursive)
        if clone_function is None or not isinstance(layer, Layer) or isinstance(layer, InputLayer):
            made_again = type(layer).from_config
            # The code of a lambda in this process may run.
            known = inspect.signature(made_again).parameters
            trusted: dict[str, Any] = {"safe_mode": False} if "safe_mode" in known else {}
            functions = {one.__name__: one for one in vars(layer).values() if inspect.isfunction(one)}
            if functions and "custom_objects" in known:
                trusted["custom_objects"] = functions
            return made_again(layer.get_config(), **trusted)
        return clone_function(layer)

    if coded:
        clone = type(model).from_config(model.get_config())
    elif isinstance(model, Sequential):
        clone = _cloned_chain(model, input_tensors, cloned)
    else:
        assert isinstance(model, Functional)
        clone = _cloned_graph(model, input_tensors, cloned, call_function)
    if model.compiled:
        from fastnn.saving import pickling
        from fastnn.saving.compilation import compile_as, describe_compile
        from fastnn.saving.reading import Reading

        compile_as(clone, describe_compile(model), Reading(pickling.objects_of(model), safe_mode=False))
    return clone


def _inputs_of(tensors: list[Any]) -> list[KerasTensor]:
    """Returns the tensors of inputs like these; those of an `Input` as they are."""
    for tensor in tensors:
        if not isinstance(tensor, KerasTensor):
            raise ValueError(f"clone_model expects input_tensors to be symbolic tensors, got {tensor!r}")
    return [
        tensor
        if isinstance(tensor.history.layer, InputLayer)
        else Input(tensor.shape[1:], dtype=tensor.dtype, name=f"{tensor.name}CLONE")
        for tensor in tensors
    ]


def _cloned_chain(model: Sequential, input_tensors: Any, cloned: Callable[[Any], Any]) -> Sequential:
    entry = [cloned(layer) for layer in _entry(model)]
    if input_tensors is not None:
        tensors = list(input_tensors) if isinstance(input_tensors, (list, tuple)) else [input_tensors]
        if len(tensors) != 1:
            raise ValueError(f"clone_model expects one tensor as input_tensors of {title(model)}, got {len(tensors)}")
        entry = [tensor.history.layer for tensor in _inputs_of(tensors)]
    return Sequential([*entry, *map(cloned, model.layers)], model.trainable, model.name)


def _cloned_graph(
    model: Functional, input_tensors: Any, cloned: Callable[[Any], Any], call_function: Callable[..., Any] | None
) -> Functional:
    topology, ports = model.__fastnn_topology__, model.__fastnn_call_graph__.of_model()
    new = {layer: cloned(layer) for layer in topology.layers if input_tensors is None or layer not in _entries(model)}
    if input_tensors is None:
        begins = [new[topology.entries[id(tensor)]].output for tensor in topology.inputs]
    else:
        structure = Structure(input_tensors)
        given = structure.flat(input_tensors)
        if len(given) != len(topology.inputs) or structure.keys != ports.given.keys:
            raise ValueError(f"clone_model expects input_tensors in the structure of {title(model)}.input")
        begins = _inputs_of(given)
    made = {id(tensor): begin for tensor, begin in zip(topology.inputs, begins, strict=True)}
    for call in topology.calls:
        args, kwargs = call.arguments.place([made[id(tensor)] for tensor in call.inputs])
        if call.training is not None:
            kwargs = {**kwargs, "training": call.training}
        layer = new[call.layer]
        result = layer(*args, **kwargs) if call_function is None else call_function(layer, *args, **kwargs)
        outputs = Structure(result).flat(result)
        made.update((id(tensor), output) for tensor, output in zip(call.outputs, outputs, strict=True))
    ends = [made[id(tensor)] for tensor in topology.outputs]
    return Functional(ports.given.pack(begins), ports.made.pack(ends), trainable=model.trainable, name=model.name)


def _entries(model: Functional) -> list[Any]:
    """Returns the layers of the inputs of a graph."""
    return [model.__fastnn_topology__.entries[id(tensor)] for tensor in model.__fastnn_topology__.inputs]


def _entry(model: Sequential) -> list[Layer]:
    """Returns the layer of the input of a chain, where the first layer does not bring the shape with it."""
    chain = model.__fastnn_chain__
    brought = chain.entry is None and chain.layers and shape_of_first(chain.layers[0]) is not None
    return [] if brought else [tensor.history.layer for tensor in chain.entries[:1]]
