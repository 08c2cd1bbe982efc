"""Models as Keras 3 writes them into JSON, and back: which layers, how they are called, and how they are compiled.

A model's file form differs from its `get_config`: layers carry their modules, calls the tensors they read as
`__keras_tensor__` with the layer, the call and the output they come from, calls counted within the model. Older forms
(Keras 1 and 2) are read too.
"""

from __future__ import annotations

import contextvars
import heapq
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fastnn.configurable import is_foreign
from fastnn.engine.by_code import runs_code
from fastnn.engine.contract import Part, state_of, title
from fastnn.engine.layer import Layer
from fastnn.layers import InputLayer
from fastnn.models.functional import Functional
from fastnn.models.model import Model
from fastnn.models.sequential import Sequential
from fastnn.ops.function import Function
from fastnn.ops.node import Operation
from fastnn.saving.functions import described_function, is_function, joined, parts, read_function, unknown_to_keras
from fastnn.saving.registry import CustomObjectScope
from fastnn.saving.serialization import Reading, config_of, described, file_name, parts_of, read, serialize_keras_object
from fastnn.symbolic.tensors import Call, KerasTensor, is_symbolic, operators

_seen: contextvars.ContextVar[dict[int, tuple[Layer, dict[str, Any]]] | None] = contextvars.ContextVar(
    "fastnn_seen", default=None
)

# Writing --------------------------------------------------------------------------------------------------------------


def _is_sizes(shape: Any) -> bool:
    return isinstance(shape, (list, tuple)) and all(size is None or isinstance(size, int) for size in shape)


def describe_layer(layer: Any, legacy: bool = False) -> dict[str, Any]:
    """A layer's entry; where the same object stands twice in what is written, both entries bear one number."""
    seen = _seen.get()
    if seen is not None and id(layer) in seen:
        first = seen[id(layer)][1]
        first["shared_object_id"] = list(seen).index(id(layer)) + 1
        return {key: value for key, value in first.items() if key not in ("name", "inbound_nodes")}
    if isinstance(layer, InputLayer):
        config: dict[str, Any] = {"batch_shape": list(layer.shape), "dtype": layer.dtype, "name": layer.name}
        entry = described(layer, config)
    else:
        entry = described(layer, config_of(layer, legacy))
        shape = state_of(layer).build_shape
        # Layers of several arguments are built by their calls; those of the user may want to know the shape.
        if layer.built and shape and (is_foreign(type(layer)) if runs_code(layer) else _is_sizes(shape)):
            entry["build_config"] = {"input_shape": serialize_keras_object(shape)}
    if legacy:
        entry = {"class_name": entry["class_name"], "config": entry["config"]}
    if seen is not None:
        seen[id(layer)] = layer, entry
    return entry


def describe_model(model: Model, legacy: bool = False) -> dict[str, Any]:
    """A model's entry."""
    token = _seen.set({}) if _seen.get() is None else None
    try:
        seen = _seen.get()
        assert seen is not None
        if id(model) in seen or runs_code(model):
            return describe_layer(model, legacy)
        if isinstance(model, Sequential):
            config, module, registered = _sequential(model, legacy), "keras", None
        elif isinstance(model, Functional):
            config, module, registered = _functional(model, legacy), "keras.src.models.functional", "Functional"
        else:
            # A class with a call() of its own is described by its constructor's arguments.
            return describe_layer(model, legacy)
        entry = {"module": module, "class_name": type(model).__name__, "config": config, "registered_name": registered}
        if type(model) not in (Sequential, Functional):
            entry = described(model, config)
        if model.built and _is_sizes(state_of(model).build_shape) and isinstance(model, Sequential):
            entry["build_config"] = {"input_shape": list(state_of(model).build_shape)}
        if legacy:
            entry = {"class_name": entry["class_name"], "config": config}
        seen[id(model)] = model, entry
        return entry
    finally:
        if token is not None:
            _seen.reset(token)


def _sequential(model: Sequential, legacy: bool) -> dict[str, Any]:
    layers = [tensor.history.layer for tensor in model.inputs] + model.layers
    config: dict[str, Any] = {"name": model.name, "trainable": model.trainable, "dtype": "float32"}
    config["layers"] = [serialize_keras_object(layer, legacy) for layer in layers]
    if model.inputs:
        config["build_input_shape"] = list(model.inputs[0].shape)
    return config


