"""Models of many layers: what each further layer costs to build, to save and to load."""

from __future__ import annotations

import time

import h5py
import numpy as np
import pytest

import fastnn
from fastnn import layers, saving

X = np.ones((4, 3), np.float32)


def chain(count):
    return fastnn.Sequential([fastnn.Input((3,)), *(layers.Dense(3, activation="tanh") for _ in range(count))])


def graph(count):
    x = inputs = fastnn.Input((3,))
    for _ in range(count):
        x = layers.Dense(3, activation="tanh")(x)
    return fastnn.Model(inputs, x)


def seconds(work):
    begin = time.process_time()
    work()
    return time.process_time() - begin


@pytest.mark.parametrize("build", [chain, graph])
def test_the_thousandth_layer_costs_what_the_first_did(tmp_path, build):
    """Nothing looks at all layers for each of them."""
    found = {}
    for count in (150, 1200):
        model = build(count)
        model.compile("adam", "mse")
        model.train_on_batch(X, X)
        file = tmp_path / f"{count}.keras"
        works = {
            "build": lambda count=count: build(count),
            "save": lambda model=model, file=file: model.save(file),
            "load": lambda file=file: saving.load_model(file),
        }
        found[count] = {name: min(seconds(work) for _ in range(3)) / count for name, work in works.items()}
    for name, each in found[1200].items():
        assert each < 2.5 * found[150][name], (name, found)
        assert each < 0.02, (name, found)


def test_what_is_written_is_what_h5py_writes(tmp_path):
    """Datasets are made by calls of h5py's lower half; names with other letters and empty arrays are theirs too."""
    from fastnn.saving import hdf5

    arrays = {
        "0": np.arange(6, dtype=np.float32).reshape(2, 3),
        "group/inner/größe": np.float32(3.5),
        "empty": np.zeros((0, 3), np.float32),
        "turned": np.arange(6, dtype=np.int32).reshape(2, 3).T,
        "flags": np.array([True, False]),
        "half": np.ones(3, np.float16),
    }
    with hdf5.written(tmp_path / "one.h5") as file:
        for name, array in arrays.items():
            hdf5.write(file, name, array)
    with hdf5.written(tmp_path / "other.h5") as file:
        for name, array in arrays.items():
            file[name] = array
    with (
        h5py.File(tmp_path / "one.h5") as one,
        h5py.File(tmp_path / "other.h5") as other,
        hdf5.opened(tmp_path / "one.h5") as read,
    ):
        for name, array in arrays.items():
            assert one[name].dtype == other[name].dtype == array.dtype
            np.testing.assert_array_equal(one[name][()], array)
            np.testing.assert_array_equal(hdf5.numbers(hdf5.at(read, name)), array)
        names: list[str] = []
        one.visit(names.append)
        others: list[str] = []
        other.visit(others.append)
        assert names == others
    assert (tmp_path / "one.h5").stat().st_size == (tmp_path / "other.h5").stat().st_size
