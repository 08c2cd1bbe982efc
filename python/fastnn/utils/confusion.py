"""The picture of a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.plotting import new_figure


def plot_confusion_matrix(
    y_true: Any,
    y_pred: Any,
    labels: Sequence[Any] | None = None,
    normalize: bool = False,
    title: str | None = None,
    cmap: str = "Blues",
    path: Any = None,
) -> Any:
    """Draws how often each class was taken for which (`pip install matplotlib`).

    Args:
        y_true: The labels: integers (rows,), or one-hot (rows, classes).
        y_pred: The predicted labels, or probabilities (rows, classes), of which the largest counts.
        labels: The names of the classes; None: their numbers.
        normalize: True to show the shares of each true class, not the numbers of rows.
        title: The title, or None.
        cmap: The name of a map of colors of matplotlib.
        path: A file to write, or None.

    Returns:
        The figure of matplotlib, which a notebook shows.

    Raises:
        ValueError: There are not as many predictions as labels, or too few names.
        ImportError: matplotlib is missing.

    Example:
        >>> figure = fastnn.utils.plot_confusion_matrix([0, 1, 1, 2], [0, 1, 2, 2], ["cat", "dog", "owl"])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['1', '0', '0', '0', '1', '1', '0', '0', '1']
    """
    true, found = _classes(y_true), _classes(y_pred)
    if len(true) != len(found):
        raise ValueError(
            f"plot_confusion_matrix expects as many predictions as labels, got {len(found)} and {len(true)}"
        )
    count = int(max(true.max(initial=0), found.max(initial=0))) + 1
    if labels is not None and len(labels) < count:
        raise ValueError(f"plot_confusion_matrix expects a name for each of the {count} classes, got {len(labels)}")
    count = count if labels is None else len(labels)
    names = [str(one) for one in (range(count) if labels is None else labels)]
    matrix = np.zeros((count, count))
    np.add.at(matrix, (true, found), 1)
    shown = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1) if normalize else matrix
    side = max(3.2, 0.55 * count + 1.6)
    figure = new_figure((side + 0.6, side), layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(shown, cmap=cmap, vmin=0, vmax=1 if normalize else None)
    figure.colorbar(image, ax=axes, shrink=0.8)
    turned = max(map(len, names)) > 3
    axes.set_xticks(range(count), names, rotation=45 if turned else 0, ha="right" if turned else "center")
    axes.set_yticks(range(count), names)
    axes.set(xlabel="predicted", ylabel="true", title=title)
    middle = (shown.max() + shown.min()) / 2
    for i, j in np.ndindex(count, count):
        text = f"{shown[i, j]:.2f}" if normalize else f"{int(shown[i, j])}"
        color = "white" if shown[i, j] > middle else "black"
        axes.text(j, i, text, ha="center", va="center", color=color, fontsize=9 if count <= 12 else 6)
    if path is not None:
        figure.savefig(path)
    return figure


def _classes(values: Any) -> Any:
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] > 1:
        return array.argmax(axis=1)
    return (
        (array.ravel() > 0.5).astype(int)
        if array.dtype.kind == "f" and array.max(initial=0) <= 1
        else (array.ravel().astype(int))
    )
