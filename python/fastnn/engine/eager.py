"""Calls on arrays: a layer alone, computed at once.

Such a call makes a graph of the layer alone. For calls without keywords the predictor is kept for the next call on
inputs of the same specs. With `training=True` the training graph runs, in which dropout drops and moving statistics
move.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.engine.arrays import edge_dtype, numeric
from fastnn.engine.contract import Part, computation_of, emit, state_of, title
from fastnn.engine.emission import Emission, stand_in
from fastnn.engine.ownership import TrainableChanges, walk
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments, Shape


def run(layer: Part, args: tuple[Any, ...], kwargs: dict[str, Any], training: bool | None) -> Any:
    """Returns the outputs of a layer for arrays.

    Args:
        layer: The layer.
        args: Its arguments, checked; arrays among them share the batch.
        kwargs: Those by name.
        training: Whether to behave as in training.

    Returns:
        Arrays, in the structure of the outputs.

    Raises:
        ValueError: There is no array among the arguments, or their lengths differ.
    """
    who = f"{title(layer)}: the input"
    computation = computation_of(layer)
    args = computation.arrays(layer, args)
    structure = Structure((args, kwargs))
    leaves = structure.flat((args, kwargs))
    arrays, stands = [], []
    for leaf in leaves:
        if isinstance(leaf, np.ndarray) and leaf.ndim:
            arrays.append(numeric(leaf, who))
            shape: Shape = (None, *leaf.shape[1:])
            stands.append(stand_in((shape, computation.edge_dtype(layer, edge_dtype(leaf.dtype, who))), "inputs"))
        else:
            stands.append(leaf)
    if not arrays:
        raise ValueError(f"{title(layer)} expects an array of shape (batch, ...), got a single number")
    if any(len(x) != len(arrays[0]) for x in arrays):
        raise ValueError(f"{title(layer)} expects arrays of one length, got {[x.shape for x in arrays]}")
    args, kwargs = structure.pack(stands)
    arguments = Arguments(args, kwargs)
    specs = [tensor.spec for tensor in arguments.tensors]
    packing = computation.outcome(layer, arguments, training)[1]
    state = state_of(layer)
    plain = not kwargs and len(arrays) == len(leaves)
    if training:
        outputs = run_in_training(layer, arrays, arguments, plain)
    elif plain:
        if state.predictor is None or state.predictor[0] != specs:
            state.predictor = specs, _predictor(layer, arguments)
        outputs = state.predictor[1](arrays)
    else:
        outputs = _predictor(layer, arguments)(arrays)
    return (packing or Structure(outputs if len(outputs) > 1 else None)).pack(outputs)


def run_in_training(
    part: Part, arrays: list[NDArray[Any]], arguments: Arguments | None = None, keep: bool = True
) -> list[NDArray[np.float32]]:
    """Runs the training graph of a part forward, in which dropout drops and moving statistics move.

    Args:
        part: A layer or a model.
        arrays: Its inputs, of one length.
        arguments: Those of the call, with a tensor for each array; None: the arrays alone, as float32.
        keep: True to keep the graph for the next call on inputs of the same specs.

    Returns:
        The outputs, one by one.
    """
    dtypes = ["float32"] * len(arrays) if arguments is None else [tensor.dtype for tensor in arguments.tensors]
    specs = [((None, *x.shape[1:]), dtype) for x, dtype in zip(arrays, dtypes, strict=True)]
    # The graph depends on the parts that compute, and on which of them are trained.
    key = specs, TrainableChanges.count, list(walk(part))
    state = state_of(part)
    if keep and state.training_predictor is not None and state.training_predictor[0] == key:
        return state.training_predictor[1](arrays)
    emission = Emission(True)
    edges = emit(part, emission, [emission.graph.input(*spec) for spec in specs], arguments)
    predictor = _core.Predictor(emission.graph, edges, training=True)
    if keep:
        state.training_predictor = key, predictor
    return predictor(arrays)


def _predictor(layer: Part, arguments: Arguments) -> _core.Predictor:
    """Returns a predictor of a layer alone."""
    emission = Emission(False)
    inputs = [emission.graph.input(*tensor.spec) for tensor in arguments.tensors]
    return _core.Predictor(emission.graph, emit(layer, emission, inputs, arguments))
