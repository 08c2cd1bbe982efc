"""Settings of all tests: they run from any folder, on the installed fastnn, without a terminal, on all threads."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import fastnn

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def default_threads() -> Iterator[None]:
    """Restores the number of threads after a test that sets another."""
    yield
    fastnn.config.set_num_threads(0)


@pytest.fixture
def names_from_the_start() -> None:
    """Makes the automatic names of layers count from the start."""
    fastnn.utils.clear_session()
