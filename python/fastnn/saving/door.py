"""The door for files: what a stranger's file must be like before it is read, and how files are put into their place.

Whatever an archive or an HDF5 file declares is compared with what it stores before memory is asked for; links that lead
out of the file, datasets that are made of other files, members with paths, and filters that would load code are
refused. What is written stands beside the file that it replaces until it is whole.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import secrets
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

CONFIG, METADATA, WEIGHTS, ASSETS = "config.json", "metadata.json", "model.weights.h5", "assets/"

_FREE = 64 << 20
"""Bytes that a file may always ask for; beyond, a multiple of what it stores."""
_RATIO = 100
_MOST_JSON = 64 << 20
_FILTERS = {1, 2, 3}
"""Those of the HDF5 library itself that reorder, compress or check: deflate, shuffle, fletcher32."""


class Broken(ValueError):
    """A file that is not what it says, or asks for more than it holds."""


# Writing --------------------------------------------------------------------------------------------------------------


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to, which takes its place once it is written and on the disk.

    Whatever happens before leaves the old file as it was.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a directory; give the file a name")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path.parent} is no directory; make it first: os.makedirs({str(path.parent)!r})")
    beside = path.parent / f".{path.name}.{secrets.token_hex(6)}"
    try:
        yield beside
        with open(beside, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    """Sees to it that a renaming outlives a power failure, where directories can be opened for that."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_archive(to: BinaryIO, texts: Mapping[str, str], weights: bytes, assets: Mapping[str, bytes]) -> None:
    """Writes a `.keras` archive: members are stored as they are, in Keras' order."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
        archive.writestr(WEIGHTS, weights)
        for name, data in assets.items():
            archive.writestr(ASSETS + name, data)


# Archives -------------------------------------------------------------------------------------------------------------


class Archive:
    """What a `.keras` file holds.

    Attributes:
        config: The model's description.
        weights: The HDF5 file within.
        assets: Vocabularies and their like, by path.
    """

    def __init__(self, config: Any, weights: bytes, assets: dict[str, bytes]) -> None:
        self.config = config
        self.weights = weights
        self.assets = assets


def _proper(name: str) -> bool:
    parts = name.split("/")
    return not (
        "\\" in name or ":" in name or "\0" in name or name.startswith("/") or any(p in ("", ".", "..") for p in parts)
    )


def read_archive(path: Path) -> Archive:
    """Reads a `.keras` file, or a directory of the same files.

    Raises:
        Broken: It is damaged, holds what no model file holds, or declares more than it stores.
    """
    if path.is_dir():
        return _archive({name: (path / name).read_bytes() for name in (CONFIG, WEIGHTS) if (path / name).exists()})
    with open(path, "rb") as file:
        return read_archive_from(file)


def read_archive_from(file: BinaryIO) -> Archive:
    """Reads an archive that is open."""
    size = file.seek(0, os.SEEK_END)
    most = _FREE + _RATIO * size
    members: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(file) as archive:
            stored = 0
            for info in archive.infolist():
                if info.is_dir():
                    continue
                name = info.filename
                if not _proper(name) or not (name in (CONFIG, METADATA, WEIGHTS) or name.startswith(ASSETS)):
                    if name.endswith((".npz", ".pkl", ".pickle")):
                        raise Broken(
                            f"holds {name!r}, which is no part of a model file; it may run code and is not read"
                        )
                    raise Broken(f"holds {name[:80]!r}, which is no part of a model file")
                if name in members:
                    raise Broken(f"holds {name!r} twice")
                stored += info.compress_size
                most -= info.file_size
                if most < 0 or stored > size or (name == CONFIG and info.file_size > _MOST_JSON):
                    raise Broken(f"declares {info.file_size} bytes for {name!r}, out of all proportion to its {size}")
                with archive.open(info) as member:
                    data = member.read(info.file_size + 1)
                if len(data) != info.file_size:
                    raise Broken(f"declares {info.file_size} bytes for {name!r} and stores {len(data)}")
                members[name] = data
    except (
        zipfile.BadZipFile,
        EOFError,
        NotImplementedError,
        RuntimeError,
        zipfile.LargeZipFile,
        OverflowError,
    ) as error:
        raise Broken(f"is no whole .keras archive: {error}") from error
    except Exception as error:
        # What zlib and struct raise on damaged members has no common base.
        if isinstance(error, (OSError, ValueError)) or type(error).__module__ in ("zlib", "struct", "_struct", "lzma"):
            raise error if isinstance(error, Broken) else Broken(f"is no whole .keras archive: {error}") from error
        raise
    return _archive(members)


def _archive(members: dict[str, bytes]) -> Archive:
    for name in (CONFIG, WEIGHTS):
        if name not in members:
            raise Broken(f"holds no {name}")
    assets = {name[len(ASSETS) :]: data for name, data in members.items() if name.startswith(ASSETS)}
    return Archive(parsed(members[CONFIG]), members[WEIGHTS], assets)


def parsed(text: bytes | str) -> dict[str, Any]:
    """A description in JSON.

    Raises:
        Broken: It is none.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Broken(f"its description is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise Broken(f"its description is no object, but {str(value)[:80]!r}")
    return value


# HDF5 -----------------------------------------------------------------------------------------------------------------


@contextmanager
def opened(source: Path | bytes) -> Iterator[Any]:
    """An HDF5 file to be read, whose errors are `Broken`."""
    import h5py

    try:
        with h5py.File(io.BytesIO(source) if isinstance(source, bytes) else source, "r") as file:
            yield file
    except Broken:
        raise
    except FileNotFoundError:
        raise
    except (OSError, RuntimeError, KeyError) as error:
        if isinstance(source, Path) and not source.exists():
            raise FileNotFoundError(f"there is no file {str(source)!r}") from None
        raise Broken(f"is no whole HDF5 file: {error}") from error


def entries(group: Any) -> list[str]:
    """The names in a group.

    Raises:
        Broken: One of them leads elsewhere.
    """
    import h5py

    names = list(group)
    for name in names:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise Broken(f"{group.name}/{name} is a link that leads elsewhere")
    return names


def child(group: Any, name: str) -> Any:
    """A group or dataset in a group, or None where there is none of this name.

    Raises:
        Broken: It leads elsewhere.
    """
    import h5py

    if not isinstance(group, h5py.Group):
        return None
    link = group.get(name, getlink=True)
    if link is None:
        return None
    if not isinstance(link, h5py.HardLink):
        raise Broken(f"{group.name}/{name} is a link that leads elsewhere")
    return group[name]


def at(group: Any, path: str) -> Any:
    """What stands at a path of names, or None."""
    for part in path.split("/"):
        if part and group is not None:
            group = child(group, part)
    return group


def checked(dataset: Any) -> Any:
    """A dataset, once it is sure that reading it asks for no more than it stores.

    Raises:
        Broken: It is made of other files, of objects, or of more numbers than could be stored in its place.
    """
    import h5py

    if not isinstance(dataset, h5py.Dataset):
        raise Broken(f"{getattr(dataset, 'name', dataset)} is no dataset")
    if dataset.is_virtual or dataset.external:
        raise Broken(f"{dataset.name} is made of other files")
    if dataset.shape is None or dataset.dtype.kind not in "fiub" + "V" or dataset.dtype.names or dataset.dtype.subdtype:
        raise Broken(f"{dataset.name} holds {dataset.dtype}, not numbers")
    plan = dataset.id.get_create_plist()
    for i in range(plan.get_nfilters()):
        if plan.get_filter(i)[0] not in _FILTERS:
            raise Broken(f"{dataset.name} is stored with the filter {plan.get_filter(i)[0]}, which is not supported")
    size = math.prod(dataset.shape) * dataset.dtype.itemsize
    if size > _FREE + 1000 * dataset.id.get_storage_size():
        raise Broken(f"{dataset.name} declares the shape {dataset.shape}, out of all proportion to what it stores")
    return dataset


def numbers(dataset: Any) -> NDArray[Any]:
    """The numbers of a dataset; bfloat16 becomes float32."""
    dataset = checked(dataset)
    kind = dataset.attrs.get("dtype")
    array: NDArray[Any] = np.asarray(dataset[()])
    if array.dtype.kind == "V" or (kind in ("bfloat16", b"bfloat16") and array.dtype.itemsize == 2):
        if array.dtype.itemsize != 2 or kind not in ("bfloat16", b"bfloat16"):
            raise Broken(f"{dataset.name} holds {array.dtype}, not numbers")
        array = (array.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return array


def total_numbers(file: Any) -> int:
    """How many numbers all datasets of a file hold; each is checked."""
    import h5py

    total = 0

    def count(name: str, found: Any) -> None:
        nonlocal total
        if isinstance(found, h5py.Dataset) and found.shape is not None and found.dtype.kind in "fiubV":
            checked(found)
            total += math.prod(found.shape)

    file.visititems(count)
    return total


def text_of(value: Any) -> str:
    """An attribute that is a text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray) and value.shape == ():
        return text_of(value[()])
    return str(value)


def texts(attributes: Any, name: str) -> list[str]:
    """An attribute that is a list of texts, in pieces where it was long: `layer_names0`, `layer_names1`..."""
    if name in attributes:
        return [text_of(one) for one in np.asarray(attributes[name]).reshape(-1)]
    pieces = sorted(
        (int(key[len(name) :]), key) for key in attributes if re.fullmatch(re.escape(name) + r"\d{1,6}", key)
    )
    return [text_of(one) for _, key in pieces for one in np.asarray(attributes[key]).reshape(-1)]
