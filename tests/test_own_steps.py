"""Steps of a user's own: the same numbers as Keras on TensorFlow, and what they promise beside numbers."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import fastnn

_KERAS = Path(__file__).parent / "keras"
sys.path.insert(0, str(_KERAS))
import step_cases  # noqa: E402


@pytest.mark.parametrize("name", list(step_cases.CASES))
def test_as_keras(name: str) -> None:
    """Five steps give the values and the weights that Keras on TensorFlow gave."""
    recorded = np.load(_KERAS / "files" / "steps" / f"{name}.npz")
    values, arrays = step_cases.CASES[name](fastnn, fastnn.GradientTape, fastnn.function)
    np.testing.assert_allclose(values, recorded["values"], rtol=2e-4, atol=2e-6)
    assert len(arrays) == len(recorded.files) - 1
    for i, array in enumerate(arrays):
        np.testing.assert_allclose(array, recorded[f"array_{i}"], rtol=1e-3, atol=2e-5, err_msg=f"array {i}")
