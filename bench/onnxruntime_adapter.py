"""Predictions by ONNX Runtime, of the networks as fastnn exports them. It trains nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from bench import fastnn_adapter
from bench.workloads import Array, Labels, Workload


class Adapter:
    version = onnxruntime.__version__
    remark = ""

    def __init__(
        self, workload: Workload, shape: tuple[int, ...], weights: Sequence[Array], threads: int, variant: str
    ) -> None:
        model = fastnn_adapter.Adapter(workload, shape, weights, threads, "").model
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            model.export(path, verbose=False)
            self.session: Any = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
        self.name = self.session.get_inputs()[0].name

    def prepared(self, x: Array, y: Labels) -> tuple[Array, Labels]:
        return x, y

    def call(self, x: Array) -> Callable[[], Any]:
        return lambda: self.session.run(None, {self.name: x})[0]

    def predict(self, x: Array, batch_size: int) -> Array:
        begins = range(0, len(x), batch_size)
        return np.concatenate([self.session.run(None, {self.name: x[i : i + batch_size]})[0] for i in begins])
