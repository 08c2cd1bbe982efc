"""Weights, slots and random streams as a tree in HDF5: Keras' layout, and one group of fastnn's own beside it.

A layer's variables stand at `<path>/vars/0`, `1`...; the path leads through the lists of layers and the attributes that
hold further layers, and is made of the names of classes. The optimizer's stand at `optimizer/vars`. Keras does not keep
where random streams and the order of rows are; the group `fastnn` does, so that training goes on to the bit.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.engine.by_code import runs_code
from fastnn.engine.contract import title
from fastnn.engine.layer import Layer
from fastnn.engine.ownership import own_learned, own_variables
from fastnn.layers import InputLayer
from fastnn.models.model import Model
from fastnn.optimizers.optimizer import Optimizer
from fastnn.saving import door
from fastnn.saving.serialization import children_of
from fastnn.symbolic.variable import Variable

_CELL = {"": "cell"}
_HEADS = {"query": "query_dense", "key": "key_dense", "value": "value_dense", "": "output_dense"}
_WITHIN: dict[str, dict[str, str]] = {
    "LSTM": _CELL, "GRU": _CELL, "SimpleRNN": _CELL, "ConvLSTM1D": _CELL, "ConvLSTM2D": _CELL, "ConvLSTM3D": _CELL,
    "MultiHeadAttention": _HEADS, "GroupQueryAttention": _HEADS, "GroupedQueryAttention": _HEADS,
}  # fmt: skip
"""Layers whose variables Keras keeps in layers within: by the beginning of a variable's name, the attribute."""

_BY_SLOT = {"RMSprop": ((0,), (1,), (2,)), "Adam": ((0, 1), (2,)), "AdamW": ((0, 1), (2,))}
"""How Keras orders slots: groups of them, each going through all weights; otherwise all slots of a weight together."""

_STATE = "fastnn"


def variables_of(layer: Layer) -> list[tuple[str, list[Variable]]]:
    """A layer's own variables, by the path within the layer where files hold them: "" as a rule."""
    if isinstance(layer, Model) and not runs_code(layer):
        return [("", [])]
    within = {id(v) for _, part in children_of(layer) for v in part.weights}
    own = [variable for variable in own_variables(layer) if id(variable) not in within]
    learned = {id(variable) for variable in own_learned(layer)}
    own.sort(key=lambda variable: id(variable) not in learned)
    places = next((_WITHIN[cls.__name__] for cls in type(layer).__mro__ if cls.__name__ in _WITHIN), None)
    if places is None or children_of(layer):
        return [("", own)]
    found: dict[str, list[Variable]] = {}
    for variable in own:
        begin = next(begin for begin in places if variable.name.lstrip("_").startswith(begin))
        found.setdefault(places[begin], []).append(variable)
    return [("", []), *found.items()]


def walk(model: Layer) -> Iterator[tuple[str, Layer]]:
    """A model and all that is in it with their paths, each once."""
    seen: set[int] = set()

    def visit(path: str, layer: Layer) -> Iterator[tuple[str, Layer]]:
        if id(layer) not in seen:
            seen.add(id(layer))
            yield path, layer
            for name, part in children_of(layer):
                yield from visit(f"{path}/{name}" if path else name, part)

    return visit("", model)


# Writing --------------------------------------------------------------------------------------------------------------


def write_tree(file: Any, model: Model, optimizer: bool = True, place: Mapping[str, Any] | None = None) -> None:
    """Writes the weights of a model, and its optimizer's state where it has one, into an open HDF5 file.

    Args:
        file: The file.
        model: The model.
        optimizer: Whether the optimizer's state is written.
        place: How far training has come, in values of JSON; `read_state` gives it back as "place".
    """
    for path, layer in walk(model):
        if hasattr(layer, "save_own_variables"):
            layer.save_own_variables(_group(file, path, layer.name))
            continue
        for within, variables in variables_of(layer):
            group = _group(file, f"{path}/{within}" if within else path, layer.name)
            for i, variable in enumerate(variables):
                group[str(i)] = variable.numpy()
    if optimizer and model.optimizer is not None:
        group = _group(file, "optimizer", model.optimizer.name)
        for i, array in enumerate(slots_in_order(model.optimizer, model.trainable_variables)):
            group[str(i)] = array
    write_state(file, state_of(model) | ({} if place is None else {"place": dict(place)}))


def _group(file: Any, path: str, name: str) -> Any:
    group = file.require_group(f"{path}/vars" if path else "vars")
    group.attrs["name"] = name
    return group


def scheduled(optimizer: Optimizer) -> bool:
    """Whether the learning rate is a schedule, not a number."""
    return optimizer._schedule is not None


def _order(optimizer: Optimizer, slots: Sequence[Sequence[Any]]) -> list[Any]:
    """The slots, given weight by weight, in Keras' order."""
    count = max((len(of_weight) for of_weight in slots), default=0)
    groups = _BY_SLOT.get(type(optimizer).__name__, (tuple(range(count)),))
    return [of_weight[i] for group in groups for of_weight in slots for i in group if i < len(of_weight)]


