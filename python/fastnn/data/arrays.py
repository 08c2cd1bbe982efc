"""In-memory arrays as a source: the order of rows, shuffling, and the split for validation.

Owns the arguments `batch_size`, `shuffle` and `validation_split` of `fit`. The arrays are read in place; only the order
of rows is made here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.data.source import Chunk, TargetShapes
from fastnn.seeds import next_seed

Array = NDArray[Any]


class RowOrder:
    """Random orders of rows, one after the other: the n-th is a function of a seed and n.

    It belongs to a model and outlives a call of `fit`, so that two calls are the same as one longer call.

    Attributes:
        seed: The seed; None until the first order is needed.
        position: The number of orders that were drawn.
    """

    def __init__(self) -> None:
        self.seed: int | None = None
        self.position = 0

    def begin(self) -> None:
        """Draws the seed where there is none."""
        if self.seed is None:
            self.seed = next_seed()

    def draw(self, rows: int) -> NDArray[np.int64]:
        """Returns the next order of so many rows."""
        return _core.random_permutation(*self._next(), rows)

    def redraw(self, rows: int) -> NDArray[np.int64]:
        """Returns the last order once more."""
        self.position -= 1
        return self.draw(rows)

    def draw_for_core(self, rows: int, again: bool = False) -> _core.Order:
        """Returns the next order of so many rows, or the last one once more, as the core reads it."""
        self.position -= again
        return _core.Order.permutation(*self._next(), rows)

    def coming(self, count: int, rows: int) -> list[_core.Order]:
        """Returns the next orders of so many rows, as the core reads them, without drawing them."""
        return [_core.Order.permutation(*self._place(self.position + i), rows) for i in range(count)]

    def _next(self) -> tuple[int, int]:
        self.position += 1
        return self._place(self.position - 1)

    def _place(self, position: int) -> tuple[int, int]:
        """Returns what an order is a function of, beside the number of rows."""
        self.begin()
        assert self.seed is not None
        return self.seed, position

    def within_last(self) -> Callable[[int, int], NDArray[np.int64]]:
        """Returns a function of a number and a count: an order of so many rows, for each number another.

        They belong to the last order that was drawn, which is one of blocks of rows.
        """
        seed, position = self.seed or 0, self.position
        return lambda block, rows: _core.random_permutation((seed + 1 + block) % 2**63, position, rows)


class Feed(NamedTuple):
    """Checked arrays of one call.

    Attributes:
        columns: The arrays, as the core reads them.
        x: The shapes of the inputs' samples, or whatever else a program is found by.
        y: The shapes of one row of the targets.
        inputs: The arrays of the inputs.
    """

    columns: _core.Columns
    x: Any
    y: TargetShapes
    inputs: Sequence[Array]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.columns.rows


class WholePasses(Protocol):
    """What runs whole passes over arrays."""

    def run_passes(
        self, columns: _core.Columns, orders: Sequence[_core.Order | None], batch_size: int, means: list[list[float]]
    ) -> None:
        """Runs passes over all rows until they are done or the time is up, at least one; see `Program.run_passes`."""


class ArraySource:
    """Source of in-memory arrays: it passes over the rows again and again, in a new order each time.

    Its orders are saved with the random streams.

    Args:
        feed: The checked arrays.
        batch_size: The number of rows of a step.
        order: The orders of rows; None: rows are taken as they lie.
    """

    passes: Sequence[int] = ()

    def __init__(self, feed: Feed, batch_size: int, order: RowOrder | None = None) -> None:
        self.steps = math.ceil(feed.rows / batch_size)
        self.position = self.steps
        self._feed = feed
        self._batch_size = batch_size
        self._orders = order
        self._order: _core.Order | None = None

    @property
    def repeats(self) -> bool:
        """True: arrays can be passed over again and again."""
        return True

    def begin_epoch(self, steps: int | None, resumed: bool = False) -> None:
        """Does nothing: rows need no preparation."""

    def next_chunk(self, most: int) -> Chunk:
        """Returns the rows of the next steps of this pass, at most so many; begins a new pass where all were taken."""
        if self.position >= self.steps:
            self.position = 0
            self._order = None if self._orders is None else self._orders.draw_for_core(self._feed.rows)
        last = min(self.steps, self.position + most)
        feed = self._feed
        return Chunk(feed.columns, self._order, self._batch_size, self.position, last, feed.x, feed.y, feed.inputs)

    def advance(self, steps: int) -> None:
        """Called when steps of the last chunk were run."""
        self.position += steps

    def run_passes(self, program: WholePasses, most: int, means: list[list[float]]) -> None:
        """Runs whole passes, at most so many, where none is under way.

        Args:
            program: What runs them.
            most: The largest number of passes.
            means: Gets the means of each pass that has ended, also where a later one raises an error.
        """
        feed, orders = self._feed, self._orders
        if orders is None:
            program.run_passes(feed.columns, [None] * most, self._batch_size, means)
            return
        coming = orders.coming(most, feed.rows)
        try:
            program.run_passes(feed.columns, coming, self._batch_size, means)
        finally:
            # A pass that was begun has used its order.
            orders.position += sum(map(attrgetter("read"), coming))

    def restart(self) -> None:
        """Begins a new pass with the next chunk."""
        self.position = self.steps

    def resume(self, position: int, passes: Sequence[int] = ()) -> None:
        """Goes on in the middle of a pass, in the order that was drawn for it."""
        self.position = position
        if position < self.steps and self._orders is not None:
            self._order = self._orders.draw_for_core(self._feed.rows, again=True)

    def on_epoch_end(self) -> None:
        """Does nothing: an epoch may leave the rest of a pass to the next."""

    def close(self) -> None:
        """Does nothing: there is nothing to end."""


def split(arrays: Sequence[Sequence[Array | None]], rows: int, share: float) -> tuple[list[Any], list[Any]]:
    """Splits off the last rows for validation.

    Args:
        arrays: Lists of arrays of as many rows: inputs, targets, sample weights; None for a missing one.
        rows: The number of rows.
        share: The share of rows that is kept for validation, above 0 and below 1.

    Returns:
        The lists for training, and those for validation. A list of one array becomes that array, a list without any
        None.

    Raises:
        ValueError: `share` is out of its range, or one of the two parts would be empty.
    """
    if not 0 < share < 1:
        raise ValueError(
            f"validation_split expects a number above 0 and below 1, the share of the rows that is kept for "
            f"validation, got {share!r}"
        )
    at = math.floor(rows * (1.0 - share))
    if at in (0, rows):
        raise ValueError(
            f"validation_split={share} of {rows} rows leaves {at} to train and {rows - at} to validate with; both need "
            "at least one"
        )

    def part(taken: slice) -> list[Any]:
        cuts = [[None if array is None else array[taken] for array in family] for family in arrays]
        return [None if all(c is None for c in cut) else cut[0] if len(cut) == 1 else cut for cut in cuts]

    return part(slice(None, at)), part(slice(at, None))
