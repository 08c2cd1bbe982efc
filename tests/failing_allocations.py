"""Runs small works of the core again and again, each time with another allocation of the core failing.

    gcc -shared -fPIC -O1 -o failing.so tests/failing_malloc.c -ldl
    LD_PRELOAD=./failing.so python tests/failing_allocations.py [--works fit,save] [--least 1] [--every 1]

Each must end in its usual result, or in a MemoryError with the model as it is after a whole step and no file of its
own left; the same work then gives its usual result. Prints a line a work; the exit status is 1 where something differs.
"""

from __future__ import annotations

import argparse
import ctypes
import sys
import warnings
from typing import Any

import fastnn
from small_works import WORKS, Values, equal, leftovers, model_for, state, states_after_steps


def trial(shim: ctypes.CDLL, work: str, k: int, least: int, states: list[Values], usual: Any) -> str:
    """Runs a work whose k-th allocation fails; returns what is wrong with how it ended, or ""."""
    model = model_for(work)
    failure: BaseException | None = None
    result = None
    shim.failing_begin(k, least)
    try:
        result = WORKS[work](model)
    except BaseException as error:
        failure = error
    shim.failing_end()
    if failure is None and not equal(result, usual):
        return "another result"
    if failure is not None and not isinstance(failure, MemoryError):
        return f"{type(failure).__name__}: {str(failure)[:200]}"
    if left := leftovers():
        return f"left {left}"
    after = state(model)
    if not any(equal(after, one) for one in states):
        return f"the model is as after no whole step ({type(failure).__name__})"
    if failure is not None and equal(after, states[0]):
        # Nothing happened to the model: the work gives now what it gives a new one, with the noise of a new one.
        fastnn.utils.set_random_seed(1)
        model.set_weights(states[0][: len(model.get_weights())])
    try:
        WORKS[work](model)
    except BaseException as error:
        return f"afterwards {type(error).__name__}: {str(error)[:200]}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--works", default=",".join(WORKS))
    parser.add_argument("--least", type=int, default=1, help="bytes of the smallest allocation that counts")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--last", type=int, help="only this many of each work, at its end")
    parser.add_argument("--show", action="store_true", help="print each trial before it runs")
    told = parser.parse_args()
    shim = ctypes.CDLL(None)
    shim.failing_begin.argtypes = [ctypes.c_long, ctypes.c_size_t]
    shim.failing_end.restype = ctypes.c_long
    warnings.simplefilter("ignore")
    fastnn.config.set_num_threads(2)
    bad = 0
    for work in told.works.split(","):
        states = states_after_steps(work)
        usual = WORKS[work](model_for(work))  # what is made once in a process is made now
        model = model_for(work)
        shim.failing_begin(0, told.least)
        again = WORKS[work](model)
        count = shim.failing_end()
        assert equal(usual, again), f"{work} gives another result each time"
        problems = 0
        first = told.first if told.last is None else max(told.first, count + 1 - told.last)
        for k in range(first, count + 1, told.every):
            if told.show:
                print(work, k, flush=True)
            if problem := trial(shim, work, k, told.least, states, usual):
                problems += 1
                print(f"{work}: allocation {k} of {count}: {problem}", flush=True)
        print(f"{work}: {count} allocations, {problems} with a problem", flush=True)
        bad += problems
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
