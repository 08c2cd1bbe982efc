"""Faults in the midst of a work: no memory for the core, signals, exceptions of a user's own code.

The model is as after one of its whole steps, goes on, and nothing is left behind. The long forms of the first two are
`failing_allocations.py` and `interrupted.py`, which .ci/full runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastnn
import small_works
from fastnn import layers

TESTS = Path(__file__).parent
HOOKS = [f"on_{what}" for what in (
    "train_begin", "epoch_begin", "train_batch_begin", "train_batch_end", "test_begin", "test_batch_begin",
    "test_batch_end", "test_end", "epoch_end", "train_end",
)]  # fmt: skip
PREDICT_HOOKS = ["on_predict_begin", "on_predict_batch_begin", "on_predict_batch_end", "on_predict_end"]


def run(script, *arguments, **environment):
    return subprocess.run(
        [sys.executable, TESTS / script, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "failing.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, TESTS / "failing_malloc.c", "-ldl"], check=True)
    return str(library)


@pytest.mark.skipif(shutil.which("gcc") is None or not sys.platform.startswith("linux"), reason="needs gcc and glibc")
class TestMemory:
    @pytest.mark.parametrize("works", ["build,save,load,weights", "fit,own step,generator", "evaluate,predict,batch"])
    def test_some_allocations_of_the_core_fail(self, shim, works):
        done = run("failing_allocations.py", "--works", works, "--every", "97", LD_PRELOAD=shim)
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]

    def test_slots_that_memory_ended_for_are_made_later(self, shim):
        """An optimizer once kept what it had made of a weight's slots, and trained without the others."""
        done = run("failing_allocations.py", "--works", "weights", "--every", "1", LD_PRELOAD=shim)
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]

    def test_memory_that_ends_after_the_first_commit_of_a_step(self, shim):
        """Moving statistics were committed before an optimizer asked for memory at its first update."""
        done = run(
            "failing_allocations.py", "--works", "fit,own step", "--least", "16", "--last", "60", LD_PRELOAD=shim
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_signals_at_random_moments():
    done = run("interrupted.py", "--count", "60", "--seed", "1")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


class Raising(fastnn.callbacks.Callback):
    """A callback of which one hook raises at its second call, or its first where it is called once."""

    def __init__(self, hook, calls):
        super().__init__()
        self.calls = calls
        setattr(self, hook, self.count)

    def count(self, *_):
        self.calls -= 1
        if self.calls == 0:
            raise LookupError("of the user")


@pytest.mark.parametrize("calls", [1, 2])
@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_raises_in_fit(hook, calls):
    model = small_works.built()
    states = [small_works.state(model)]
    note = fastnn.callbacks.LambdaCallback(on_train_batch_end=lambda *_: states.append(small_works.state(model)))
    whole = small_works.built()
    x, y = small_works.X, small_works.Y
    arguments = {"batch_size": 8, "shuffle": False, "verbose": 0, "epochs": 2, "validation_data": (x, y)}
    model.fit(x, y, callbacks=[note], **arguments)
    raising = Raising(hook, calls)
    if calls == 2 and hook in ("on_train_begin", "on_train_end"):
        whole.fit(x, y, callbacks=[raising], **arguments)
        assert small_works.equal(small_works.state(whole), states[-1])
        return
    with pytest.raises(LookupError, match="of the user"):
        whole.fit(x, y, callbacks=[raising], **arguments)
    assert any(small_works.equal(small_works.state(whole), one) for one in states)
    assert len(whole.fit(x, y, **arguments).epoch) == 2
    assert np.isfinite(whole.evaluate(x, y, verbose=0)).all()


@pytest.mark.parametrize("hook", PREDICT_HOOKS)
def test_a_hook_raises_in_predict(hook):
    model = small_works.built()
    expected = model.predict(small_works.X, batch_size=8, verbose=0)
    with pytest.raises(LookupError, match="of the user"):
        model.predict(small_works.X, batch_size=8, verbose=0, callbacks=[Raising(hook, 1)])
    np.testing.assert_array_equal(model.predict(small_works.X, batch_size=8, verbose=0), expected)


class Failing(small_works.Sequence):
    """Batches of which the last fails until told otherwise."""

    fails = True

    def __getitem__(self, index):
        if self.fails and index == 2:
            raise LookupError("of the user")
        return super().__getitem__(index)


@pytest.mark.parametrize("how", [{"workers": 0}, {"workers": 2}, {"workers": 2, "use_multiprocessing": True}], ids=str)
def test_a_worker_raises(how):
    model = small_works.built()
    states = small_works.states_after_steps("fit")
    data = Failing(**how)
    with pytest.raises(LookupError, match="of the user"):
        model.fit(data, shuffle=False, verbose=0)
    assert any(small_works.equal(small_works.state(model), one) for one in states[:3])
    data.fails = False
    assert len(model.fit(data, epochs=2, verbose=0).epoch) == 2


class FailingLayer(layers.Layer):
    """A layer whose code raises while it is traced, until told otherwise."""

    fails = False

    def call(self, x):
        if self.fails:
            raise LookupError("of the user")
        return x * 2


@pytest.mark.parametrize("work", ["fit", "evaluate", "predict"])
def test_traced_code_raises(work):
    own = FailingLayer()
    model = fastnn.Sequential([fastnn.Input((4,)), own, layers.Dense(1)])
    model.compile("adam", "mse")
    x, y = np.ones((8, 4), np.float32), np.ones((8, 1), np.float32)
    before = small_works.state(model)
    works = {
        "fit": lambda: model.fit(x, y, verbose=0),
        "evaluate": lambda: model.evaluate(x, y, verbose=0),
        "predict": lambda: model.predict(x, verbose=0),
    }
    own.fails = True
    with pytest.raises(LookupError, match="of the user"):
        works[work]()
    assert small_works.equal(small_works.state(model), before)
    own.fails = False
    works[work]()


def test_ctrl_c_at_the_end_of_traced_code():
    """A signal at the first instruction of what ends a trace once left the trace running: all later calls joined it."""
    moments = 0
    model = fastnn.Sequential([fastnn.Input((4,)), FailingLayer()])
    x = np.ones((2, 4), np.float32)

    def interrupt(frame, event, argument):
        nonlocal moments
        if event == "call" and "symbolic" in frame.f_code.co_filename:
            moments += 1
            if moments == stop:
                raise KeyboardInterrupt
        return None

    for stop in range(1, 200):  # noqa: B007
        moments = 0
        own = fastnn.Sequential([fastnn.Input((4,)), FailingLayer(), layers.LayerNormalization()])
        before = sys.gettrace()
        kept = None
        sys.settrace(interrupt)
        try:
            own.predict(x, verbose=0)
        except KeyboardInterrupt as error:
            kept = error  # as an interactive session keeps it
        finally:
            sys.settrace(before)
        np.testing.assert_array_equal(np.asarray(model(x)), 2 * x)
        assert not fastnn.utils.is_keras_tensor(model.layers[-1](x))
        if kept is None:
            break
    assert stop > 20
