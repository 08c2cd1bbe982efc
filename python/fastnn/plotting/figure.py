"""A figure of matplotlib that a notebook shows where a cell ends with it.

IPython shows plain figures only once `pyplot` is imported. Needs matplotlib, and is imported where one is made.
"""

from __future__ import annotations

import io
from typing import Any

from matplotlib.figure import Figure

# Points of a screen that shows two for one, as most notebooks are looked at, are not lost.
_DOTS_PER_INCH = 144


class NotebookFigure(Figure):
    """A figure whose picture needs no `pyplot`."""

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=_DOTS_PER_INCH)
        width, height = (round(72 * inches) for inches in self.get_size_inches())
        return file.getvalue(), {"width": width, "height": height}
