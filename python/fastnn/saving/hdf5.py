"""HDF5 files: written, and read within limits, as from a stranger.

Links that lead out of the file, datasets made of other files, filters that would load code and shapes out of proportion
are refused.
"""

from __future__ import annotations

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


def entries(group: Any) -> list[str]:
    """Returns the names in a group.

    Raises:
        CorruptFileError: One of them is a link out of the file.
    """
    import h5py

    names = list(group)
    for name in names:
        if group.id.links.get_info(name.encode("utf-8", "surrogateescape")).type != h5py.h5l.TYPE_HARD:
            raise CorruptFileError(f"{group.name}/{name} is a link that leads elsewhere")
    return names


def child(group: Any, name: str) -> Any:
    """Returns the group or dataset of a name in a group, or None.

    Raises:
        CorruptFileError: It is a link out of the file.
    """
    import h5py

    if not isinstance(group, h5py.Group):
        return None
    key = name.encode("utf-8", "surrogateescape")
    if not group.id.links.exists(key):
        return None
    if group.id.links.get_info(key).type != h5py.h5l.TYPE_HARD:
        raise CorruptFileError(f"{group.name}/{name} is a link that leads elsewhere")
    return group[name]


def at(group: Any, path: str) -> Any:
    """Returns the group or dataset at a path, or None."""
    for part in path.split("/"):
        if part and group is not None:
            group = child(group, part)
    return group


def checked(dataset: Any) -> Any:
    """Returns a dataset after a check that it declares no more than it stores.

    Raises:
        CorruptFileError: It is made of other files, of objects, or of more elements than it can store.
    """
    import h5py

    if not isinstance(dataset, h5py.Dataset):
        raise CorruptFileError(f"{getattr(dataset, 'name', dataset)} is no dataset")
    _check(dataset.id, lambda: dataset.name)
    return dataset


def _check(identifier: Any, name: Callable[[], str]) -> int:
    """Checks the dataset of an identifier of h5py; returns the number of its elements."""
    import h5py

    plan = identifier.get_create_plist()
    if plan.get_layout() == h5py.h5d.VIRTUAL or plan.get_external_count() > 0:
        raise CorruptFileError(f"{name()} is made of other files")
    space, dtype = identifier.get_space(), identifier.dtype
    if space.get_simple_extent_type() == h5py.h5s.NULL or not _is_number(dtype):
        raise CorruptFileError(f"{name()} holds {dtype}, not numbers")
    for i in range(plan.get_nfilters()):
        if plan.get_filter(i)[0] not in _FILTERS:
            raise CorruptFileError(
                f"{name()} is stored with the filter {plan.get_filter(i)[0]}, which is not supported"
            )
    shape = space.get_simple_extent_dims()
    count: int = math.prod(shape)
    if count * dtype.itemsize > FREE_BYTES + _RATIO * identifier.get_storage_size():
        raise CorruptFileError(f"{name()} declares the shape {shape}, out of all proportion to what it stores")
    return count


def _is_number(dtype: Any) -> bool:
    """Whether elements are numbers, or bytes that may be bfloat16."""
    return dtype.kind in "fiubV" and not dtype.names and not dtype.subdtype


def numbers(dataset: Any) -> NDArray[Any]:
    """Returns the values of a dataset; bfloat16 becomes float32."""
    dataset = checked(dataset)
    kind = dataset.attrs.get("dtype")
    array: NDArray[Any] = np.asarray(dataset[()])
    if array.dtype.kind == "V" or (kind in ("bfloat16", b"bfloat16") and array.dtype.itemsize == 2):
        if array.dtype.itemsize != 2 or kind not in ("bfloat16", b"bfloat16"):
            raise CorruptFileError(f"{dataset.name} holds {array.dtype}, not numbers")
        array = (array.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return array


def total_numbers(file: Any) -> int:
    """Returns the number of elements of all datasets of a file; each dataset is checked."""
    import h5py

    total = 0

    # An object of h5py's upper half for each of ten thousand datasets takes more time than all else here.
    def count(name: bytes) -> None:
        nonlocal total
        if h5py.h5o.get_info(file.id, name).type != h5py.h5o.TYPE_DATASET:
            return
        found = h5py.h5d.open(file.id, name)
        if found.get_space().get_simple_extent_type() != h5py.h5s.NULL and found.dtype.kind in "fiubV":
            total += _check(found, lambda: name.decode("utf-8", "replace"))

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