def slots_in_order(optimizer: Optimizer, variables: Sequence[Variable]) -> list[NDArray[Any]]:
    """Step, learning rate and slots as Keras orders them; slots that are not yet there are made."""
    optimizer.build(variables)
    arrays: list[NDArray[Any]] = [np.asarray(optimizer.iterations, dtype=np.int32)]
    if not scheduled(optimizer):
        arrays.append(np.asarray(optimizer.learning_rate, dtype=np.float32))
    slots = [optimizer.handle.slots(variable.handle) for variable in variables]
    return arrays + [slot.numpy() for slot in _order(optimizer, slots)]


def write_assets(model: Model) -> dict[str, bytes]:
    """What layers keep in files of their own, such as vocabularies, by path."""
    found: dict[str, bytes] = {}
    for path, layer in walk(model):
        if hasattr(layer, "save_assets"):
            with tempfile.TemporaryDirectory() as folder:
                layer.save_assets(folder)
                for file in sorted(Path(folder).rglob("*")):
                    if file.is_file():
                        found[f"{path}/{file.relative_to(folder).as_posix()}"] = file.read_bytes()
    return found


# Reading --------------------------------------------------------------------------------------------------------------


def _find(group: Any, path: str) -> Any:
    """What stands at a path, which older versions of Keras wrote a little otherwise."""
    for part in path.split("/"):
        if part and group is not None:
            names = (part, f"_{part}", "_layer_checkpoint_dependencies") if part == "layers" else (part, f"_{part}")
            group = next((found for name in names if (found := door.child(group, name)) is not None), None)
    return group


def _stored(group: Any) -> list[Any]:
    """The datasets "0", "1"... of a group of variables."""
    names = [] if group is None else [name for name in door.entries(group) if name.isdecimal()]
    return [door.child(group, name) for name in sorted(names, key=int)]


class Misfits:
    """What of a file did not fit, to be told at once.

    Args:
        skip: Whether it is passed over with a warning.
    """

    def __init__(self, skip: bool) -> None:
        self.skip = skip
        self.found: list[str] = []

    def add(self, message: str) -> None:
        self.found.append(message)

    def settle(self, stacklevel: int = 4) -> None:
        """Raises or warns where there were any."""
        if not self.found:
            return
        told = "; ".join(self.found[:5]) + (f"; and {len(self.found) - 5} more" if len(self.found) > 5 else "")
        if not self.skip:
            raise ValueError(f"the weights of the file do not fit the model: {told}")
        warnings.warn(f"weights were skipped: {told}", stacklevel=stacklevel)


def fit_arrays(layer: Layer, variables: Sequence[Variable], stored: Sequence[Any], misfits: Misfits) -> list[Any]:
    """Pairs (variable, dataset) of a layer, where their number and shapes agree."""
    if len(variables) != len(stored):
        hint = "" if layer.built else "; it is not built: build the model by data or an input shape first"
        misfits.add(f"{title(layer)} has {len(variables)} weights and the file {len(stored)}{hint}")
        return []
    wrong = [
        f"{variable.path} has shape {variable.shape} and the file {tuple(dataset.shape)}"
        for variable, dataset in zip(variables, stored, strict=True)
        if tuple(door.checked(dataset).shape) != variable.shape
    ]
    for message in wrong:
        misfits.add(message)
    return [] if wrong else list(zip(variables, stored, strict=True))


def read_tree(file: Any, model: Model, skip_mismatch: bool = False) -> None:
    """Reads the weights of a model from an open HDF5 file; where something does not fit, nothing is written.

    Raises:
        ValueError: The file's weights are not the model's, and `skip_mismatch` is not set.
    """
    misfits = Misfits(skip_mismatch)
    pairs: list[tuple[Variable, Any]] = []
    own: list[tuple[Layer, Any]] = []
    for path, layer in walk(model):
        if hasattr(layer, "load_own_variables"):
            own.append((layer, _find(file, f"{path}/vars")))
            continue
        for within, variables in variables_of(layer):
            stored = _stored(_find(file, f"{path}/{within}/vars"))
            if variables or (stored and not isinstance(layer, (Model, InputLayer))):
                pairs += fit_arrays(layer, variables, stored, misfits)
    misfits.settle()
    values = [(variable, door.numbers(dataset)) for variable, dataset in pairs]
    for layer, group in own:
        layer.load_own_variables({} if group is None else {name: door.numbers(group[name]) for name in group})
    for variable, value in values:
        variable.assign(value)


def read_named(file: Any, model: Model, skip_mismatch: bool) -> None:
    """Reads the weights of those layers whose names the file knows."""
    groups = door.child(file, "layers")
    by_name = {}
    for key in [] if groups is None else door.entries(groups):
        group = door.at(groups, f"{key}/vars")
        if group is not None and "name" in group.attrs:
            by_name[door.text_of(group.attrs["name"])] = door.child(groups, key)
    misfits = Misfits(skip_mismatch)
    pairs: list[tuple[Variable, Any]] = []
    for layer in model.layers:
        if layer.name in by_name:
            for path, part in walk(layer):
                for within, variables in variables_of(part):
                    stored = _stored(_find(by_name[layer.name], f"{path}/{within}/vars"))
                    if variables:
                        pairs += fit_arrays(part, variables, stored, misfits)
    misfits.settle()
    for variable, value in [(variable, door.numbers(dataset)) for variable, dataset in pairs]:
        variable.assign(value)


