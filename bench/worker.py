"""One framework, one workload, one process: checks its numbers or measures its times, and prints one line of JSON.

Started by `bench/__main__.py`, which has fixed the threads in the environment before anything was imported.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

import numpy as np

from bench.workloads import WORKLOADS


def measured(request: dict[str, Any]) -> dict[str, Any]:
    """Answers `{"framework", "workload", "task", "rows", "epochs", "warm_up", "threads", "weights"}`."""
    workload = next(w for w in WORKLOADS if w.name == request["workload"])
    x, y = workload.data()
    x, y = x[: request["rows"]], y[: request["rows"]]
    with np.load(request["weights"]) as file:
        weights = [file[name] for name in sorted(file.files)]
    adapter = importlib.import_module(f"bench.{request['framework']}_adapter")
    shape, threads = x.shape[1:], request["threads"]

    if request["task"] == "check":
        model = adapter.Adapter(workload.without_dropout(), shape, weights, threads)
        rows = min(len(x), workload.check_batches * workload.batch_size)
        outputs = model.predict(x[:64], 64).astype(float).tolist()
        return {"version": adapter.VERSION, "outputs": outputs, "loss": model.loss(x[:rows], y[:rows])}

    model = adapter.Adapter(workload, shape, weights, threads)
    seconds = model.epochs(x, y, request["warm_up"] + request["epochs"])[request["warm_up"] :]
    predict_rows: list[float] = []
    predict_one: list[float] = []
    for _ in range(1 + request["epochs"]):
        begin = time.perf_counter()
        model.predict(x, 256)
        predict_rows.append(time.perf_counter() - begin)
    for i in range(110):
        begin = time.perf_counter()
        model.predict(x[i : i + 1], 1)
        predict_one.append(time.perf_counter() - begin)
    return {
        "version": adapter.VERSION,
        "epoch_seconds": seconds,
        "predict_seconds": predict_rows[1:],
        "predict_one_row_seconds": predict_one[10:],
    }


if __name__ == "__main__":
    print(json.dumps(measured(json.loads(sys.argv[1]))))
