"""HDF5 files written through h5py."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.precision import BFLOAT16


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


def write(group: Any, name: str, array: NDArray[Any], held: str = "") -> None:
    """Writes an array into a group: what `group[name] = array` writes, in a third of its time.

    Args:
        group: A group of an open file.
        name: Name of the dataset; groups in it are made if they are missing.
        array: Numbers of any shape.
        held: "bfloat16" for floats of that type, which are written in 16 bits, as Keras writes them.
    """
    import h5py

    array = np.asarray(array, order="C")
    if held == BFLOAT16:
        bits = array.astype(np.float32).reshape(-1).view(np.uint32)
        array = (bits >> 16).astype(np.uint16).view("V2").reshape(array.shape)
    space = h5py.h5s.create_simple(array.shape) if array.shape else _scalar()
    made = h5py.h5d.create(group.id, None, _type_of(array.dtype), space, _without_times())
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, array, _type_of(array.dtype))
    if held == BFLOAT16:
        h5py.h5a.create(made, b"dtype", _type_of(h5py.string_dtype()), _scalar()).write(np.array(held, object))
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