def arguments_of(call: Call) -> tuple[list[Any], dict[str, Any]]:
    """What a layer was called with."""
    args, kwargs = call.arguments.place(call.inputs)
    if isinstance(call.layer, (Sequential, Functional)):
        # Recorded one by one; written as the model was called.
        args = (call.layer.ports().given.pack(call.inputs),)
    if call.training is not None:
        kwargs = {**kwargs, "training": call.training}
    return list(args), kwargs


def mapped(value: Any, change: Callable[[KerasTensor], Any]) -> Any:
    """A structure whose symbolic tensors are changed."""
    if isinstance(value, KerasTensor):
        return change(value)
    if isinstance(value, (list, tuple)):
        return [mapped(one, change) for one in value]
    if isinstance(value, Mapping):
        return {key: mapped(one, change) for key, one in value.items()}
    return value


def _functional(model: Functional, legacy: bool) -> dict[str, Any]:
    graph = model.topology
    places: dict[int, list[Any]] = {}
    counts: dict[Layer, int] = {}
    for call in graph.calls:
        number = counts.setdefault(call.layer, 0)
        counts[call.layer] = number + 1
        for k, tensor in enumerate(call.outputs):
            places[id(tensor)] = [call.layer.name, number, k]
    places.update({id(tensor): [graph.entries[id(tensor)].name, 0, 0] for tensor in model.inputs})

    def told(tensor: KerasTensor) -> Any:
        made_by = tensor.call.layer
        if isinstance(made_by, Operation) and made_by.node_kind == "Constant":
            # A constant stands where it is read.
            value = np.asarray(made_by.arguments["value"]).astype(tensor.dtype)
            return value.item() if value.ndim == 0 else serialize_keras_object(value)
        config = {"shape": list(tensor.shape), "dtype": tensor.dtype, "keras_history": places[id(tensor)]}
        return {"class_name": "__keras_tensor__", "config": config}

    layers = []
    for layer in model.layers:
        calls = [call for call in graph.calls if call.layer is layer]
        if isinstance(layer, Operation):
            layer.check_writable()
        nodes: list[Any] = []
        for call in calls:
            args, kwargs = parts(call)[1:] if isinstance(layer, Function) else arguments_of(call)
            kwargs = {key: serialize_keras_object(mapped(one, told)) for key, one in kwargs.items()}
            nodes.append({"args": serialize_keras_object(mapped(args, told)), "kwargs": kwargs})
        if isinstance(layer, Function):
            entry = described_function(layer, calls)
        else:
            entry = serialize_keras_object(layer, legacy)
        entry.update(name=layer.name, inbound_nodes=nodes)
        layers.append(entry)
    _name_functions(model, layers)

    def end(tensor: KerasTensor) -> list[Any]:
        # Among the outputs, and only there, Keras counts the calls of a functional model from 1.
        name, number, k = places[id(tensor)]
        return [name, number + isinstance(tensor.history.layer, Functional), k]

    structures = model.ports().given, model.ports().made
    ends = [
        structure.pack([end(tensor) for tensor in tensors])
        for structure, tensors in zip(structures, (model.inputs, model.outputs), strict=True)
    ]
    return {
        "name": model.name, "trainable": model.trainable, "layers": layers, "input_layers": ends[0],
        "output_layers": ends[1],
    }  # fmt: skip


def only_for_fastnn(model: Model) -> list[str]:
    """What stands among the layers of a model that Keras cannot read from a file, by name."""
    functional = [part for part in parts_of(model) if isinstance(part, Functional)]
    found = [title(call.layer) for part in functional for call in part.topology.calls if unknown_to_keras(call)]
    return sorted(set(found))


def _name_functions(model: Functional, entries: list[dict[str, Any]]) -> None:
    """Says the names of functions where they count.

    Before Keras 3.11 most took none; without one Keras makes it of the class, and a number. So a name is said only
    where another layer may have the name that Keras makes, and where losses or metrics name the outputs.
    """
    functions = {layer.name for layer in model.layers if isinstance(layer, Function)}
    compiled = model.training_state.compiled.arguments if model.compiled else {}
    by_name = any(isinstance(compiled[word], Mapping) for word in COMPILED[1:] if word in compiled)
    ends = {tensor.history.layer.name for tensor in model.outputs if by_name}
    taken = {re.sub(r"_\d+$", "", entry["name"]) for entry in entries if entry["name"] not in functions - ends}
    for entry in entries:
        if entry["name"] in functions and (entry["name"] in ends or file_name(entry["class_name"]) in taken):
            entry["config"] = {"name": entry["name"], **entry["config"]}


