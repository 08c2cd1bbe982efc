"""Coverage-guided search for files that crash the reader; needs the package atheris.

    python tests/fuzz.py -max_total_time=600

The first byte chooses the kind of the rest: an archive, the HDF5 file in one, or the description in one. All must end
in a model, a ValueError or an OSError.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["fastnn.saving"]):
    from fastnn import saving
    from fastnn.saving import archive as keras_archive

from test_saving import file_of

FOLDER = Path(tempfile.mkdtemp())


def parts_of_archive() -> dict[str, bytes]:
    whole = FOLDER / "whole.keras"
    whole.write_bytes(file_of("image"))
    with zipfile.ZipFile(whole) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


PARTS = parts_of_archive()


def one(data: bytes) -> None:
    kind, rest = data[:1], data[1:]
    path = FOLDER / "m.keras"
    if kind in (b"\0", b"\1"):
        parts = {**PARTS, keras_archive.CONFIG if kind == b"\0" else keras_archive.WEIGHTS: rest}
        with zipfile.ZipFile(path, "w") as archive:
            for name, part in parts.items():
                archive.writestr(name, part)
    else:
        path.write_bytes(rest)
    with contextlib.suppress(ValueError, OSError):
        saving.load_model(path)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    seeds = FOLDER / "seeds"
    seeds.mkdir()
    (seeds / "description").write_bytes(b"\0" + PARTS[keras_archive.CONFIG])
    (seeds / "weights").write_bytes(b"\1" + PARTS[keras_archive.WEIGHTS])
    (seeds / "archive").write_bytes(b"\2" + file_of("image"))
    atheris.Setup([*sys.argv, str(seeds), "-max_len=200000"], one)
    atheris.Fuzz()
