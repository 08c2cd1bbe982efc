"""The protocol of a source: whatever yields the rows of a run, some batches at a time.

The loop of training asks a source for the next chunk, runs as many of its steps as its time budget allows, and says how
many were run. It knows nothing of where rows come from, so an in-memory array, a generator, a `PyDataset` or a loader
are sources alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from fastnn import _core
from fastnn.caller import warn

Shapes = tuple[tuple[int, ...] | None, ...]
TargetShapes = tuple[tuple[int, ...] | None, ...]


def warn_of_end(argument: str, done: int, steps: int | None) -> None:
    """Warns that a pass over the rows has ended before the steps that were asked for."""
    warn(
        f"Your input ran out of data after {done} of {steps} steps; interrupting training. Give {argument} a smaller "
        "number, or leave it out to take all rows"
    )


def warn_of_exhaustion(done: int, epochs: int) -> None:
    """Warns that data which can be passed over once have ended before the epochs that were asked for."""
    warn(
        f"Your input ran out of data after {done} of {epochs} epochs; training ends. A generator can be passed over "
        "once: let it go on without end and give steps_per_epoch, or pass a fastnn.utils.PyDataset"
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
        inputs: The arrays of the samples, which prediction reads.
    """

    columns: _core.Columns
    order: _core.Order | None
    batch_size: int
    first: int
    last: int
    x: Any
    y: TargetShapes
    inputs: Sequence[NDArray[Any]]


class Source(Protocol):
    """Rows of a run of training or evaluation, in the order in which they are taken.

    Attributes:
        steps: The number of steps of one pass; None where it is not known.
        position: The number of steps of the current pass that were run.
        repeats: True where there can be another pass.
        passes: Counts from which data that draw at random make the current pass again, or the next one after its end.
    """

    @property
    def steps(self) -> int | None:
        """The number of steps of one pass; None where it is not known."""

    @property
    def position(self) -> int:
        """The number of steps of the current pass that were run."""

    @property
    def repeats(self) -> bool:
        """True where there can be another pass."""

    @property
    def passes(self) -> Sequence[int]:
        """Counts from which data that draw at random make the current pass again, or the next one after its end."""

    def begin_epoch(self, steps: int | None, resumed: bool = False) -> None:
        """Called before the first step of each epoch.

        Args:
            steps: The number of steps that the epoch will take; None: a whole pass.
            resumed: True where the epoch goes on in its middle, after `resume`.
        """

    def next_chunk(self, most: int) -> Chunk | None:
        """Returns the rows of the next steps, at most so many; None where the source has ended."""

    def advance(self, steps: int) -> None:
        """Called when steps of the last chunk were run."""

    def restart(self) -> None:
        """Begins a new pass with the next chunk."""

    def resume(self, position: int, passes: Sequence[int] = ()) -> None:
        """Goes on in the middle of a pass that an interrupted run began.

        Args:
            position: The `position` of the interrupted run.
            passes: Its `passes`.
        """

    def on_epoch_end(self) -> None:
        """Called at the end of each epoch."""

    def close(self) -> None:
        """Called when the run has ended, also by an error."""


def has_ended(source: Source) -> bool:
    """Returns whether all steps of the current pass were run."""
    return source.steps is not None and source.position >= source.steps
