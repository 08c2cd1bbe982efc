"""Coverage-guided search for files that crash the reader; needs the package atheris.

    PYTHONPATH=tests python tests/fuzz.py [--plain] [--go-on] [folder of a corpus] -max_total_time=600 -timeout=20

An input is two bytes, which choose a door of the reader and a model, and what goes through that door. Descriptions
are changed as JSON and HDF5 files as trees, so that most inputs get past the parser; `--plain` changes bytes alone.
The first inputs are the files of all public layers, made here. All must end in a model, a ValueError, an OSError or a
MemoryError; files take little memory, and texts what their weights take, which is bounded here. The search ends at
the first input that does not, or goes on and keeps one of each kind (`--go-on`).
"""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import random
import resource
import sys
import tempfile
import traceback
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import atheris
import h5py
import numpy as np

with atheris.instrument_imports(include=["fastnn"]):
    import fastnn
    from fastnn import saving
    from fastnn.saving import archive as keras_archive
    from fastnn.saving.files import write_model

import mutated_configs
from test_saving import branched_model, image_model

FOLDER = Path(tempfile.mkdtemp())
MOST_BYTES = 100_000
MOST_MIB = 256
"""Most memory that reading an input may take."""


def all_models() -> list[Any]:
    """Returns small models, with every public layer among them."""
    found = [image_model(), branched_model()]
    for cls in mutated_configs.classes():
        model = mutated_configs.example(cls)
        if model is not None:
            found.append(model)
    return found[:256]


def members_of(model: Any) -> dict[str, bytes]:
    """Returns the members of the archive of a model."""
    file = io.BytesIO()
    write_model(model, file)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(model: Any, name: str, save: Callable[[Any, Path], None]) -> bytes:
    """Returns the file that a function writes."""
    save(model, FOLDER / name)
    return (FOLDER / name).read_bytes()


MODELS = all_models()
MEMBERS = [members_of(model) for model in MODELS]

# Doors ----------------------------------------------------------------------------------------------------------------


def archived(model: int, replaced: str, data: bytes) -> None:
    path = FOLDER / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in {**MEMBERS[model], replaced: data}.items():
            archive.writestr(name, part)
    saving.load_model(path)


def described(model: int, data: bytes) -> None:
    archived(model, keras_archive.CONFIG, data)


def weighed(model: int, data: bytes) -> None:
    archived(model, keras_archive.WEIGHTS, data)


def whole(model: int, data: bytes) -> None:
    (FOLDER / "m.keras").write_bytes(data)
    saving.load_model(FOLDER / "m.keras")


def older(model: int, data: bytes) -> None:
    (FOLDER / "m.h5").write_bytes(data)
    saving.load_model(FOLDER / "m.h5")


def only_weights(model: int, data: bytes) -> None:
    (FOLDER / "m.weights.h5").write_bytes(data)
    MODELS[model].load_weights(FOLDER / "m.weights.h5")


def text(model: int, data: bytes) -> None:
    fastnn.models.model_from_json(data.decode("utf-8", "replace"))


def one_object(model: int, data: bytes) -> None:
    saving.deserialize_keras_object(json.loads(data))


DOORS = [described, weighed, whole, older, only_weights, text, one_object]
OF_ANY_SIZE = {text, one_object}
"""Doors that make the weights that a text describes, however many; the memory of the process is limited below."""
OF_JSON, OF_HDF5 = {described, text, one_object}, {weighed, older, only_weights}


def first_inputs() -> dict[str, bytes]:
    """Returns the inputs that the search begins with, by name."""
    found = {}
    for i, (model, members) in enumerate(zip(MODELS, MEMBERS, strict=True)):
        config = members[keras_archive.CONFIG]
        parts = {described: config, weighed: members[keras_archive.WEIGHTS]}
        parts[one_object] = json.dumps(json.loads(config)["config"]["layers"][-1]).encode()
        if i % 10 < 2:
            file = io.BytesIO()
            write_model(model, file)
            parts |= {whole: file.getvalue(), text: config}
            parts[only_weights] = written(model, "m.weights.h5", lambda model, path: model.save_weights(path))
            with contextlib.suppress(ValueError):
                parts[older] = written(model, "m.h5", lambda model, path: model.save(path))
        for door, data in parts.items():
            if len(data) < MOST_BYTES:
                found[f"{i}-{door.__name__}"] = bytes([DOORS.index(door), i]) + data
    return found


