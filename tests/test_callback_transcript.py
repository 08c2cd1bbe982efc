"""Hooks, logs and what the callbacks do, against a transcript of real Keras (`tests/keras/record_callbacks.py`)."""

from __future__ import annotations

import importlib.util
import json
import warnings
from pathlib import Path
from typing import Any

import pytest

import fastnn

HERE = Path(__file__).parent / "keras"
KERAS = json.loads((HERE / "callbacks.json").read_text())
_spec = importlib.util.spec_from_file_location("record_callbacks", HERE / "record_callbacks.py")
assert _spec is not None and _spec.loader is not None
record = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(record)


@pytest.fixture(scope="module")
def ours() -> dict[str, dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {part: getattr(record, part)(fastnn) for part in ("hooks", "dictated", "wrong")}


def assert_alike(keras: Any, found: Any, where: str) -> None:
    if isinstance(keras, dict):
        assert list(found) == list(keras), where
        for key, value in keras.items():
            assert_alike(value, found[key], f"{where}/{key}")
    elif isinstance(keras, list):
        assert len(found) == len(keras), where
        for i, value in enumerate(keras):
            assert_alike(value, found[i], f"{where}/{i}")
    elif isinstance(keras, float):
        assert found == pytest.approx(keras, abs=2e-5, rel=2e-5), where
    else:
        assert found == keras, where


@pytest.mark.parametrize("name", KERAS["hooks"])
def test_hooks(ours, name):
    assert_alike(KERAS["hooks"][name], ours["hooks"][name], name)


@pytest.mark.parametrize("name", KERAS["dictated"])
def test_what_callbacks_do(ours, name):
    assert_alike(KERAS["dictated"][name], ours["dictated"][name], name)


@pytest.mark.parametrize("name", KERAS["wrong"])
def test_what_is_refused(ours, name):
    assert ours["wrong"][name] == KERAS["wrong"][name]
