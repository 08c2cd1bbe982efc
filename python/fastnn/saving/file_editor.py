"""The weights in a file, looked at and changed without the model: for files that outlive the architecture they were of.

The variables of an object and the objects within it are entries of one dict, as a model of other layers will find them.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fastnn import console
from fastnn.atomic_files import replacing
from fastnn.engine.network import Network
from fastnn.saving import archive, hdf5, position, weights
from fastnn.saving.untrusted import parsed

_VARIABLES = "vars"
"""Name of the group that holds the variables of an object."""


class KerasFileEditor:
    """Editor of the weights in a `.keras` or `.weights.h5` file of fastnn or Keras 3.

    Objects are the layers and containers of layers of a model. They are named by their path in the file
    (`"layers/dense_1"`), or by the last part of it where no other object is called so.

    Args:
        filepath: Path of the file. It is read once, and never written.

    Attributes:
        filepath: As given.
        weights_dict: The objects: a dict from names to the dicts of further objects, and to arrays where a variable is.
        object_metadata: The attributes of the groups in the file, such as the name of a layer, by path.
        config: Description of the model; None for a file of weights.
        metadata: Version of Keras and date of a `.keras` file; None for a file of weights.

    Raises:
        ValueError: The path has another ending, or the file is damaged.
        FileNotFoundError: The file does not exist.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "m.weights.h5")
        >>> fastnn.Sequential([layers.Input((2,)), layers.Dense(1), layers.Dense(1)]).save_weights(path)
        >>> editor = fastnn.saving.KerasFileEditor(path)
        >>> editor.delete_object("dense_1")
        >>> editor.save(path)
        >>> fastnn.Sequential([layers.Input((2,)), layers.Dense(1)]).load_weights(path)
    """

    def __init__(self, filepath: str | os.PathLike[str]) -> None:
        self.filepath = filepath
        self.metadata: dict[str, Any] | None = None
        self.config: dict[str, Any] | None = None
        path = Path(os.fspath(filepath))
        if not path.name.endswith((".keras", ".weights.h5")):
            raise ValueError(f"KerasFileEditor expects a file called *.keras or *.weights.h5, got {str(path)!r}")
        if not path.exists():
            raise FileNotFoundError(f"there is no file {str(path)!r}")
        source: Path | bytes = path
        if path.name.endswith(".keras"):
            stored = archive.read_archive(path)
            self.config, source = stored.config, stored.weights
            self.metadata = parsed(stored.metadata) if stored.metadata else {}
        self.object_metadata: dict[str, dict[str, Any]] = {}
        with hdf5.opened(source) as file:
            self.weights_dict = _objects(file, "", self.object_metadata)

    def summary(self) -> None:
        """Prints the objects of the file with the shapes and types of their variables."""
        console.write(f"Weights of {os.fspath(self.filepath)!r}")
        if self.metadata:
            told = self.metadata.get("keras_version", "?"), self.metadata.get("date_saved", "?")
            console.write("Saved with Keras {} at {}".format(*told))
        for line in _drawn(self.weights_dict, self.object_metadata, "", ""):
            console.write(line)

    def compare(self, reference_model: Any) -> dict[str, Any]:
        """Prints where the variables of the file differ from those of a model, by path and shape.

        Args:
            reference_model: A built model.

        Returns:
            A dict of `"status"`, `"error_count"` and `"match_count"`. The status is "success" where there is no
            difference, else "error". An object that one side lacks is one difference, whatever it holds.

        Raises:
            TypeError: `reference_model` is no model.
            ValueError: It is not built.
        """
        if not isinstance(reference_model, Network):
            raise TypeError(f"KerasFileEditor.compare expects a model, got {reference_model!r}")
        if not reference_model.built:
            raise ValueError(f"the model {reference_model.name!r} is not built and has no weights to compare with")
        found, matches = _compared(self.weights_dict, _objects_of(reference_model), "")
        for line in found:
            console.write(f"- {line}")
        what = "file and model differ" if found else "the model can load the file"
        console.write(f"{len(found)} differences, {matches} variables alike: {what}")
        return {"status": "error" if found else "success", "error_count": len(found), "match_count": matches}

    def rename_object(self, object_name: str, new_name: str) -> None:
        """Gives an object another name, at the same place.

        Args:
            object_name: Path or name of the object.
            new_name: Its new name, without slashes.

        Raises:
            ValueError: There is no such object, there are several of the name, or the new name is taken or a path.
        """
        if "/" in new_name:
            raise ValueError(f"rename_object expects a name without slashes, got new_name={new_name!r}")
        around, name = self._place(object_name)
        if new_name in around and new_name != name:
            raise ValueError(f"rename_object: there is a {new_name!r} beside {object_name!r} already; delete it first")
        around[new_name] = around.pop(name)

    def delete_object(self, object_name: str) -> None:
        """Removes an object and all that is in it.

        Args:
            object_name: Path or name of the object.

        Raises:
            ValueError: There is no such object, or there are several of the name.
        """
        around, name = self._place(object_name)
        del around[name]

    def add_object(self, object_path: str, weights: Mapping[str, Any]) -> None:
        """Adds an object, or replaces the one at this path.

        Args:
            object_path: Path of the object. The object around it must exist.
            weights: Variables by name, which is "0", "1"... in files of Keras.

        Raises:
            TypeError: `weights` is no dict; a ValueError as well.
            ValueError: There is no object around the path.
        """
        _check_weights("add_object", weights)
        *above, name = object_path.strip("/").split("/")
        around = self._place("/".join(above))[0][above[-1]] if above else self.weights_dict
        around[name] = dict(weights)

    def delete_weight(self, object_name: str, weight_name: str) -> None:
        """Removes a variable of an object.

        Args:
            object_name: Path or name of the object.
            weight_name: Name of the variable, such as "0".

        Raises:
            ValueError: There is no such object or variable.
        """
        held = self._object(object_name)
        if weight_name not in held:
            raise ValueError(f"delete_weight: {object_name!r} has no {weight_name!r}, but {_listed(held)}")
        del held[weight_name]

    def add_weights(self, object_name: str, weights: Mapping[str, Any]) -> None:
        """Adds variables to an object, or replaces those of the same names.

        Args:
            object_name: Path or name of the object.
            weights: Variables by name, which is "0", "1"... in files of Keras.

        Raises:
            TypeError: `weights` is no dict; a ValueError as well.
            ValueError: There is no such object.
        """
        _check_weights("add_weights", weights)
        self._object(object_name).update(weights)

    def save(self, filepath: str | os.PathLike[str]) -> None:
        """Writes what there is now as a file of weights.

        Args:
            filepath: Path that ends with `.weights.h5`; a file there is replaced.

        Raises:
            ValueError: The path has another ending.
        """
        path = Path(os.fspath(filepath))
        if not path.name.endswith(".weights.h5"):
            raise ValueError(f"KerasFileEditor.save expects a file called *.weights.h5, got {str(path)!r}")
        with replacing(path) as beside, hdf5.written(beside) as file:
            self._write(file, self.weights_dict, "")

    def resave_weights(self, filepath: str | os.PathLike[str]) -> None:
        """Does what `save` does, under its older name.

        Args:
            filepath: Path that ends with `.weights.h5`.
        """
        self.save(filepath)

    def _write(self, file: Any, held: Mapping[str, Any], path: str) -> None:
        for name, value in held.items():
            if isinstance(value, Mapping):
                self._write(file, value, f"{path}/{name}")
                continue
            called = self.object_metadata.get(path, {}).get("name", path.rpartition("/")[2])
            hdf5.write(hdf5.group_at(file, f"{path}/{_VARIABLES}", str(called)), name, np.asarray(value))

    def _object(self, named: str) -> dict[str, Any]:
        around, name = self._place(named)
        held = around[name]
        if not isinstance(held, dict):
            raise ValueError(f"{named!r} is a variable, and an object is expected")
        return held

    def _place(self, named: str) -> tuple[dict[str, Any], str]:
        """Returns the dict that holds what is called so, and its name in there."""
        *above, name = named.strip("/").split("/")
        if not above:
            found = [held for held in _dicts(self.weights_dict) if name in held]
            if len(found) > 1:
                raise ValueError(f"there are {len(found)} objects called {name!r} in the file; give the path of one")
        else:
            held: Any = self.weights_dict
            for part in above:
                held = held.get(part) if isinstance(held, dict) else None
            found = [held] if isinstance(held, dict) and name in held else []
        if not found:
            raise ValueError(f"there is no object {named!r} in the file; summary() lists those that there are")
        return found[0], name


def _check_weights(who: str, given: Any) -> None:
    if not isinstance(given, Mapping):
        raise MappingExpectedError(f"{who} expects weights as a dict of arrays, such as {{'0': kernel}}, got {given!r}")


class MappingExpectedError(TypeError, ValueError):
    """An argument that must be a dict; a ValueError too, as in Keras."""


def _objects_of(model: Any) -> dict[str, Any]:
    """Returns the objects that a file of the model's weights holds."""
    import h5py

    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        weights.write_tree(file, model, model.compiled)
    with hdf5.opened(memory.getvalue()) as held:
        return _objects(held, "", {})


