"""Extraction of tar and zip archives, whose members cannot leave the folder."""

from __future__ import annotations

import os
import secrets
import shutil
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fastnn.caller import warn

_KINDS = ("tar", "zip")


def kinds_of(archive_format: str | Iterable[str] | None) -> tuple[str, ...]:
    """Returns the kinds of archives that an argument `archive_format` names.

    Args:
        archive_format: "auto", "tar", "zip", a list of them, or None for none.

    Raises:
        ValueError: It names another kind.
    """
    if archive_format is None:
        return ()
    if archive_format == "auto":
        return _KINDS
    kinds = (archive_format,) if isinstance(archive_format, str) else tuple(archive_format)
    unknown = [kind for kind in kinds if kind not in _KINDS]
    if unknown:
        raise ValueError(
            f"get_file expects archive_format 'auto', 'tar', 'zip', a list of them or None, got {unknown[0]!r}"
        )
    return kinds


def extract(archive: Path, folder: Path, kinds: Iterable[str]) -> bool:
    """Extracts an archive into a folder, which appears once it is whole, in place of one that was there.

    Members that would lie outside the folder, or link out of it, and special files are left out, with a warning.

    Args:
        archive: The path of the archive.
        folder: The folder to make.
        kinds: The kinds that are tried: "tar" (compressed ones too), "zip".

    Returns:
        False where the file is none of these kinds: then nothing is made.
    """
    open_archive = next((_OPENERS[kind] for kind in kinds if _TESTS[kind](archive)), None)
    if open_archive is None:
        return False
    token = secrets.token_hex(6)
    made = folder.parent / f".{folder.name}.{token}"
    made.mkdir()
    try:
        open_archive(archive, made)
        if folder.is_dir():
            former = folder.parent / f".{folder.name}.former.{token}"
            os.replace(folder, former)
            os.replace(made, folder)
            shutil.rmtree(former)
        else:
            os.replace(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return True


def _inside(folder: str, *parts: str) -> bool:
    """Returns whether a path, with all links in it followed, lies in a folder."""
    path = os.path.realpath(os.path.join(folder, *parts))
    return path == folder or path.startswith(folder + os.sep)


def _extract_tar(archive: Path, folder: Path) -> None:
    base = os.path.realpath(folder)
    safe: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(archive) as opened:
        # One by one: whether a member stays inside depends on the links that are there by then.
        for member in opened:
            fits = _inside(base, member.name) and (member.isreg() or member.isdir() or member.issym() or member.islnk())
            if member.issym():
                fits = fits and _inside(base, os.path.dirname(member.name), member.linkname)
            elif member.islnk():
                fits = fits and _inside(base, member.linkname)
            if not fits:
                _warn(member.name, archive)
                continue
            member.mode = 0o755 if member.isdir() else 0o644
            opened.extract(member, base, **safe)


def _extract_zip(archive: Path, folder: Path) -> None:
    base = os.path.realpath(folder)
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            if _inside(base, member.filename):
                opened.extract(member, base)
            else:
                _warn(member.filename, archive)


def _warn(member: str, archive: Path) -> None:
    warn(
        f"get_file left out {member!r} of {archive.name}: it would lie outside the folder, link out of it, or is no "
        "ordinary file"
    )


_TESTS = {"tar": tarfile.is_tarfile, "zip": zipfile.is_zipfile}
_OPENERS = {"tar": _extract_tar, "zip": _extract_zip}
