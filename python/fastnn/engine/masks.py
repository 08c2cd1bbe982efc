"""Masks of sequences while layers add themselves to a graph: which mask an argument has, and which the outputs get.

A mask is a bool edge (batch, time), true where a step counts; `Emission.masks` holds that of each masked edge.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from fastnn.engine.contract import Part, state_of, title
from fastnn.engine.emission import Emission
from fastnn.engine.shapes import Leaf, shown
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments, KerasTensor


def first_and_masks(
    emission: Emission, edges: list[int], arguments: Arguments | None, parameters: Sequence[str], name: str
) -> tuple[list[int], list[int | None]]:
    """Returns the edges of the first argument and their masks, from which the masks of the outputs are made.

    Args:
        emission: The graph.
        edges: One for each tensor among the arguments.
        arguments: Those of the call; None: the edges alone.
        parameters: The names of the parameters of `call`.
        name: The layer's name.

    Returns:
        The edges, and for each its mask: the one given in the call, else that of the edge, or None.
    """
    if arguments is None:
        return edges, [emission.masks.get(edge) for edge in edges]
    args, kwargs = arguments.place([Leaf((edge,)) for edge in edges])

    def edges_of(value: Any) -> list[int | None]:
        leaves = Structure(value).flat(value)
        return [leaf.shape[0] if isinstance(leaf, Leaf) else None for leaf in leaves]

    first = [e for e in edges_of(args[0] if args else next(iter(kwargs.values()), None)) if e is not None]
    masks = [emission.masks.get(edge) for edge in first]
    given = kwargs.get("mask")
    if given is None and len(args) > 1:
        given = dict(zip(parameters, args, strict=False)).get("mask")
    if given is not None:
        of_each = [None if e is None else emission.cast(e, "bool", name) for e in edges_of(given)]
        masks = (of_each + masks)[: len(masks)]
    return first, masks


def masks_of_arguments(
    arguments: Arguments, masks: Sequence[int | None], parameters: Sequence[str]
) -> dict[str, list[int | None]]:
    """Returns the masks for each parameter of `call` that asks for one and was not given one.

    The parameter `mask` asks for the mask of the first argument, `value_mask` for that of `value`.

    Args:
        arguments: Those of the call.
        masks: For each tensor among them its mask, or None.
        parameters: The names of the parameters of `call`.
    """
    if all(mask is None for mask in masks):
        return {}
    places = [Leaf((i,)) for i in range(len(masks))]
    args, kwargs = arguments.place(places)
    given = {**dict(zip(parameters, args, strict=False)), **kwargs}
    found: dict[str, list[int | None]] = {}
    for i, (name, value) in enumerate(given.items()):
        asked = "mask" if i == 0 and "mask" in parameters else f"{name}_mask"
        if asked not in parameters or given.get(asked) is not None:
            continue
        leaves = Structure(value).flat(value)
        of_one = [masks[leaf.shape[0]] if isinstance(leaf, Leaf) else None for leaf in leaves]  # type: ignore[index]
        if any(mask is not None for mask in of_one):
            found[asked] = of_one
    return found


def give_masks(emission: Emission, edges: Sequence[int], masks: Sequence[int | None], who: str) -> None:
    """Gives edges the masks that stand in a call.

    Args:
        emission: The graph.
        edges: The inputs of the call.
        masks: For each input the edge of its mask, or None.
        who: The name of what is called, in messages.

    Raises:
        ValueError: A mask has no place for each of an input's.
    """
    for edge, mask in zip(edges, masks, strict=True):
        if mask is not None and not _fits(emission, mask, edge):
            shape, given = (shown(emission.graph.spec(one)[0]) for one in (edge, mask))
            raise ValueError(f"{who} expects a mask with a place for each of an input of shape {shape}, got {given}")
        if mask is not None:
            emission.masks[edge] = emission.cast(mask, "bool", "mask")


def keep_mask(emission: Emission, mask: int | None, edges: Sequence[int]) -> None:
    """Gives the mask to those of the edges that have a place for each of its places."""
    if mask is not None:
        emission.masks.update({edge: mask for edge in edges if _fits(emission, mask, edge)})


def warn_of_lost_mask(layer: Part) -> None:
    """Warns once that a layer cannot keep the mask of its input."""
    state = state_of(layer)
    if not state.warned_of_mask:
        state.warned_of_mask = True
        warnings.warn(
            f"{title(layer)} cannot keep the mask of its input, and what follows will not know which places "
            "count; put a layer before it that ends the sequence, such as an LSTM or GlobalAveragePooling1D",
            stacklevel=2,
        )


def emit_mask(
    layer: Part,
    compute_mask: Callable[[Any, Any], Any],
    emission: Emission,
    edges: list[int],
    masks: Sequence[int | None],
    outputs: list[int],
    takes_many: bool,
) -> None:
    """Adds what a layer's `compute_mask` computes and gives it to the outputs.

    Args:
        layer: The layer.
        compute_mask: Its method, called with the inputs and their masks.
        emission: The graph.
        edges: The inputs.
        masks: For each input its mask, or None.
        outputs: The outputs that have no mask yet.
        takes_many: Whether inputs are given as a list even where there is one.

    Raises:
        ValueError: The mask does not fit an output.
    """
    given = [mask for mask in masks if mask is not None]

    def function(*tensors: KerasTensor) -> Any:
        inputs, rest = list(tensors[: len(edges)]), iter(tensors[len(edges) :])
        before = [None if mask is None else next(rest) for mask in masks]
        several = takes_many or len(inputs) > 1
        mask = compute_mask(inputs if several else inputs[0], before if several else before[0])
        return [] if mask is None else mask

    _, made = emission.run(function, [*edges, *given], f"{title(layer)}: compute_mask()")
    if not made:
        return
    for output, mask in zip(outputs, made if len(made) == len(outputs) else made[:1] * len(outputs), strict=True):
        if not _fits(emission, mask, output):
            shape = emission.graph.spec(output)[0]
            raise ValueError(
                f"{title(layer)}: compute_mask() makes a mask of shape {shown(emission.graph.spec(mask)[0])} for an "
                f"output of shape {shown(shape)}, expected {shown(shape[:2])}; return None where the output has no "
                "such places"
            )
        emission.masks[output] = emission.cast(mask, "bool", layer.name)


def _fits(emission: Emission, mask: int, edge: int) -> bool:
    """Returns whether a mask has a place for each of an edge's."""
    places = list(emission.graph.spec(mask)[0])
    return places == list(emission.graph.spec(edge)[0])[: len(places)]
