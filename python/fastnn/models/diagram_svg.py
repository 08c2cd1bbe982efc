"""A diagram as SVG, without any other program or package."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from fastnn.models.diagram_layout import CHARACTER, LINE, PADDING, Layout, Placed, Point

MARGIN = 8.0
FILL = "#ffffff"
INPUT = "#e8f0fe"
HEAD = "#2f3b4c"
FROZEN = "#8a4b3c"
INK = "#20262e"
GROUP = "#f6f7f9"
_FONT = "Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def svg_of(layout: Layout, splines: str = "ortho") -> str:
    """Returns a diagram as the text of an SVG file.

    Args:
        layout: The diagram with its positions.
        splines: "ortho" for arrows with right angles, "curved" or "spline" for curves, otherwise straight lines.
    """
    width, height = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN
    body = "\n".join(_parts(layout, MARGIN, MARGIN, splines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.1f} {height:.1f}" font-family="{_FONT}" font-size="14">\n'
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
        f'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="{INK}"/></marker></defs>\n{body}\n</svg>\n'
    )


def _parts(layout: Layout, x: float, y: float, splines: str) -> Iterator[str]:
    for placed in layout.boxes:
        yield from _box(placed, x, y, splines)
    for points, bends in zip(layout.arrows, layout.bends, strict=True):
        moved = [(px + x, py + y) for px, py in points]
        path = path_of(moved, bends, layout.across, splines)
        yield f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.3" marker-end="url(#tip)"/>'


def _box(placed: Placed, x: float, y: float, splines: str) -> Iterator[str]:
    box, left, top = placed.box, placed.x + x, placed.y + y
    middle = left + placed.width / 2
    rectangle = f'<rect x="{left:.1f}" y="{top:.1f}" width="{placed.width:.1f}"'
    fill = GROUP if placed.inner is not None else INPUT if box.is_input else FILL
    dashed = ' stroke-dasharray="5 3"' if placed.inner is not None else ""
    yield f'{rectangle} height="{placed.height:.1f}" rx="4" fill="{fill}" stroke="{INK}"{dashed}/>'
    head = LINE + PADDING / 2
    yield f'{rectangle} height="{head:.1f}" rx="4" fill="{FROZEN if box.frozen else HEAD}"/>'
    yield _text(box.title, middle, top + head - 9, "#ffffff", True)
    for k, line in enumerate(box.lines):
        yield _text(line, middle, top + head + LINE * (k + 1) - 3, INK)
    if placed.inner is not None:
        down = top + placed.height - placed.inner.height - PADDING
        yield from _parts(placed.inner, middle - placed.inner.width / 2, down, splines)


def _text(text: str, x: float, y: float, color: str, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    # The width is given, so that no font of another width leaves the box.
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" fill="{color}"{weight} '
        f'textLength="{len(text) * CHARACTER:.0f}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
    )


def path_of(points: list[Point], bends: list[float], across: bool, splines: str) -> str:
    """Returns the path of an arrow, in the language of SVG.

    Args:
        points: Its points.
        bends: Where each of its pieces bends, from 0 to 1.
        across: True where data flow to the right or to the left.
        splines: As in `svg_of`.
    """
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x, y), (to_x, to_y), bend in zip(points, points[1:], bends, strict=False):
        if abs(x - to_x) < 0.5 or abs(y - to_y) < 0.5 or splines not in ("ortho", "curved", "spline"):
            path += f" L{to_x:.1f} {to_y:.1f}"
        elif splines == "ortho":
            half_x, half_y = x + (to_x - x) * bend, y + (to_y - y) * bend
            corners = [(half_x, y), (half_x, to_y)] if across else [(x, half_y), (to_x, half_y)]
            path += "".join(f" L{cx:.1f} {cy:.1f}" for cx, cy in (*corners, (to_x, to_y)))
        else:
            half_x, half_y = (x + to_x) / 2, (y + to_y) / 2
            a, b = ((half_x, y), (half_x, to_y)) if across else ((x, half_y), (to_x, half_y))
            path += f" C{a[0]:.1f} {a[1]:.1f} {b[0]:.1f} {b[1]:.1f} {to_x:.1f} {to_y:.1f}"
    return path
