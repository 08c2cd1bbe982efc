"""Notebooks: the bar of fit is one line, and models and histories draw themselves."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

CELLS = (
    "import keras, numpy as np\n"
    "x = np.random.default_rng(0).normal(size=(400, 4))\n"
    "model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])\n"
    "model.compile('adam', 'mse', metrics=['mae'])",
    "history = model.fit(x, x[:, :1], epochs=5, validation_split=0.2)",
    "_ = model.predict(x)",
    "model",
    "history",
)


@pytest.fixture(scope="module")
def cells():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    return NotebookClient(notebook, timeout=120, kernel_name="python3").execute().cells


@pytest.mark.parametrize(("at", "last"), [(1, "Epoch 5/5: 100%"), (2, "100%")])
def test_a_bar_is_one_line(cells, at, last):
    told = "".join(output.text for output in cells[at].outputs)
    assert told.count("\n") == 1 and told.endswith("\n")
    *_, shown = told.rstrip("\n").split("\r")
    assert last in shown and (at == 2 or "val_mae" in shown)


@pytest.mark.parametrize("at", [3, 4])
def test_they_draw_themselves(cells, at):
    (output,) = cells[at].outputs
    assert "<svg" in output.data["image/svg+xml"]
