"""Encodes the tables of `feature_cases.py` with Keras, which needs TensorFlow, and writes `features.npz`.

KERAS_BACKEND=tensorflow python tests/keras/record_features.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from feature_cases import results
from keras.utils import FeatureSpace

if __name__ == "__main__":
    np.savez_compressed(Path(__file__).parent / "features.npz", **results(FeatureSpace))