def describe_compile(model: Model) -> dict[str, Any] | None:
    """How a model was compiled; None where it was not."""
    if not model.compiled:
        return None
    given = model.training_state.compiled.arguments
    return {
        **{word: serialize_keras_object(given[word]) for word in COMPILED},
        "run_eagerly": False, "steps_per_execution": 1, "jit_compile": False,
    }  # fmt: skip


COMPILED = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")


# Reading --------------------------------------------------------------------------------------------------------------


def build_model(cls: type[Model], entry: dict[str, Any], reading: Reading) -> Model:
    """The model of an entry."""
    config = entry["config"]
    if issubclass(cls, Sequential):
        return _build_sequential(cls, entry, reading)
    if not (isinstance(config, dict) and isinstance(config.get("layers"), list) and "input_layers" in config):
        arguments = {key: read(value, reading, key) for key, value in (config or {}).items()}
        with CustomObjectScope(reading.custom_objects):
            made: Model = cls.from_config(arguments)
        reading.bound(made)
        shape = (entry.get("build_config") or {}).get("input_shape")
        if shape and not made.built:
            made.build(_as_shape(shape))
        return made
    return _build_functional(cls if issubclass(cls, Functional) else Functional, config, reading)


def _as_shape(value: Any) -> Any:
    """Shapes of JSON as they are given to `build`."""
    if isinstance(value, dict):
        return {key: _as_shape(one) for key, one in value.items()}
    return tuple(value) if _is_sizes(value) else [_as_shape(one) for one in value]


def _name_of(item: Any) -> str:
    config = item.get("config") if isinstance(item, dict) else None
    named = config if isinstance(config, dict) and "name" in config else item
    return str(named.get("name", "")) if isinstance(named, dict) else ""


def read_layer(item: Any, place: str, reading: Reading) -> Any:
    """The layer of an entry.

    Raises:
        ValueError: It is unknown, or not a layer; the message says where it stands.
    """
    with reading.at(f'{place} "{_name_of(item)}"'):
        if not isinstance(item, dict) or not isinstance(item.get("class_name"), str):
            raise reading.error(f"expects a layer, got {str(item)[:80]!r}")
        number = item.get("shared_object_id")
        if isinstance(number, int) and isinstance(reading.shared.get(number), Part):
            return reading.shared[number]
        made = read({"module": None, **item, "config": item.get("config", {})}, reading, "")
        if not isinstance(made, Part):
            raise reading.error(f"expects a layer, got {made!r}")
        if isinstance(number, int):
            reading.shared[number] = made
        return made


_MOST_LAYERS = 20_000


def _layers_of(items: Any, reading: Reading) -> list[Any]:
    if not isinstance(items, list):
        raise reading.error(f"expects a list of layers, got {str(items)[:80]!r}")
    if len(items) > _MOST_LAYERS:
        raise reading.error(f"has {len(items)} layers; more than {_MOST_LAYERS} are not read")
    return items


def _build_sequential(cls: type[Sequential], entry: Mapping[str, Any], reading: Reading) -> Sequential:
    config = entry["config"]
    if isinstance(config, list):
        config = {"layers": config}
    items = _layers_of(config.get("layers"), reading)
    model = cls(name=config.get("name"))
    for i, item in enumerate(items):
        layer = read_layer(item, f"layers[{i}]", reading)
        with reading.at(f'layers[{i}] "{layer.name}"'):
            try:
                model.add(layer)
            except (TypeError, ValueError) as error:
                raise reading.error(str(error)) from error
            for tensor in model.outputs:
                reading.weigh(tensor.shape)
    shape: Any = config.get("build_input_shape") or (entry.get("build_config") or {}).get("input_shape")
    if model.layers and not model.built and _is_sizes(shape) and len(shape) > 1:
        model.build(tuple(shape))
    if config.get("trainable") is False:
        state_of(model).trainable = False
    return model


