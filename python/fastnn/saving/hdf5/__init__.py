"""HDF5 files: written through h5py (`writing`), and read within limits by a reader of our own (`reading`).

`source` gives bytes of a file, `indexes` finds things in it, `messages` tells what the header of an object says.
"""

from fastnn.saving.hdf5.reading import (
    Dataset,
    Group,
    at,
    checked,
    child,
    children,
    datasets,
    numbers,
    opened,
    size_of,
    text_of,
    texts,
    total_numbers,
)
from fastnn.saving.hdf5.writing import group_at, write, written

__all__ = [
    "Dataset",
    "Group",
    "at",
    "checked",
    "child",
    "children",
    "datasets",
    "group_at",
    "numbers",
    "opened",
    "size_of",
    "text_of",
    "texts",
    "total_numbers",
    "write",
    "written",
]
