"""Weights and the state of the optimizer as a tree in HDF5, in Keras' layout.

The variables of a layer stand at `<path>/vars/0`, `1`...; `tree.py` says the paths. Those of the optimizer stand at
`optimizer/vars`. Assets of layers, such as vocabularies, are files of their own in the archive. Nothing is written into
a model before all values of a file are known to fit.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.caller import warn
from fastnn.engine.contract import title
from fastnn.engine.network import Network
from fastnn.engine.ownership import own_variables
from fastnn.saving import hdf5
from fastnn.saving.own_optimizers import own_optimizers, read_own_optimizers, write_own_optimizers
from fastnn.saving.position import position_of, read_position, write_position
from fastnn.saving.tree import is_overridden, streams_of, variables_of, walk
from fastnn.symbolic.moment import at_one_moment, value_of
from fastnn.symbolic.variable import Variable, assign_at_once

# Writing --------------------------------------------------------------------------------------------------------------


def write_tree(
    file: Any,
    model: Any,
    optimizer: bool = True,
    place: Mapping[str, Any] | None = None,
    skipped: Sequence[Any] = (),
) -> None:
    """Writes the weights of a model and the state of its optimizer into an open HDF5 file.

    Args:
        file: The file.
        model: The model.
        optimizer: Whether the state of the optimizer is written, if there is one.
        place: Progress of training, as values of JSON, to be kept as "place" of the position.
        skipped: Layers whose weights are left out, and the optimizer perhaps.
    """
    optimizer = optimizer and not any(one is model.optimizer for one in skipped)
    with state_at_one_moment(model, optimizer):
        _write_variables(file, model, skipped)
        if optimizer and _has_slots(model):
            group = hdf5.group_at(file, "optimizer/vars", model.optimizer.name)
            for i, array in enumerate(slots_in_order(model.optimizer, model.trainable_variables)):
                hdf5.write(group, str(i), array)
        if not isinstance(model, Network):
            return
        built = write_own_optimizers(file, model) if optimizer else {}
        further = {**({} if place is None else {"place": dict(place)}), **({"optimizers": built} if built else {})}
        write_position(file, position_of(model) | further)


@contextmanager
def state_at_one_moment(model: Any, optimizer: bool) -> Iterator[None]:
    """Lets all that is read in the block be of one moment between two steps, while another thread trains the model.

    Args:
        model: The model.
        optimizer: Whether the state of the optimizer belongs to it.
    """
    found: list[Any] = list(model.weights)
    if optimizer and _has_slots(model):
        found += _slots(model.optimizer, model.trainable_variables)
    if optimizer:
        found += [variable for own in own_optimizers(model).values() for variable in own.variables]
    with at_one_moment(found, [stream for _, layer in walk(model) for stream in streams_of(layer)]):
        yield


def _has_slots(model: Any) -> bool:
    return model.optimizer is not None and bool(model.built)


def _write_variables(file: Any, model: Any, skipped: Sequence[Any]) -> None:
    for path, layer in walk(model, skipped=skipped):
        if is_overridden(layer, "save_own_variables"):
            layer.save_own_variables(_group(file, path, layer.name))
            twin = type(layer).__fastnn_keras_twin__
            if twin is not None:
                layer.save_own_variables(_group(file, f"{path}/{twin}", layer.name))
            continue
        for within, variables in variables_of(layer):
            group = _group(file, f"{path}/{within}" if within else path, layer.name)
            for i, variable in enumerate(variables):
                hdf5.write(group, str(i), variable.numpy(), variable.dtype)


def _group(file: Any, path: str, name: str) -> Any:
    return hdf5.group_at(file, f"{path}/vars" if path else "vars", name)


def slots_in_order(optimizer: Any, variables: Sequence[Variable]) -> list[NDArray[Any]]:
    """Returns step, learning rate and slots in Keras' order; slots that do not exist yet are made."""
    return [value_of(variable) for variable in _slots(optimizer, variables)]


def _slots(optimizer: Any, variables: Sequence[Variable]) -> list[Any]:
    optimizer.__fastnn_build__(variables)
    return list(optimizer.__fastnn_variables__(variables))


def _prefix(path: str) -> str:
    """Returns how the names of the files of a layer begin."""
    return f"{path}/" if path else ""


