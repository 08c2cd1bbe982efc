"""`python -m bench.many_models`: many small models by `fit_many`, one after the other, and by joblib in processes.

All train the network of the course on its rows, from seeds that differ. joblib is measured in two ways: two processes
that live on and share the models, which is what `Parallel(n_jobs=2)` does, and a new process for each model. What a
process needs to begin counts in both: so it does in a script.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import fastnn
from bench.fastnn_adapter import translated
from bench.report import in_words, markdown, times
from bench.workloads import WORKLOADS

COURSE = next(one for one in WORKLOADS if one.name == "course-mlp")
MODELS = 200
EPOCHS = 20
NEW_PROCESSES = 10
"""The number of models for which a process each is measured; the rest would take as long again and again."""


def built(seed: int) -> Any:
    """Returns the compiled network of the course with weights of its own."""
    fastnn.utils.set_random_seed(seed)
    model = fastnn.Sequential([fastnn.Input((1,)), *(translated(layer) for layer in COURSE.layers)])
    model.compile(fastnn.optimizers.Adam(COURSE.learning_rate), COURSE.loss, metrics=["accuracy"])
    return model


def trained(seed: int, epochs: int) -> float:
    """Trains one model on one thread, and returns its last loss."""
    fastnn.config.set_num_threads(1)
    x, y = COURSE.data()
    history = built(seed).fit(x, y, batch_size=COURSE.batch_size, epochs=epochs, verbose=0).history
    return float(history["loss"][-1])


def by_fit_many(count: int, epochs: int, threads: int) -> list[float]:
    """Trains the models side by side on cores as many as threads; returns their last losses."""
    fastnn.config.set_num_threads(threads)
    x, y = COURSE.data()
    arguments = [{"seed": seed} for seed in range(count)]
    models = fastnn.wrappers.fit_many(built, x, y, arguments=arguments, batch_size=COURSE.batch_size, epochs=epochs)
    return [float(model.history.history["loss"][-1]) for model in models]


def by_joblib(count: int, epochs: int, processes: int) -> list[float]:
    """Trains the models in processes that live on; returns their last losses."""
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    losses = Parallel(n_jobs=processes)(delayed(trained)(seed, epochs) for seed in range(count))
    get_reusable_executor().shutdown()
    return list(losses)


def by_processes(count: int, epochs: int, processes: int) -> list[float]:
    """Trains each model in a process of its own, some at a time; returns their last losses."""
    command = [sys.executable, "-m", "bench.many_models", "--epochs", str(epochs), "--seed"]
    losses = []
    for first in range(0, count, processes):
        started = [
            subprocess.Popen([*command, str(seed)], stdout=subprocess.PIPE, text=True)
            for seed in range(first, min(first + processes, count))
        ]
        losses += [float(one.communicate()[0]) for one in started]
    return losses


def timed(train: Callable[[], list[float]], count: int) -> tuple[float, list[float]]:
    """Returns the seconds for one model, and the losses."""
    begin = time.perf_counter()
    losses = train()
    return (time.perf_counter() - begin) / count, losses


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.many_models", description=__doc__)
    parser.add_argument("--models", type=int, default=MODELS, help="models (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="epochs of each (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each way (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    count, epochs, threads = arguments.models, arguments.epochs, arguments.threads
    if arguments.seed is not None:
        print(trained(arguments.seed, epochs))
        return
    few = min(count, NEW_PROCESSES * threads)
    ways: dict[str, tuple[int, Callable[[], list[float]]]] = {
        f"fit_many, {threads} cores": (count, lambda: by_fit_many(count, epochs, threads)),
        "fit after fit, 1 thread": (count, lambda: [trained(seed, epochs) for seed in range(count)]),
        f"joblib, {threads} processes": (count, lambda: by_joblib(count, epochs, threads)),
        f"a process a model, {threads} at a time": (few, lambda: by_processes(few, epochs, threads)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(arguments.rounds):
        losses = {}
        for name, (models, train) in ways.items():
            taken, losses[name] = timed(train, models)
            seconds[name].append(taken)
        first = next(iter(losses.values()))
        for name, found in losses.items():
            if found != first[: len(found)]:
                raise RuntimeError(f"{name} has other losses than fit_many")
    mine = next(iter(seconds.values()))
    rows = []
    for name, taken in seconds.items():
        ratios = sorted(other / own for own, other in zip(mine, taken, strict=True))
        rows.append([name, in_words(min(taken)), times(ratios[len(ratios) // 2])])
    print(time.strftime("%Y-%m-%d"), f"{count} models, {epochs} epochs", sep=", ")
    print(markdown(["", "a model", "beside fit_many"], rows))


if __name__ == "__main__":
    main()
