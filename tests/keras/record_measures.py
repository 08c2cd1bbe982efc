"""Writes `measures.json`: what Keras computes for the cases of `measure_cases.py`.

KERAS_BACKEND=numpy python tests/keras/record_measures.py

With NumPy this takes seconds; JAX would compile each function anew for each shape, which takes half an hour.
"""

import itertools
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from measure_cases import CUTS, LOSSES, METRICS, REDUCTIONS, data, key

import keras


def plain(value: Any) -> Any:
    """Returns a result as numbers of JSON."""
    return np.asarray(value, np.float64).round(9).tolist()


def main() -> None:
    """Runs all cases."""
    found: dict[str, Any] = {}
    for case in METRICS:
        y, p, w = data(case[1])
        metric = eval(case[0], vars(keras.metrics))
        try:
            for a, b in itertools.pairwise(CUTS):
                metric.update_state(y[a:b], p[a:b], w[a:b] if case[2] else None)
            found[key(case)] = plain(metric.result())
        except ValueError as error:
            # Keras' confusion metrics take no weights of samples that have several places, its IoU no axis of classes.
            print(key(case), "is left out:", str(error)[:80], flush=True)
    for case in LOSSES:
        y, p, w = data(case[1])
        values = {}
        for reduction in REDUCTIONS:
            loss = eval(case[0], vars(keras.losses))
            loss.reduction = reduction
            try:
                values[reduction] = plain(loss(y, p, w if case[2] else None))
            except ValueError as error:
                print(key(case), "is left out:", str(error)[:80])
        found[f"loss {key(case)}"] = values
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items()]
    Path(__file__).with_name("measures.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
