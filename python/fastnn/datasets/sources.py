"""Search for the files of data sets: the folder `FASTNN_DATA`, Keras' cache, the web.

Also the reading of arrays of Python objects in them, which runs no code.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.utils.downloads import cache_folder, get_file

ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
"""The folder of the web that has most of the files."""


def data_folders() -> Iterator[Path]:
    """Yields the folders in which files are sought before the web: `FASTNN_DATA`, then Keras' cache."""
    named = os.environ.get("FASTNN_DATA")
    if named:
        yield Path(named)
    yield cache_folder() / "datasets"


def provide(name: str, origin: str, file_hash: str | None = None, subfolder: str = "") -> Path:
    """Returns the path of a file, which is downloaded where it is found nowhere.

    Args:
        name: The name of the file, or the path of one that exists.
        origin: Its address on the web.
        file_hash: The hash of the one on the web. A file in `FASTNN_DATA` may be another.
        subfolder: The folder in the cache of data sets.

    Raises:
        OSError: The file cannot be downloaded; the message says where to put it.
    """
    if os.path.dirname(name) and os.path.exists(name):
        return Path(name)
    named = os.environ.get("FASTNN_DATA")
    if named:
        for found in (Path(named) / subfolder / name, Path(named) / name):
            if found.is_file():
                return found
    try:
        return Path(get_file(name, origin, cache_subdir=os.path.join("datasets", subfolder), file_hash=file_hash))
    except ConnectionError as error:
        raise ConnectionError(_with_folder(error)) from None


def provide_folder(name: str, archive: str, origin: str, file_hash: str) -> Path:
    """Returns the path of a folder out of an archive, which is downloaded where the folder is found nowhere.

    Args:
        name: The name of the folder.
        archive: The folder of the cache into which the archive is extracted.
        origin: The address of the archive.
        file_hash: The hash of the archive.

    Raises:
        OSError: The archive cannot be downloaded; the message says where to put it.
    """
    for folder in data_folders():
        for found in (folder / name, folder / archive / name):
            if found.is_dir():
                return found
    try:
        return Path(get_file(archive, origin, file_hash=file_hash, extract=True)) / name
    except ConnectionError as error:
        raise ConnectionError(_with_folder(error)) from None


def _with_folder(error: ConnectionError) -> str:
    named = os.environ.get("FASTNN_DATA")
    if named:
        missing = "has no such file" if os.path.isdir(named) else "does not exist"
        return f"{error}. The folder FASTNN_DATA={named} {missing}; put the file, or what is in the archive, there"
    return (
        f"{error}; or set the environment variable FASTNN_DATA to a folder that has the file, or what is in the archive"
    )


def read_words(name: str, origin: str, file_hash: str) -> dict[str, int]:
    """Returns the table of a JSON file from words to numbers; the arguments are those of `provide`."""
    with open(provide(name, origin, file_hash), encoding="utf-8") as file:
        words: dict[str, int] = json.load(file)
    return words


class _ArraysOnly(pickle.Unpickler):
    """Unpickler of arrays, lists, dictionaries, numbers and strings, which runs no code of the file."""

    _allowed: Mapping[tuple[str, str], Any] = {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("numpy.core.multiarray", "_reconstruct"): np.zeros(1).__reduce__()[0],
        ("numpy._core.multiarray", "_reconstruct"): np.zeros(1).__reduce__()[0],
    }

    def find_class(self, module: str, name: str) -> Any:
        """Returns what a name in the file stands for.

        Raises:
            UnpicklingError: It is no part of an array.
        """
        if (module, name) not in self._allowed:
            raise pickle.UnpicklingError(
                f"the file names {module}.{name}, which no data set needs: it is damaged, or was made to run code"
            )
        return self._allowed[module, name]


def unpickle(file: Any) -> Any:
    """Returns the object in an open pickle file, text as bytes.

    Raises:
        UnpicklingError: There is more in it than arrays, lists, dictionaries, numbers and strings.
    """
    return _ArraysOnly(file, encoding="bytes").load()


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Returns the arrays of an `.npz` file by name; those of Python objects are unpickled without running code.

    Raises:
        UnpicklingError: There is more in it than arrays and lists of numbers.
        ValueError: It is no such file.
    """
    found = {}
    if not zipfile.is_zipfile(path):
        raise ValueError(f"an .npz file was expected, got {path}; remove it, and it is downloaded again")
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if member.endswith(".npy"):
                found[member.removesuffix(".npy")] = _read_array(io.BytesIO(archive.read(member)))
    return found


def _read_array(file: io.BytesIO) -> NDArray[Any]:
    header = np.lib.format.read_array_header_1_0 if np.lib.format.read_magic(file)[0] == 1 else _later_header
    _, _, dtype = header(file)
    if dtype.hasobject:
        return np.asarray(unpickle(file))
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def _later_header(file: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    return np.lib.format.read_array_header_2_0(file)
