"""Processes and threads of a program, and other libraries beside the core: forks, pools, servers, affinity."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import fastnn
import small_works

X = small_works.X
SERVER = """
import multiprocessing, os, sys
import numpy as np
import fastnn, small_works

def child(model, expected, answers):
    same = all(np.array_equal(model.predict(small_works.X, verbose=0), expected) for _ in range(5))
    small_works.fit(model)
    answers.put(same)

if __name__ == "__main__":
    method = sys.argv[1]
    context = multiprocessing.get_context(method)
    fastnn.config.set_num_threads(2)
    model = small_works.built()
    small_works.fit(model)
    expected = model.predict(small_works.X, verbose=0)
    answers = context.Queue()
    children = [context.Process(target=child, args=(model, expected, answers)) for _ in range(3)]
    for one in children:
        one.start()
    assert all(answers.get(timeout=100) for _ in children)
    for one in children:
        one.join(100)
        assert one.exitcode == 0, one.exitcode
    np.testing.assert_array_equal(model.predict(small_works.X, verbose=0), expected)
    print("served")
"""
FORK_WHILE_TRAINING = """
import os, threading
import numpy as np
import small_works, fastnn
fastnn.config.set_num_threads(2)
model = small_works.built()
small_works.fit(model)
other = small_works.built()
expected = other.predict(small_works.X, verbose=0)
ends = threading.Event()
def train():
    while not ends.is_set():
        small_works.fit(model)
thread = threading.Thread(target=train)
thread.start()
for _ in range(15):
    child = os.fork()
    if child == 0:
        right = np.array_equal(other.predict(small_works.X, verbose=0), expected)
        small_works.fit(model)
        right = right and all(np.isfinite(weight).all() for weight in model.get_weights())
        os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
