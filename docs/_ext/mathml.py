"""Formulas as MathML, which browsers draw themselves: no script, no font from elsewhere, and they work from a file.

docutils translates the LaTeX; what it does not know is a warning, and so an error of the build.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

logger = logging.getLogger(__name__)


def _write(visitor: Any, node: nodes.Element, as_block: bool) -> None:
    try:
        visitor.body.append(tex2mathml(node.astext(), as_block=as_block))
    except MathError as error:
        logger.warning("formula %r: %s", node.astext(), error, location=node)
    raise nodes.SkipNode


def inline(visitor: Any, node: nodes.Element) -> None:
    """Writes a formula of a line."""
    _write(visitor, node, as_block=False)


def block(visitor: Any, node: nodes.Element) -> None:
    """Writes a formula on lines of its own."""
    _write(visitor, node, as_block=True)


def setup(app: Any) -> dict[str, bool]:
    """Registers the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
