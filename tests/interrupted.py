"""Signals at random moments of small works of a model.

    python tests/interrupted.py [--count 200] [--seed 0] [--kinds INT,TERM,KILL]

After SIGINT the model is as after one of its whole steps, goes on, and no temporary file is left; after SIGTERM to a
program that ends by it (`SystemExit`) none is left either; after SIGKILL files are as before or whole, the next writer
removes what was left, and processes that made batches end. Prints a line a problem; the exit status is 1 if there is
one.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

import fastnn
import small_works
from fastnn import saving
from small_works import WORKS, Sequence, Values, X, Y, equal, leftovers, model_for, state, states_after_steps

MOST_SECONDS = 60
"""How long a work may go on after a signal before it counts as one that hangs."""


def alarm_after(seconds: float) -> threading.Timer:
    """Sends SIGINT to this process after a while."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    return timer


def interrupt(work: str, delay: float, states: list[Values], usual: Any) -> str:
    """Interrupts a work by SIGINT; returns what is wrong with how it ended, or ""."""
    model = model_for(work)
    ended: BaseException | None = None
    result = None
    # Python takes a signal between any two of its instructions, so the work ends within this block at the latest.
    try:
        timer = alarm_after(delay)
        try:
            result = WORKS[work](model)
        except KeyboardInterrupt as error:
            ended = error
        timer.cancel()
        timer.join()
        time.sleep(0)
    except KeyboardInterrupt as error:
        ended = ended or error
    if ended is None and not equal(result, usual):
        return "another result"
    if left := leftovers():
        return f"left {left}"
    try:
        whole = any(equal(state(model), one) for one in states)
    except TypeError:
        whole = False
    if not whole:
        return f"the model is as after no whole step\n{told(ended)}"
    try:
        WORKS[work](model)
    except Exception:
        return f"afterwards: {traceback.format_exc()}"
    return ""


def told(error: BaseException | None) -> str:
    """Returns where a work was interrupted."""
    return "not interrupted" if error is None else "".join(traceback.format_exception(error)[-12:])


def killed(folder: Path, work: str, delay: float, number: signal.Signals) -> str:
    """Kills a process in the midst of a work; returns what is wrong with what it left, or ""."""
    before = set(descendants(os.getpid()))
    # A signal that comes before the child knows what to do with it waits until it does.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
            # Only the thread that survived the fork has no others beside it: the work gets one that has.
            if number == signal.SIGKILL:
                thread = threading.Thread(target=KILLED[work], args=(folder,))
                thread.start()
                thread.join()
            else:
                KILLED[work](folder)
            status = 0
        except SystemExit:
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    time.sleep(delay)
    made = set(descendants(child))
    os.kill(child, number)
    ends = time.monotonic() + MOST_SECONDS
    while (waited := os.waitpid(child, os.WNOHANG))[0] == 0:
        if time.monotonic() > ends:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "hangs"
        time.sleep(0.01)
    code = os.waitstatus_to_exitcode(waited[1])
    if code not in (0, -signal.SIGKILL):
        return f"exit status {code}"
    temporary = [name for name in os.listdir(folder) if name.startswith(".")]
    if number == signal.SIGTERM and temporary:
        return f"left {temporary}"
    while alive := [pid for pid in made - before if Path(f"/proc/{pid}").exists()]:
        if time.monotonic() > ends:
            return f"processes {alive} live on"
        time.sleep(0.05)
    try:
        for path in folder.glob("*.keras"):
            saving.load_model(path)
        model = small_works.built()
        for path in folder.glob("*.weights.h5"):
            model.load_weights(path)
        KILLED[work](folder)
    except Exception:
        return f"afterwards: {traceback.format_exc()}"
    if temporary := [name for name in os.listdir(folder) if name.startswith(".")]:
        return f"{temporary} outlive the next writer"
    return ""


def descendants(pid: int) -> list[int]:
    """Returns the processes that a process has begun, and those that they have; ended ones have none."""
    children = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                children += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    except OSError:
        return []
    return children + [each for child in children for each in descendants(child)]


def checkpoints(folder: Path) -> None:
    model = small_works.built()
    callbacks = [
        fastnn.callbacks.ModelCheckpoint(folder / "m.keras"),
        fastnn.callbacks.ModelCheckpoint(folder / "m.weights.h5", save_weights_only=True),
        fastnn.callbacks.BackupAndRestore(folder / "backup"),
        fastnn.callbacks.CSVLogger(folder / "log.csv"),
    ]
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=callbacks)


def saved(folder: Path) -> None:
    model = small_works.built()
    model.save(folder / "m.keras")
    model.save_weights(folder / "m.weights.h5")
    saving.load_model(folder / "m.keras")


def processes(folder: Path) -> None:
    model = small_works.built()
    model.fit(Sequence(workers=2, use_multiprocessing=True), epochs=2, verbose=0)
    model.save(folder / "m.keras")


KILLED = {"checkpoints": checkpoints, "saved": saved, "processes": processes}


def seconds_of(work: Any, argument: Any) -> float:
    begin = time.monotonic()
    work(argument)
    return time.monotonic() - begin


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default="INT,TERM,KILL")
    told = parser.parse_args()
    warnings.simplefilter("ignore")
    draw = random.Random(told.seed)
    kinds = told.kinds.split(",")
    cases = [("INT", work) for work in WORKS if "INT" in kinds]
    cases += [(kind, work) for kind in ("TERM", "KILL") if kind in kinds for work in KILLED]
    # Forks come first: they are taken from a process that has no threads yet.
    cases.sort(key=lambda case: case[0] == "INT")
    bad = 0
    for at, (kind, work) in enumerate(cases):
        count = len(range(at, told.count, len(cases)))
        began = time.monotonic()
        problems = 0
        if kind == "INT":
            fastnn.config.set_num_threads(2)
            states = states_after_steps(work)
            usual = WORKS[work](model_for(work))
            longest = 1.1 * seconds_of(WORKS[work], model_for(work))
        else:
            with tempfile.TemporaryDirectory() as folder:
                longest = 1.2 * seconds_of(KILLED[work], Path(folder))
        for _ in range(count):
            delay = draw.uniform(0, longest)
            if kind == "INT":
                problem = interrupt(work, delay, states, usual)
            else:
                with tempfile.TemporaryDirectory() as folder:
                    problem = killed(Path(folder), work, delay, getattr(signal, f"SIG{kind}"))
            if problem:
                problems += 1
                print(f"SIG{kind} after {delay:.4f} of {longest:.4f} s of {work}: {problem}", flush=True)
        print(
            f"SIG{kind} {work}: {count} times, {problems} with a problem, {time.monotonic() - began:.0f} s", flush=True
        )
        bad += problems
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
