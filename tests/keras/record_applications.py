"""Records architectures of Keras in `applications.json`: python record_applications.py [case ...], with Keras.

Of every case: the number of weights and of layers, a hash of the names of layers, the name of the model and the
arguments of its function. Of small ones: outputs for seeded weights and images. Cases that are named are recorded anew;
without names, those that are missing. Keras builds NASNetMobile with JAX or TensorFlow only; for all else torch is the
fastest.
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path

import application_cases as cases
import numpy as np

import keras

FILE = Path(__file__).parent / "applications.json"
SMALL = 9_000_000
"""Networks of so many weights are run, too."""


def record(case: str) -> dict[str, object]:
    keras.utils.clear_session()
    model = cases.build(keras.applications, case)
    row: dict[str, object] = {"weights": model.count_params(), "layers": len(model.layers)}
    row |= {"names": cases.layer_names(model), "name": model.name}
    name, options = cases.CASES[case]
    if not options:
        arguments = inspect.signature(getattr(keras.applications, name)).parameters.values()
        row["arguments"] = [[one.name, one.default] for one in arguments]
    if model.count_params() < SMALL:
        row["outputs"] = [[float(f"{value:.7g}") for value in line] for line in cases.outputs(model)]
    return row


def scaling() -> dict[str, list[float]]:
    """Returns what `preprocess_input` makes of images, every fourth number."""
    found = {}
    for mode in ("caffe", "tf", "torch"):
        for data_format in ("channels_last", "channels_first"):
            for batch in (True, False):
                x = np.random.RandomState(1).uniform(0, 255, (2, 3, 3, 3)).astype("float32")
                x = keras.applications.imagenet_utils.preprocess_input(x if batch else x[0], data_format, mode)
                found[f"{mode} {data_format} {batch}"] = [float(f"{one:.7g}") for one in np.ravel(x)[::4]]
    return found


if __name__ == "__main__":
    whole = json.loads(FILE.read_text()) if FILE.exists() else {"cases": {}}
    whole["scaling"] = scaling()
    for case in sys.argv[1:] or [case for case in cases.CASES if case not in whole["cases"]]:
        whole["cases"][case] = record(case)
        print(case, whole["cases"][case]["weights"], flush=True)
        whole["cases"] = {name: whole["cases"][name] for name in cases.CASES if name in whole["cases"]}
        FILE.write_text(json.dumps(whole).replace("}, ", "},\n") + "\n")
