"""The content of a picture of a model: a box for each layer, and the arrows between them.

Where boxes stand is the matter of `diagram_layout.py`; `diagram_svg.py` draws them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fastnn.engine.network import Network, edges_of


class Shown(NamedTuple):
    """What the box of a layer shows beside its class.

    Attributes:
        shapes: The shapes of inputs and outputs.
        dtype: The type of the outputs.
        names: The name of the layer.
        activations: The activation.
        trainable: Whether the layer is trained.
        nested: True to draw the layers of nested models within their boxes.
    """

    shapes: bool = False
    dtype: bool = False
    names: bool = False
    activations: bool = False
    trainable: bool = False
    nested: bool = False


@dataclass
class Box:
    """A layer.

    Attributes:
        key: A name that no other box of the picture has.
        title: The first line.
        lines: The further lines.
        inner: The diagram within the box, or None.
        is_input: True for a layer that only passes data in.
        frozen: True for a layer with weights that are not trained, where this is shown.
    """

    key: str
    title: str
    lines: list[str] = field(default_factory=list)
    inner: Diagram | None = None
    is_input: bool = False
    frozen: bool = False


@dataclass
class Diagram:
    """Boxes and arrows.

    Attributes:
        boxes: The boxes.
        arrows: Pairs of indices of boxes, from the one that makes to the one that reads.
    """

    boxes: list[Box]
    arrows: list[tuple[int, int]]


def diagram_of(model: Any, shown: Shown, scope: str = "") -> Diagram:
    """Returns the diagram of a model; one box for a model whose code joins its layers.

    Args:
        model: The model.
        shown: What the boxes show.
        scope: What the keys of its boxes begin with.
    """
    arrows = edges_of(model)
    layers = list(model.__fastnn_operations__())
    if not arrows and len(layers) != 1:
        return Diagram([_box(model, shown, scope)], [])
    places = {id(layer): i for i, layer in enumerate(layers)}
    boxes = []
    for layer in layers:
        box = _box(layer, shown, scope)
        if shown.nested and isinstance(layer, Network) and (edges_of(layer) or len(layer.__fastnn_operations__()) == 1):
            box.inner = diagram_of(layer, shown, f"{box.key}/")
        boxes.append(box)
    known = [(places[id(a)], places[id(b)]) for a, b in arrows if id(a) in places and id(b) in places]
    return Diagram(boxes, known)


def _box(layer: Any, shown: Shown, scope: str) -> Box:
    kind = type(layer).__name__
    box = Box(f"{scope}{layer.name}", f"{layer.name} ({kind})" if shown.names else kind)
    box.is_input = kind == "InputLayer"
    if shown.activations:
        activation = getattr(layer, "activation", None)
        if activation is not None:
            name = getattr(activation, "__name__", type(activation).__name__)
            box.lines.append(f"Activation: {name}")
    if shown.shapes:
        box.lines += [
            f"{what} shape: {_shape(layer, attribute)}"
            for what, attribute in (("Input", "input_shape"), ("Output", "output_shape"))
            if not (box.is_input and what == "Input")
        ]
    if shown.dtype:
        box.lines.append(f"Output dtype: {_dtype(layer)}")
    if shown.trainable and getattr(layer, "weights", None):
        box.frozen = not layer.trainable
        box.lines.append("Non-trainable" if box.frozen else "Trainable")
    return box


def _shape(layer: Any, attribute: str) -> str:
    try:
        return str(getattr(layer, attribute))
    except (AttributeError, NotImplementedError):
        return "?"


def _dtype(layer: Any) -> str:
    try:
        made = layer.output
    except (AttributeError, NotImplementedError):
        return str(getattr(layer, "compute_dtype", "?"))
    return ", ".join(tensor.dtype for tensor in (made if isinstance(made, list) else [made]))
