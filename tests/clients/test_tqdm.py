"""tqdm.keras: bars of epochs and batches."""

from __future__ import annotations

import io

import pytest
from tqdm.keras import TqdmCallback

import keras


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_its_callback(rows, verbose):
    x, y, _ = rows
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    file = io.StringIO()
    bar = TqdmCallback(verbose=verbose, file=file, mininterval=0)
    model.fit(x, y, validation_data=(x, y), epochs=3, verbose=0, callbacks=[bar])
    told = file.getvalue()
    assert "3/3" in told and "val_mae=" in told
    assert ("7.00/7.00" in told or "7/7" in told) == (verbose > 0)