def read_optimizer(file: Any, model: Model) -> None:
    """Reads the optimizer's state where file and model have one; one that does not fit is left out with a warning."""
    stored = _stored(_find(file, "optimizer/vars"))
    if stored and model.optimizer is not None:
        restore_slots(model, [door.numbers(dataset) for dataset in stored])


def restore_slots(model: Model, arrays: list[NDArray[Any]]) -> None:
    """Gives the optimizer what `slots_in_order` returned; older files have no learning rate among it."""
    optimizer, variables = model.optimizer, model.trainable_variables
    assert optimizer is not None
    optimizer.build(variables)
    slots = _order(optimizer, [optimizer.handle.slots(variable.handle) for variable in variables])
    rest = arrays[1:]
    rate = None
    if rest and rest[0].shape == () and not scheduled(optimizer) and len(rest) != len(slots):
        rate, rest = rest[0], rest[1:]
    if not slots:
        rest = []
    if len(rest) != len(slots) or any(tuple(s.shape) != a.shape for s, a in zip(slots, rest, strict=True)):
        # A file of a model that was never trained has no slots: then there is nothing to lose.
        if rest or (arrays and int(arrays[0]) > 0):
            warnings.warn(
                f"the state of the optimizer {optimizer.name!r} was left out: the file holds {len(rest)} slots and the "
                f"model's weights have {len(slots)}",
                stacklevel=4,
            )
        return
    optimizer.iterations = int(arrays[0])
    if rate is not None:
        optimizer.learning_rate = float(rate)
    for slot, array in zip(slots, rest, strict=True):
        slot.assign(np.ascontiguousarray(array, dtype=np.float32))


def read_assets(model: Model, assets: dict[str, bytes]) -> None:
    """Gives layers the files that they keep."""
    for path, layer in walk(model):
        mine = {name[len(path) + 1 :]: data for name, data in assets.items() if name.startswith(f"{path}/")}
        if mine and hasattr(layer, "load_assets"):
            with tempfile.TemporaryDirectory() as folder:
                for name, data in mine.items():
                    place = Path(folder) / name
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(data)
                layer.load_assets(folder)


# What Keras does not keep ---------------------------------------------------------------------------------------------


def streams_of(layer: Layer) -> list[_core.Stream]:
    """The random streams of a layer, by the names of the attributes that hold them."""
    found: list[_core.Stream] = []
    for _, value in sorted(vars(layer).items(), key=lambda item: item[0]):
        for one in value if isinstance(value, (list, tuple)) else [value]:
            stream = one if isinstance(one, _core.Stream) else getattr(one, "stream", None)
            if isinstance(stream, _core.Stream) and not isinstance(one, Layer):
                found.append(stream)
    return found


def state_of(model: Model) -> dict[str, Any]:
    """Where the model's random streams, its order of rows and its learning rate are."""
    state: dict[str, Any] = {}
    streams = {path: [[s.seed, s.position] for s in streams_of(layer)] for path, layer in walk(model)}
    state["streams"] = {path: places for path, places in streams.items() if places}
    if model.training_state.row_order.seed is not None:
        state["shuffle"] = [model.training_state.row_order.seed, model.training_state.row_order.position]
    if model.optimizer is not None and not scheduled(model.optimizer):
        state["learning_rate"] = model.optimizer.learning_rate  # in float64, where Keras keeps float32
    return state


def write_state(file: Any, state: dict[str, Any]) -> None:
    """Puts fastnn's own group into an open HDF5 file."""
    file[f"{_STATE}/state"] = np.frombuffer(json.dumps(state).encode(), dtype=np.uint8)


def read_state(file: Any) -> dict[str, Any]:
    """What `write_state` wrote; nothing for other files."""
    dataset = door.at(file, f"{_STATE}/state")
    return {} if dataset is None else door.parsed(door.numbers(dataset).astype(np.uint8).tobytes())


def restore_state(model: Model, state: dict[str, Any]) -> None:
    """Puts random streams, order of rows and learning rate back.

    Raises:
        ValueError: The state is none that `state_of` returned.
    """
    try:
        places = [
            (stream, int(seed), int(position))
            for path, layer in walk(model)
            for stream, (seed, position) in zip(streams_of(layer), state.get("streams", {}).get(path, ()), strict=False)
        ]
        shuffle = [int(number) for number in state.get("shuffle", ())]
        rate = float(state["learning_rate"]) if "learning_rate" in state else None
        for stream, seed, position in places:
            stream.seed, stream.position = seed, position
        if len(shuffle) == 2:
            model.training_state.row_order.seed, model.training_state.row_order.position = shuffle
        if rate is not None and model.optimizer is not None and not scheduled(model.optimizer):
            model.optimizer.learning_rate = rate
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError(f"the state of random streams is damaged: {error}") from error
