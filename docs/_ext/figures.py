"""Pictures that the last line of a cell of a gallery's script returns, and what is forgotten between scripts.

`History.plot` and the functions of `fastnn.visualization` return figures that `matplotlib.pyplot` does not know; a
notebook shows them, and so does this.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

import fastnn

# Where sphinx-gallery keeps the value of the last expression of a cell.
_LAST = "___"


def scrape(block: tuple[Any, ...], block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Returns the text that shows the figure of the last expression of a cell, or none."""
    names = block_vars["example_globals"]
    figure = names.get(_LAST)
    if not isinstance(figure, Figure):
        return ""
    # The next cell may have no value, and this figure would be drawn again. What is no figure is shown as HTML later.
    names[_LAST] = None
    path = Path(next(block_vars["image_path_iterator"]))
    figure.savefig(path, dpi=100)
    return figure_rst([str(path)], gallery_conf["src_dir"])


def reset(gallery_conf: dict[str, Any], name: str | None) -> None:
    """Forgets the names of layers, so that each script numbers its own."""
    fastnn.utils.clear_session()
