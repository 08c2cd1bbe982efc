"""Records what Keras makes of `augmentation_cases.py`: KERAS_BACKEND=numpy python record_augmentation.py."""

from __future__ import annotations

from pathlib import Path

import augmentation_cases as cases
import numpy as np

import keras

if __name__ == "__main__":
    found = {
        f"{case}/{part}": value.astype("float32")
        for case in cases.CASES
        for part, value in cases.transformed(keras, case).items()
    }
    np.savez_compressed(Path(__file__).parent / "augmentation.npz", **found)
