"""The kernels of each instruction set: the best is chosen, all agree, none exports more than its table; and threads."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastnn import _core

BUILDS = _core.built_instruction_sets()

TRAIN = """
import json
import numpy as np
import fastnn
from fastnn import _core, layers, utils
utils.set_random_seed(3)
rng = np.random.default_rng(0)
x = rng.random((90, 12, 12, 3), dtype=np.float32)
y = (x.mean(axis=(1, 2, 3)) > 0.5).astype(int) + 2 * (x[:, 3, 3, 0] > 0.5)
model = fastnn.Sequential([
    layers.Conv2D(16, 3, padding="same", activation="relu", input_shape=(12, 12, 3)),
    layers.BatchNormalization(),
    layers.Conv2D(24, 3, activation="tanh"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dropout(0.2),
    layers.Dense(19, activation="gelu"),
    layers.Dense(4, activation="softmax"),
])
model.compile("adam", loss="sparse_categorical_crossentropy")
before = model.predict(x, verbose=0)
losses = model.fit(x, y, batch_size=32, epochs=2, verbose=0).history["loss"]
print(json.dumps({"isa": _core.build_info()["isa"], "before": before.tolist(), "losses": losses}))
"""


def run(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("FASTNN_ISA", "OMP_NUM_THREADS")}
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={**inherited, **environment}, timeout=120
    )


@pytest.fixture(scope="module")
def trained() -> dict[str, Any]:
    results = {}
    for isa in BUILDS:
        done = run(TRAIN, FASTNN_ISA=isa)
        assert done.returncode == 0, done.stderr
        results[isa] = json.loads(done.stdout)
    return results


def test_the_build_that_was_asked_for_runs(trained):
    assert trained and all(result["isa"] == isa for isa, result in trained.items())


def test_all_builds_agree(trained):
    first = trained[BUILDS[0]]
    for result in trained.values():
        np.testing.assert_allclose(result["before"], first["before"], atol=2e-6)
        np.testing.assert_allclose(result["losses"], first["losses"], rtol=1e-3)


def test_the_best_build_is_chosen():
    assert json.loads(run(TRAIN).stdout)["isa"] == BUILDS[0]


def test_an_instruction_set_that_cannot_be_used_is_refused():
    done = run("import fastnn", FASTNN_ISA="altivec")
    assert done.returncode != 0
    assert "FASTNN_ISA=altivec cannot be used" in done.stderr and "baseline" in done.stderr


@pytest.mark.skipif(shutil.which("nm") is None or sys.platform != "linux", reason="needs nm, and ELF libraries")
@pytest.mark.parametrize("isa", BUILDS)
def test_a_library_of_kernels_exports_one_symbol(isa):
    library = Path(_core._native.__file__).parent / f"_kernels_{isa}.so"
    listed = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    assert [line.split()[-1] for line in listed.splitlines()] == ["fastnn_kernels"]


def test_threads_follow_the_environment_and_the_affinity():
    count = "from fastnn import config; print(config.num_threads())"
    assert run(count, OMP_NUM_THREADS="3").stdout.strip() == "3"
    if hasattr(os, "sched_setaffinity"):
        one = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); " + count
        assert run(one).stdout.strip() == "1"
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    assert 1 <= int(run(count).stdout) <= processors


def test_show_config_says_what_runs(capsys):
    import fastnn

    fastnn.show_config()
    printed = capsys.readouterr().out
    for word in (_core.build_info()["isa"], "compiler", "eigen", "threads", fastnn.__version__):
        assert word in printed
    assert f"float64: {'built' if _core.has_doubles() else 'not built'}\n" in printed


@pytest.mark.parametrize("enabled", [True, False])
def test_a_python_without_the_gil_is_refused(enabled):
    """As far as this can be tried with another Python: a free-threaded one says whether the GIL is off."""
    done = run(f"import sys; sys._is_gil_enabled = lambda: {enabled}; import fastnn; print(fastnn.__version__)")
    if enabled:
        assert done.returncode == 0, done.stderr
    else:
        assert "ImportError: fastnn needs the GIL, which is off: start Python without PYTHON_GIL=0" in done.stderr
