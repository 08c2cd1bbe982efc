"""Every public name of Keras, with its arguments and defaults, as `tests/keras/surface.txt` records them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "keras"))

import compare_names

SURFACE = compare_names.parsed(compare_names.SURFACE.read_text())


def test_the_differences_are_those_that_are_recorded():
    found = compare_names.differences(SURFACE)
    known = compare_names.DIFFERENCES.read_text().splitlines()
    mend = "; python tests/keras/compare_names.py compare tests/keras/surface.txt --record"
    assert not set(found) - set(known), f"lost{mend}, where this is meant"
    assert not set(known) - set(found), f"these are there now{mend}"


def test_a_lost_name_and_argument_are_found(monkeypatch):
    import fastnn

    monkeypatch.delattr(fastnn.layers, "GaussianNoise")
    monkeypatch.setattr(fastnn.layers, "Flatten", lambda data_format="x": None)
    found = set(compare_names.differences(SURFACE)) - set(compare_names.DIFFERENCES.read_text().splitlines())
    assert found == {
        "keras.layers.GaussianNoise: missing",
        "keras.layers.Flatten: data_format='x', in Keras None",
    }


@pytest.mark.parametrize("text", ["a.f(x, *rest, y=1, **more)", "a.g(x, *, y)", "a.C(b, c=(1, 2), d=None)", "a.name"])
def test_lines_are_read_as_they_are_written(text):
    ((name, found),) = compare_names.parsed(text).items()
    assert compare_names.line(name, found) == text