def write_assets(model: Any) -> dict[str, bytes]:
    """Returns the files that layers keep beside their variables, by path."""
    found: dict[str, bytes] = {}
    for path, layer in walk(model):
        if hasattr(layer, "save_assets"):
            with tempfile.TemporaryDirectory() as folder:
                layer.save_assets(folder)
                for file in sorted(Path(folder).rglob("*")):
                    if file.is_file():
                        found[_prefix(path) + file.relative_to(folder).as_posix()] = file.read_bytes()
    return found


# Reading --------------------------------------------------------------------------------------------------------------


class _Groups:
    """The groups below one of an open file, each opened once.

    Args:
        root: The group, whose path is empty.
    """

    def __init__(self, root: Any) -> None:
        self._opened: dict[str, Any] = {"": root}

    def find(self, path: str) -> Any:
        """Returns the group at a path, also under the names that older versions of Keras give to its parts; or None."""
        if path not in self._opened:
            around, _, part = path.rpartition("/")
            self._opened[path] = self._within(self.find(around), part)
        return self._opened[path]

    def _within(self, group: Any, part: str) -> Any:
        if not part or group is None:
            return group
        names = (part, f"_{part}", "_layer_checkpoint_dependencies") if part == "layers" else (part, f"_{part}")
        return next((found for name in names if (found := hdf5.child(group, name)) is not None), None)

    def has(self, path: str) -> bool:
        """Returns whether there is one at a path."""
        return self.find(path) is not None


def _stored(group: Any) -> list[Any]:
    """Returns the datasets "0", "1"... of a group of variables."""
    held = hdf5.children(group)
    return [held[name] for name in sorted(filter(str.isdecimal, held), key=int)]


class Misfits:
    """Weights of a file that do not fit the model, told together.

    Args:
        skip: Whether they are skipped with a warning instead of an error.
    """

    def __init__(self, skip: bool) -> None:
        self._skip = skip
        self._found: list[str] = []

    def add(self, message: str) -> None:
        """Adds the message of one misfit."""
        self._found.append(message)

    def settle(self) -> None:
        """Raises or warns if there are any."""
        if not self._found:
            return
        told = "; ".join(self._found[:5]) + (f"; and {len(self._found) - 5} more" if len(self._found) > 5 else "")
        if not self._skip:
            raise ValueError(f"the weights of the file do not fit the model: {told}")
        warn(f"weights were skipped: {told}")


def fit_arrays(layer: Any, variables: Sequence[Variable], stored: Sequence[Any], misfits: Misfits) -> list[Any]:
    """Returns pairs (variable, dataset) of a layer if their count and shapes agree.

    Args:
        layer: The layer.
        variables: Its variables.
        stored: Datasets of the file.
        misfits: Where a difference is noted; then no pairs are returned.
    """
    if len(variables) != len(stored):
        hint = "" if layer.built else "; it is not built: build the model by data or an input shape first"
        hint = "; the file is that of a quantized model: call quantize('int8') first" if _is_quantized(stored) else hint
        misfits.add(f"{title(layer)} has {len(variables)} weights and the file {len(stored)}{hint}")
        return []
    if _is_quantized(stored) and not any(variable.dtype == "int8" for variable in variables):
        misfits.add(f"{title(layer)} holds floats and the file integers of 8 bits: call quantize('int8') first")
        return []
    wrong = [
        f"{variable.path} has shape {variable.shape} and the file {tuple(dataset.shape)}"
        for variable, dataset in zip(variables, stored, strict=True)
        if tuple(hdf5.checked(dataset).shape) != variable.shape
    ]
    for message in wrong:
        misfits.add(message)
    return [] if wrong else list(zip(variables, stored, strict=True))


def assign_all(pairs: Sequence[tuple[Variable, Any]]) -> None:
    """Assigns datasets to variables; all of them are read before the first is assigned."""
    assign_at_once([(variable, hdf5.numbers(dataset, copy=False)) for variable, dataset in pairs])


def _is_quantized(stored: Sequence[Any]) -> bool:
    """Returns whether the first of the datasets of a layer holds integers of 8 bits."""
    return bool(stored) and isinstance(stored[0], hdf5.Dataset) and stored[0].dtype == np.int8


