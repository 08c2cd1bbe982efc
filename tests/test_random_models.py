"""Random models: the same bits on any number of threads and in any batch."""

from __future__ import annotations

import pytest

import random_models


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("first", range(0, 60, 12))
def test_bits_of_random_models(first):
    """`python tests/random_models.py` tries more."""
    found = {seed: random_models.problems(seed) for seed in range(first, first + 12)}
    assert not any(found.values()), found
