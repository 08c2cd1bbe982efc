"""`.keras` archives: written, and read within limits.

An archive of zip holds the description of a model, its weights as an HDF5 file, and the assets of its layers.
Members with paths, members that no model file has and sizes out of proportion are refused.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from fastnn.saving.untrusted import FREE_BYTES, MOST_JSON_BYTES, CorruptFileError, parsed

CONFIG, METADATA, WEIGHTS, ASSETS = "config.json", "metadata.json", "model.weights.h5", "assets/"

_RATIO = 100
"""Most bytes that a member may declare for each byte of the archive, beyond `FREE_BYTES`."""


def write_archive(to: BinaryIO, texts: Mapping[str, str], weights: bytes, assets: Mapping[str, bytes]) -> None:
    """Writes a `.keras` archive. Members are stored without compression, in Keras' order."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
        archive.writestr(WEIGHTS, weights)
        for name, data in assets.items():
            archive.writestr(ASSETS + name, data)


def write_folder(to: Path, texts: Mapping[str, str], weights: bytes, assets: Mapping[str, bytes]) -> None:
    """Writes the members of a `.keras` archive as files into a folder that does not exist yet."""
    members = {name: text.encode() for name, text in texts.items()}
    members.update({WEIGHTS: weights, **{ASSETS + name: data for name, data in assets.items()}})
    for name, data in members.items():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (to / name).write_bytes(data)


class Archive:
    """Content of a `.keras` file.

    Attributes:
        config: Description of the model.
        weights: HDF5 file of the weights.
        assets: Files of layers, such as vocabularies, by path.
        metadata: Text of JSON with the version of Keras and the date; empty where the file does not say.
    """

    def __init__(self, config: Any, weights: bytes, assets: dict[str, bytes], metadata: bytes) -> None:
        self.config = config
        self.weights = weights
        self.assets = assets
        self.metadata = metadata


def _proper(name: str) -> bool:
    parts = name.split("/")
    return not (
        "\\" in name or ":" in name or "\0" in name or name.startswith("/") or any(p in ("", ".", "..") for p in parts)
    )


def read_archive(path: Path) -> Archive:
    """Returns the content of a `.keras` file, or of a directory with the same files.

    Raises:
        CorruptFileError: The archive is damaged, has members that no model file has, or declares more than it stores.
    """
    if path.is_dir():
        files = [path / name for name in (CONFIG, METADATA, WEIGHTS)] + sorted((path / ASSETS).rglob("*"))
        for one in files:
            if one.exists() and not one.resolve().is_relative_to(path.resolve()):
                raise CorruptFileError(f"{one.relative_to(path).as_posix()} is a link that leads elsewhere")
        return _archive({file.relative_to(path).as_posix(): file.read_bytes() for file in files if file.is_file()})
    with open(path, "rb") as file:
        return read_archive_from(file)


def read_archive_from(file: BinaryIO) -> Archive:
    """Returns the content of an open `.keras` file."""
    size = file.seek(0, os.SEEK_END)
    most = FREE_BYTES + _RATIO * size
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
                        raise CorruptFileError(
                            f"holds {name!r}, which is no part of a model file; it may run code and is not read"
                        )
                    raise CorruptFileError(f"holds {name[:80]!r}, which is no part of a model file")
                if name in members:
                    raise CorruptFileError(f"holds {name!r} twice")
                stored += info.compress_size
                most -= info.file_size
                if most < 0 or stored > size or (name == CONFIG and info.file_size > MOST_JSON_BYTES):
                    raise CorruptFileError(
                        f"declares {info.file_size} bytes for {name!r}, out of all proportion to its {size}"
                    )
                with archive.open(info) as member:
                    data = member.read(info.file_size + 1)
                if len(data) != info.file_size:
                    raise CorruptFileError(f"declares {info.file_size} bytes for {name!r} and stores {len(data)}")
                members[name] = data
    except (CorruptFileError, MemoryError):
        raise
    except Exception as error:
        # The errors of zipfile, struct and the compressors on damaged members have no common base.
        raise CorruptFileError(f"is no whole .keras archive: {error}") from error
    return _archive(members)


def _archive(members: dict[str, bytes]) -> Archive:
    for name in (CONFIG, WEIGHTS):
        if name not in members:
            raise CorruptFileError(f"holds no {name}")
    assets = {name[len(ASSETS) :]: data for name, data in members.items() if name.startswith(ASSETS)}
    return Archive(parsed(members[CONFIG]), members[WEIGHTS], assets, members.get(METADATA, b""))
