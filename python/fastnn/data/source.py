"""The protocol of a source: whatever yields the rows of a run, some batches at a time.

The loop of training asks a source for the next chunk, runs as many of its steps as its time budget allows, and says how
many were run. It knows nothing of where rows come from, so an in-memory array, a generator, a `PyDataset` or a loader
are sources alike.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fastnn import _core

Shapes = tuple[tuple[int, ...], ...]
TargetShapes = tuple[tuple[int, ...] | None, ...]


def warn_of_end(argument: str, done: int, steps: int) -> None:
    """Warns that a pass over the rows has ended before the steps that were asked for."""
    warnings.warn(
        f"Your input ran out of data after {done} of {steps} steps; interrupting training. Give {argument} a smaller "
        "number, or leave it out to take all rows",
        stacklevel=2,
    )


class Chunk(NamedTuple):
    """Rows for the next steps.

    Attributes:
        columns: The checked arrays, as the core reads them.
        order: The order of the rows; None: as they lie.
        batch_size: The number of rows of a step.
        first: The first step, counted in batches of the columns.
        last: The step after the last one.
        x: The shapes of the samples, by which a program is found.
        y: The shapes of the targets.
    """

    columns: _core.Columns
    order: NDArray[np.int64] | None
    batch_size: int
    first: int
    last: int
    x: Shapes
    y: TargetShapes


class Source(Protocol):
    """Rows of a run of training or evaluation, in the order in which they are taken.

    Attributes:
        steps: The number of steps of one pass; None where it is not known.
        position: The number of steps of the current pass that were run.
    """

    @property
    def steps(self) -> int | None:
        """The number of steps of one pass; None where it is not known."""

    @property
    def position(self) -> int:
        """The number of steps of the current pass that were run."""

    def next_chunk(self, most: int) -> Chunk | None:
        """Returns the rows of the next steps, at most so many; None where the source has ended."""

    def advance(self, steps: int) -> None:
        """Called when steps of the last chunk were run."""

    def restart(self) -> None:
        """Begins a new pass with the next chunk."""

    def resume(self, position: int) -> None:
        """Goes on in the middle of a pass that an interrupted run began."""

    def on_epoch_end(self) -> None:
        """Called at the end of each epoch."""


def has_ended(source: Source) -> bool:
    """Returns whether all steps of the current pass were run."""
    return source.steps is not None and source.position >= source.steps
