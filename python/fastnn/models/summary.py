"""The table of a model's layers: the one that `Model.summary` prints, and that of notebooks."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fastnn.engine.by_code import runs_code
from fastnn.engine.contract import title
from fastnn.engine.network import Network
from fastnn.models import kinds
from fastnn.symbolic.variable import Variable


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Prints a table of the layers; the arguments are those of `Model.summary`."""
    model.__fastnn_training__.programs.refresh()
    connections = _connections(model)
    width = (65 if connections is None else 98) if line_length is None else int(line_length)
    usual = [0.45, 0.85, 1.0] if connections is None else [0.33, 0.55, 0.67, 1.0]
    ends = usual if positions is None else list(positions)
    columns = [int(width * end) if ends[-1] <= 1 else int(end) for end in ends]
    titles = ["Layer (type)", "Output Shape", "Param #"]
    if connections is not None:
        titles.append("Connected to")
    if show_trainable:
        width += 11
        columns.append(width)
        titles.append("Trainable")
    write = print if print_fn is None else print_fn

    def row(fields: Sequence[str]) -> None:
        line = ""
        for i, (field, end) in enumerate(zip(fields, columns, strict=True)):
            # A field that fills its column loses a character, to stay apart from the next.
            line = (line[:-1] + " " if i else "") + field
            line = line[:end].ljust(end)
        write(line)

    write("_" * width)
    row(titles)
    write("=" * width)
    rows = list(_rows(_listed(model, layer_range), model.built, expand_nested, 0))
    for i, (layer, label, shape, params) in enumerate(rows):
        fields = [label, shape, params]
        # A layer that reads several others names each on a line of its own.
        further: list[str] = []
        if connections is not None:
            first, *further = connections.get(layer, []) or [""]
            fields.append(first)
        if show_trainable:
            fields.append("-" if not layer.weights else "Y" if layer.trainable else "N")
        row(fields)
        for connection in further:
            row(["", "", "", connection, *([""] if show_trainable else [])])
        write(("=" if i == len(rows) - 1 else "_") * width)
    trained = _count(model.trainable_weights)
    total = _count(model.weights)
    write(f"Total params: {total:,}")
    write(f"Trainable params: {trained:,}")
    write(f"Non-trainable params: {total - trained:,}")
    write("_" * width)


def summary_as_html(model: Any, picture: str | None) -> str:
    """Returns the table of the layers as HTML, and below it a picture.

    Args:
        model: The model, built or not.
        picture: A diagram of the model as SVG; None: there is none.
    """
    model.__fastnn_training__.programs.refresh()
    rows = [fields for _, *fields in _rows(_listed(model, None), model.built, False, 0)]
    titles = ("Layer (type)", "Output Shape", "Param #")
    lines = [_html_row(titles, "th"), *(_html_row(fields, "td") for fields in rows)]
    total, trained = _count(model.weights), _count(model.trainable_weights)
    counts = f"Total params: {total:,}; trainable: {trained:,}; non-trainable: {total - trained:,}"
    name = f"{type(model).__name__} {model.name!r}"
    table = f"<table><caption>{html.escape(name)}</caption>{''.join(lines)}</table><p>{counts}</p>"
    return table if picture is None else f"{table}<details open><summary>Diagram</summary>{picture}</details>"


def _html_row(fields: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f'<{tag} style="text-align:left">{html.escape(one)}</{tag}>' for one in fields) + "</tr>"


def _connections(model: Any) -> dict[Any, list[str]] | None:
    """Returns for each layer the tensors that its calls read, where the model is more than a chain."""
    if not isinstance(model, kinds.functional()) or runs_code(model) or model.__fastnn_topology__.is_chain():
        return None
    return model.__fastnn_topology__.connections()


def _listed(model: Any, layer_range: Sequence[str] | None) -> list[Any]:
    layers = model.__fastnn_operations__()
    if layer_range is None:
        return list(layers)
    if len(layer_range) != 2:
        raise ValueError(f"layer_range expects two regular expressions, got {layer_range!r}")
    begin, end = ([i for i, layer in enumerate(layers) if re.match(pattern, layer.name)] for pattern in layer_range)
    if not begin or not end:
        missing = layer_range[1] if begin else layer_range[0]
        raise ValueError(f"{title(model)}: layer_range found no layer whose name matches {missing!r}")
    return list(layers[begin[0] : end[-1] + 1])


def _rows(layers: Sequence[Any], built: bool, expand: bool, depth: int) -> Iterator[tuple[Any, str, str, str]]:
    for layer in layers:
        label = "|    " * depth + f"{layer.name} ({layer.__fastnn_type_name__()})"
        shape, params = "?", "unbuilt"
        if built and layer.built:
            shape, params = str(layer.output_shape), str(_count(layer.weights))
        yield layer, label, shape, params
        if expand and isinstance(layer, Network):
            yield from _rows(layer.__fastnn_operations__(), layer.built, expand, depth + 1)


def _count(variables: Sequence[Variable]) -> int:
    return sum(variable.size for variable in {id(variable): variable for variable in variables}.values())
