"""Model files with one argument of one layer replaced, and what reading each of them costs.

    python tests/mutated_configs.py [--every 1] [--from 0]

Every public layer, every argument, values of the wrong kind, huge, negative, nested and recursive ones. Each file must
end in a model, or a ValueError, TypeError, OSError or MemoryError, within `MOST_SECONDS` and `MOST_MIB` of memory
beyond the file.
"""

from __future__ import annotations

import argparse
import inspect
import io
import itertools
import json
import re
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastnn
from fastnn import layers, saving

MOST_SECONDS = 5.0
MOST_MIB = 256
EXPECTED = (ValueError, TypeError, OSError, MemoryError)

HUGE = 10**9
VALUES: list[Any] = [
    None, True, 0, -1, 1, 3, 4096, 1 << 20, HUGE, 1 << 62, 10**30, -HUGE, 0.5, -1e308, float("nan"), float("inf"), "",
    "/etc/passwd", "same", "relu", "tf_idf", "x" * 100_000, [], [1], [-1], [HUGE, HUGE], [1 << 20] * 2, [[1, 2], [3]],
    [[HUGE]], [1] * 2000, ["a", "b"], [None], {}, {"a": 1}, {"class_name": "Dense"},
    {"class_name": "Dense", "config": {"units": HUGE}, "module": "keras.layers"},
    {"class_name": "Sequential", "config": {"layers": []}, "module": "keras"},
    {"class_name": "system", "module": "os", "config": {}, "registered_name": "system"},
    {"class_name": "__numpy__", "config": {"value": ["a"], "dtype": "S2000000000"}},
    {"class_name": "__numpy__", "config": {"value": [1.0], "dtype": "O"}},
    {"class_name": "__tensor__", "config": {"value": [[1.0]], "dtype": "float32"}},
    {"class_name": "__slice__", "config": {"start": 0, "stop": HUGE, "step": 0}},
    {"class_name": "__lambda__", "config": {"value": ["4wEAAA==", None, None]}},
    {"class_name": "function", "module": "builtins", "config": "open", "registered_name": "open"},
]  # fmt: skip
"""Values that replace an argument."""

ARGUMENTS: dict[str, Any] = {
    "units": 3, "filters": 3, "kernel_size": 2, "rate": 0.2, "stddev": 0.1, "size": 2, "target_shape": [-1], "n": 3,
    "dims": [1], "axes": 1, "num_heads": 2, "key_dim": 2, "head_dim": 2, "num_query_heads": 2, "num_key_value_heads": 1,
    "input_dim": 9, "output_dim": 3, "num_tokens": 9, "num_bins": 5, "bin_boundaries": [0.5], "equation": "ab,bc->ac",
    "output_shape": 3, "factor": 0.2, "height": 2, "width": 2, "height_factor": 0.2, "width_factor": 0.2, "scale": 2.0,
    "vocabulary": [1, 2, 3], "activation": "relu", "cropping": 1, "padding": 1, "function": "relu", "groups": 1,
    "value_range": [0, 1], "low": 0.1, "upper": 0.9, "pool_size": 2,
}  # fmt: skip
"""Arguments of layers that have no defaults."""
OF_CLASSES: dict[str, dict[str, Any]] = {
    "GroupNormalization": {"groups": 1}, "Discretization": {"bin_boundaries": [0.5]}, "CategoryEncoding":
    {"num_tokens": 9}, "IntegerLookup": {"vocabulary": [1, 2, 3]}, "Lambda": {"function": "relu"},
}  # fmt: skip
"""Arguments without which a layer has no model."""
SHAPES = ((4,), (4, 4), (4, 4, 3), (4, 4, 4, 4), (4, 4, 4, 4, 4))


