"""Configs of models in Keras' form: layers, the calls that join them, inputs and outputs.

`get_config` and `from_config` of Sequential and Functional are made of these functions. An entry of a layer has its
module, class and config (`fastnn.saving.serialization`). A call names each tensor that it reads by the layer, the
number of the call and the output it comes from, as `__keras_tensor__`. The forms of Keras 1 and 2 are read too.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fastnn import dtype_policies
from fastnn.dtype_policies import DTypePolicy
from fastnn.engine.contract import Part, state_of, title
from fastnn.engine.holding import is_made_of_layers
from fastnn.engine.network import Network
from fastnn.engine.ownership import floats_of
from fastnn.layers import InputLayer
from fastnn.naming import file_name
from fastnn.ops.function import Function
from fastnn.ops.node import Operation
from fastnn.precision import ROUNDING
from fastnn.saving.functions import described_function, is_function, joined, parts, read_function
from fastnn.saving.reading import Reading, current_reading
from fastnn.saving.serialization import is_shape, one_description, read, serialize_keras_object
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Call, KerasTensor, is_symbolic, operators

_MOST_LAYERS = 20_000


def _is_functional(layer: Any) -> bool:
    """Returns whether a layer is a model made of calls."""
    return (
        isinstance(layer, Part)
        and is_made_of_layers(layer)
        and getattr(type(layer), "__fastnn_keras_builds_itself__", False)
    )


# Writing --------------------------------------------------------------------------------------------------------------


def sequential_config(model: Any) -> dict[str, Any]:
    """Returns the config of a chain of layers.

    Args:
        model: A Sequential.
    """
    inputs = getattr(model, "inputs", [])
    entries = [tensor.history.layer for tensor in inputs] if len(inputs) == 1 else []
    layers = entries + model.__fastnn_operations__()
    config: dict[str, Any] = {"name": model.name, "trainable": model.trainable, "dtype": _type_of(model)}
    config["layers"] = serialize_keras_object(layers)
    if inputs:
        shapes = [list(tensor.shape) for tensor in inputs]
        config["build_input_shape"] = model.__fastnn_ports__().given.pack(shapes)
    return config


def _arguments_of(call: Call) -> tuple[list[Any], dict[str, Any]]:
    """Returns the arguments of a call, positional and by name."""
    args, kwargs = call.arguments.place(call.inputs)
    if is_made_of_layers(call.layer):
        # Recorded one by one; written in the structure of the model's inputs.
        args = (call.layer.__fastnn_ports__().given.pack(call.inputs),)
    if call.training is not None:
        kwargs = {**kwargs, "training": call.training}
    return list(args), kwargs


def _mapped(value: Any, change: Callable[[KerasTensor], Any]) -> Any:
    """Returns a structure with its symbolic tensors replaced."""
    if isinstance(value, KerasTensor):
        return change(value)
    if isinstance(value, (list, tuple)):
        return [_mapped(one, change) for one in value]
    if isinstance(value, Mapping):
        return {key: _mapped(one, change) for key, one in value.items()}
    return value


@one_description()
def functional_config(model: Any) -> dict[str, Any]:
    """Returns the config of layers and the calls that join them.

    Args:
        model: A Functional.
    """
    graph = model.__fastnn_topology__
    places: dict[int, list[Any]] = {}
    calls: dict[Any, list[Call]] = {}
    for call in graph.calls:
        earlier = calls.setdefault(call.layer, [])
        for k, tensor in enumerate(call.outputs):
            places[id(tensor)] = [call.layer.name, len(earlier), k]
        earlier.append(call)
    places.update({id(tensor): [graph.entries[id(tensor)].name, 0, 0] for tensor in model.inputs})

    def told(tensor: KerasTensor) -> Any:
        made_by = tensor.call.layer
        if isinstance(made_by, Operation) and made_by.node_kind == "Constant":
            # A constant is written where it is read.
            value = np.asarray(made_by.arguments["value"]).astype(tensor.dtype)
            return value.item() if value.ndim == 0 else serialize_keras_object(value)
        config = {"shape": list(tensor.shape), "dtype": tensor.dtype, "keras_history": places[id(tensor)]}
        return {"class_name": "__keras_tensor__", "config": config}

    layers = []
    for layer in model.__fastnn_operations__():
        if isinstance(layer, Operation):
            layer.check_writable()
        nodes: list[Any] = []
        for call in calls.get(layer, ()):
            args, kwargs = parts(call)[1:] if isinstance(layer, Function) else _arguments_of(call)
            kwargs = {key: serialize_keras_object(_mapped(one, told)) for key, one in kwargs.items()}
            nodes.append({"args": serialize_keras_object(_mapped(args, told)), "kwargs": kwargs})
        entry = described_function(calls[layer][0]) if isinstance(layer, Function) else serialize_keras_object(layer)
        entry.update(name=layer.name, inbound_nodes=nodes)
        layers.append(entry)
    _name_functions(model, layers)

    def end(tensor: KerasTensor) -> list[Any]:
        # Among the outputs, and only there, Keras counts the calls of a functional model from 1.
        name, number, k = places[id(tensor)]
        return [name, number + _is_functional(tensor.history.layer), k]

    ports = model.__fastnn_ports__()
    ends = [
        structure.pack([end(tensor) for tensor in tensors])
        for structure, tensors in zip((ports.given, ports.made), (model.inputs, model.outputs), strict=True)
    ]
    ends = [[one] if in_list else one for one, in_list in zip(ends, ports.in_lists, strict=True)]
    return {
        "name": model.name, "trainable": model.trainable, "layers": layers, "input_layers": ends[0],
        "output_layers": ends[1],
    }  # fmt: skip


def _name_functions(model: Any, entries: list[dict[str, Any]]) -> None:
    """Adds the names of functions to their configs where they are needed.

    Before Keras 3.11 most functions accepted no name; Keras then makes one of the class and a number. So a name is
    written only where another layer may have the name that Keras makes, and where losses or metrics name the outputs.
    """
    functions = {layer.name for layer in model.__fastnn_operations__() if isinstance(layer, Function)}
    compiled = model.__fastnn_training__.compiled.arguments if model.compiled else {}
    by_name = any(isinstance(value, Mapping) for word, value in compiled.items() if word != "optimizer")
    ends = {tensor.history.layer.name for tensor in model.outputs if by_name}
    taken = {re.sub(r"_\d+$", "", entry["name"]) for entry in entries if entry["name"] not in functions - ends}
    for entry in entries:
        if entry["name"] in functions and (entry["name"] in ends or file_name(entry["class_name"]) in taken):
            entry["config"] = {"name": entry["name"], **entry["config"]}


# Reading --------------------------------------------------------------------------------------------------------------


def _name_of(item: Any) -> str:
    config = item.get("config") if isinstance(item, dict) else None
    named = config if isinstance(config, dict) and "name" in config else item
    return str(named.get("name", "")) if isinstance(named, dict) else ""


def _place_of(i: int, item: Any) -> str:
    """Returns the place of the entry of a layer, with the layer's name if the entry says it."""
    name = _name_of(item)
    return f'layers[{i}] "{name}"' if name else f"layers[{i}]"


