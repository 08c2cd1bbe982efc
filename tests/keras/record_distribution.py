"""Writes `distribution.npz`: what Keras trains on two devices under `DataParallel`, with batch normalization.

    KERAS_BACKEND=jax python tests/keras/record_distribution.py

JAX makes two devices of one processor. `tests/distribution` trains the same model by two processes.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"

import numpy as np
from distribution_model import build, data

import keras


def main() -> None:
    devices = keras.distribution.list_devices()
    assert len(devices) == 2, devices
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))
    keras.utils.set_random_seed(1)
    model = build(keras)
    found = {f"before {i}": np.asarray(w) for i, w in enumerate(model.get_weights())}
    x, y = data()
    history = model.fit(
        x, y, batch_size=16, epochs=3, shuffle=False, verbose=0, validation_data=(x[:32], y[:32])
    ).history
    found |= {f"after {i}": np.asarray(w) for i, w in enumerate(model.get_weights())}
    found |= {f"history {name}": np.asarray(values) for name, values in history.items()}
    found["evaluated"] = np.asarray(model.evaluate(x[:32], y[:32], batch_size=16, verbose=0))
    np.savez_compressed(Path(__file__).parent / "distribution.npz", **found)


if __name__ == "__main__":
    main()
