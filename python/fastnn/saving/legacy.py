"""Whole models in one HDF5 file, as Keras 1 and 2 wrote them: read and written.

The description stands in attributes (`model_config`, `training_config`), weights under the names of the layers, in the
order of `layer_names`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import losses
from fastnn.engine.contract import title
from fastnn.engine.layer import Layer
from fastnn.layers import InputLayer
from fastnn.models.model import Model
from fastnn.models.sequential import Sequential
from fastnn.saving import door
from fastnn.saving.serialization import Reading, read, serialize_keras_object
from fastnn.saving.structure import compile_as, describe_compile, describe_model
from fastnn.saving.weights import Misfits, fit_arrays, restore_slots, slots_in_order
from fastnn.symbolic.variable import Variable

_VERSION = "3.0.5"
_HEADER = 64512
"""The most bytes that HDF5 takes as one attribute."""


def weights_of(layer: Layer) -> list[Variable]:
    """A layer's variables in the order of old files: trained ones first."""
    return sorted(layer.weights, key=lambda variable: not variable.learned)


def _write_texts(group: Any, name: str, values: Sequence[str]) -> None:
    encoded = [value.encode() for value in values]
    pieces: list[list[bytes]] = []
    piece: list[bytes] = []
    size = 0
    width = max(map(len, encoded), default=1)
    for value in encoded:
        if size + width > _HEADER:
            pieces.append(piece)
            piece, size = [], 0
        piece.append(value)
        size += width
    pieces.append(piece)
    if len(pieces) == 1:
        group.attrs[name] = np.asarray(encoded) if encoded else np.zeros(0)
    for i, one in enumerate(pieces if len(pieces) > 1 else []):
        group.attrs[f"{name}{i}"] = np.asarray(one)


def _write_arrays(group: Any, named: Sequence[tuple[str, NDArray[Any]]]) -> None:
    _write_texts(group, "weight_names", [name for name, _ in named])
    for name, array in named:
        group[name] = array


def write_weights(group: Any, model: Model) -> None:
    """Writes all weights into a group of an open HDF5 file."""
    entries = [tensor.history.layer for tensor in model.inputs] if isinstance(model, Sequential) else []
    layers = [*entries, *model.layers]
    _write_texts(group, "layer_names", [layer.name for layer in layers])
    group.attrs["backend"], group.attrs["keras_version"] = "fastnn", _VERSION
    for layer in sorted(layers, key=lambda layer: layer.name):
        named, taken = [], set()
        for variable in weights_of(layer):
            name, count = variable.path, 0
            while name in taken:
                count += 1
                name = f"{variable.path}_{count}"
            taken.add(name)
            named.append((name, variable.numpy()))
        _write_arrays(group.create_group(layer.name), named)
    group.create_group("top_level_model_weights").attrs["weight_names"] = np.zeros(0)


def write(file: Any, model: Model, include_optimizer: bool) -> None:
    """Writes a whole model into an open HDF5 file."""
    file.attrs["keras_version"], file.attrs["backend"] = _VERSION, "fastnn"
    file.attrs["model_config"] = json.dumps(describe_model(model, legacy=True))
    write_weights(file.create_group("model_weights"), model)
    compiled = describe_compile(model) if include_optimizer else None
    if compiled is None:
        return
    assert model.optimizer is not None
    optimizer = serialize_keras_object(model.optimizer)
    told = {key: _spelt_out(compiled[key]) for key in ("loss", "loss_weights", "metrics", "weighted_metrics")}
    told["optimizer_config"] = {"class_name": optimizer["class_name"], "config": optimizer["config"]}
    file.attrs["training_config"] = json.dumps(told)
    arrays = slots_in_order(model.optimizer, model.trainable_variables)
    name = model.optimizer.name
    _write_arrays(file.create_group("optimizer_weights"), [(f"{name}/{i}", array) for i, array in enumerate(arrays)])


def _spelt_out(value: Any) -> Any:
    """Losses and metrics by their whole names: Keras does not read the short ones in these files."""
    if isinstance(value, str):
        return losses.ALIASES.get(value, value)
    if isinstance(value, list):
        return [_spelt_out(one) for one in value]
    if isinstance(value, dict) and "class_name" not in value:
        return {key: _spelt_out(one) for key, one in value.items()}
    return value


def _datasets(group: Any) -> list[Any]:
    found = []
    for name in door.texts(group.attrs, "weight_names"):
        dataset = door.at(group, name)
        if dataset is None:
            raise door.Broken(f"{group.name} names {name[:80]!r} and does not hold it")
        found.append(dataset)
    return found


def read_weights(group: Any, model: Model, by_name: bool = False, skip_mismatch: bool = False) -> None:
    """Reads all weights: layer by layer in order, or by the layers' names.

    Raises:
        ValueError: They are not the model's, and `skip_mismatch` is not set.
    """
    misfits = Misfits(skip_mismatch)
    stored = []
    for name in door.texts(group.attrs, "layer_names"):
        found = door.at(group, name)
        if found is None:
            raise door.Broken(f"{group.name} names the layer {name[:80]!r} and does not hold it")
        stored.append((name, _datasets(found)))
    layers = [layer for layer in model.layers if not isinstance(layer, InputLayer)]
    if by_name:
        known = {layer.name: layer for layer in layers}
        pairs = [(known[name], datasets) for name, datasets in stored if name in known]
    else:
        weighty = [layer for layer in layers if weights_of(layer)]
        filled = [datasets for _, datasets in stored if datasets]
        if len(weighty) != len(filled):
            raise ValueError(f"{title(model)} has {len(weighty)} layers with weights and the file {len(filled)}")
        pairs = list(zip(weighty, filled, strict=True))
    together: list[tuple[Variable, Any]] = []
    for layer, datasets in pairs:
        together += fit_arrays(layer, weights_of(layer), datasets, misfits)
    misfits.settle()
    for variable, value in [(variable, door.numbers(dataset)) for variable, dataset in together]:
        variable.assign(value)


def weights_group(file: Any) -> Any:
    """Where a file's weights stand: a file of weights alone has no group for them."""
    return door.child(file, "model_weights") if "layer_names" not in file.attrs else file


def read_model(file: Any, custom_objects: Mapping[str, Any] | None, compile: bool) -> tuple[Model, Reading]:
    """The model of an open HDF5 file."""
    if "model_config" not in file.attrs:
        raise ValueError(
            "the file holds no description of a model, only weights; make the model first and call load_weights()"
        )
    reading = Reading(custom_objects, budget=door.total_numbers(file) + (1 << 16))
    description = door.parsed(door.text_of(file.attrs["model_config"]))
    with reading.at("model_config"):
        model = read({"module": None, **description}, reading)
    if not isinstance(model, Model):
        raise ValueError(f"the file describes no model, but {model!r}")
    reading.settle(model)
    group = weights_group(file)
    if group is None:
        raise door.Broken("holds no weights")
    read_weights(group, model)
    if compile and "training_config" in file.attrs:
        told = door.parsed(door.text_of(file.attrs["training_config"]))
        optimizer = told.pop("optimizer_config", None)
        if isinstance(optimizer, dict):
            optimizer = {**optimizer, "module": "keras.optimizers"}
            optimizer["class_name"] = str(optimizer.get("class_name")).split(">")[-1]
        if compile_as(model, {**told, "optimizer": optimizer}, reading):
            slots = door.child(file, "optimizer_weights")
            if slots is not None:
                restore_slots(model, [door.numbers(dataset) for dataset in _datasets(slots)])
    return model, reading