ends.set()
thread.join()
print("forked")
"""
BESIDE = """
{imports}
import numpy as np
import small_works
fastnn.config.set_num_threads(2)
model = small_works.built()
small_works.fit(model)
expected = model.predict(small_works.X, verbose=0)
{work}
np.testing.assert_array_equal(model.predict(small_works.X, verbose=0), expected)
small_works.fit(model)
print("beside")
"""
OTHERS = {
    "sklearn": (
        "import sklearn.ensemble, sklearn.cluster",
        "sklearn.cluster.KMeans(3, n_init=1).fit(small_works.X.reshape(24, -1))\n"
        "sklearn.ensemble.HistGradientBoostingClassifier(max_iter=3).fit(small_works.X.reshape(24, -1), small_works.Y)",
    ),
    "torch": (
        "import torch",
        "w = torch.ones(300, 300, requires_grad=True)\n(w @ w).sum().backward()\nassert torch.isfinite(w.grad).all()",
    ),
}


def run(script, *arguments, before=(), seconds=300, **environment):
    paths = [os.path.dirname(os.path.dirname(fastnn.__file__)), os.path.dirname(__file__)]
    return subprocess.run(
        [*before, sys.executable, *(("-c", script) if "\n" in script else (script,)), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **environment},
        capture_output=True,
        text=True,
        timeout=seconds,
    )


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_parent_that_trained_and_children_that_predict(tmp_path, method):
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    done = run(str(script), method)
    assert (done.returncode, done.stdout) == (0, "served\n"), done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork_while_another_thread_trains():
    done = run(FORK_WHILE_TRAINING)
    assert (done.returncode, done.stdout) == (0, "forked\n"), done.stderr


@pytest.mark.parametrize("first", ["fastnn", "the other"])
@pytest.mark.parametrize("other", ["sklearn", pytest.param("torch", marks=pytest.mark.slow)])
def test_other_libraries_with_threads(other, first):
    imports, work = OTHERS[other]
    both = ["import fastnn", imports] if first == "fastnn" else [imports, "import fastnn"]
    done = run(BESIDE.format(imports="\n".join(both), work=work))
    assert (done.returncode, done.stdout) == (0, "beside\n"), done.stderr


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs the affinity of Linux")
def test_a_process_that_is_bound_to_one_processor():
    """Two threads that share a processor may not wait for each other by spinning: that takes time slices."""
    bind = "import os\nos.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    script = (
        "import time, small_works, fastnn\nfastnn.config.set_num_threads({})\nmodel = small_works.built()\n"
        "small_works.fit(model)\nbegin = time.process_time()\n"
        "for _ in range(10): small_works.fit(model)\nprint(time.process_time() - begin)\n"
    )
    one, four = (run(bind + script.format(threads), OMP_NUM_THREADS="") for threads in (0, 4))
    assert one.returncode == four.returncode == 0, one.stderr + four.stderr
    assert float(four.stdout) < 20 * float(one.stdout) + 1


def test_the_interpreter_lock_is_asked_for():
    """On a Python that runs without the lock, importing the core turns it on: the core asks for it."""
    if not hasattr(sys, "_is_gil_enabled"):
        assert sys.version_info < (3, 13)
        return
    assert sys._is_gil_enabled()


def predictions(model, threads, seconds):
    """Returns how many batches a number of threads predict in a while, all of them right."""
    expected = model.predict(X, verbose=0)
    counts = [0] * threads
    ends = time.monotonic() + seconds
    wrong = []

    def predict(i):
        while time.monotonic() < ends and not wrong:
            if not np.array_equal(model.predict(X, verbose=0), expected):
                wrong.append(i)
            counts[i] += 1

    running = [threading.Thread(target=predict, args=(i,)) for i in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert not wrong, f"{len(wrong)} predictions differ"
    assert min(counts) > 0, f"a thread has stood still: {counts}"
    return sum(counts)


def test_eight_threads_predict():
    predictions(small_works.built(), 8, 2)


@pytest.mark.slow
def test_eight_threads_predict_more_than_one():
    """Where there are processors for them; on one they may not lose much."""
    rng = np.random.default_rng(0)
    x = rng.random((64, 256), dtype=np.float32)
    model = fastnn.Sequential([fastnn.Input((256,)), *(fastnn.layers.Dense(512, "relu") for _ in range(4))])
    expected = model.predict(x, verbose=0)
    fastnn.config.set_num_threads(1)

    def rate(threads):
        counts = [0] * threads
        ends = time.monotonic() + 15

        def predict(i):
            while time.monotonic() < ends:
                assert np.array_equal(model.predict(x, verbose=0), expected)
                counts[i] += 1

        running = [threading.Thread(target=predict, args=(i,)) for i in range(threads)]
        begin = time.process_time(), time.monotonic()
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        return sum(counts), (time.process_time() - begin[0]) / (time.monotonic() - begin[1])

    try:
        (alone, _), (together, processors) = rate(1), rate(8)
    finally:
        fastnn.config.set_num_threads(0)
    print(f"1 thread: {alone}, 8 threads: {together} batches on {processors:.2f} processors")
    assert together > alone * (1.2 if processors > 1.6 else 0.7)


def test_training_while_others_predict_and_save(tmp_path):
    model = small_works.built()
    states = small_works.states_after_steps("fit")
    known = [small_works.state(model)]
    other = small_works.built()
    note = fastnn.callbacks.LambdaCallback(on_train_batch_end=lambda *_: known.append(small_works.state(other)))
    other.fit(X, small_works.Y, batch_size=8, shuffle=False, verbose=0, epochs=6, callbacks=[note])
    assert small_works.equal(known[1], states[1])
    found, ends = [], threading.Event()

    def save():
        while not ends.is_set():
            model.save_weights(tmp_path / "m.weights.h5")
            copy = small_works.built()
            copy.load_weights(tmp_path / "m.weights.h5")
            found.append(copy.get_weights())

    def predict():
        while not ends.is_set():
            assert np.isfinite(model.predict(X, verbose=0)).all()

    running = [threading.Thread(target=work) for work in (save, predict, predict)]
    for thread in running:
        thread.start()
    model.fit(X, small_works.Y, batch_size=8, shuffle=False, verbose=0, epochs=6)
    time.sleep(0.2)
    ends.set()
    for thread in running:
        thread.join()
    assert small_works.equal(small_works.state(model), known[-1])
    weights = [state[: len(found[0])] for state in known]
    assert all(any(small_works.equal(one, state) for state in weights) for one in found)
