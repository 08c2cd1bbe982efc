"""Figures of matplotlib, which comes with the extra `plot` or by `pip install matplotlib`.

Figures are made without `pyplot`, so that nothing is shown and no state is kept where a file or a notebook is the aim.
"""

from __future__ import annotations

import io
from typing import Any


def new_figure(size: tuple[float, float], **arguments: Any) -> Any:
    """Returns a new figure of matplotlib.

    Args:
        size: The width and the height in inches.
        **arguments: Further arguments of `matplotlib.figure.Figure`.

    Raises:
        ImportError: matplotlib is missing.
    """
    try:
        from fastnn.plotting.figure import NotebookFigure
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install matplotlib") from error
    return NotebookFigure(figsize=size, **arguments)


def figure_as_svg(figure: Any) -> str:
    """Returns a figure as the text of an SVG file.

    Args:
        figure: The figure.
    """
    file = io.StringIO()
    figure.savefig(file, format="svg")
    text = file.getvalue()
    return text[text.index("<svg") :]


def pyplot() -> Any:
    """Returns the module `matplotlib.pyplot`, for pictures that are shown on a screen.

    Raises:
        ImportError: matplotlib is missing.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install matplotlib") from error
    return plt