class _Calls:
    """The calls of a functional model while it is put together from a file.

    Args:
        items: The layers' entries.
        reading: The reading.
    """

    def __init__(self, items: Any, reading: Reading) -> None:
        items = _layers_of(items, reading)
        self.reading = reading
        self.layers: dict[str, Layer] = {}
        self.made: dict[tuple[str, int, int], KerasTensor] = {}
        self._configs: dict[Layer, dict[str, Any]] = {}
        self._numbers: dict[str, int] = {}
        self._nodes: list[tuple[str, Any]] = []
        for i, item in enumerate(items):
            place = f"layers[{i}]"
            layer: Any
            if is_function(item):
                with reading.at(f'{place} "{_name_of(item)}"'):
                    layer, config = read_function(item, reading)
                self._configs[layer] = config
            else:
                layer = read_layer(item, place, reading)
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
        # Old files count the calls of nested models from 1, new ones from 0, save those of functional models among the
        # outputs: who speaks of a call beyond the last tells which.
        self._first = dict.fromkeys(self.layers, 0)
        counts = {name: 0 for name in self.layers}
        for name, _ in self._nodes:
            counts[name] += 1
        self._read = [self._reads(node) for _, node in self._nodes]
        for name, number, _ in (place for places in self._read for place in places):
            if isinstance(self.layers.get(name), Model) and number >= counts[name]:
                self._first[name] = 1

    def run(self) -> None:
        """Calls the layers, each as soon as what it reads is there; the calls of one layer in their order."""
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
        """What stands at [layer, call, output]."""
        key = self._key(tuple(place[:3]))
        if key not in self.made:
            raise self.reading.error(f"names the tensor {list(place[:3])}, which no layer makes")
        return self.made[key]

    def end(self, place: Any) -> KerasTensor:
        """What stands at [layer, call, output] among the model's inputs or outputs."""
        name, number, output = place[:3]
        if isinstance(self.layers.get(name), Functional):
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
            elif isinstance(value, list):
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
        """A value of a node, with tensors in place of their places."""
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
        """Calls a layer; returns the places of what it made."""
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
            tensors = {(name, self._numbers[name], k): tensor for k, tensor in enumerate(_flat(made))}
            for tensor in tensors.values():
                self.reading.weigh(tensor.shape)
        self._numbers[name] += 1
        self.made.update(tensors)
        return list(tensors)

    def _older(self, node: list[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments of a call as Keras 1 and 2 wrote it: [[layer, call, output, named arguments], ...]."""
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


def _is_place(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in value[1:3])
    )


def _flat(made: Any) -> list[KerasTensor]:
    if isinstance(made, KerasTensor):
        return [made]
    if isinstance(made, Mapping):
        return [tensor for key in sorted(made) for tensor in _flat(made[key])]
    return [tensor for one in made for tensor in _flat(one)]


def _build_functional(cls: type[Functional], config: Mapping[str, Any], reading: Reading) -> Functional:
    calls = _Calls(config["layers"], reading)
    calls.run()

    def ends(value: Any) -> Any:
        if _is_place(value):
            return calls.end(value)
        if isinstance(value, list):
            return [ends(one) for one in value]
        if isinstance(value, dict):
            return {key: ends(one) for key, one in value.items()}
        raise reading.error(f"expects tensors as [layer, call, output], got {str(value)[:80]!r}")

    with reading.at("input_layers"):
        inputs = ends(config["input_layers"])
    with reading.at("output_layers"):
        outputs = ends(config.get("output_layers"))
    try:
        model = cls(inputs, outputs, name=config.get("name"))
    except (TypeError, ValueError) as error:
        raise reading.error(str(error)) from error
    if config.get("trainable") is False:
        state_of(model).trainable = False
    return model


def compile_as(model: Model, config: Mapping[str, Any] | None, reading: Reading) -> bool:
    """Compiles a model as a file says; whether the file said so."""
    if not config:
        return False
    with reading.at("compile_config"), CustomObjectScope(reading.custom_objects):
        config = {key: read(config.get(key), reading, key) for key in COMPILED}
        if not config["optimizer"]:
            return False
        try:
            model.compile(**{key: value for key, value in config.items() if value is not None})
        except (TypeError, ValueError) as error:
            raise reading.error(f"{error} (compile=False loads the model without)") from error
    return True
