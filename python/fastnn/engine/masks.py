"""Masks of sequences while layers add themselves to a graph: which mask an argument has, and which the outputs get.

A mask is a bool edge (batch, time), true where a step counts; `Emission.masks` holds that of each masked edge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastnn.caller import warn
from fastnn.engine.contract import Part, emit, state_of, title
from fastnn.engine.emission import Emission
from fastnn.engine.inference import are_free, common, with_free_sizes
from fastnn.engine.ownership import floats_of
from fastnn.engine.shapes import Leaf, shown
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments, KerasTensor, Shape

_SIZES = (83, 89)
"""The trial values of unknown dimensions; small, since some layers add nodes for each step."""


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


def add_masks(emission: Emission, edges: Sequence[int], tensors: Sequence[KerasTensor], size: int = 1) -> None:
    """Adds an input for the mask of each tensor that comes with one.

    Args:
        emission: The graph, for a trial.
        edges: One for each tensor.
        tensors: The tensors.
        size: The value of unknown dimensions.
    """
    for edge, tensor in zip(edges, tensors, strict=True):
        if tensor.mask_shape is not None:
            (shape,) = with_free_sizes([tensor.mask_shape], size)
            emission.masks[edge] = emission.graph.input(shape, "bool", "mask")


def tell_masks(part: Part, arguments: Arguments, outputs: Sequence[KerasTensor], training: bool | None) -> None:
    """Tells the outputs of a call on symbolic tensors which of them come with a mask.

    Args:
        part: What was called.
        arguments: The arguments of the call.
        outputs: Its outputs.
        training: As the call has it.
    """
    tensors = arguments.tensors
    if all(tensor.mask_shape is None for tensor in tensors) and not makes_masks(part):
        return
    sizes = _SIZES if are_free([tensor.free_shape for tensor in tensors]) else _SIZES[:1]
    found = [_trial_masks(part, arguments, training, size) for size in sizes]
    for tensor, one, other in zip(outputs, found[0], found[-1], strict=True):
        if one is not None and other is not None:
            tensor.mask_shape = common(one, other)


def _trial_masks(part: Part, arguments: Arguments, training: bool | None, size: int) -> list[Shape | None]:
    """Returns for each output the shape of its mask, or None, with `size` in place of unknown dimensions."""
    tensors = arguments.tensors
    emission = Emission(bool(training), floats=floats_of(part))
    shapes = with_free_sizes([tensor.free_shape for tensor in tensors], size)
    specs = [(shape, tensor.dtype) for shape, tensor in zip(shapes, tensors, strict=True)]
    edges = [emission.edge(spec, tensor.name) for spec, tensor in zip(specs, tensors, strict=True)]
    add_masks(emission, edges, tensors, size)
    made = [emission.masks.get(edge) for edge in emit(part, emission, edges, arguments)]
    return [None if mask is None else tuple(emission.graph.spec(mask)[0]) for mask in made]


def makes_masks(part: Part) -> bool:
    """Returns whether a part may make masks where its inputs have none."""
    within = state_of(part).members
    if within is not None:
        return any(makes_masks(one) for one in within)
    return type(part).__fastnn_makes_masks__


def keep_mask(emission: Emission, mask: int | None, edges: Sequence[int]) -> None:
    """Gives the mask to those of the edges that have a place for each of its places."""
    if mask is not None:
        emission.masks.update({edge: mask for edge in edges if _fits(emission, mask, edge)})


def warn_of_lost_mask(layer: Part) -> None:
    """Warns once that a layer cannot keep the mask of its input."""
    state = state_of(layer)
    if not state.warned_of_mask:
        state.warned_of_mask = True
        warn(
            f"{title(layer)} cannot keep the mask of its input, and what follows will not know which places "
            "count; put a layer before it that ends the sequence, such as an LSTM or GlobalAveragePooling1D"
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
