"""Runs the cases of `step_cases.py` in Keras on TensorFlow and writes `files/steps/<case>.npz`.

KERAS_BACKEND=tensorflow python tests/keras/record_steps.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import step_cases
import tensorflow as tf

import keras


def main() -> None:
    """Records all cases, or those that are named."""
    folder = Path(__file__).parent / "files" / "steps"
    folder.mkdir(exist_ok=True)
    for name, case in step_cases.CASES.items():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        values, arrays = case(keras, tf.GradientTape, tf.function)
        made = {f"array_{i}": np.asarray(array, np.float32) for i, array in enumerate(arrays)}
        np.savez_compressed(folder / f"{name}.npz", values=np.asarray(values, np.float64), **made)
        print(name, np.asarray(values).tolist())


if __name__ == "__main__":
    main()
