"""Threads of a program beside one that trains: what they read is of one step."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import h5py
import numpy as np
import pytest

import fastnn
from fastnn import _core, layers, ops, saving
from fastnn.saving.tree import streams_of

COUNT = 12


class Counters(layers.Layer):
    """Weights of which each becomes smaller by 1 in each step of SGD(1.0)."""

    def build(self, input_shape):
        self.counters = [self.add_weight(shape=(150, 150), initializer="zeros", name=f"c{i}") for i in range(COUNT)]

    def call(self, x):
        self.add_loss(sum(ops.sum(counter) for counter in self.counters))
        return x


class Training:
    """A thread that trains a model of counters until the block ends."""

    def __init__(self, **arguments):
        self.model = fastnn.Sequential([fastnn.Input((1,)), Counters(), layers.Dropout(0.5)])
        self.model.compile(fastnn.optimizers.SGD(1.0, **arguments), "mse")
        self.x = np.zeros((64, 1), np.float32)
        self.model.fit(self.x, self.x, batch_size=1, verbose=0)

    def __enter__(self):
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._train)
        self._thread.start()
        return self.model

    def __exit__(self, *error):
        self._ends.set()
        self._thread.join()

    def _train(self):
        while not self._ends.is_set():
            self.model.fit(self.x, self.x, batch_size=1, verbose=0)


def numbers_in(arrays):
    return {float(value) for array in arrays for value in (np.min(array), np.max(array))}


def of_file(path):
    with h5py.File(path) as file:
        found = []
        file.visititems(lambda name, one: found.append(one[()]) if getattr(one, "shape", None) == (150, 150) else None)
        return found


READERS = {
    "get_weights": lambda model, path: model.get_weights(),
    "layer": lambda model, path: model.layers[0].get_weights(),
    "weights": lambda model, path: (model.save_weights(path / "m.weights.h5"), of_file(path / "m.weights.h5"))[1],
    "older file": lambda model, path: (model.save_weights(path / "m.h5"), of_file(path / "m.h5"))[1],
    "model": lambda model, path: (
        model.save(path / "m.keras"),
        saving.load_model(path / "m.keras", {"Counters": Counters}).get_weights(),
    )[1],
}


@pytest.mark.parametrize("kind", READERS)
def test_weights_of_one_step(tmp_path, kind):
    seen = set()
    ends = time.monotonic() + 120
    with Training() as model:
        while len(seen) < 8 and time.monotonic() < ends:
            found = numbers_in(READERS[kind](model, tmp_path))
            assert len(found) == 1, found
            seen |= found
    assert len(seen) == 8, "training has stood still"


def test_weights_and_optimizer_of_one_step(tmp_path):
    """With momentum 0.5 the velocity v follows from the number of steps t alone: v = -2 (1 - 0.5**t)."""
    steps = set()
    ends = time.monotonic() + 120
    with Training(momentum=0.5) as model:
        while len(steps) < 5 and time.monotonic() < ends:
            model.save(tmp_path / "m.keras")
            loaded = saving.load_model(tmp_path / "m.keras", {"Counters": Counters})
            step = int(loaded.optimizer.iterations.numpy())
            weights = 0.0
            velocity = 0.0
            for _ in range(step):
                velocity = np.float32(0.5) * np.float32(velocity) - np.float32(1)
                weights = np.float32(weights) + velocity
            assert numbers_in(loaded.get_weights()) == {float(weights)}
            steps.add(step)
    assert len(steps) == 5, "training has stood still"


@pytest.mark.parametrize("loaded", ["one core", "two cores"])
def test_weights_and_random_streams_of_one_step(tmp_path, loaded):
    """Each step of training draws once."""
    if loaded == "two cores":
        pytest.importorskip("fastnn._native64")
        _core.core_of_doubles()
    steps = set()
    ends = time.monotonic() + 120
    with Training() as model:
        while len(steps) < 5 and time.monotonic() < ends:
            model.save(tmp_path / "m.keras")
            loaded = saving.load_model(tmp_path / "m.keras", {"Counters": Counters})
            (stream,) = streams_of(loaded.layers[1])
            assert numbers_in(loaded.get_weights()) == {-float(stream.position)}
            steps.add(stream.position)
    assert len(steps) == 5, "training has stood still"


def test_models_with_a_layer_in_common_do_not_step_at_the_same_time():
    """Each step of each model makes the weights smaller by 1; a step that read them too early would be lost."""
    counters, x = Counters(), np.zeros((64, 1), np.float32)
    models = [fastnn.Sequential([fastnn.Input((1,)), counters]) for _ in range(3)]

    def train(model):
        for _ in range(4):
            model.fit(x, x, batch_size=1, verbose=0)

    for model in models:
        model.compile(fastnn.optimizers.SGD(1.0), "mse")
    threads = [threading.Thread(target=train, args=(model,)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers_in(counters.get_weights()) == {-3.0 * 4 * 64}


def test_set_weights_is_one_step():
    """A prediction reads the old weights or the new ones, not some of each."""
    model = fastnn.Sequential([fastnn.Input((1,)), *(layers.Dense(64, use_bias=False) for _ in range(6))])
    ones = [np.full_like(weight, 1 / weight.shape[0]) for weight in model.get_weights()]
    zeros = [np.zeros_like(weight) for weight in ones]
    model.set_weights(ones)
    x = np.ones((4, 1), np.float32)
    expected = {0.0, float(model(x)[0, 0])}
    ends = threading.Event()

    def switch():
        while not ends.is_set():
            model.set_weights(zeros)
            model.set_weights(ones)

    thread = threading.Thread(target=switch)
    thread.start()
    try:
        seen = {float(value) for _ in range(3000) for value in np.unique(np.asarray(model(x)))}
    finally:
        ends.set()
        thread.join()
    assert seen <= expected, seen


SMALL_FIT = (
    "import warnings\n"
    "with warnings.catch_warnings(record=True) as told:\n"
    "    warnings.simplefilter('always')\n"
    "    import fastnn\n"
    "import numpy as np\n"
    "model = fastnn.Sequential([fastnn.Input((200,)), fastnn.layers.Dense(300), fastnn.layers.Dense(100)])\n"
    "model.compile('sgd', 'mse')\n"
    "model.fit(np.ones((512, 200), np.float32), np.ones((512, 100), np.float32), verbose=0, batch_size=256)\n"
    "print(*(str(one.message) for one in told))\n"
)


@pytest.mark.parametrize(
    ("settings", "warning"),
    [
        ({"OMP_NUM_THREADS": "100000"}, "OMP_NUM_THREADS=100000 is more than this machine can run"),
        ({"OMP_STACKSIZE": "16k", "OMP_NUM_THREADS": "3"}, "OMP_STACKSIZE=16k is a stack in which its threads"),
        ({"OMP_STACKSIZE": "20", "OMP_NUM_THREADS": "3"}, "OMP_STACKSIZE=20 is a stack in which its threads"),
        ({"GOMP_STACKSIZE": "16384B"}, "GOMP_STACKSIZE=16384B is a stack in which its threads cannot run"),
        (
            {"OMP_STACKSIZE": "100G", "OMP_NUM_THREADS": "3"},
            "OMP_STACKSIZE=100G is a stack in which its threads",
        ),
        ({"OMP_STACKSIZE": "4M"}, ""),
        ({"OMP_STACKSIZE": "some", "OMP_NUM_THREADS": "many"}, ""),
        ({"OMP_NUM_THREADS": "-1"}, ""),
        ({"OMP_THREAD_LIMIT": "1"}, ""),
    ],
)
def test_settings_of_the_environment(settings, warning):
    run = subprocess.run(
        [sys.executable, "-c", SMALL_FIT], env={**os.environ, **settings}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert (warning in run.stdout) if warning else run.stdout == "\n"


def test_more_threads_than_the_machine_can_run():
    with pytest.raises(ValueError, match=r"expects at most \d+ threads on this machine, got 1000000"):
        fastnn.config.set_num_threads(10**6)
    fastnn.config.set_num_threads(64)
    assert fastnn.config.num_threads() == 64
