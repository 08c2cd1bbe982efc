"""Pictures of models: `plot_model` and `model_to_dot`, without Graphviz."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fastnn.console import in_notebook
from fastnn.engine.contract import title
from fastnn.models.diagram import Box, Diagram, Shown, diagram_of
from fastnn.models.diagram_layout import LINE, PADDING, Layout, Placed, lay_out
from fastnn.models.diagram_svg import FILL, FROZEN, GROUP, HEAD, INK, INPUT, MARGIN, path_of, svg_of
from fastnn.plotting import new_figure

_DIRECTIONS = ("TB", "BT", "LR", "RL")
_SPLINES = ("ortho", "curved", "polyline", "spline", "line")


class ModelDot:
    """Diagram of a model, as `model_to_dot` returns it.

    Args:
        diagram: The boxes and arrows.
        name: The name of the model.
        direction: From where to where data flow: "TB", "BT", "LR" or "RL".
        dpi: The resolution of a picture made of pixels.
        splines: How arrows are drawn.
    """

    def __init__(self, diagram: Diagram, name: str, direction: str, dpi: float, splines: str) -> None:
        self._diagram = diagram
        self._name = name
        self._direction = direction
        self._dpi = dpi
        self._splines = splines

    def to_string(self) -> str:
        """Returns the diagram in the DOT language of Graphviz."""
        lines = [f'digraph "{self._name}" {{', f"rankdir={self._direction}; splines={self._splines};"]
        lines += ["node [shape=box];", *_dot(self._diagram), "}"]
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        return self.to_string()

    def _repr_svg_(self) -> str:
        return svg_of(lay_out(self._diagram, self._direction), self._splines)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes a file.

        Args:
            path: The file. "*.svg" and "*.dot" need no other package; "*.png", "*.pdf" and what else matplotlib
                writes need matplotlib.
        """
        file = Path(path)
        ending = file.suffix.lower()
        file.parent.mkdir(parents=True, exist_ok=True)
        if ending == ".svg":
            file.write_text(self._repr_svg_(), encoding="utf-8")
        elif ending in (".dot", ".gv"):
            file.write_text(self.to_string(), encoding="utf-8")
        else:
            layout = lay_out(self._diagram, self._direction)
            # Longer pictures than 30,000 pixels are not opened by most programs.
            dpi = min(self._dpi, 30_000 * 96 / max(layout.width, layout.height))
            _drawn(layout, self._splines).savefig(file, dpi=dpi)


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> ModelDot:
    """Returns the diagram of a model.

    Args:
        model: A model that is built.
        show_shapes: True to show the shapes of the inputs and outputs of each layer.
        show_dtype: True to show the type of its outputs.
        show_layer_names: True to show its name.
        rankdir: From where to where data flow: "TB" (from the top to the bottom), "BT", "LR" or "RL".
        expand_nested: True to draw the layers of nested models within their boxes.
        dpi: The resolution of a picture made of pixels, in dots per inch.
        subgraph: Accepted for Keras compatibility; ignored.
        show_layer_activations: True to show the activation of layers that have one.
        show_trainable: True to show which layers are trained.
        splines: How arrows are drawn: "ortho" with right angles, "curved" or "spline", "polyline" or "line".
        **kwargs: None are known.

    Returns:
        An object that draws itself in a notebook, with `to_string()` for the DOT language and `write(path)`.

    Raises:
        ValueError: The model is not built, or an argument is unknown.

    Example:
        >>> model = fastnn.Sequential([layers.Input((4,)), layers.Dense(3, name="a"), layers.Dense(1, name="b")])
        >>> print(fastnn.utils.model_to_dot(model))  # doctest: +ELLIPSIS
        digraph "sequential..." {
        rankdir=TB; splines=ortho;
        node [shape=box];
        "a" [label="a (Dense)"];
        "b" [label="b (Dense)"];
        "a" -> "b";
        }
        <BLANKLINE>
    """
    if kwargs:
        raise ValueError(f"model_to_dot has no argument {next(iter(kwargs))!r}")
    if rankdir not in _DIRECTIONS:
        raise ValueError(f"rankdir expects one of {', '.join(map(repr, _DIRECTIONS))}, got {rankdir!r}")
    if splines not in _SPLINES:
        raise ValueError(f"splines expects one of {', '.join(map(repr, _SPLINES))}, got {splines!r}")
    if not model.built:
        raise ValueError(
            f"{title(model)} is not built; call build(), or the model on a batch of data, before it is drawn"
        )
    shown = Shown(show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable, expand_nested)
    return ModelDot(diagram_of(model, shown), model.name, rankdir, dpi, splines)


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Draws a model into a file.

    Args:
        model: A model that is built.
        to_file: The file. "*.svg" and "*.dot" need no other package; "*.png", "*.pdf" and what else matplotlib writes
            need `pip install matplotlib`.
        show_shapes: True to show the shapes of the inputs and outputs of each layer.
        show_dtype: True to show the type of its outputs.
        show_layer_names: True to show its name.
        rankdir: From where to where data flow: "TB" (from the top to the bottom), "BT", "LR" or "RL".
        expand_nested: True to draw the layers of nested models within their boxes.
        dpi: The resolution of a picture made of pixels, in dots per inch.
        show_layer_activations: True to show the activation of layers that have one.
        show_trainable: True to show which layers are trained.
        splines: How arrows are drawn: "ortho" with right angles, "curved" or "spline", "polyline" or "line".
        **kwargs: None are known.

    Returns:
        In a notebook the diagram, which draws itself; otherwise None.

    Raises:
        ValueError: The model is not built, or an argument is unknown.
        ImportError: The file needs matplotlib, which is missing.

    Example:
        >>> import pathlib, tempfile
        >>> model = fastnn.Sequential([layers.Input((4,)), layers.Dense(3), layers.Dense(1)])
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.svg"
        >>> fastnn.utils.plot_model(model, path, show_shapes=True)
        >>> path.read_text()[:4]
        '<svg'
    """
    dot = model_to_dot(
        model, show_shapes, show_dtype, show_layer_names, rankdir, expand_nested, dpi,
        show_layer_activations=show_layer_activations, show_trainable=show_trainable, splines=splines, **kwargs,
    )  # fmt: skip
    dot.write(to_file)
    return dot if in_notebook() else None


def _dot(diagram: Diagram) -> list[str]:
    lines: list[str] = []
    for box in diagram.boxes:
        if box.inner is None:
            text = "\\n".join((box.title, *box.lines)).replace('"', '\\"')
            lines.append(f'"{box.key}" [label="{text}"];')
        else:
            lines += [f'subgraph "cluster_{box.key}" {{', f'label="{box.title}"; style=dashed;', *_dot(box.inner), "}"]
    for a, b in diagram.arrows:
        lines.append(f'"{_end(diagram.boxes[a], True)}" -> "{_end(diagram.boxes[b], False)}";')
    return lines


def _end(box: Box, last: bool) -> str:
    """Returns the key of the box at which an arrow of DOT ends; groups have none of their own."""
    return box.key if box.inner is None else _end(box.inner.boxes[-1 if last else 0], last)


def _drawn(layout: Layout, splines: str) -> Any:
    """Returns a diagram as a figure of matplotlib, in the colors of the SVG."""
    width, height = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN
    figure = new_figure((width / 96, height / 96))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    _draw(axes, layout, MARGIN, MARGIN, splines)
    return figure


def _draw(axes: Any, layout: Layout, x: float, y: float, splines: str) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Outline

    for placed in layout.boxes:
        _draw_box(axes, placed, x, y, splines)
    for points, bends in zip(layout.arrows, layout.bends, strict=True):
        text = path_of([(px + x, py + y) for px, py in points], bends, layout.across, splines)
        vertices, codes = [], []
        for part in text.replace("M", "|M").replace(" L", "|L").replace(" C", "|C").split("|")[1:]:
            numbers = [float(number) for number in part[1:].split()]
            code = {"M": Outline.MOVETO, "L": Outline.LINETO, "C": Outline.CURVE4}[part[0]]
            pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
            vertices += pairs
            codes += [code] * len(pairs)
        axes.add_patch(
            FancyArrowPatch(
                path=Outline(vertices, codes), arrowstyle="-|>", mutation_scale=9, color=INK, lw=1, joinstyle="miter"
            )
        )


def _draw_box(axes: Any, placed: Placed, x: float, y: float, splines: str) -> None:
    from matplotlib.patches import Rectangle

    box, left, top = placed.box, placed.x + x, placed.y + y
    middle, head = left + placed.width / 2, LINE + PADDING / 2
    fill = GROUP if placed.inner is not None else INPUT if box.is_input else FILL
    style = "dashed" if placed.inner is not None else "solid"
    axes.add_patch(Rectangle((left, top), placed.width, placed.height, fc=fill, ec=INK, lw=0.8, ls=style))
    axes.add_patch(Rectangle((left, top), placed.width, head, fc=FROZEN if box.frozen else HEAD, ec=INK, lw=0.8))
    font = {"family": "DejaVu Sans Mono", "size": 10.4, "ha": "center", "va": "center"}
    axes.text(middle, top + head / 2, box.title, color="white", weight="bold", **font)
    for k, line in enumerate(box.lines):
        axes.text(middle, top + head + LINE * (k + 0.5) + 2, line, color=INK, **font)
    if placed.inner is not None:
        down = top + placed.height - placed.inner.height - PADDING
        _draw(axes, placed.inner, middle - placed.inner.width / 2, down, splines)
