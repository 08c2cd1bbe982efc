"""Cloning: a model of new layers, joined as those of another model are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn.engine.by_code import runs_code
from fastnn.engine.contract import state_of
from fastnn.engine.layer import Layer
from fastnn.layers import InputLayer
from fastnn.models.functional import Functional
from fastnn.models.model import Model
from fastnn.models.sequential import Sequential, shape_of_first


def clone_model(model: Any, input_tensors: Any = None, clone_function: Callable[[Any], Any] | None = None) -> Any:
    """Returns a model of new layers, with new weights, joined as those of `model` are.

    Args:
        model: A Sequential or Functional.
        input_tensors: Not supported; call the clone on them instead.
        clone_function: A function that makes a new layer for a layer; None: from its config.

    Raises:
        TypeError: It is no model.
        ValueError: `input_tensors` is given.

    Example:
        >>> model = fastnn.Sequential([layers.Input((2,)), layers.Dense(3)])
        >>> clone = fastnn.models.clone_model(model)
        >>> clone.layers[0].units, clone.layers[0] is model.layers[0]
        (3, False)
    """
    if not isinstance(model, Model):
        raise TypeError(f"clone_model expects a model, got {model!r}")
    if input_tensors is not None:
        raise ValueError("clone_model takes no input_tensors; clone the model and call the clone on them")

    def cloned(layer: Any) -> Any:
        if isinstance(layer, (Sequential, Functional)) and not runs_code(layer):
            return clone_model(layer, None, clone_function)
        if clone_function is None or isinstance(layer, InputLayer):
            return type(layer).from_config(layer.get_config())
        return clone_function(layer)

    if isinstance(model, Sequential):
        return Sequential([cloned(layer) for layer in (*_entry(model), *model.layers)], model.trainable, model.name)
    assert isinstance(model, Functional)
    topology = model.topology
    new = {layer: cloned(layer) for layer in topology.layers}
    made = {id(t): new[topology.entries[id(t)]].output for t in topology.inputs}
    for call in topology.calls:
        args, kwargs = call.arguments.place([made[id(t)] for t in call.inputs])
        new[call.layer](*args, training=call.training, **kwargs)
        outputs = state_of(new[call.layer]).calls[-1].outputs
        made.update((id(t), output) for t, output in zip(call.outputs, outputs, strict=True))
    ends = [[made[id(t)] for t in tensors] for tensors in (topology.inputs, topology.outputs)]
    ports = model.call_graph.ports()
    return Functional(ports.given.pack(ends[0]), ports.made.pack(ends[1]), trainable=model.trainable, name=model.name)


def _entry(model: Sequential) -> list[Layer]:
    """Returns the layer of the input of a chain, where the first layer does not bring the shape with it."""
    chain = model.chain
    brought = chain.entry is None and chain.layers and shape_of_first(chain.layers[0]) is not None
    return [] if brought else [tensor.history.layer for tensor in chain.tensors[:1]]
