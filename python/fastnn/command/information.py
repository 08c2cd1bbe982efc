"""`python -m fastnn info`: what is in a model file, without running any code of it."""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path
from typing import Any

from fastnn import models
from fastnn.command import columns
from fastnn.saving import hdf5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `info`."""
    parser.add_argument("model", type=Path, help="a file: .keras, .h5 or .weights.h5")


def run(arguments: argparse.Namespace) -> None:
    """Prints what is in the file.

    Raises:
        ValueError: The file is no model.
        OSError: It cannot be read.
    """
    path = arguments.model
    if not path.exists():
        raise ValueError(f"there is no file {str(path)!r}")
    size = path.stat().st_size
    print(f"file: {path}, {size:,} bytes")
    if path.name.endswith(".weights.h5"):
        _weights(path)
        return
    if zipfile.is_zipfile(path):
        import json

        with zipfile.ZipFile(path) as archive:
            if "metadata.json" in archive.namelist():
                said = json.loads(archive.read("metadata.json"))
                print(", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in said.items()))
    model = models.load_model(path)
    model.summary()
    for k, tensor in enumerate(model.inputs or ()):
        print(f"input {k}: {tensor.shape}, {tensor.dtype}")
    for k, tensor in enumerate(model.outputs or ()):
        print(f"output {k}: {tensor.shape}")
    if model.optimizer is not None:
        print(f"optimizer: {type(model.optimizer).__name__}, {int(model.optimizer.iterations)} steps done")
        print(f"loss: {_named(model.loss)}")
    if columns.description_file(path).exists():
        found = columns.load(path)
        classes = found.classes
        print("trained by python -m fastnn train; "
              + ("predicts a number" if classes is None else f"classes: {', '.join(classes)}"))  # fmt: skip


def _named(what: Any) -> str:
    return what if isinstance(what, str) else getattr(what, "name", None) or repr(what)


def _weights(path: Path) -> None:
    with hdf5.opened(path) as file:
        rows = [(one.name.lstrip("/"), one.shape) for one in hdf5.datasets(file)]
    for name, shape in rows:
        print(f"{name}: {tuple(shape)}")
    print(f"{len(rows)} arrays")
