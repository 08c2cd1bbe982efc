"""Elements of a dataset in one file: each array in NumPy's format, after a line that says how they belong together."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from fastnn.data import elements
from fastnn.data.elements import Structure


def cached_in_file(path: str | os.PathLike[str], source: Iterable[Structure]) -> Iterator[Structure]:
    """Yields the elements of a file; where there is none, those of a source, which a complete pass leaves in it.

    Args:
        path: The file.
        source: The elements.

    Raises:
        ValueError: The file holds no elements.
    """
    if os.path.exists(path):
        with open(path, "rb") as file:
            yield from _read(file, path)
        return
    # A pass that is given up leaves no file, and another process never sees half of one.
    partial = Path(f"{os.fspath(path)}.{os.getpid()}.partial")
    complete = False
    try:
        with partial.open("wb") as file:
            for one in source:
                _write(file, one)
                yield one
        complete = True
        os.replace(partial, path)
    finally:
        if not complete:
            partial.unlink(missing_ok=True)


def _form(structure: Structure) -> Any:
    if isinstance(structure, dict):
        return {"keys": list(structure), "of": [_form(one) for one in structure.values()]}
    if isinstance(structure, tuple):
        return [_form(one) for one in structure]
    return None if structure is None else "text" if structure.dtype.kind == "O" else "array"


def _write(file: IO[bytes], one: Structure) -> None:
    file.write(json.dumps(_form(one)).encode() + b"\n")
    for value in elements.values(one):
        array = value.view(np.ndarray)
        if array.dtype.kind == "O":
            texts = array.ravel().tolist()
            lengths = np.array([len(text) for text in texts], np.int64).reshape(array.shape)
            np.lib.format.write_array(file, lengths, allow_pickle=False)
            array = np.frombuffer(b"".join(texts), np.uint8)
        np.lib.format.write_array(file, array, allow_pickle=False)


def _read(file: IO[bytes], path: Any) -> Iterator[Structure]:
    def value(form: Any) -> Structure:
        if form is None:
            return None
        if isinstance(form, list):
            return tuple(value(one) for one in form)
        if isinstance(form, dict):
            return {key: value(one) for key, one in zip(form["keys"], form["of"], strict=True)}
        array = np.lib.format.read_array(file, allow_pickle=False)
        if form == "text":
            ends = np.cumsum(array.ravel()).tolist()
            whole = np.lib.format.read_array(file, allow_pickle=False).tobytes()
            texts = np.empty(array.shape, dtype=object)
            texts.reshape(-1)[:] = [whole[a:b] for a, b in zip([0, *ends], ends, strict=False)]
            array = texts
        return array.view(elements.Element)

    try:
        while line := file.readline():
            yield value(json.loads(line))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"Dataset.cache: {path} holds no elements of a dataset ({error}); delete it") from None
