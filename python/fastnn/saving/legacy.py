"""Whole models in one HDF5 file, in the form of Keras 1 and 2: read and written.

The description stands in attributes (`model_config`, `training_config`), the weights under the names of the layers, in
the order of `layer_names`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import losses
from fastnn.engine.contract import title
from fastnn.engine.holding import is_made_of_layers
from fastnn.engine.network import Network
from fastnn.engine.ownership import walk
from fastnn.saving import hdf5
from fastnn.saving.compilation import compile_as, describe_compile
from fastnn.saving.reading import Reading
from fastnn.saving.serialization import KERAS_VERSION, read, serialize_keras_object
from fastnn.saving.untrusted import CorruptFileError, parsed
from fastnn.saving.weights import Misfits, assign_all, fit_arrays, restore_slots, slots_in_order, state_at_one_moment
from fastnn.symbolic.variable import Variable

_HEADER = 64512
"""Largest attribute of HDF5, in bytes."""


def weights_of(layer: Any) -> list[Variable]:
    """Returns the variables of a layer in the order of these files: those that are trained as it stands come first."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


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
        hdf5.write(group, name, array)


def write_weights(group: Any, model: Any) -> None:
    """Writes all weights into a group of an open HDF5 file."""
    with state_at_one_moment(model, False):
        _write_weights(group, model)


def _write_weights(group: Any, model: Any) -> None:
    # The layers of a functional model have their inputs among them, those of a chain do not.
    chain = is_made_of_layers(model) and not type(model).__fastnn_keras_builds_itself__
    layers = [
        *(tensor.history.layer for tensor in (getattr(model, "inputs", ()) if chain else ())),
        *model.__fastnn_operations__(),
    ]
    _write_texts(group, "layer_names", [layer.name for layer in layers])
    group.attrs["backend"], group.attrs["keras_version"] = "fastnn", KERAS_VERSION
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


def write(file: Any, model: Any, include_optimizer: bool) -> None:
    """Writes a whole model into an open HDF5 file."""
    with state_at_one_moment(model, include_optimizer):
        _write(file, model, include_optimizer)


def _refuse_hidden_integers(model: Any) -> None:
    """Refuses layers whose config does not tell that layers within them are quantized: a reader would make floats."""
    for layer in model.__fastnn_operations__():
        quantized = _quantized_within(layer)
        if quantized and not isinstance(layer, Network):
            made = type(layer).from_config(layer.get_config())
            if len(_quantized_within(made)) < len(quantized):
                raise ValueError(
                    f"{title(model)}: an .h5 file cannot tell that layers within {title(layer)} are quantized; save "
                    "the model to a .keras file"
                )


def _quantized_within(layer: Any) -> list[Any]:
    return [one for one, _ in walk(layer) if getattr(one, "quantization_mode", None) is not None]


def _write(file: Any, model: Any, include_optimizer: bool) -> None:
    _refuse_hidden_integers(model)
    file.attrs["keras_version"], file.attrs["backend"] = KERAS_VERSION, "fastnn"
    file.attrs["model_config"] = json.dumps(serialize_keras_object(model, legacy=True))
    _write_weights(file.create_group("model_weights"), model)
    compiled = describe_compile(model) if include_optimizer else None
    if compiled is None:
        return
    assert model.optimizer is not None
    optimizer = serialize_keras_object(model.optimizer)
    told = {key: _spelt_out(compiled[key]) for key in ("loss", "loss_weights", "metrics", "weighted_metrics")}
    told["optimizer_config"] = {"class_name": optimizer["class_name"], "config": optimizer["config"]}
    file.attrs["training_config"] = json.dumps(told)
    if not model.built:
        return
    arrays = slots_in_order(model.optimizer, model.trainable_variables)
    name = model.optimizer.name
    _write_arrays(file.create_group("optimizer_weights"), [(f"{name}/{i}", array) for i, array in enumerate(arrays)])


def _spelt_out(value: Any) -> Any:
    """Returns losses and metrics by their full names: Keras does not read the short ones in these files."""
    if isinstance(value, str):
        return losses.ALIASES.get(value, value)
    if isinstance(value, list):
        return [_spelt_out(one) for one in value]
    if isinstance(value, dict) and value.get("class_name") == "function":
        return value["config"]
    if isinstance(value, dict) and "class_name" not in value:
        return {key: _spelt_out(one) for key, one in value.items()}
    return value


def _datasets(group: Any) -> list[Any]:
    found = []
    for name in hdf5.texts(group.attrs, "weight_names"):
        dataset = hdf5.at(group, name)
        if dataset is None:
            raise CorruptFileError(f"{group.name} names {name[:80]!r} and does not hold it")
        found.append(dataset)
    return found


def read_weights(group: Any, model: Any, by_name: bool = False, skip_mismatch: bool = False) -> None:
    """Reads all weights: layer by layer in order, or by the names of the layers.

    Raises:
        ValueError: They do not fit and `skip_mismatch` is False; then no weight was changed.
    """
    misfits = Misfits(skip_mismatch)
    stored = []
    for name in hdf5.texts(group.attrs, "layer_names"):
        found = hdf5.at(group, name)
        if found is None:
            raise CorruptFileError(f"{group.name} names the layer {name[:80]!r} and does not hold it")
        stored.append((name, _datasets(found)))
    layers = [layer for layer in model.__fastnn_operations__() if not type(layer).__fastnn_is_entry__]
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
    assign_all(together)


def weights_group(file: Any) -> Any:
    """Returns the group of a file's weights; a file of weights alone is that group itself."""
    return hdf5.child(file, "model_weights") if "layer_names" not in file.attrs else file


def read_model(
    file: Any, custom_objects: Mapping[str, Any] | None, compile: bool, safe_mode: bool = True
) -> tuple[Any, Reading]:
    """Returns the model of an open HDF5 file, and the reading with the keys that were ignored."""
    if "model_config" not in file.attrs:
        raise ValueError(
            "the file holds no description of a model, only weights; make the model first and call load_weights()"
        )
    reading = Reading.of_file(file, custom_objects, safe_mode)
    description = parsed(hdf5.text_of(file.attrs["model_config"]))
    with reading.filling(), reading.understood(), reading.at("model_config"):
        model = read({"module": None, **description}, reading)
    if not isinstance(model, Network):
        raise ValueError(f"the file describes no model, but {model!r}")
    group = weights_group(file)
    if group is None:
        raise CorruptFileError("holds no weights")
    read_weights(group, model)
    if compile and "training_config" in file.attrs:
        told = parsed(hdf5.text_of(file.attrs["training_config"]))
        optimizer = told.pop("optimizer_config", None)
        if isinstance(optimizer, dict):
            optimizer = {**optimizer, "module": "keras.optimizers"}
            optimizer["class_name"] = str(optimizer.get("class_name")).split(">")[-1]
        if compile_as(model, {**told, "optimizer": optimizer}, reading):
            slots = hdf5.child(file, "optimizer_weights")
            if slots is not None:
                restore_slots(model, [hdf5.numbers(dataset) for dataset in _datasets(slots)])
    return model, reading
