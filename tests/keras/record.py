"""Runs the rows with Keras 3 and writes the results to `files/`, for `test_keras_replay.py`.

    KERAS_BACKEND=jax python tests/keras/record.py [family ...]

Run by hand, where Keras is installed; the suite does without. A file whose row is gone is removed.
"""

from __future__ import annotations

import sys

import numpy as np
from rows import FILES, families, file_of, run

import keras


def main() -> None:
    for family, rows in families(sys.argv[1:]).items():
        (FILES / family).mkdir(parents=True, exist_ok=True)
        wanted = {file_of(family, row) for row in rows}
        for stale in set((FILES / family).glob("*.npz")) - wanted:
            stale.unlink()
        for row in rows:
            keras.backend.clear_session()
            keras.utils.set_random_seed(7)
            record = run(row, keras)
            if not all(np.isfinite(value).all() for value in record.values()):
                raise SystemExit(f"{family}/{row.name}: Keras gives numbers that are not finite")
            np.savez_compressed(
                file_of(family, row),
                **{k: v.astype(np.float32) if v.dtype == np.float64 else v for k, v in record.items()},
            )
            size = file_of(family, row).stat().st_size
            print(f"{family}/{row.name}: {size} bytes", flush=True)


if __name__ == "__main__":
    main()
