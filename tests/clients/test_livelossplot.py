"""livelossplot: curves that are drawn after each epoch."""

from __future__ import annotations

import pytest
from livelossplot import PlotLossesKeras, PlotLossesKerasTF
from livelossplot.outputs import ExtremaPrinter, MatplotlibPlot
from PIL import Image

import keras


@pytest.mark.parametrize("callback", [PlotLossesKeras, PlotLossesKerasTF])
def test_its_callbacks(rows, capsys, callback):
    x, y, _ = rows
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    plot = callback(outputs=[MatplotlibPlot(figpath="curves.png"), ExtremaPrinter()])
    history = model.fit(x, y, validation_data=(x, y), epochs=3, verbose=0, callbacks=[plot]).history
    told = capsys.readouterr().out
    assert f"cur: {history['val_loss'][-1]:8.3f}" in told and "mae" in told
    with Image.open("curves.png") as picture:
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 10
