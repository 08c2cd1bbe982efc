"""Files that appear under their name only once they are whole.

A file is written beside its destination and renamed to it at the end, so an interruption leaves the former file as it
was.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`; at the end of the block the file there becomes `path`.

    The data are on the disk before the renaming. If the block raises, the temporary file is removed.

    Args:
        path: The destination.

    Raises:
        IsADirectoryError: `path` is a directory.
        FileNotFoundError: The directory of `path` does not exist.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a directory; give the file a name")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path.parent} is no directory; make it first: os.makedirs({str(path.parent)!r})")
    beside = path.parent / f"{_beside(path)}{secrets.token_hex(6)}"
    try:
        yield beside
        with open(beside, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()
    _sync_directory(path.parent)


def remove_leftovers(path: Path) -> None:
    """Removes the temporary files of processes that were killed while they wrote `path`."""
    for rest in path.parent.glob(f"{_beside(path)}*"):
        rest.unlink()


def _beside(path: Path) -> str:
    """Returns how the names of the temporary files of `path` begin."""
    return f".{path.name}."


def _sync_directory(path: Path) -> None:
    """Makes a renaming outlive a power failure, where the system can open directories."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
