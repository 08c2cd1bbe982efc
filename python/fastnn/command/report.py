"""The report of `python -m fastnn train`: one HTML file with tables and pictures in it."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastnn
from fastnn.command.columns import Columns, Images
from fastnn.plotting import figure_as_svg, new_figure

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left;border-bottom:1px solid #ccc}"
    "svg{max-width:100%;height:auto}pre{overflow-x:auto}"
)


def lacking() -> str | None:
    """Returns why no report can be made; None where it can."""
    try:
        new_figure((1, 1))
    except ImportError:
        return "it needs matplotlib: pip install matplotlib"
    return None


def verdict(inputs: Columns | Images, truth: NDArray[Any], predicted: NDArray[Any]) -> str:
    """Returns in one line how good a model is on the validation data, and what one that knows nothing would reach.

    Args:
        inputs: The description of its inputs.
        truth: The targets.
        predicted: The outputs of the model.
    """
    if inputs.classes is None:
        error, plain = np.abs(predicted - truth).mean(), np.abs(truth - np.median(truth)).mean()
        return f"mean absolute error on {len(truth)} validation rows: {error:.4g} (the median for all: {plain:.4g})"
    right = (predicted.argmax(axis=1) == truth).mean()
    most = np.bincount(truth.astype(int)).max() / len(truth)
    return f"accuracy on {len(truth)} validation rows: {right:.1%} (the most frequent class for all: {most:.1%})"


def write(
    path: Path,
    data: Path,
    inputs: Columns | Images,
    model: Any,
    history: Any,
    truth: NDArray[Any],
    predicted: NDArray[Any],
) -> None:
    """Writes the report.

    Args:
        path: The file.
        data: The data that the model was trained on.
        inputs: The description of its inputs.
        model: The model.
        history: What `fit` returned.
        truth: The targets of the validation data.
        predicted: What the model makes of them.

    Raises:
        OSError: It cannot be written.
    """
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    parts = [
        f"<h1>{html.escape(data.name)}</h1>",
        f"<p>{html.escape(verdict(inputs, truth, predicted))}</p>",
        _described(inputs),
        "<h2>Training</h2>",
        f"<p>{len(history.epoch)} epochs with fastnn {fastnn.__version__}.</p>",
        figure_as_svg(history.plot()),
        "<h2>Validation</h2>",
        figure_as_svg(
            _errors(truth, predicted) if inputs.classes is None else _confusion(inputs.classes, truth, predicted)
        ),
        "<h2>Model</h2>",
        f"<pre>{html.escape(chr(10).join(lines))}</pre>",
    ]
    title = f"fastnn: {html.escape(data.name)}"
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    body = "\n".join(parts)
    path.write_text(
        f'<!DOCTYPE html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body>{body}</body></html>',
        encoding="utf-8",
    )


def _described(inputs: Columns | Images) -> str:
    if isinstance(inputs, Images):
        rows = [("images", f"{inputs.size[0]} x {inputs.size[1]} pixels"), ("classes", ", ".join(inputs.classes))]
    else:
        rows = [(name, f"number, mean {mean:.4g}") for name, mean in inputs.numbers.items()]
        rows += [(name, f"{len(words)} words: {', '.join(words[:8])}") for name, words in inputs.words.items()]
        target = (
            "number" if inputs.classes is None else f"{len(inputs.classes)} classes: {', '.join(inputs.classes[:8])}"
        )
        rows.append((f"{inputs.target} (target)", target))
    cells = "".join(f"<tr><td>{html.escape(a)}</td><td>{html.escape(b)}</td></tr>" for a, b in rows)
    return f"<h2>Data</h2><table>{cells}</table>"


def _confusion(classes: list[str], truth: NDArray[Any], predicted: NDArray[Any]) -> Any:
    matrix = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(matrix, (truth.astype(int), predicted.argmax(axis=1)), 1)
    size = min(3 + 0.4 * len(classes), 12)
    figure = new_figure((size, size), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(matrix, cmap="Blues")
    for (i, j), count in np.ndenumerate(matrix):
        if count and len(classes) <= 30:
            axes.text(j, i, count, ha="center", va="center", color="white" if count > matrix.max() / 2 else "black")
    axes.set_xticks(range(len(classes)), classes, rotation=90)
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel="predicted", ylabel="true")
    return figure


def _errors(truth: NDArray[Any], predicted: NDArray[Any]) -> Any:
    figure = new_figure((5, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.scatter(truth, predicted, s=8)
    ends = [float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))]
    axes.plot(ends, ends, ":", color="gray")
    axes.set(xlabel="true", ylabel="predicted")
    return figure
