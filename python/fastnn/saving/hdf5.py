"""HDF5 files: written, and read within limits, as from a stranger.

Links that lead out of the file, datasets made of other files, filters that would load code and shapes out of proportion
are refused.
"""

from __future__ import annotations

import functools
import io
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.saving.untrusted import FREE_BYTES, CorruptFileError

_RATIO = 1000
"""Most bytes that a dataset may declare for each stored byte, beyond `FREE_BYTES`."""
_FILTERS = {1, 2, 3}
"""Filters of the HDF5 library itself: deflate, shuffle, fletcher32."""


@contextmanager
def opened(source: Path | bytes) -> Iterator[Any]:
    """Opens an HDF5 file for reading. Its errors become `CorruptFileError`.

    Args:
        source: Path of the file, or its bytes.
    """
    import h5py

    try:
        with h5py.File(io.BytesIO(source) if isinstance(source, bytes) else source, "r") as file:
            yield file
    except CorruptFileError:
        raise
    except FileNotFoundError:
        raise
    except (OSError, RuntimeError, KeyError) as error:
        if isinstance(source, Path) and not source.exists():
            raise FileNotFoundError(f"there is no file {str(source)!r}") from None
        if "allocation failed" in str(error):
            raise MemoryError(str(error)) from error
        raise CorruptFileError(f"is no whole HDF5 file: {error}") from error


@contextmanager
def written(path: Path) -> Iterator[Any]:
    """Opens a new HDF5 file for writing.

    Args:
        path: Path of the file.

    Raises:
        OSError: The disk is full, or cannot be written to.
    """
    import h5py

    # Through a file of Python, whose errors reach the caller as they are; those of HDF5's own files do not all.
    with open(path, "w+b") as file, h5py.File(file, "w") as made:
        yield made


def group_at(file: Any, path: str, name: str) -> Any:
    """Returns the group at a path, made if it is missing, with the name of a layer as its attribute "name"."""
    import h5py

    if path in file:
        group = file[path]
        group.attrs["name"] = name
        return group
    made = h5py.h5g.create(file.id, path.encode(), _with_groups(path.isascii()))
    h5py.h5a.create(made, b"name", _type_of(h5py.string_dtype()), _scalar()).write(np.array(name, object))
    return h5py.Group(made)


def write(group: Any, name: str, array: NDArray[Any]) -> None:
    """Writes an array into a group: what `group[name] = array` writes, in a third of its time.

    Args:
        group: A group of an open file.
        name: Name of the dataset; groups in it are made if they are missing.
        array: Numbers of any shape.
    """
    import h5py

    array = np.asarray(array, order="C")
    space = h5py.h5s.create_simple(array.shape) if array.shape else _scalar()
    made = h5py.h5d.create(group.id, None, _type_of(array.dtype), space, _without_times())
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, array, _type_of(array.dtype))
    h5py.h5o.link(made, group.id, name.encode(), _with_groups(name.isascii()))


@functools.cache
def _type_of(dtype: np.dtype[Any]) -> Any:
    """Returns the type of HDF5 for a type of NumPy."""
    import h5py

    return h5py.h5t.py_create(dtype, logical=True)


@functools.cache
def _scalar() -> Any:
    """Returns the space of a single value."""
    import h5py

    return h5py.h5s.create(h5py.h5s.SCALAR)


@functools.cache
def _without_times() -> Any:
    """Returns how datasets are created: without the time, so that equal models are equal files."""
    import h5py

    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_obj_track_times(False)
    return plan


@functools.cache
def _with_groups(ascii: bool) -> Any:
    """Returns how names are given: with the groups that lead there."""
    import h5py

    plan = h5py.h5p.create(h5py.h5p.LINK_CREATE)
    plan.set_create_intermediate_group(True)
    plan.set_char_encoding(h5py.h5t.CSET_ASCII if ascii else h5py.h5t.CSET_UTF8)
    return plan


