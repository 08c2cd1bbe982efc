"""Training by several processes: bits, faults, files; scripts that `mpiexec` starts."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from two_hosts import run as on_hosts
from two_hosts import two_hosts

import fastnn
from fastnn import layers
from fastnn.distribution import (
    DataParallel,
    DeviceMesh,
    LayoutMap,
    ModelParallel,
    TensorLayout,
    distribute_tensor,
    distribution,
    get_device_count,
    initialize,
    list_devices,
    set_distribution,
    watch,
)

HERE = Path(__file__).parent
pytest.importorskip("mpi4py")


def launch(
    processes: int, script: str, *arguments: Any, threads: int = 1, apart: bool = False
) -> subprocess.CompletedProcess[str]:
    """Runs a script on several processes; `apart`: they share no memory, as on hosts of their own."""
    mpiexec = Path(sys.executable).with_name("mpiexec")
    launcher = str(mpiexec) if mpiexec.exists() else "mpiexec"
    python = Path(fastnn.__file__).parents[1]
    path = os.pathsep.join([str(python), *filter(None, [os.environ.get("PYTHONPATH")])])
    settings = {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": path, "FASTNN_TEST_APART": "1" if apart else ""}
    return subprocess.run(
        [launcher, "-n", str(processes), sys.executable, str(HERE / script), *map(str, arguments)],
        env={**os.environ, **settings},
        text=True, capture_output=True, timeout=120,
    )  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, bool], dict[str, Any]]:
    """What the cases of `training.py` give on 1 to 4 processes, which share memory or are apart."""
    found = {}
    for processes, threads, apart in (
        (1, 3, False),
        (2, 1, False),
        (3, 2, False),
        (4, 1, False),
        (2, 1, True),
        (3, 1, True),
    ):
        file = tmp_path_factory.mktemp("results") / f"{processes}.npz"
        run = launch(processes, "training.py", file, threads=threads, apart=apart)
        assert run.returncode == 0, run.stderr
        assert run.stdout == ""
        told = [line for line in run.stderr.splitlines() if "every process computes whole batches" in line]
        assert len(told) == (3 if processes > 1 else 0), run.stderr
        with np.load(file) as arrays:
            found[processes, apart] = dict(arrays)
    return found


@pytest.mark.parametrize(("processes", "apart"), [(2, False), (3, False), (4, False), (2, True), (3, True)])
def test_bits_do_not_depend_on_the_number_of_processes(
    results: dict[tuple[int, bool], dict[str, Any]], processes: int, apart: bool
) -> None:
    one, several = results[1, False], results[processes, apart]
    assert list(one) == list(several)
    assert len(one) > 50
    assert [name for name in one if one[name].tobytes() != several[name].tobytes()] == []


def test_parts_give_what_whole_batches_give(results: dict[tuple[int, bool], dict[str, Any]]) -> None:
    """Sums are cut elsewhere: the last digits differ, and no more, but for a bias before a normalization.

    Its gradient is zero but for rounding, of which Adam makes steps of 1e-5.
    """
    sys.path.insert(0, str(HERE))
    try:
        from training import CASES
    finally:
        sys.path.remove(str(HERE))

    for name, code in CASES.items():
        fastnn.utils.set_random_seed(3)
        for key, value in code().items():
            np.testing.assert_allclose(results[2, False][f"{name}: {key}"], value, rtol=1e-4, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("apart", [False, True])
def test_normalization_takes_the_whole_batch_as_in_keras_on_two_devices(apart: bool) -> None:
    run = launch(2, "as_keras.py", apart=apart)
    assert run.returncode == 0 and run.stdout.count("as Keras") == 2, run.stderr


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("raise", "process 1 of 2 has raised"),
        ("kill", "process 1 of 2 has died"),
        ("stop", "process 1 of 2 gives no sign of life"),
        ("leave", "waits for process 1, which has ended its script"),
    ],
)
def test_a_process_that_fails_ends_the_others(fault: str, words: str, apart: bool) -> None:
    run = launch(2, "faults.py", fault, apart=apart)
    ended = time.time()
    assert run.returncode != 0
    if fault == "raise":
        assert "RuntimeError: of the third layer" in run.stderr
    elif fault != "kill":  # there the launcher may be first to see it
        assert words in run.stderr, run.stderr
    (began,) = re.findall(r"fault at ([\d.]+)", run.stdout)
    assert ended - float(began) < 10


@pytest.mark.parametrize(("delay", "apart"), [(0.4, False), (0.5, False), (0.6, False), (0.5, True)])
def test_ctrl_c_leaves_every_process_after_a_whole_step(delay: float, apart: bool) -> None:
    run = launch(2, "faults.py", "interrupt", 10**6, delay, apart=apart)
    stopped = re.findall(r"stopped (\d+) (\d+)", run.stdout)
    assert run.returncode == 0 and len(stopped) == 2, run.stderr
    for steps, weights in set(stopped):
        assert f"stopped {steps} {weights}\n" in launch(1, "faults.py", "interrupt", steps, 0).stdout


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("other model", "process 2 and process 0 differ in the weights"),
        ("other rows", "process 2 and process 0 differ in the number of rows: 63 and 64"),
        ("other data", "process 2 and process 0 differ in the first row of x"),
    ],
)
def test_processes_that_differ_are_named_before_the_first_step(fault: str, words: str) -> None:
    run = launch(3, "faults.py", fault)
    assert run.returncode != 0 and words in run.stderr, run.stderr


def test_processes_begin_with_the_state_of_the_first() -> None:
    run = launch(3, "faults.py", "unseeded")
    assert run.returncode == 0 and run.stdout.count("done") == 3, run.stderr


def test_each_process_may_have_rows_of_its_own() -> None:
    run = launch(2, "faults.py", "own rows")
    assert run.returncode == 0 and run.stdout.count("done") == 2, run.stderr


def test_normalization_of_the_rows_of_each_process() -> None:
    run = launch(3, "faults.py", "not synchronized")
    assert run.returncode == 0 and run.stdout.count("done") == 3, run.stderr


def test_the_first_process_alone_prints_and_writes(tmp_path: Path) -> None:
    run = launch(3, "faults.py", "files", tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("Epoch 1/9") == 1 and run.stdout.count("done") == 3
    assert sorted(f.name for f in tmp_path.iterdir()) == [*(f"epoch-{n}-of-0" for n in range(3)), "log.csv"]
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 4


def test_training_goes_on_with_another_number_of_processes(tmp_path: Path) -> None:
    whole, interrupted = tmp_path / "whole", tmp_path / "interrupted"
    whole.mkdir()
    interrupted.mkdir()
    assert launch(1, "faults.py", "backup", whole).returncode == 0
    assert launch(3, "faults.py", "backup", interrupted, 11).returncode != 0
    assert launch(2, "faults.py", "backup", interrupted, 14).returncode != 0
    run = launch(2, "faults.py", "backup", interrupted)
    assert run.returncode == 0, run.stderr
    with np.load(whole / "weights-1.npz") as one, np.load(interrupted / "weights-2.npz") as other:
        assert [one[name].tobytes() for name in one] == [other[name].tobytes() for name in other]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_a_process_killed_at_any_moment(seed: int, tmp_path: Path) -> None:
    random = np.random.default_rng(seed)
    whole, interrupted = tmp_path / "whole", tmp_path / "interrupted"
    whole.mkdir()
    interrupted.mkdir()
    begin = time.monotonic()
    assert launch(2, "faults.py", "sudden", whole, 0, -1).returncode == 0
    longest = time.monotonic() - begin
    killed, most = 0, longest
    while not killed and most > 0.05:
        # Where the first one has come to its end before it was to be killed, sooner.
        most /= 2
        shutil.rmtree(interrupted)
        interrupted.mkdir()
        for processes in random.integers(2, 4, 3):
            delay, victim = random.uniform(0.02, most), random.integers(processes)
            run = launch(int(processes), "faults.py", "sudden", interrupted, delay, victim)
            killed += run.returncode != 0
            if run.returncode == 0:
                break
    if not (interrupted / "weights.npz").exists():
        run = launch(2, "faults.py", "sudden", interrupted, 0, -1)
        assert run.returncode == 0, run.stderr
    assert killed, f"no process was killed within {longest:.1f} s"
    with np.load(whole / "weights.npz") as one, np.load(interrupted / "weights.npz") as other:
        assert [one[name].tobytes() for name in one] == [other[name].tobytes() for name in other]
    left = {path.name for path in interrupted.iterdir()} - {"weights.npz", "backup"}
    assert not left


@pytest.mark.slow
def test_two_hosts_with_a_slow_cable(
    results: dict[tuple[int, bool], dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hosts that share no memory, and no network but the one between them."""
    monkeypatch.setenv("FASTNN_TEST_APART", "1")
    mpiexec = str(Path(sys.executable).with_name("mpiexec"))
    try:
        with two_hosts("100mbit") as launcher:
            file = tmp_path / "results.npz"
            ended = on_hosts(launcher, mpiexec, [sys.executable, str(HERE / "training.py"), str(file)], 300)
            assert ended.returncode == 0, ended.stderr
            times = on_hosts(launcher, mpiexec, [sys.executable, str(HERE / "step_times.py")], 300)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"network namespaces cannot be made here: {error}")
    with np.load(file) as arrays:
        found = dict(arrays)
    one = results[1, False]
    assert found.keys() == one.keys()
    assert not [name for name in found if found[name].tobytes() != one[name].tobytes()]
    ratio = float(times.stdout.rsplit("ratio", 1)[1])
    assert 0.5 < ratio < 2, times.stdout


