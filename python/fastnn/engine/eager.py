"""Calls on arrays: a layer alone, computed at once.

Such a call makes a graph of the layer alone. For calls without keywords the predictor is kept for the next call on
inputs of the same specs. With `training=True` the training graph runs, in which dropout drops and moving statistics
move. The masks of inputs enter the graph, and outputs carry theirs to the next call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.engine.arrays import edge_dtype, numeric
from fastnn.engine.contract import Part, computation_of, emit, state_of, title
from fastnn.engine.eager_array import EagerArray, mask_of, with_mask
from fastnn.engine.emission import Emission, stand_in
from fastnn.engine.ownership import LayerChanges, TrainableChanges, floats_of, policy_of, walk
from fastnn.precision import floatx, using
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments, Shape, Spec


def run(layer: Part, args: tuple[Any, ...], kwargs: dict[str, Any], training: bool | None) -> Any:
    """Returns the outputs of a layer for arrays.

    Args:
        layer: The layer.
        args: Its arguments, checked; arrays among them share the batch.
        kwargs: Those by name.
        training: Whether to behave as in training.

    Returns:
        Arrays that carry their masks, in the structure of the outputs.

    Raises:
        ValueError: There is no array among the arguments, or their lengths differ.
    """
    who = f"{title(layer)}: the input"
    kwargs = {name: _one_for_all(value, args) if name.endswith("mask") else value for name, value in kwargs.items()}
    computation = computation_of(layer)
    args = computation.arrays(layer, args)
    structure = Structure((args, kwargs))
    leaves = structure.flat((args, kwargs))
    arrays, masks, stands = [], [], []
    for leaf in leaves:
        if isinstance(leaf, np.ndarray) and leaf.ndim:
            arrays.append(numeric(leaf, who))
            masks.append(mask_of(leaf))
            shape: Shape = (None, *leaf.shape[1:])
            stands.append(stand_in((shape, computation.edge_dtype(layer, edge_dtype(leaf.dtype, who))), "inputs"))
            stands[-1].mask_shape = None if masks[-1] is None else (None, *masks[-1].shape[1:])
        else:
            stands.append(leaf)
    if not arrays:
        raise ValueError(f"{title(layer)} expects an array of shape (batch, ...), got a single number")
    if any(len(x) != len(arrays[0]) for x in arrays):
        raise ValueError(f"{title(layer)} expects arrays of one length, got {[x.shape for x in arrays]}")
    args, kwargs = structure.pack(stands)
    arguments = Arguments(args, kwargs)
    with using(policy_of(layer)):
        packing = computation.outcome(layer, arguments, training)[1]
    outputs = evaluate(layer, arrays, masks, arguments, training, keep=not kwargs and len(arrays) == len(leaves))
    return (packing or Structure(outputs if len(outputs) > 1 else None)).pack(outputs)


def _one_for_all(mask: Any, args: tuple[Any, ...]) -> Any:
    """Returns a mask of one row as one for each row of the first input."""
    first = args[0] if args else None
    if isinstance(mask, np.ndarray) and isinstance(first, np.ndarray) and mask.ndim and first.ndim and len(mask) == 1:
        return np.broadcast_to(mask, (len(first), *mask.shape[1:]))
    return mask


def evaluate(
    part: Part,
    arrays: Sequence[NDArray[Any]],
    masks: Sequence[NDArray[np.bool_] | None] = (),
    arguments: Arguments | None = None,
    training: bool | None = None,
    keep: bool = True,
) -> list[EagerArray]:
    """Runs the graph of a part alone.

    Args:
        part: A layer or a model.
        arrays: Its inputs, of one length.
        masks: For each of them its mask, or None; empty: no input has one.
        arguments: Those of the call, with a tensor for each array; None: the arrays alone, as float32.
        training: Whether to run the training graph, in which dropout drops and moving statistics move. None: each layer
            does what its `call` does without `training`.
        keep: Whether to keep the graph for the next call on inputs of the same specs.

    Returns:
        The outputs, one by one, with their masks.
    """
    training = None if training is None else bool(training)
    dtypes = [floatx()] * len(arrays) if arguments is None else [tensor.dtype for tensor in arguments.tensors]
    specs: list[Spec] = [((None, *x.shape[1:]), dtype) for x, dtype in zip(arrays, dtypes, strict=True)]
    given = [(i, mask) for i, mask in enumerate(masks) if mask is not None]
    key: tuple[Any, ...] = training, specs, [(i, mask.shape[1:]) for i, mask in given], LayerChanges.revisions
    if training:
        # The training graph depends on the parts that compute, and on which of them are trained.
        key = *key, TrainableChanges.count, list(walk(part))
    state = state_of(part)
    kept = state.training_predictor if training else state.predictor
    if not keep or kept is None or kept[0] != key:
        kept = key, *_program(part, specs, given, arguments, training)
        if keep and training:
            state.training_predictor = kept
        elif keep:
            state.predictor = kept
    _, predictor, places, penalized, first = kept
    for action in first:
        action()
    made = predictor([*arrays, *(mask for _, mask in given)])
    if penalized:
        for one, _ in walk(part):
            state_of(one).losses = []
        for owner, values in zip(penalized, made[len(made) - len(penalized) :], strict=True):
            state_of(owner).losses.append(values.dtype.type(values.mean(dtype=np.float64) if values.size else 0.0))
    return [with_mask(made[i], None if place is None else made[place]) for i, place in enumerate(places)]


def _program(
    part: Part,
    specs: Sequence[Spec],
    masks: Sequence[tuple[int, NDArray[np.bool_]]],
    arguments: Arguments | None,
    training: bool | None,
) -> tuple[_core.Predictor, list[int | None], list[Part], list[Callable[[], Any]]]:
    """Returns the predictor of a part alone.

    Returns:
        The predictor, for each output the index of its mask among all that it returns, the parts that add the
        penalties which it returns at the end, and what is called before each run.
    """
    emission = Emission(training, floats=floats_of(part))
    inputs = [emission.graph.input(*spec) for spec in specs]
    for i, mask in masks:
        emission.masks[inputs[i]] = emission.graph.input((None, *mask.shape[1:]), "bool")
    edges = emit(part, emission, inputs, arguments)
    of_outputs = [emission.masks.get(edge) for edge in edges]
    batched = [mask for mask in of_outputs if mask is not None and emission.graph.spec(mask)[0][0] is None]
    found = list(dict.fromkeys(batched))
    places = [len(edges) + found.index(mask) if mask in found else None for mask in of_outputs]
    returned = [*edges, *found, *emission.penalties]
    # Only a graph as in training may return what has no batch, such as a penalty.
    unbatched = any(emission.graph.spec(edge)[0][:1] != (None,) for edge in returned)
    as_in_training = bool(training) or emission.is_random or unbatched
    predictor = emission.core.Predictor(emission.graph, returned, training=as_in_training)
    return predictor, places, [emission.penalized[edge] for edge in emission.penalties], emission.first