class Dataset:
    """Dataset of numbers in an open file, read after a check that it declares no more than it stores.

    Args:
        identifier: Its identifier of h5py.
        place: Returns its name in the file.

    Raises:
        CorruptFileError: At its first use: it is made of other files, of objects, or of more elements than it can
            store.
    """

    # Of h5py's lower half: an object of the upper half for each of ten thousand datasets takes most of the time.

    def __init__(self, identifier: Any, place: Callable[[], str]) -> None:
        self._identifier = identifier
        self._place = place

    @functools.cached_property
    def _checked(self) -> tuple[tuple[int, ...], np.dtype[Any]]:
        return _check(self._identifier, *_declared(self._identifier), self._place)

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self._checked[0]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its elements."""
        return self._checked[1]

    def numbers(self) -> NDArray[Any]:
        """Returns its values; bfloat16 becomes float32."""
        import h5py

        shape, dtype = self._checked
        array: NDArray[Any] = np.empty(shape, dtype)
        if array.size:
            self._identifier.read(h5py.h5s.ALL, h5py.h5s.ALL, array, _type_of(dtype))
        if dtype.kind != "V" and dtype.itemsize != 2:
            return array
        if dtype.itemsize == 2 and h5py.Dataset(self._identifier).attrs.get("dtype") in ("bfloat16", b"bfloat16"):
            return (array.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
        if dtype.kind == "V":
            raise CorruptFileError(f"{self._place()} holds {dtype}, not numbers")
        return array


def _opened(group: Any, key: bytes, kind: int) -> Any:
    """Returns the group or dataset of a name in a group, whose link is of a kind."""
    import h5py

    def place() -> str:
        return f"{group.name.rstrip('/')}/{key.decode('utf-8', 'replace')}"

    if kind != h5py.h5l.TYPE_HARD:
        raise CorruptFileError(f"{place()} is a link that leads elsewhere")
    found = h5py.h5o.open(group.id, key)
    if isinstance(found, h5py.h5g.GroupID):
        return h5py.Group(found)
    if isinstance(found, h5py.h5d.DatasetID):
        return Dataset(found, place)
    raise CorruptFileError(f"{place()} is neither a group nor a dataset")


def children(group: Any) -> dict[str, Any]:
    """Returns the groups and datasets in a group by name; none for None.

    Raises:
        CorruptFileError: One of them is a link out of the file.
    """
    kinds: dict[bytes, int] = {}

    def note(key: bytes, link: Any) -> None:
        kinds[key] = link.type

    if group is not None:
        group.id.links.iterate(note, info=True)
    return {key.decode("utf-8", "surrogateescape"): _opened(group, key, kind) for key, kind in kinds.items()}


def child(group: Any, name: str) -> Any:
    """Returns the group or dataset of a name in a group, or None.

    Raises:
        CorruptFileError: It is a link out of the file.
    """
    import h5py

    key = name.encode("utf-8", "surrogateescape")
    if not isinstance(group, h5py.Group) or not group.id.links.exists(key):
        return None
    return _opened(group, key, group.id.links.get_info(key).type)


def size_of(group: Any) -> int:
    """Returns the number of groups and datasets in a group; 0 for None."""
    return 0 if group is None else int(group.id.get_num_objs())


def at(group: Any, path: str) -> Any:
    """Returns the group or dataset at a path, or None."""
    for part in path.split("/"):
        if part and group is not None:
            group = child(group, part)
    return group


def _declared(identifier: Any) -> tuple[tuple[int, ...] | None, np.dtype[Any]]:
    """Returns the shape and the type of the dataset of an identifier of h5py; the shape is None where it is empty."""
    return identifier.shape, identifier.dtype


def _check(
    identifier: Any, shape: tuple[int, ...] | None, dtype: np.dtype[Any], name: Callable[[], str]
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Checks the dataset of an identifier of h5py and returns its shape and type, which `_declared` told."""
    if shape is None or not _is_number(dtype):
        raise CorruptFileError(f"{name()} holds {dtype}, not numbers")
    # What is stored in one piece in this file has no filters and no other files.
    if identifier.get_offset() is None:
        _check_plan(identifier.get_create_plist(), name)
    if math.prod(shape) * dtype.itemsize > FREE_BYTES + _RATIO * identifier.get_storage_size():
        raise CorruptFileError(f"{name()} declares the shape {shape}, out of all proportion to what it stores")
    return shape, dtype


def _check_plan(plan: Any, name: Callable[[], str]) -> None:
    """Checks how a dataset is stored."""
    import h5py

    if plan.get_layout() == h5py.h5d.VIRTUAL or plan.get_external_count() > 0:
        raise CorruptFileError(f"{name()} is made of other files")
    for i in range(plan.get_nfilters()):
        if plan.get_filter(i)[0] not in _FILTERS:
            raise CorruptFileError(
                f"{name()} is stored with the filter {plan.get_filter(i)[0]}, which is not supported"
            )


def _is_number(dtype: Any) -> bool:
    """Whether elements are numbers, or bytes that may be bfloat16."""
    return dtype.kind in "fiubV" and not dtype.names and not dtype.subdtype


def numbers(dataset: Any) -> NDArray[Any]:
    """Returns the values of a `Dataset`; bfloat16 becomes float32.

    Raises:
        CorruptFileError: It is a group, or declares more than it stores.
    """
    return checked(dataset).numbers()


def checked(dataset: Any) -> Dataset:
    """Returns a `Dataset`, and refuses a group."""
    if not isinstance(dataset, Dataset):
        raise CorruptFileError(f"{getattr(dataset, 'name', dataset)} is no dataset")
    return dataset


def total_numbers(file: Any) -> int:
    """Returns the number of elements of all datasets of a file; each dataset is checked."""
    import h5py

    total = 0

    # An object of h5py's upper half for each of ten thousand datasets takes more time than all else here.
    def count(name: bytes) -> None:
        nonlocal total
        found = h5py.h5o.open(file.id, name)
        if isinstance(found, h5py.h5d.DatasetID):
            shape, dtype = _declared(found)
            if shape is not None and dtype.kind in "fiubV":
                total += math.prod(_check(found, shape, dtype, lambda: name.decode("utf-8", "replace"))[0])

    h5py.h5o.visit(file.id, count)
    return total


def text_of(value: Any) -> str:
    """Returns an attribute as text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray) and value.shape == ():
        return text_of(value[()])
    return str(value)


def texts(attributes: Any, name: str) -> list[str]:
    """Returns an attribute that is a list of texts; a long one is in pieces: `layer_names0`, `layer_names1`..."""
    if name in attributes:
        return [text_of(one) for one in np.asarray(attributes[name]).reshape(-1)]
    pieces = sorted(
        (int(key[len(name) :]), key) for key in attributes if re.fullmatch(re.escape(name) + r"\d{1,6}", key)
    )
    return [text_of(one) for _, key in pieces for one in np.asarray(attributes[key]).reshape(-1)]