def _read_layer(item: Any, i: int, reading: Reading) -> Any:
    """Returns the layer of an entry.

    Raises:
        ValueError: The class is unknown or no layer; the message has the place of the entry.
    """
    with reading.at(_place_of(i, item)):
        if not isinstance(item, dict) or not isinstance(item.get("class_name"), str):
            told = "; its 'class_name' says no class" if isinstance(item, dict) else ""
            raise reading.error(f"expects a layer, a dict with 'class_name' and 'config', got {str(item)[:80]!r}{told}")
        number = item.get("shared_object_id")
        if isinstance(number, int) and isinstance(reading.shared.get(number), Part):
            shared: Any = reading.shared[number]
            return shared
        made = read({"module": None, **item, "config": item.get("config", {})}, reading, "")
        if not isinstance(made, Part):
            raise reading.error(f"expects a layer, got {made!r}")
        if isinstance(number, int):
            reading.shared[number] = made
        return made


def _layers_of(items: Any, reading: Reading) -> list[Any]:
    if not isinstance(items, list):
        raise reading.error(f"expects a list of layers, got {str(items)[:80]!r}")
    if len(items) > _MOST_LAYERS:
        raise reading.error(f"has {len(items)} layers; more than {_MOST_LAYERS} are not read")
    return items


def sequential_from_config(cls: Callable[..., Any], config: Mapping[str, Any], custom_objects: Any = None) -> Any:
    """Returns the model of a config that `sequential_config` or Keras made.

    Args:
        cls: The class of the model.
        config: The config.
        custom_objects: Names that take precedence over the registered ones.

    Raises:
        ValueError: A layer is unknown, or cannot be placed after the one before it.
    """
    with current_reading(custom_objects) as reading:
        model = cls(name=config.get("name"))
        for i, item in enumerate(_layers_of(config.get("layers"), reading)):
            layer = _read_layer(item, i, reading)
            with reading.at(f'layers[{i}] "{layer.name}"'):
                try:
                    model.add(layer)
                except (TypeError, ValueError) as error:
                    raise reading.error(str(error)) from error
                for tensor in model.__fastnn_chain__.last():
                    reading.weigh(tensor.shape)
        shape: Any = config.get("build_input_shape")
        known = isinstance(shape, dict) or (
            isinstance(shape, (list, tuple)) and (not is_shape(shape) or len(shape) > 1)
        )
        if model.__fastnn_operations__() and not model.built and known:
            model.build(shape)
        if config.get("trainable") is False:
            state_of(model).trainable = False
        _take_type(model, config.get("dtype"))
        return model


