"""The dense workloads in scikit-learn's MLPClassifier, which has neither dropout nor two sigmoids at the end.

Two classes mean one logistic output there: the results of such a network cannot be compared with the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier

from bench import workloads
from bench.workloads import Array, Labels, Workload


class Adapter:
    version = sklearn.__version__

    def __init__(
        self, workload: Workload, shape: tuple[int, ...], weights: Sequence[Array], threads: int, variant: str
    ) -> None:
        dense = [layer for layer in workload.layers if isinstance(layer, workloads.Dense)]
        others = [layer for layer in workload.layers if not isinstance(layer, workloads.Dense | workloads.Dropout)]
        if others or len(shape) != 1 or any(layer.activation != "relu" for layer in dense[:-1]) or len(dense) < 2:
            raise workloads.Unsupported("MLPClassifier has dense layers on vectors only")
        classes = dense[-1].units
        remarks = ["trained without dropout"] if len(dense) < len(workload.layers) else []
        if dense[-1].activation != "softmax":
            remarks.append("one logistic output: its numbers are not compared")
        self.comparable = dense[-1].activation == "softmax"
        self.remark = "; ".join(remarks)
        self.model: Any = MLPClassifier(
            tuple(layer.units for layer in dense[:-1]),
            alpha=0,
            batch_size=workload.batch_size,
            learning_rate_init=workload.learning_rate,
            epsilon=1e-7,
            shuffle=False,
            random_state=0,
        )
        rows = workload.batch_size
        self.model.partial_fit(np.zeros((rows, *shape), np.float32), np.arange(rows) % classes, classes=range(classes))
        if self.comparable:
            self.model.coefs_ = [np.array(w) for w in weights[::2]]
            self.model.intercepts_ = [np.array(w) for w in weights[1::2]]
        del self.model._optimizer  # it holds the first step's moments

    def prepared(self, x: Array, y: Labels) -> tuple[Array, Labels]:
        return x, y

    def loss(self, x: Array, y: Labels) -> float | None:
        self.model.set_params(shuffle=False).partial_fit(x, y)
        return float(self.model.loss_) if self.comparable else None

    def epochs(self, x: Array, y: Labels, count: int) -> list[float]:
        self.model.set_params(shuffle=True)
        seconds = []
        for _ in range(count):
            begin = time.perf_counter()
            self.model.partial_fit(x, y)
            seconds.append(time.perf_counter() - begin)
        return seconds

    def call(self, x: Array) -> Callable[[], Any]:
        return lambda: self.model.predict_proba(x)

    def predict(self, x: Array, batch_size: int) -> Array:
        begins = range(0, len(x), batch_size)
        return np.concatenate([self.model.predict_proba(x[i : i + batch_size]) for i in begins])
