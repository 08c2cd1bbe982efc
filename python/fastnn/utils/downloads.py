"""Files from the web, kept in a cache: `get_file`.

A file appears under its name once it is whole and its hash is right. What has come of an interrupted download stays
beside it (`*.part`), and the next call goes on from there, where the server says that the file is still the same.
"""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from fastnn import console
from fastnn.atomic_files import locked
from fastnn.callbacks.progress_bar import Progbar
from fastnn.utils.archives import extract as extract_archive
from fastnn.utils.archives import kinds_of

_CHUNK = 1 << 16
_TIMEOUT = 30.0
_PARTIAL = 206
_NOT_SATISFIABLE = 416


def cache_folder() -> Path:
    """Returns the folder of Keras' cache: `$KERAS_HOME`, or `~/.keras`."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()


class _Hash(NamedTuple):
    """The hash that a file must have."""

    algorithm: str
    digest: str

    def of(self, path: Path) -> str:
        """Returns the hash of a file."""
        found = hashlib.new(self.algorithm, usedforsecurity=False)
        with open(path, "rb") as file:
            while chunk := file.read(1 << 20):
                found.update(chunk)
        return found.hexdigest()


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | Iterable[str] | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """Returns the path of a file of the web, which is downloaded where the cache does not have it.

    A download that breaks off is continued by the next call. Several processes may ask for the same file at once.

    Args:
        fname: Name of the file in the cache; None: the last part of `origin`. With `extract`, a name without a dot is
            that of the folder.
        origin: The address of the file.
        untar: Whether to extract a tar archive; `extract` is newer.
        md5_hash: The MD5 hash of the file; `file_hash` is newer.
        file_hash: The hash that the file must have, in hexadecimal digits.
        cache_subdir: Folder in the cache, or an absolute path.
        hash_algorithm: `"md5"`, `"sha256"`, or `"auto"`: by the length of `file_hash`.
        extract: Whether to extract an archive. Members cannot leave the folder.
        archive_format: The kind of archive: `"tar"` (compressed ones too), `"zip"`, a list of them, `"auto"` for both,
            or None for none.
        cache_dir: The cache; None: the folder that the environment variable `KERAS_HOME` names, or `~/.keras`.
        force_download: Whether to download the file also where the cache has it.

    Returns:
        The path of the file, or of the folder with what was extracted.

    Raises:
        ValueError: An argument is out of its range, the file has another hash, or it is no archive.
        OSError: The file cannot be downloaded; the message says where to put it by hand.

    Example:
        >>> import os, pathlib
        >>> _ = pathlib.Path("numbers.txt").write_text("1 2 3")
        >>> path = fastnn.utils.get_file(origin=pathlib.Path("numbers.txt").resolve().as_uri(), cache_dir="cache")
        Downloading data from file:...
        >>> os.path.relpath(path)
        'cache/datasets/numbers.txt'
    """
    if origin is None:
        raise ValueError("get_file expects origin, the address of the file, got None")
    if not urllib.parse.urlsplit(origin).scheme or os.path.isabs(origin):
        there = Path(origin).exists()
        mend = f"{Path(origin).resolve().as_uri()!r} names this file" if there else f"such as {'https://' + origin!r}"
        raise ValueError(f"get_file expects origin to be an address with its scheme, got {origin!r}; {mend}")
    name = os.fspath(fname) if fname else os.path.basename(urllib.parse.urlsplit(origin).path)
    if not name:
        raise ValueError(f"get_file finds no name of a file in {origin!r}; give fname")
    if os.path.basename(name) != name or name in (".", ".."):
        raise ValueError(f"get_file expects fname without a folder, got {name!r}; give cache_dir or cache_subdir too")
    wanted = _hash(md5_hash, file_hash, hash_algorithm)
    kinds = kinds_of("tar" if untar else archive_format)
    folder = (cache_folder() if cache_dir is None else Path(cache_dir).expanduser()) / cache_subdir
    unpacked = extract or untar
    target, extracted = folder / name, folder / name
    if unpacked and fname and "." in name:
        extracted = folder / f"{name[: name.index('.')]}_extracted"
    elif unpacked:
        target = folder / f"{name}_archive"
    fresh = _provide(target, origin, wanted, force_download)
    if not unpacked:
        return str(target)
    if (fresh or not extracted.is_dir()) and not extract_archive(target, extracted, kinds):
        raise ValueError(
            f"get_file expects an archive ({' or '.join(kinds) or 'archive_format is None'}) where extract=True, got "
            f"{target}"
        )
    return str(extracted)


def _hash(md5_hash: str | None, file_hash: str | None, algorithm: str) -> _Hash | None:
    if algorithm not in ("auto", "md5", "sha256"):
        raise ValueError(f"get_file expects hash_algorithm 'auto', 'md5' or 'sha256', got {algorithm!r}")
    if file_hash is None:
        return None if md5_hash is None else _Hash("md5", md5_hash.lower())
    if algorithm == "auto":
        algorithm = "sha256" if len(file_hash) == 64 else "md5"
    return _Hash(algorithm, file_hash.lower())


def _provide(target: Path, origin: str, wanted: _Hash | None, force: bool) -> bool:
    """Makes sure that the file is there; returns whether it was downloaded."""
    if not force and _is_whole(target, wanted):
        return False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.with_name(f".{target.name}.lock")):
            # Another process may have downloaded it meanwhile.
            if not force and _is_whole(target, wanted):
                return False
            if target.exists() and not force:
                console.write(f"{target} has another hash than the file at {origin}, and is downloaded again")
            console.write(f"Downloading data from {origin}")
            part = _Part(target)
            try:
                part.download(origin)
            except urllib.error.HTTPError as error:
                raise OSError(_failure(origin, f"{error.code} {error.reason}", target, wanted)) from None
            except urllib.error.URLError as error:
                raise ConnectionError(_failure(origin, str(error.reason), target, wanted)) from None
            except (ConnectionError, TimeoutError) as error:
                raise ConnectionError(_failure(origin, str(error), target, wanted)) from None
            part.place(origin, wanted)
    except PermissionError as error:
        raise PermissionError(
            f"get_file cannot write to {target.parent} ({error.strerror}); give cache_dir, or set KERAS_HOME"
        ) from None
    return True


def _is_whole(path: Path, wanted: _Hash | None) -> bool:
    return path.is_file() and (wanted is None or wanted.of(path) == wanted.digest)


def _failure(origin: str, reason: str, target: Path, wanted: _Hash | None) -> str:
    known = "" if wanted is None else f", whose {wanted.algorithm} is {wanted.digest}"
    return (
        f"get_file could not download {origin}: {reason}. Where this machine has no network, put the file there by "
        f"other means: {target}{known}"
    )


class _Part:
    """The part of a file that has come, and by which tag the server knows this version of it."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(f"{target.name}.part")
        self.tag = target.with_name(f"{target.name}.part.tag")

    def download(self, origin: str) -> None:
        """Downloads what is missing.

        Raises:
            ConnectionError: The connection broke off; what has come stays.
        """
        have = self.path.stat().st_size if self.path.is_file() and self.tag.is_file() else 0
        request = urllib.request.Request(origin, headers={"User-Agent": "fastnn"})
        if have:
            request.add_header("Range", f"bytes={have}-")
            request.add_header("If-Range", self.tag.read_text())
        try:
            response = urllib.request.urlopen(request, timeout=_TIMEOUT)
        except urllib.error.HTTPError as error:
            if error.code != _NOT_SATISFIABLE or not have:
                raise
            self.remove()  # longer than the file on the web
            self.download(origin)
            return
        with response:
            begin = have if getattr(response, "status", None) == _PARTIAL else 0
            self._receive(response, begin)

    def _receive(self, response: Any, begin: int) -> None:
        stated = response.headers.get("Content-Length")
        total = None if stated is None else begin + int(stated)
        tag = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
        self.tag.unlink(missing_ok=True)
        bar = Progbar(total, unit_name="byte")
        have = begin
        with open(self.path, "r+b" if begin else "wb") as file:
            file.seek(begin)
            file.truncate()
            if tag and not tag.startswith("W/"):  # a weak tag does not promise the same bytes
                self.tag.write_text(tag)
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                have += len(chunk)
                bar.update(have, finalize=have == total)
            file.flush()
            os.fsync(file.fileno())
        if total is None:
            bar.update(have, finalize=True)
        elif have < total:
            bar.close()
            raise ConnectionError(
                f"the connection ended after {have} of {total} bytes; the next call goes on from there"
            )

    def place(self, origin: str, wanted: _Hash | None) -> None:
        """Checks the whole file, and gives it its name.

        Raises:
            ValueError: It has another hash; then it is removed.
        """
        if wanted is not None and (got := wanted.of(self.path)) != wanted.digest:
            self.remove()
            raise ValueError(
                f"get_file expects a file of {wanted.algorithm} {wanted.digest} at {origin}, got {got}: it is damaged, "
                "or another version; call again, or leave the hash out if you trust it"
            )
        os.replace(self.path, self.target)
        self.remove()

    def remove(self) -> None:
        """Removes what has come."""
        self.path.unlink(missing_ok=True)
        self.tag.unlink(missing_ok=True)
