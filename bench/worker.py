"""One framework and network in one process: reads requests as lines of JSON and answers each with one line.

Started by `bench/runner.py`, which sets the threads in the environment before anything is imported. Between two
requests the process waits on its pipe. Whatever a framework prints goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.kernels import KERNELS
from bench.workloads import WORKLOADS, Unsupported
from bench.zoo import ZOO

Answer = dict[str, Any]


def peak_memory() -> float:
    """Returns the peak memory of this process in MiB; on Linux, without that of its parent before the exec."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def figures(seconds: list[float]) -> Answer:
    return {"min": min(seconds), "median": median(seconds), "count": len(seconds)}


def repeated(run: Callable[[], Any], seconds: float) -> Answer:
    """Calls a function until the time is over, at least once."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return figures(times)


class Worker:
    """Worker that answers `open` first, then its other methods by name."""

    def open(
        self, workload: str, rows: int, threads: int, weights: str, framework: str, variant: str, check: bool
    ) -> Answer:
        """Builds the network; a framework that is missing, or does not support it, is an answer and not an error."""
        self.work = next(w for w in [*WORKLOADS, *ZOO, *KERNELS] if w.name == workload)
        x, y = self.work.data()
        x, y = x[:rows], y[:rows]
        with np.load(weights) as file:
            arrays = [file[name] for name in sorted(file.files)]
        built = self.work.without_dropout() if check else self.work
        try:
            self.module = importlib.import_module(f"bench.{framework}_adapter")
            self.adapter = self.module.Adapter(built, x.shape[1:], arrays, threads, variant)
        except ModuleNotFoundError as missing:
            return {"missing": f"{missing} in {sys.executable}"}
        except Unsupported as reason:
            return {"unsupported": str(reason)}
        self.x, self.y = self.adapter.prepared(x, y)
        versions = {"version": self.adapter.version, "numpy": np.__version__, "python": platform.python_version()}
        return {**versions, "remark": self.adapter.remark, "comparable": getattr(self.adapter, "comparable", True)}

    def check(self, training: bool) -> Answer:
        """Returns the outputs of a few rows and of one alone, and the loss over the first batches in their order."""
        outputs = np.asarray(self.adapter.predict(self.x[:64], 64), np.float64)
        outputs = np.concatenate([outputs, np.asarray(self.adapter.call(self.x[:1])())])
        rows = self.work.check_batches * self.work.batch_size
        loss = self.adapter.loss(self.x[:rows], self.y[:rows]) if training else None
        return {"outputs": outputs.reshape(len(outputs), -1)[:, :64].tolist(), "loss": loss}

    def warm_up(self, measures: list[str]) -> Answer:
        """Runs everything once, training first, so that compilation, caches and allocation are not timed.

        The memory is read after training, before any other request.
        """
        answer: Answer = {}
        if "train" in measures:
            self.epoch = self.adapter.epochs(self.x, self.y, 1)[0]
            if self.epoch < 5:  # the first is mostly compilation
                self.epoch = self.adapter.epochs(self.x, self.y, 1)[0]
            answer["peak_memory"] = peak_memory()
        for name in measures:
            if name != "train":
                getattr(self, name)(0.05)
        return answer

    def train(self, seconds: float) -> Answer:
        count = max(1, min(100, round(seconds / self.epoch)))
        return figures(self.adapter.epochs(self.x, self.y, count))

    def predict(self, seconds: float) -> Answer:
        return repeated(lambda: self.adapter.predict(self.x, 256), seconds)

    def predict_row(self, seconds: float) -> Answer:
        row = self.x[:1]
        return repeated(lambda: self.adapter.predict(row, 1), seconds / 2)

    def call_row(self, seconds: float) -> Answer:
        return repeated(self.adapter.call(self.x[:1]), seconds / 2)

    def call(self, seconds: float) -> Answer:
        return repeated(self.adapter.call(self.x), seconds)

    def peak(self, seconds: float) -> Answer:
        return {"gflops": self.module.peak_gflops(seconds)}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker()
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(worker, request.pop("do"))(**request)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