# Changes --------------------------------------------------------------------------------------------------------------


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Returns the paths of all values in a value of JSON."""
    found = [path]
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            found += places(value[key], (*path, key))
    return found


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def changed_json(data: bytes, draw: random.Random) -> bytes:
    """Returns a description with some values replaced, copied, removed or renamed."""
    config = json.loads(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        ways = [path for path in places(config) if path]
        if not ways:
            break
        *way, last = draw.choice(ways)
        inner = at(config, tuple(way))
        kind = draw.randrange(6)
        if kind == 0:
            del inner[last]
        elif kind == 1:
            inner[last] = json.loads(json.dumps(at(config, draw.choice(ways))))
        elif kind == 2 and isinstance(inner, dict):
            inner[str(draw.choice([path[-1] for path in ways]))] = inner.pop(last)
        elif kind == 3 and isinstance(inner, list):
            inner.insert(last, json.loads(json.dumps(inner[last])))
        elif kind == 4 and isinstance(inner[last], (int, float)):
            inner[last] = inner[last] * draw.choice((-1, 0, 2, 3)) + draw.choice((-1, 0, 1))
        else:
            inner[last] = draw.choice(mutated_configs.VALUES)
    return json.dumps(config).encode()


def changed_hdf5(data: bytes, draw: random.Random) -> bytes:
    """Returns an HDF5 file with some of its groups, datasets and attributes replaced, linked, removed or renamed."""
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        for _ in range(draw.choice((1, 1, 2, 4))):
            names: list[str] = []
            file.visit(names.append)
            if not names:
                break
            name, other = draw.choice(names), draw.choice(names)
            kind = draw.randrange(7)
            attributes = file[draw.choice([name, "/"])].attrs
            if kind == 0:
                del file[name]
            elif kind == 1:
                del file[name]
                shape = tuple(draw.randrange(4) for _ in range(draw.randrange(4)))
                dtype = draw.choice(["f2", "f4", "f8", "i8", "u1", "?", "c8", "V3", "S5", "f4,i4"])
                file.create_dataset(name, shape, dtype, chunks=True if draw.random() < 0.3 and all(shape) else None)
            elif kind == 2:
                file.move(name, f"{name}{draw.choice(['x', '0', '/vars', '_1'])}")
            elif kind == 3 and not f"{name}/".startswith(f"{other}/") and not f"{other}/".startswith(f"{name}/"):
                del file[name]
                file[name] = draw.choice([h5py.SoftLink(f"/{other}"), h5py.ExternalLink("m.h5", other), file[other]])
            elif kind == 4 and len(attributes):
                key = draw.choice(list(attributes))
                value = attributes[key]
                if isinstance(value, (bytes, str)) and draw.random() < 0.8:
                    with contextlib.suppress(ValueError):
                        value = changed_json(value.encode() if isinstance(value, str) else value, draw)
                attributes[key] = draw.choice([value, np.zeros(0), np.float32([1, 2]), b"\xff", 5])
            elif kind == 5 and len(attributes):
                del attributes[draw.choice(list(attributes))]
            else:
                attributes[draw.choice(["layer_names", "weight_names0", "name", "dtype"])] = draw.choice([b"x", [b"a"]])
    return buffer.getvalue()


class Apart:
    """A function called in a process of its own, which is replaced where it dies or does not answer.

    The HDF5 library, which changes files as trees, does not survive each of those that it is given.

    Args:
        function: The function.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._begin()

    def _begin(self) -> None:
        self._pipe, there = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(target=self._answer, args=(there,), daemon=True)
        self._process.start()
        there.close()

    def _answer(self, pipe: Any) -> None:
        while True:
            arguments = pipe.recv()
            try:
                pipe.send(self._function(*arguments))
            except Exception:
                pipe.send(None)

    def __call__(self, *arguments: Any) -> Any:
        """Returns what the function returns, or None where it raises, dies or takes more than five seconds."""
        try:
            self._pipe.send(arguments)
            if self._pipe.poll(5):
                return self._pipe.recv()
        except (EOFError, OSError):
            pass
        self._process.kill()
        self._process.join()
        self._begin()
        return None


def changed(data: bytes, most: int, seed: int) -> bytes:
    """Returns another input made of one, as libFuzzer asks for it."""
    draw = random.Random(seed)
    head, rest = data[:2], data[2:]
    if len(head) < 2 or draw.random() < 0.01:
        return atheris.Mutate(data, most)
    door = DOORS[head[0] % len(DOORS)]
    if draw.random() < 0.85:
        new = None
        # What is no JSON or HDF5 any more, or not taken by HDF5, is changed as bytes.
        if door in OF_JSON:
            with contextlib.suppress(Exception):
                new = changed_json(rest, draw)
        elif door in OF_HDF5 and changed_apart is not None:
            new = changed_apart(rest, draw)
        if new is not None and len(head + new) <= most and new != rest:
            return head + new
    return head + atheris.Mutate(rest, most - 2)


def one(data: bytes) -> None:
    """Reads an input."""
    if len(data) < 2:
        return
    door = DOORS[data[0] % len(DOORS)]
    before = mutated_configs.reset_peak()
    with contextlib.suppress(ValueError, OSError, MemoryError):
        door(data[1] % len(MODELS), data[2:])
    mib = mutated_configs.peak_mib() - before
    assert door in OF_ANY_SIZE or mib <= MOST_MIB, f"{door.__name__} took {mib} MiB"


changed_apart: Apart | None = None
"""`changed_hdf5` in a process of its own, where it is used."""
_seen: set[tuple[str, str, int | None]] = set()


def one_of_many(data: bytes) -> None:
    """Reads an input, and keeps it if it ends in another way than all before."""
    try:
        one(data)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        kind = (type(error).__name__, last.filename, last.lineno)
        if kind not in _seen:
            _seen.add(kind)
            Path(f"found-{len(_seen)}").write_bytes(data)
            print(f"FOUND {len(_seen)}", *traceback.format_exception(error)[-8:], flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30), resource.RLIM_INFINITY))
    seeds = FOLDER / "seeds"
    seeds.mkdir()
    for name, data in first_inputs().items():
        (seeds / name).write_bytes(data)
    changed_apart = Apart(changed_hdf5)
    arguments = [one for one in sys.argv if one not in ("--plain", "--go-on")]
    # Folders stand behind each other; what is found goes into the first.
    atheris.Setup(
        [*arguments, str(seeds), f"-max_len={MOST_BYTES}"],
        one_of_many if "--go-on" in sys.argv else one,
        custom_mutator=None if "--plain" in sys.argv else changed,
    )
    atheris.Fuzz()