class _Calls:
    """Calls of a functional model while it is read.

    Args:
        items: Entries of the layers.
        reading: The reading they are part of.
    """

    def __init__(self, items: Any, reading: Reading) -> None:
        items = _layers_of(items, reading)
        self.reading = reading
        self.layers: dict[str, Any] = {}
        self.made: dict[tuple[str, int, int], KerasTensor] = {}
        self._configs: dict[Any, dict[str, Any]] = {}
        self._numbers: dict[str, int] = {}
        self._nodes: list[tuple[str, Any]] = []
        for i, item in enumerate(items):
            layer: Any
            if is_function(item):
                with reading.at(_place_of(i, item)):
                    layer, config = read_function(item, reading)
                self._configs[layer] = config
            else:
                layer = _read_layer(item, i, reading)
            name = item.get("name", layer.name)
            if not isinstance(name, str) or name in self.layers:
                raise reading.error(f"layers[{i}]: the name {name!r} stands twice")
            self.layers[name] = layer
            self._numbers[name] = 0
            if isinstance(layer, InputLayer):
                self.made[name, 0, 0] = layer.output
                reading.weigh(layer.shape)
            nodes = item.get("inbound_nodes", [])
            if not isinstance(nodes, list):
                raise reading.error(f"layers[{i}]: inbound_nodes expects a list, got {str(nodes)[:80]!r}")
            self._nodes += [(name, node) for node in nodes if node]
        # Old files count the calls of nested models from 1, new ones from 0, except for functional models among the
        # outputs. A number beyond the last call shows that a file counts from 1.
        self._first = dict.fromkeys(self.layers, 0)
        counts = {name: 0 for name in self.layers}
        for name, _ in self._nodes:
            counts[name] += 1
        self._read = [self._reads(node) for _, node in self._nodes]
        for name, number, _ in (place for places in self._read for place in places):
            if isinstance(self.layers.get(name), Network) and number >= counts[name]:
                self._first[name] = 1

    def run(self) -> None:
        """Calls each layer as soon as its inputs exist; the calls of one layer in their order."""
        waiting: dict[Any, list[int]] = {}
        missing = []
        last: dict[str, int] = {}
        for i, (name, _) in enumerate(self._nodes):
            wanted: set[Any] = {self._key(place) for place in self._read[i]} - self.made.keys()
            if name in last:
                wanted.add(last[name])
            last[name] = i
            missing.append(len(wanted))
            for one in wanted:
                waiting.setdefault(one, []).append(i)
        ready = [i for i, count in enumerate(missing) if count == 0]
        done = 0
        while ready:
            i = heapq.heappop(ready)
            done += 1
            for made in (*self._call(*self._nodes[i]), i):
                for reader in waiting.pop(made, ()):
                    missing[reader] -= 1
                    if missing[reader] == 0:
                        heapq.heappush(ready, reader)
        if done < len(self._nodes):
            i = next(i for i, count in enumerate(missing) if count > 0)
            lost = [place for place in self._read[i] if self._key(place) not in self.made]
            raise self.reading.error(f"layer {self._nodes[i][0]!r} reads {lost[:1]}, which no layer makes")

    def tensor(self, place: Any) -> KerasTensor:
        """Returns the tensor at [layer, call, output]."""
        key = self._key(tuple(place[:3]))
        if key not in self.made:
            raise self.reading.error(f"names the tensor {list(place[:3])}, which no layer makes")
        return self.made[key]

    def end(self, place: Any) -> KerasTensor:
        """Returns the tensor at [layer, call, output] among the inputs or outputs of the model."""
        name, number, output = place[:3]
        if _is_functional(self.layers.get(name)):
            return self.tensor([name, number - 1 + self._first[name], output])
        return self.tensor(place)

    def _key(self, place: tuple[str, int, int]) -> tuple[str, int, int]:
        name, number, output = place
        return name, number - self._first.get(name, 0), output

    def _reads(self, node: Any) -> list[tuple[str, int, int]]:
        found: list[tuple[str, int, int]] = []
        pending = [node]
        while pending:
            value = pending.pop()
            if isinstance(value, dict):
                if value.get("class_name") == "__keras_tensor__":
                    found.append(self._place_in(value))
                else:
                    pending += value.values()
            elif _is_place(value):
                found.append((value[0], value[1], value[2]))
                pending += value[3:]
            elif isinstance(value, (list, tuple)):
                pending += value
        return found

    def _place_in(self, value: dict[str, Any]) -> tuple[str, int, int]:
        config = value.get("config")
        place = config.get("keras_history") if isinstance(config, dict) else None
        if not _is_place(place):
            raise self.reading.error(f"a tensor expects keras_history [layer, call, output], got {str(value)[:80]!r}")
        assert place is not None
        return place[0], place[1], place[2]

    def _given(self, value: Any) -> Any:
        """Returns a value of a node, with a tensor in place of each place."""
        if isinstance(value, dict):
            if value.get("class_name") == "__keras_tensor__":
                return self.tensor(self._place_in(value))
            if isinstance(value.get("class_name"), str):
                return read(value, self.reading)
            return {key: self._given(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self._given(one) for one in value]
        return value

    def _call(self, name: str, node: Any) -> list[tuple[str, int, int]]:
        """Calls a layer and returns the places of its outputs."""
        layer = self.layers[name]
        with self.reading.at(f'layer "{name}"'):
            if isinstance(node, dict):
                args, kwargs = self._given(node.get("args", [])), self._given(node.get("kwargs", {}))
            elif isinstance(node, list):
                args, kwargs = self._older(node)
            else:
                raise self.reading.error(f"inbound_nodes expects calls, got {str(node)[:80]!r}")
            if not isinstance(args, (list, tuple)) or not isinstance(kwargs, dict):
                raise self.reading.error("a call expects a list of arguments and a dict of named ones")
            kwargs = {key: value for key, value in kwargs.items() if value is not None}
            try:
                if isinstance(layer, Function):
                    args, kwargs = joined(layer.title, self._configs[layer], args, kwargs)
                    if not (is_symbolic(args) or is_symbolic(kwargs)):
                        raise self.reading.error(f"{title(layer)} is called on no tensor")
                elif isinstance(layer, Operation):
                    args = [operators["tensor"](one) for one in args]
                made = layer(*args, **kwargs)
            except (TypeError, ValueError) as error:
                raise self.reading.error(str(error)) from error
            tensors = {(name, self._numbers[name], k): tensor for k, tensor in enumerate(Structure(made).flat(made))}
            for tensor in tensors.values():
                self.reading.weigh(tensor.shape)
        self._numbers[name] += 1
        self.made.update(tensors)
        return list(tensors)

    def _older(self, node: list[Any]) -> tuple[list[Any], dict[str, Any]]:
        """Returns the arguments of a call of Keras 1 and 2: [[layer, call, output, named arguments], ...]."""
        kwargs: dict[str, Any] = {}
        tensors = []
        for place in [node] if _is_place(node) else node:
            if not _is_place(place):
                raise self.reading.error(f"a call expects [layer, call, output], got {str(place)[:80]!r}")
            tensors.append(self.tensor(place))
            if len(place) > 3 and isinstance(place[3], dict):
                kwargs.update({key: self._older_value(value) for key, value in place[3].items()})
        return [tensors if len(tensors) > 1 else tensors[0]], kwargs

    def _older_value(self, value: Any) -> Any:
        if _is_place(value):
            return self.tensor(value)
        if isinstance(value, list) and len(value) > 2 and value[0] == "_CONSTANT_VALUE":
            return value[2]
        return [self._older_value(one) for one in value] if isinstance(value, list) else value


_OF_GRAPHS = ("name", "trainable", "dtype", "layers", "input_layers", "output_layers")
"""Entries of a functional model's config; a class of the user's may have more."""


def _type_of(model: Any) -> Any:
    """Returns the entry of a config for the element type of a model."""
    policy = model.dtype_policy
    return dtype_policies.serialize(policy) if policy.name in ROUNDING else model.dtype


def _take_type(model: Any, entry: Any) -> None:
    """Gives a model that was read from a config the floats of its layers, or the policy of 16 bits of its entry."""
    config = entry.get("config") if isinstance(entry, Mapping) else None
    named = config.get("name") if isinstance(config, Mapping) else entry
    floats = floats_of(model)
    state_of(model).policy = DTypePolicy(named if named in ROUNDING and floats == "float32" else floats)
    model.dtype = floats


def _is_place(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in value[1:3])
    )