def test_a_name_that_leads_to_another_host_is_left_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as right:
        port = right.getsockname()[1]
        with socket.create_server(("127.0.0.2", port)) as wrong:

            def answer(server: socket.socket, words: bytes) -> None:
                link, _ = server.accept()
                with link:
                    assert b"secret" in link.recv(100)
                    link.sendall(words)

            threads = [
                threading.Thread(target=answer, args=one)
                for one in ((wrong, b"HTTP/1.1 400\r\n"), (right, watch._WELCOME))
            ]
            for thread in threads:
                thread.start()
            link = watch._connected(["127.0.0.2", "127.0.0.1"], port, {"secret": "s", "rank": 1})
            assert link.getpeername() == ("127.0.0.1", port)
            link.close()
            for thread in threads:
                thread.join()
    with pytest.raises(RuntimeError, match=rf"process 0 cannot be reached at port {port} of 127.0.0.1: "):
        watch._connected(["127.0.0.1"], port, {"secret": "s", "rank": 1})


# One process, and the words of Keras.


@pytest.fixture
def alone() -> Any:
    set_distribution(DataParallel())
    yield
    set_distribution(None)


def compiled(*parts: Any, loss: str = "mse", metrics: Any = None) -> Any:
    model = fastnn.Sequential([layers.Input((4,)), *parts])
    model.compile("sgd", loss, metrics=metrics)
    return model