def _objects(group: Any, path: str, attributes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Returns the variables and objects in a group; empty objects are left out.

    Args:
        group: A group of an open file.
        path: Its path.
        attributes: Where its attributes, and those of the groups in it, are noted by path.
    """
    found: dict[str, Any] = {}
    for holder in (hdf5.child(group, _VARIABLES), group):
        for name, value in hdf5.children(holder).items():
            if isinstance(value, hdf5.Dataset):
                found[name] = hdf5.numbers(value)
            elif (name, holder is group) != (_VARIABLES, True) and f"{path}/{name}" != f"/{position.GROUP}":
                inner = _objects(value, f"{path}/{name}", attributes)
                if inner:
                    found[name] = inner
        if holder is not None and len(holder.attrs):
            noted = {key: hdf5.text_of(value) for key, value in holder.attrs.items()}
            attributes[path] = noted | attributes.get(path, {})
    return found


def _dicts(held: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields a dict and the dicts in it."""
    yield held
    for value in held.values():
        if isinstance(value, dict):
            yield from _dicts(value)


def _listed(held: Mapping[str, Any]) -> str:
    return ", ".join(repr(name) for name in held) or "nothing"


def _compared(held: Mapping[str, Any], wanted: Mapping[str, Any], path: str) -> tuple[list[str], int]:
    """Returns the differences between the objects of a file and those of a model, and the number of like variables."""
    found, matches = [], 0
    for name in [*wanted, *(name for name in held if name not in wanted)]:
        here = f"{path}/{name}"
        if name not in held or name not in wanted:
            only, other = ("model", "file") if name in wanted else ("file", "model")
            value = wanted.get(name, held.get(name))
            what = f"object with {_listed(value)}" if isinstance(value, Mapping) else f"variable of {np.shape(value)}"
            found.append(f"{here}: {what} in the {only}, nothing in the {other}")
        elif isinstance(held[name], Mapping) != isinstance(wanted[name], Mapping):
            found.append(f"{here}: an object on one side, a variable on the other")
        elif isinstance(wanted[name], Mapping):
            inner, count = _compared(held[name], wanted[name], here)
            found += inner
            matches += count
        elif np.shape(held[name]) != np.shape(wanted[name]):
            found.append(f"{here}: shape {np.shape(held[name])} in the file, {np.shape(wanted[name])} in the model")
        else:
            matches += 1
    return found, matches


def _drawn(held: Mapping[str, Any], names: Mapping[str, Any], path: str, begin: str) -> Iterator[str]:
    """Yields the lines of a tree of objects."""
    for i, (name, value) in enumerate(held.items()):
        turn, below = ("└─ ", "   ") if i == len(held) - 1 else ("├─ ", "│  ")
        if isinstance(value, Mapping):
            here = f"{path}/{name}"
            called = names.get(here, {}).get("name")
            yield f"{begin}{turn}{name}{f' ({called!r})' if called else ''}"
            yield from _drawn(value, names, here, begin + below)
        else:
            array = np.asarray(value)
            yield f"{begin}{turn}{name}: shape={array.shape}, dtype={array.dtype}"