def example(cls: type) -> Any:
    """Returns a small model with one layer of a class, or None where one input does not do."""
    parameters = inspect.signature(cls).parameters.values()
    given = {p.name: ARGUMENTS[p.name] for p in parameters if p.default is p.empty and p.name in ARGUMENTS}
    needs = {p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    if "layer" in needs:
        inner = layers.LSTM(2) if cls is layers.Bidirectional else layers.Dense(2)
        given["layer"] = inner
    if "cell" in needs:
        given["cell"] = layers.LSTMCell(2)
    given |= OF_CLASSES.get(cls.__name__, {})
    for shape, dtype, call in itertools.product(SHAPES, ("float32", "int32"), ("one", "list", "two")):
        try:
            x = fastnn.Input(shape, dtype=dtype)
            model = fastnn.Model(x, cls(**given)(*{"one": (x,), "list": ([x, x],), "two": (x, x)}[call]))
            model.get_config()
        except (ValueError, TypeError, NotImplementedError, AttributeError):
            continue
        return model
    return None


def classes() -> list[type]:
    """Returns the public layer classes."""
    found = [getattr(layers, name) for name in layers.__all__]
    return [one for one in found if isinstance(one, type) and issubclass(one, layers.Layer)]


def stored(model: Any) -> dict[str, bytes]:
    """Returns the members of a model's file."""
    file = io.BytesIO()
    saving.save_model(model, file)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, members: dict[str, bytes], config: Any) -> None:
    """Writes a file with another description."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**members, "config.json": json.dumps(config).encode()}.items():
            archive.writestr(name, data)


def cases() -> Iterator[tuple[str, dict[str, bytes], Any]]:
    """Yields (what was replaced, members of the file, description)."""
    for cls in classes():
        model = example(cls)
        if model is None:
            continue
        members = stored(model)
        text = members["config.json"].decode()
        for place, name in ((1, None), (0, "batch_shape"), (0, "dtype")):
            described = json.loads(text)["config"]["layers"][place]
            # Arguments that a file leaves out are read where they stand.
            extra = {} if name else dict.fromkeys(p for p in inspect.signature(cls).parameters if p != "kwargs")
            for argument in [name] if name else {**extra, **described["config"]}:
                for i, value in enumerate(VALUES):
                    config = json.loads(text)
                    config["config"]["layers"][place]["config"][argument] = value
                    yield f"{cls.__name__}.{argument} = VALUES[{i}]: {str(value)[:40]}", members, config
        # The layer many times over.
        first, layer = json.loads(text)["config"]["layers"][:2]
        chain = [{**layer, "config": {**layer["config"], "name": f"n{i}"}} for i in range(12)]
        config = {"class_name": "Sequential", "module": "keras", "config": {"name": "s", "layers": [first, *chain]}}
        yield f"{cls.__name__} x 12", members, config


def peak_mib() -> int:
    """Returns the peak of memory since `reset_peak`."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) >> 10


def reset_peak() -> int:
    """Forgets the peak; returns the memory in use."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak_mib()


def trial(path: Path, members: dict[str, bytes], config: Any) -> str:
    """Reads a file; returns what is wrong with how it ended, or ""."""
    write(path, members, config)
    before, begin = reset_peak(), time.monotonic()
    problem = ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            saving.load_model(path)
    except EXPECTED:
        pass
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        problem = f"{type(error).__name__}: {str(error)[:100]} ({where.filename.split('fastnn/')[-1]}:{where.lineno})"
    seconds, mib = time.monotonic() - begin, peak_mib() - before - path.stat().st_size // (1 << 20)
    if seconds > MOST_SECONDS:
        problem += f" {seconds:.1f} s"
    if mib > MOST_MIB:
        problem += f" {mib} MiB"
    return problem


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--show", action="store_true", help="print each case before it is tried")
    told = parser.parse_args()
    path = Path(tempfile.mkdtemp()) / "m.keras"
    bad = count = 0
    for i, (what, members, config) in enumerate(cases()):
        if i < told.first or i % told.every:
            continue
        if told.show:
            print(i, what, flush=True)
        count += 1
        problem = trial(path, members, config)
        if problem:
            bad += 1
            print(f"{i} {what} -> {problem}", flush=True)
    print(f"{count} files, {bad} with a problem")
    sys.exit(bad > 0)
