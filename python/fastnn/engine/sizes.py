"""Shapes that depend on the number of rows in other ways than a batch does: twice the batch, the batch in another axis.

What comes out of a function is learned from trial batches, in which all sizes are numbers: a tensor then knows its
shape in each (`KerasTensor.trials`). Ordinary tensors, whose first axis is the batch, need none.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

from fastnn import _core
from fastnn.engine.inference import FREE_SIZES, are_free
from fastnn.symbolic.tensors import KerasTensor, SizedSpec, Spec, Trial, Trials

ROWS: tuple[int, int] = _core.TRIAL_ROWS
"""The numbers of rows of the trial batches."""


def depend_on_rows(tensors: Sequence[KerasTensor]) -> bool:
    """Returns whether a tensor depends on the number of rows in another way than a batch does."""
    return any(tensor.trials is not None for tensor in tensors)


def trial_of(tensor: KerasTensor, rows: int, free: int) -> Trial:
    """Returns a tensor's shape, type and value in a trial.

    Args:
        tensor: The tensor.
        rows: Index of the number of rows.
        free: Index of the value of unknown dimensions.
    """
    if tensor.trials is not None:
        return tensor.trials[rows + 2 * free if len(tensor.trials) == 4 else rows]
    sizes = [(FREE_SIZES[free] if i else ROWS[rows]) if s is None else s for i, s in enumerate(tensor.free_shape)]
    return tuple(sizes), tensor.dtype, None


def grid(tensors: Sequence[KerasTensor]) -> Iterator[tuple[int, int]]:
    """Yields the trials that these tensors need, as (index of the rows, index of the unknown sizes)."""
    free = any(
        are_free([tensor.free_shape]) if tensor.trials is None else len(tensor.trials) == 4 for tensor in tensors
    )
    for at, rows in itertools.product(range(2 if free else 1), range(2)):
        yield rows, at


def outlines(found: Sequence[Sequence[Trial]]) -> list[Spec]:
    """Returns the specs of the outputs of all trials; those that depend on the rows in their own way have trials."""
    return [_outline(tuple(of_one)) for of_one in zip(*found, strict=True)]


def _outline(trials: Trials) -> Spec:
    shapes = [trial[0] for trial in trials]
    if any(len(shape) != len(shapes[0]) for shape in shapes):
        raise ValueError(f"a tensor has as many axes in every batch, got the shapes {shapes[0]} and {shapes[-1]}")
    if len(trials) == 4 and trials[:2] == trials[2:]:
        trials, shapes = trials[:2], shapes[:2]
    shape = tuple(sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*shapes, strict=True))
    is_batch = all(one[0] == ROWS[k % 2] for k, one in enumerate(shapes)) if shape else False
    first = is_batch or None not in shape[:1]
    others = all(one[1:] == shapes[k - k % 2][1:] for k, one in enumerate(shapes))
    is_plain = first and others and (is_batch or None not in shape) and trials[0][2] is None
    return (shape, trials[0][1]) if is_plain else SizedSpec(shape, trials[0][1], trials)


def learn(tensors: Sequence[KerasTensor], infer: Callable[[list[Trial]], Sequence[Trial]]) -> list[Spec]:
    """Returns the specs of the outputs that `infer` finds for the inputs of each trial.

    Args:
        tensors: The inputs.
        infer: Returns the outputs for the inputs of one trial.

    Raises:
        ValueError: The sizes do not fit; the message is about any batch.
    """
    found = []
    for rows, free in grid(tensors):
        try:
            found.append(infer([trial_of(tensor, rows, free) for tensor in tensors]))
        except ValueError as error:
            raise ValueError(_core.about_any_batch(str(error), ROWS[rows])) from None
    return outlines(found)
