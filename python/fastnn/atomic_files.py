"""Files that appear under their name only once they are whole.

A file is written beside its destination and renamed to it at the end, so an interruption leaves the former file as it
was. The temporary file is locked while its process lives; one that nobody locks is removed by the next writer.
"""

from __future__ import annotations

import glob
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # a system without locks: then no temporary file is taken for abandoned
    fcntl = None  # type: ignore[assignment]

_TOKEN_BYTES = 6


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
    remove_leftovers(path)
    beside = path.parent / f".{path.name}.{secrets.token_hex(_TOKEN_BYTES)}"
    lock: int | None = None
    try:
        lock = os.open(beside, os.O_CREAT | os.O_RDWR, 0o666)
        _take(lock)
        yield beside
        os.fsync(lock)
        os.replace(beside, path)
    finally:
        if lock is not None:
            os.close(lock)
        with suppress(FileNotFoundError):
            beside.unlink()
    _sync_directory(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lets one process at a time run the block; the others wait.

    Args:
        path: File that is locked. It is there during the block alone.
    """
    handle = _locked_handle(path)
    try:
        yield
    finally:
        # Before the lock is given up: whoever waits for it finds that the name is gone, and begins anew.
        with suppress(OSError):
            path.unlink()
        os.close(handle)


def _locked_handle(path: Path) -> int:
    """Returns a handle of the file of this name, locked."""
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
        try:
            if fcntl is None:
                return handle
            fcntl.flock(handle, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):  # removed by the one who had it
                if os.path.samestat(os.fstat(handle), path.stat()):
                    return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def remove_leftovers(path: Path, pattern: str = "") -> None:
    """Removes the temporary files of processes that were killed while they wrote `path`.

    Args:
        path: The destination; its folder need not exist.
        pattern: Names of destinations in that folder, as for `glob`; "": the name of `path` alone.
    """
    for rest in path.parent.glob(f".{pattern or glob.escape(path.name)}.*"):
        if re.fullmatch(rf".*\.[0-9a-f]{{{2 * _TOKEN_BYTES}}}", rest.name) and rest.is_file():
            with suppress(OSError):
                handle = os.open(rest, os.O_RDWR)
                try:
                    if _take(handle):
                        rest.unlink()
                finally:
                    os.close(handle)


def _take(handle: int) -> bool:
    """Locks an open file; returns False where another process holds the lock, or the system has none."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sync_directory(path: Path) -> None:
    """Makes a renaming outlive a power failure, where the system can open directories."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
