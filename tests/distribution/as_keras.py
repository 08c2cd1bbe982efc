"""A script for `mpiexec`: trains what Keras has trained on two devices, and compares.

mpiexec -n 2 python as_keras.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import apart  # noqa: F401
import numpy as np

import fastnn
from fastnn.distribution import DataParallel, set_distribution

KERAS = Path(__file__).resolve().parents[1] / "keras"


def main() -> None:
    sys.path.insert(0, str(KERAS))
    from distribution_model import build, data

    set_distribution(DataParallel())
    recorded = dict(np.load(KERAS / "distribution.npz"))
    model = build(fastnn)
    model.set_weights([recorded[f"before {i}"] for i in range(len(model.get_weights()))])
    x, y = data()
    history = model.fit(
        x, y, batch_size=16, epochs=3, shuffle=False, verbose=0, validation_data=(x[:32], y[:32])
    ).history
    found = {f"after {i}": w for i, w in enumerate(model.get_weights())}
    found |= {f"history {name}": values for name, values in history.items()}
    found["evaluated"] = model.evaluate(x[:32], y[:32], batch_size=16, verbose=0)
    assert len(found) + len(model.get_weights()) == len(recorded)
    for name, values in found.items():
        np.testing.assert_allclose(values, recorded[name], rtol=1e-5, atol=1e-6, err_msg=name)
    print("as Keras")


if __name__ == "__main__":
    main()
