"""Runs the calls of `quantizer_cases.py` with Keras and writes the results to `quantizers.npz`.

KERAS_BACKEND=numpy python tests/keras/record_quantizers.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from quantizer_cases import results

from keras import quantizers

if __name__ == "__main__":
    np.savez_compressed(Path(__file__).parent / "quantizers.npz", **results(quantizers))
