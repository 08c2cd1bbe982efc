"""Graphs that are made to learn the shapes of what comes out, and never run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastnn.engine.contract import Part
from fastnn.engine.emission import Emission
from fastnn.engine.inference import FREE_SIZES, are_free
from fastnn.engine.masks import add_masks
from fastnn.engine.ownership import floats_of
from fastnn.engine.sizes import ROWS, outlines, trial_of
from fastnn.symbolic.tensors import KerasTensor, Shape, Spec, Trial


def emitted_on_trial(
    tensors: Sequence[KerasTensor], emit: Callable[[Emission, list[int]], list[int]], training: bool | None, part: Part
) -> list[Spec]:
    """Returns the specs of the outputs of what is added to a graph.

    Args:
        tensors: The inputs.
        emit: Adds it after the edges of the inputs; returns the output edges.
        training: Whether the graph is for training.
        part: What is added.
    """
    free = are_free([tensor.free_shape for tensor in tensors if tensor.trials is None]) or any(
        tensor.trials is not None and len(tensor.trials) == 4 for tensor in tensors
    )
    found: list[list[Trial]] = []
    for at in range(2 if free else 1):
        emission = Emission(bool(training), floats=floats_of(part))
        edges = [input_edge(emission, tensor, at) for tensor in tensors]
        add_masks(emission, edges, tensors, FREE_SIZES[at])
        outputs = emit(emission, edges)
        found += [[_trial(emission, edge, rows) for edge in outputs] for rows in range(2)]
    return outlines(found)


def input_edge(emission: Emission, tensor: KerasTensor, free: int) -> int:
    """Adds an edge that stands for a tensor.

    Args:
        emission: The graph.
        tensor: The tensor.
        free: Index of the value of unknown dimensions.
    """
    if tensor.trials is not None:
        return emission.graph.stand_in([trial_of(tensor, rows, free) for rows in range(2)])
    shape: Shape = tuple(FREE_SIZES[free] if i and s is None else s for i, s in enumerate(tensor.free_shape))
    return emission.edge((shape, tensor.dtype), tensor.name)


def _trial(emission: Emission, edge: int, rows: int) -> Trial:
    trials = emission.graph.trials(edge)
    if trials is not None:
        return trials[rows]
    shape, dtype = emission.graph.spec(edge)
    return tuple(ROWS[rows] if size is None else size for size in shape), dtype, None
