"""Weights in several files: `m.weights.json` says which of `m_00000.weights.h5`, `m_00001.weights.h5`... has which.

A file of weights is split into shards once it is written, and shards are joined to one file before it is read, so the
form of the files in between is that of every file of weights. Neither needs the weights in memory a second time.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from fastnn.atomic_files import replacing
from fastnn.saving import hdf5
from fastnn.saving.untrusted import MOST_JSON_BYTES, CorruptFileError, parsed

INDEX = ".weights.json"
"""How the name of the file ends that says where the weights are."""
_MAP, _METADATA, _SIZE = "weight_map", "metadata", "total_size"


@contextmanager
def sharded(path: Path, max_shard_size: float) -> Iterator[Any]:
    """Yields an open HDF5 file, which becomes an index and shards at the end of the block.

    Args:
        path: Path of the index, ending with `.weights.json`.
        max_shard_size: Most bytes of numbers in a shard, in GiB.

    Raises:
        ValueError: One of the variables is larger.
    """
    most = max_shard_size * 2**30
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        whole = Path(folder) / "whole.h5"
        with hdf5.written(whole) as file:
            yield file
        with hdf5.opened(whole) as file:
            _split(file, path, most)


def _split(file: Any, path: Path, most: float) -> None:
    """Writes the shards and the index of an open file of weights."""
    found = list(hdf5.datasets(file))
    for one in found:
        if one.nbytes > most:
            raise ValueError(
                f"{one.name} has {one.nbytes} bytes, and a shard at most {most:.0f}: give a larger max_shard_size, "
                f"such as {one.nbytes / 2**30:.2g}"
            )
    base = path.name.removesuffix(INDEX)
    places: dict[str, list[str]] = {}
    with ExitStack() as open_files:
        beside = open_files.enter_context(replacing(path))  # the first in is the last to get its name
        shard, room, count = None, 0.0, 0
        for one in found:
            if shard is None or one.nbytes > room:
                name = f"{base}_{count:05}.weights.h5"
                to = open_files.enter_context(replacing(path.with_name(name)))
                shard, room, count = open_files.enter_context(hdf5.written(to)), most, count + 1
            room -= one.nbytes
            group, _, _ = one.name.rpartition("/")
            _copy(one, hdf5.at(file, group), shard)
            held = places.setdefault(group, [])
            if name not in held:
                held.append(name)
        index = {
            _METADATA: {_SIZE: sum(one.nbytes for one in found)},
            _MAP: {group: names[0] if len(names) == 1 else names for group, names in places.items()},
        }
        beside.write_text(json.dumps(index, indent=4))


def _copy(dataset: hdf5.Dataset, group: hdf5.Group, to: Any) -> None:
    """Copies a dataset of an open file, and the attributes of its group, into a file that is written."""
    copied = to.require_group(group.name)
    for key, value in group.attrs.items():
        copied.attrs[key] = value
    hdf5.write(copied, dataset.name.rpartition("/")[2], dataset.numbers(), dataset.held)


@contextmanager
def joined(path: Path) -> Iterator[Any]:
    """Yields an open HDF5 file with the weights of all shards.

    Args:
        path: Path of the index.

    Raises:
        CorruptFileError: The index or a shard is damaged, or a shard is not in the folder of the index.
        FileNotFoundError: A shard is missing.
    """
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.h5"
        with hdf5.written(whole) as to:
            for name, groups in _shards(path).items():
                with hdf5.opened(path.with_name(name)) as shard:
                    for group in filter(None, (hdf5.at(shard, group) for group in groups)):
                        for dataset in hdf5.children(group).values():
                            _copy(hdf5.checked(dataset), group, to)
        with hdf5.opened(whole) as file:
            yield file


def _shards(path: Path) -> dict[str, list[str]]:
    """Returns the groups of each shard that an index names."""
    if path.stat().st_size > MOST_JSON_BYTES:
        raise CorruptFileError("is too large for an index of weights")
    index = parsed(path.read_bytes()).get(_MAP)
    if not isinstance(index, dict):
        raise CorruptFileError(f"has no {_MAP!r}, which says where the weights are")
    found: dict[str, list[str]] = {}
    for group, names in index.items():
        for name in names if isinstance(names, list) else [names]:
            if not isinstance(name, str) or Path(name).name != name or not name.endswith(".h5"):
                raise CorruptFileError(f"names {name!r}, which is no file of weights beside it")
            shard = path.with_name(name)
            if shard.is_symlink() and not shard.resolve().is_relative_to(path.parent.resolve()):
                raise CorruptFileError(f"names {name!r}, a link that leads elsewhere")
            if not shard.exists():
                raise FileNotFoundError(f"{path} names {name}, and there is no such file beside it")
            found.setdefault(name, []).append(group)
    return found