X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)


class Centered(layers.Layer):
    def call(self, x: Any) -> Any:
        return x - fastnn.ops.mean(x, axis=0)


class OwnStep(fastnn.Model):
    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


@pytest.mark.parametrize("kind", ["value of all rows", "state for each row", "step of its own"])
def test_models_that_cannot_be_cut_need_all_rows(kind: str) -> None:
    x = X
    if kind == "value of all rows":
        model, why = compiled(Centered(), layers.Dense(1)), "computes one value of all rows"
    elif kind == "state for each row":
        x = np.ones((5, 3, 2))
        model = fastnn.Sequential([layers.Input((3, 2), batch_size=5), layers.LSTM(2, stateful=True), layers.Dense(1)])
        model.compile("sgd", "mse")
        why = 'LSTM "lstm.*" (keeps a state for each row|writes a state)'
    else:
        inputs = layers.Input((4,))
        model, why = OwnStep(inputs, layers.Dense(1)(inputs)), "train_step is code of its own"
        model.compile("sgd", "mse")
    with (
        DataParallel(auto_shard_dataset=False).scope(),
        pytest.raises(ValueError, match=f"batches cannot be cut into parts .*since .*{why}; give every process all"),
    ):
        model.fit(x, np.ones((len(x), 1)), batch_size=5, verbose=0)