def functional_from_config(cls: Callable[..., Any], config: Mapping[str, Any], custom_objects: Any = None) -> Any:
    """Returns the model of a config that `functional_config` or Keras made.

    Args:
        cls: The class of the model, called with inputs and outputs.
        config: The config.
        custom_objects: Names that take precedence over the registered ones.

    Raises:
        ValueError: A layer is unknown, or a call reads a tensor that no layer makes.
    """
    with current_reading(custom_objects) as reading:
        calls = _Calls(config["layers"], reading)
        calls.run()

        def ends(value: Any) -> Any:
            if _is_place(value):
                return calls.end(value)
            if isinstance(value, (list, tuple)):
                return type(value)(ends(one) for one in value)
            if isinstance(value, dict):
                return {key: ends(one) for key, one in value.items()}
            raise reading.error(f"expects tensors as [layer, call, output], got {str(value)[:80]!r}")

        with reading.at("input_layers"):
            inputs = ends(config["input_layers"])
        with reading.at("output_layers"):
            outputs = ends(config.get("output_layers"))
        try:
            further = {key: value for key, value in config.items() if key not in _OF_GRAPHS}
            model = cls(inputs, outputs, name=config.get("name"), **further)
        except (TypeError, ValueError) as error:
            raise reading.error(str(error)) from error
        if config.get("trainable") is False:
            state_of(model).trainable = False
        _take_type(model, config.get("dtype"))
        return model
