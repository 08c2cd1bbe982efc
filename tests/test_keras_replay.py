"""Replays models that Keras has run: the same weights and data must give the same outputs, losses and steps.

The results of Keras are in `tests/keras/files` (see its README), so Keras itself is not needed. A weight
is compared by its change, not by its value: a wrong gradient must not hide behind a large weight.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent / "keras"))
from rows import FILES, Row, families, file_of, run

import fastnn

ROUNDING = 4e-7  # of a weight, to which a small step is added

ALL = [(family, row) for family, rows in families().items() for row in rows]


def assert_close(got: NDArray, expected: NDArray, largest: float, rtol: float, rounding: float, what: str) -> None:
    assert got.shape == expected.shape, f"{what}: shape {got.shape}, Keras has {expected.shape}"
    error = float(np.abs(got.astype(np.float64) - expected).max(initial=0.0))
    assert error <= rtol * max(largest, 1e-6) + rounding, f"{what}: {error:.3g} from Keras', largest {largest:.3g}"


@pytest.mark.parametrize(("family", "row"), ALL, ids=[f"{family}-{row.name}" for family, row in ALL])
def test_what_keras_gave(family: str, row: Row) -> None:
    file = file_of(family, row)
    assert file.exists(), f"nothing recorded: run tests/keras/record.py {family} with Keras"
    with np.load(file) as stored:
        expected = dict(stored)
    weights = [expected[f"weights_{i}"] for i in range(sum(name.startswith("weights_") for name in expected))]
    got = run(row, fastnn, weights)
    assert list(got) == list(expected)
    for name, value in expected.items():
        largest = float(np.abs(value).max(initial=0.0))
        part, _, number = name.partition("_")
        if part == "after":
            before = weights[int(number)]
            moved = float(np.abs(value - before).max(initial=0.0))
            assert_close(got[name], value, moved, row.train_rtol, ROUNDING * largest, name)
        else:
            assert_close(got[name], value, largest, row.rtol if part == "outputs" else row.train_rtol, 1e-7, name)


def test_every_file_has_a_row_and_its_own_name() -> None:
    wanted = [file_of(family, row) for family, row in ALL]
    assert len(wanted) > 40
    assert len(set(wanted)) == len(wanted), "two rows of a family have one name"
    # Those of steps are replayed by test_own_steps.py.
    found = {path for path in FILES.rglob("*") if path.relative_to(FILES).parts[0] != "steps"}
    stale = found - set(wanted) - {FILES / family for family, _ in ALL}
    assert not stale, f"files without a row: {sorted(str(path.relative_to(FILES)) for path in stale)}"