def read_tree(
    file: Any, model: Any, skip_mismatch: bool = False, quantize: bool = False, skipped: Sequence[Any] = ()
) -> None:
    """Reads the weights of a model from an open HDF5 file.

    Args:
        file: The file.
        model: The model.
        skip_mismatch: Whether weights that do not fit are skipped, with a warning.
        quantize: Whether layers whose weights the file has in 8 bits are quantized: the config of a layer does not tell
            of the layers within.
        skipped: Layers whose weights stay as they are.

    Raises:
        ValueError: They do not fit and `skip_mismatch` is False; then no weight was changed.
    """
    misfits = Misfits(skip_mismatch)
    pairs: list[tuple[Variable, Any]] = []
    own: list[tuple[Any, Any]] = []
    groups = _Groups(file)
    for path, layer in walk(model, groups.has, skipped):
        if quantize and getattr(type(layer), "__fastnn_quantizes__", False) and layer.built:
            group = groups.find(f"{path}/vars")
            # The scales are a variable more.
            if hdf5.size_of(group) > len(own_variables(layer)) and _is_quantized(_stored(group)):
                layer.__fastnn_expect_integers__()
        if is_overridden(layer, "load_own_variables"):
            own.append((layer, groups.find(f"{path}/vars")))
            continue
        for within, variables in variables_of(layer):
            stored = _stored(groups.find(f"{path}/{within}/vars"))
            if variables or (stored and not isinstance(layer, Network) and not type(layer).__fastnn_is_entry__):
                pairs += fit_arrays(layer, variables, stored, misfits)
    misfits.settle()
    values = [(variable, hdf5.numbers(dataset, copy=False)) for variable, dataset in pairs]
    for layer, group in own:
        layer.load_own_variables({name: hdf5.numbers(dataset) for name, dataset in hdf5.children(group).items()})
    assign_at_once(values)


def read_named(file: Any, model: Any, skip_mismatch: bool) -> None:
    """Reads the weights of the layers whose names the file has.

    Raises:
        ValueError: They do not fit and `skip_mismatch` is False; then no weight was changed.
    """
    by_name = {}
    for held in hdf5.children(hdf5.child(file, "layers")).values():
        group = hdf5.child(held, "vars")
        if group is not None and "name" in group.attrs:
            by_name[hdf5.text_of(group.attrs["name"])] = held
    misfits = Misfits(skip_mismatch)
    pairs: list[tuple[Variable, Any]] = []
    for layer in model.__fastnn_operations__():
        if layer.name in by_name:
            group = by_name[layer.name]
            groups = _Groups(group)
            for path, part in walk(layer, groups.has):
                for within, variables in variables_of(part):
                    stored = _stored(groups.find(f"{path}/{within}/vars"))
                    if variables:
                        pairs += fit_arrays(part, variables, stored, misfits)
    misfits.settle()
    assign_all(pairs)


def read_optimizer(file: Any, model: Any) -> None:
    """Reads the state of the optimizers that file and model have; one that does not fit is skipped with a warning."""
    read_own_optimizers(file, model, read_position(file).get("optimizers"))
    stored = _stored(_Groups(file).find("optimizer/vars"))
    if stored and model.optimizer is not None:
        restore_slots(model, [hdf5.numbers(dataset) for dataset in stored])


def restore_slots(model: Any, arrays: list[NDArray[Any]]) -> None:
    """Gives the optimizer the arrays of `slots_in_order`. Older files have no learning rate among them."""
    optimizer, weights = model.optimizer, model.trainable_variables
    optimizer.__fastnn_build__(weights)
    variables = optimizer.__fastnn_variables__(weights)
    if len(arrays) == len(variables) - 1 and len(variables) > 1 and variables[1].path.endswith("/learning_rate"):
        del variables[1]
    if [tuple(variable.shape) for variable in variables] != [array.shape for array in arrays]:
        # The file of a model that was never trained has no slots: then nothing is lost.
        if len(arrays) > 2 or (arrays and arrays[0].shape == () and int(arrays[0]) > 0):
            warn(
                f"the state of the optimizer {optimizer.name!r} was left out: the file holds {len(arrays)} variables "
                f"and the model's optimizer has {len(variables)}"
            )
        return
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(np.asarray(array, dtype=getattr(variable, "floats", "float64"), order="C"))


def read_assets(model: Any, assets: dict[str, bytes]) -> None:
    """Gives layers the files that they keep beside their variables."""
    for path, layer in walk(model, lambda path: any(name.startswith(_prefix(path)) for name in assets)):
        begin = _prefix(path)
        mine = {name[len(begin) :]: data for name, data in assets.items() if name.startswith(begin)}
        if mine and hasattr(layer, "load_assets"):
            with tempfile.TemporaryDirectory() as folder:
                for name, data in mine.items():
                    place = Path(folder) / name
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(data)
                layer.load_assets(folder)
