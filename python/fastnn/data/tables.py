"""Rows that are not in memory: datasets of h5py and zarr, and sparse matrices, read block by block.

A block is a range of rows that lie side by side, of a bounded size, whatever the size of the whole. Shuffling takes the
blocks in a random order and the rows of each block in another; data of one block are shuffled as arrays are. While the
core trains on one block, the next is read. Memory maps of NumPy are arrays and need none of this: their rows are read
in place.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastnn.data.arrays import RowOrder
from fastnn.data.batches import Batch, Call
from fastnn.engine.frames import is_sparse
from fastnn.symbolic.structure import sequence_like

if TYPE_CHECKING:
    from concurrent.futures import Executor

_BLOCK = 2**24
"""The number of bytes of a block, as dense numbers of four bytes."""


class Part:
    """Rows of a table from one to another, which are not read before they are asked for.

    Args:
        table: The table.
        start: The first row.
        stop: The row after the last one.
    """

    def __init__(self, table: Any, start: int, stop: int) -> None:
        self._table = table
        self._start = start
        self.shape = (stop - start, *table.shape[1:])
        self.dtype = table.dtype

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        """Returns rows as an array."""
        start, stop, _ = rows.indices(self.shape[0])
        return _rows(self._table, self._start + start, self._start + stop)


def is_table(value: Any) -> bool:
    """Returns whether a value holds rows that are read when they are asked for."""
    if isinstance(value, np.ndarray) or not hasattr(value, "shape") or len(value.shape) < 1:
        return False
    return isinstance(value, Part) or is_sparse(value) or (hasattr(value, "chunks") and hasattr(value, "__getitem__"))


def holds_tables(data: Batch) -> bool:
    """Returns whether the samples, the targets or the weights are tables."""
    found: list[bool] = []
    _each(data[:3], lambda leaf: found.append(is_table(leaf)))
    return any(found)


def split_tables(data: Batch, share: float) -> tuple[Batch, Batch]:
    """Returns the rows for training, and the last ones, which are kept for validation.

    Args:
        data: The rows.
        share: The share of rows that is kept for validation.

    Raises:
        ValueError: `share` is out of its range.
    """
    rows = row_count(data)
    at = math.floor(rows * (1.0 - share))
    if not 0 < share < 1 or at in (0, rows):
        raise ValueError(f"validation_split expects a number from 0 to 1 that leaves rows on both sides, got {share!r}")

    def part(start: int, stop: int) -> Batch:
        return Batch(*_each(data[:3], lambda leaf: Part(leaf, start, stop)))

    return part(0, at), part(at, rows)


class Blocks:
    """Blocks of rows.

    Args:
        data: The samples, targets and weights, tables or arrays.
        batch_size: The number of rows of a step.
        orders: The random orders; None: rows are taken as they lie.
    """

    once = False
    ahead = 1
    cancels = True
    works_for_an_epoch = False
    counters = ()
    name = "the rows"

    def __init__(self, data: Batch, batch_size: int, orders: RowOrder | None = None) -> None:
        self.batch_size = batch_size
        # Rows of other formats than by rows are slow to cut.
        self._data = Batch(*_each(data[:3], lambda leaf: leaf.tocsr() if is_sparse(leaf) else leaf))
        self._orders = orders
        self._rows = row_count(self._data)
        sizes: list[int] = []
        _each(self._data[:3], lambda leaf: sizes.append(4 * math.prod(np.shape(leaf)[1:])))
        self._block = max(1, _BLOCK // (batch_size * max(1, sum(sizes)))) * batch_size

    @property
    def steps(self) -> int:
        """The number of steps of a pass."""
        return math.ceil(self._rows / self.batch_size)

    def calls(self, first: int, again: bool) -> Iterator[Call]:
        """Begins a pass."""
        count = math.ceil(self._rows / self._block)
        if self._orders is None:
            return self._calls(list(range(count)), None, first)
        draw = self._orders.redraw if again else self._orders.draw
        if count == 1:
            order = draw(self._rows)
            return self._calls([0], lambda block, rows: order, first)
        blocks = draw(count).tolist()
        return self._calls(blocks, self._orders.within_last(), first)

    def _calls(
        self, blocks: list[int], order: Callable[[int, int], NDArray[np.int64]] | None, first: int
    ) -> Iterator[Call]:
        for block in blocks:
            start, stop = block * self._block, min(self._rows, (block + 1) * self._block)
            steps = math.ceil((stop - start) / self.batch_size)
            if first < steps:
                yield functools.partial(self._read, block, start, stop, order, first)
            first = max(0, first - steps)

    def _read(
        self,
        block: int,
        start: int,
        stop: int,
        order: Callable[[int, int], NDArray[np.int64]] | None = None,
        first: int = 0,
    ) -> Batch:
        x, y, weights = _each(self._data[:3], lambda leaf: _rows(leaf, start, stop))
        drawn = None if order is None else order(block, stop - start)
        return Batch(x, y, weights, drawn, first, f"rows {start} to {stop - 1}, counted from 0")

    def executor(self) -> Executor:
        """Returns one thread, which reads."""
        from concurrent import futures

        return futures.ThreadPoolExecutor(1, "fastnn-batches")

    def probe(self) -> Any:
        """Returns the first batch."""
        return self._read(0, 0, min(self._rows, self.batch_size))

    def on_epoch_begin(self) -> None:
        """Does nothing."""

    def on_epoch_end(self) -> None:
        """Does nothing."""


def _rows(table: Any, start: int, stop: int) -> NDArray[Any]:
    """Returns rows of a table as an array."""
    rows = table[start:stop]
    return rows.toarray() if is_sparse(rows) else np.asarray(rows)


def row_count(data: Batch) -> int:
    """Returns the number of rows, which all tables and arrays have in common."""
    counts: list[int] = []
    _each(data[:3], lambda leaf: counts.append(np.shape(leaf)[0] if np.shape(leaf) else 0))
    if len(set(counts)) != 1:
        raise ValueError(f"x, y and sample_weight expect as many rows each, got {', '.join(map(str, counts))}")
    if counts[0] == 0:
        raise ValueError("x is empty; at least one row is needed")
    return counts[0]


def _each(structure: Any, function: Callable[[Any], Any]) -> Any:
    """Returns what a function makes of each array in tuples, lists and dicts; None stays None."""
    if structure is None:
        return None
    if isinstance(structure, Mapping):
        return {name: _each(one, function) for name, one in structure.items()}
    if isinstance(structure, (tuple, list)) and not (structure and np.isscalar(structure[0])):
        return sequence_like(structure, (_each(one, function) for one in structure))
    return function(structure)
