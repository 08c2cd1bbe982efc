"""Files of real Keras (tests/files, by `write_zoo.py` there): the same outputs, and training continues alike.

The oldest and the newest Keras 3 that install, and Keras 2.
"""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path

import numpy as np
import pytest

from fastnn import saving

FOLDER = Path(__file__).parent / "files"
STEMS = sorted({path.name.removesuffix(".npz") for path in FOLDER.glob("*.npz")})
MODELS = sorted(path.name for path in FOLDER.glob("*.keras")) + sorted(
    path.name for path in FOLDER.glob("*.h5.gz") if not path.name.endswith(".weights.h5.gz")
)
STEPS = 3


def unpacked(path, folder):
    """Returns a file of the zoo, decompressed."""
    if path.suffix != ".gz":
        return path
    out = folder / path.stem
    out.write_bytes(gzip.decompress(path.read_bytes()))
    return out


def listed(arrays, word):
    found = []
    while f"{word}{len(found)}" in arrays:
        found.append(arrays[f"{word}{len(found)}"])
    return found


def many(value):
    return value if isinstance(value, list) else [value]


def close(got, expected, tolerance):
    for one, other in zip(many(got), expected, strict=True):
        assert one.shape == other.shape
        assert np.abs(one - other).max() <= tolerance * max(1.0, np.abs(other).max())


def test_there_are_files_of_three_versions():
    versions = {stem.split("-")[0] for stem in STEMS}
    assert "2" in versions and len(versions) >= 3
    assert len(STEMS) >= 20
    assert set(MODELS) >= {f"{stem}.keras" for stem in STEMS}


@pytest.mark.parametrize("name", MODELS)
def test_outputs_and_training(name, tmp_path):
    path = FOLDER / name
    stem = name.removesuffix(".keras").removesuffix(".h5.gz")
    with np.load(FOLDER / f"{stem}.npz") as file:
        arrays = dict(file)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = saving.load_model(unpacked(path, tmp_path))
    xs, ys, after = listed(arrays, "x"), listed(arrays, "y"), listed(arrays, "after")
    x, y = (values if len(values) > 1 else values[0] if values else None for values in (xs, ys))
    close(model.predict(x, verbose=0), listed(arrays, "o"), 1e-6)
    if after:
        assert model.optimizer.iterations == 2
        model.fit(x, y, epochs=STEPS, batch_size=4, shuffle=False, verbose=0)
        # TensorFlow's fused batch normalization, which Keras 2 uses, updates moving variances by the unbiased variance.
        close(model.predict(x, verbose=0), after, 1e-3 if stem == "2-chain" else 1e-5)


@pytest.mark.parametrize("stem", [stem for stem in STEMS if stem.endswith("-chain")])
def test_weights_alone(stem, tmp_path):
    whole = saving.load_model(FOLDER / f"{stem}.keras")
    model = saving.load_model(FOLDER / f"{stem}.keras")
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    model.load_weights(unpacked(FOLDER / f"{stem}.weights.h5.gz", tmp_path))
    for one, other in zip(model.get_weights(), whole.get_weights(), strict=True):
        assert np.array_equal(one, other)
