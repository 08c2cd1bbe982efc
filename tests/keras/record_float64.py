"""Runs rows with Keras 3 in float64 and writes the results to `float64/`, for `test_float64.py`.

    KERAS_BACKEND=tensorflow python tests/keras/record_float64.py [family ...]

Run by hand, where Keras is installed; on JAX its losses and some functions compute in float32 all the same. The rows
are those of `rows_<family>.py` that `float64_rows` names.
"""

from __future__ import annotations

import sys

import numpy as np
from rows import FLOAT64, float64_rows, run

import keras


def main() -> None:
    keras.config.set_floatx("float64")
    for family, rows in float64_rows(sys.argv[1:]).items():
        folder = FLOAT64 / family
        folder.mkdir(parents=True, exist_ok=True)
        for stale in set(folder.glob("*.npz")) - {folder / f"{row.name}.npz" for row in rows}:
            stale.unlink()
        for row in rows:
            keras.backend.clear_session()
            keras.utils.set_random_seed(7)
            record = run(row, keras)
            if any(value.dtype == np.float32 for value in record.values()):
                raise SystemExit(f"{family}/{row.name}: Keras computes in float32")
            np.savez_compressed(folder / f"{row.name}.npz", **record)
            print(f"{family}/{row.name}: {(folder / f'{row.name}.npz').stat().st_size} bytes", flush=True)


if __name__ == "__main__":
    main()