def test_a_distribution_that_is_taken_back_leaves_no_trace() -> None:
    found = []
    for steps in ([None], [DataParallel(), None]):
        fastnn.utils.set_random_seed(0)
        model = compiled(layers.Dense(5, "relu"), layers.Dense(1))
        start = model.get_weights()
        for one in steps:
            set_distribution(one)
            model.set_weights(start)
            model.evaluate(X, X[:, :1], verbose=0)
        found.append(model.evaluate(X, X[:, :1], verbose=0))
    assert found[0] == found[1]


def test_the_words_of_keras() -> None:
    initialize(num_processes=1, process_id=0)
    assert list_devices() == list_devices("cpu") == ["cpu:0"] and get_device_count() == 1
    assert list_devices("gpu") == [] and get_device_count("tpu") == 0
    strategy = DataParallel(devices=["cpu:0"])
    assert strategy.num_model_replicas == 1 and strategy.batch_dim_name == "batch" and strategy.auto_shard_dataset
    assert strategy.get_data_layout((8, 3)).axes == ("batch", None)
    assert strategy.get_variable_layout(fastnn.Variable(np.zeros((2, 3)))).axes == (None, None)
    assert strategy.get_tensor_layout("a") is None
    with strategy.scope():
        assert distribution() is strategy
    assert distribution() is None
    mesh = strategy.device_mesh
    assert mesh.shape == (1,) and mesh.axis_names == ["batch"] and mesh.devices.tolist() == ["cpu:0"]
    layouts = LayoutMap(mesh)
    layouts["dense.*kernel"] = (None, "batch")
    layouts["bias"] = TensorLayout([None])
    assert layouts["dense_1/kernel"].axes == (None, "batch") and layouts["other"] is None and len(layouts) == 2
    assert layouts["bias"].device_mesh is mesh and list(layouts) == ["dense.*kernel", "bias"]
    del layouts["bias"]
    array = np.ones((2, 2))
    assert distribute_tensor(array, TensorLayout([None, None])) is array


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: DeviceMesh((2,), ["a", "b"]), ValueError, "a name for each axis"),
        (lambda: DeviceMesh((), []), ValueError, "at least one axis"),
        (lambda: DeviceMesh((2,), ["a"]), ValueError, "expects 2 devices, got 1"),
        (lambda: TensorLayout(["q"], DeviceMesh((1,), ["batch"])), ValueError, "'q'; the mesh has batch"),
        (lambda: DataParallel(device_mesh=3), ValueError, "to be a DeviceMesh, got 3"),
        (lambda: DataParallel(devices=["cpu:0", "cpu:1"]), ValueError, "over all devices"),
        (lambda: DataParallel(parts=0), ValueError, "at least the number of processes, 1, got 0"),
        (lambda: ModelParallel(layout_map=LayoutMap(None)), NotImplementedError, "use DataParallel"),
        (lambda: set_distribution("data"), TypeError, "expects a DataParallel or None, got 'data'"),
        (lambda: initialize(num_processes=4), ValueError, "mpiexec -n 4"),
        (lambda: distribute_tensor(1, TensorLayout(["batch"])), NotImplementedError, "whole in every process"),
        (lambda: LayoutMap(None).update(a=3), ValueError, "a TensorLayout or a tuple"),
    ],
)
def test_mistakes(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()
