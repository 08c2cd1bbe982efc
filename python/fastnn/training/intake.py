"""From what the user gave to a source of checked rows.

`open_source` alone decides which kind of source data make: arrays, a generator or another iterable of batches, a
`PyDataset`, or tables that are read block by block. What the arrays must be like says the door.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from fastnn.data.arrays import ArraySource, Feed, RowOrder, split
from fastnn.data.batches import Batch, Batches, BatchSource, Iterated, Kept, holds_arrays, is_indexed, yields_batches
from fastnn.data.py_dataset import Indexed
from fastnn.data.source import Source
from fastnn.data.tables import Blocks, holds_tables, row_count, split_tables
from fastnn.symbolic.structure import Structure
from fastnn.training.compiled import Compiled
from fastnn.training.door import Door
from fastnn.training.own_steps import feed_of, given_data
from fastnn.training.ports import shapes_of

RowsOfStep = int | Callable[[int], int]
"""The number of rows of a step, or a function of the number of rows of the data that returns it."""
Check = Callable[[Batch, RowsOfStep | None], Feed]
"""Returns the checked arrays of a batch, or of all rows, which steps take so many at a time; None: as one step."""


def open_source(
    data: Batch,
    check: Check,
    batch_size: RowsOfStep,
    orders: RowOrder | None = None,
    keeps: bool = False,
) -> tuple[Source, Feed]:
    """Returns the source that data make, and checked rows of it, from which shapes are learned.

    Args:
        data: The arguments `x`, `y` and `sample_weight`.
        check: The check of the rows.
        batch_size: The number of rows of a step; ignored where the data come in batches.
        orders: The random orders in which rows, or the batches of a `PyDataset`, are taken; None: as they lie.
        keeps: True to keep the batches of an iterator in memory, because there will be further passes over it.

    Raises:
        ValueError: The data do not fit the model or one another; targets or weights are given beside batches.
        TypeError: The data are not numbers, or single samples.
    """
    in_memory = all(one is None or type(one) is np.ndarray for one in data[:3])
    batches = None if in_memory else _batches_of(data.x, orders, keeps)
    if batches is None and not in_memory and holds_tables(data):
        size = batch_size(row_count(data)) if callable(batch_size) else batch_size
        return _opened(BatchSource(Blocks(data, size, orders), lambda rows: check(rows, size)))
    if batches is None:
        feed = check(data, batch_size)
        return ArraySource(feed, _rows_of_step(batch_size, feed.rows), orders), feed
    for word, given, of in (("y", data.y, "targets"), ("sample_weight", data.sample_weight, "weights of rows")):
        if given is not None:
            raise ValueError(
                f"{word} cannot be given beside {batches.name}, which yields batches: let it yield the {of} too, as "
                "(x, y) or (x, y, sample_weight)"
            )
    return _opened(BatchSource(batches, lambda batch: check(batch, None)))


def _opened(source: BatchSource) -> tuple[Source, Feed]:
    """Returns a source and the first rows of it; closes it where they are not as they should be."""
    try:
        return source, source.peek()
    except BaseException:
        source.close()
        raise


def checks_of_training(door: Door, compiled: Compiled, class_weight: Mapping[int, float] | None) -> Check:
    """Returns the check of the rows of `fit`."""

    def check(batch: Batch, size: RowsOfStep | None) -> Feed:
        feed = door.feed(compiled, *batch[:3], class_weight, check_nan=True)
        door.check_batches(feed.x, feed.rows, _rows_of_step(size, feed.rows))
        return feed

    return check


def checks_of_validation(door: Door, compiled: Compiled) -> Check:
    """Returns the check of the rows of `validation_data`; errors say that they are about these."""

    def check(batch: Batch, size: RowsOfStep | None) -> Feed:
        try:
            return door.feed(compiled, *batch[:3], check_nan=True)
        except (TypeError, ValueError) as error:
            raise type(error)(f"validation data: {error}") from None

    return check


def checks_of_evaluation(door: Door, compiled: Compiled) -> Check:
    """Returns the check of the rows of `evaluate`."""

    def check(batch: Batch, size: RowsOfStep | None) -> Feed:
        feed = door.feed(compiled, *batch[:3])
        door.check_batches(feed.x, feed.rows, _rows_of_step(size, feed.rows))
        return feed

    return check


def checks_of_prediction(door: Door) -> Check:
    """Returns the check of the rows of `predict`."""

    def check(batch: Batch, size: RowsOfStep | None) -> Feed:
        feed = door.feed_of_inputs(batch.x)
        door.check_batches(feed.x, feed.rows, _rows_of_step(size, feed.rows))
        return feed

    return check


def checks_of_own_steps(door: Door, class_weight: Mapping[int, float] | None = None, check_nan: bool = False) -> Check:
    """Returns the check of the rows of a step of the user's own, which need not fit the inputs of the model."""

    def check(batch: Batch, size: RowsOfStep | None) -> Feed:
        if class_weight is not None:
            batch = batch._replace(sample_weight=door.weights_of_classes(batch.y, batch.sample_weight, class_weight))
        return feed_of(door.who(), given_data(batch), check_nan, lambda rows: _rows_of_step(size, rows))

    return check


def split_rows(door: Door, compiled: Compiled, data: Batch, share: float) -> tuple[Batch, Batch]:
    """Returns the rows for training and those for validation of data that need not fit the inputs of the model.

    Raises:
        ValueError: The data come in batches.
    """
    if yields_batches(data.x):
        raise ValueError(
            f"validation_split splits arrays and cannot split a {type(data.x).__name__}; pass validation_data instead"
        )
    structures = [Structure(part) for part in data[:3]]
    families = [
        [None if one is None else np.asarray(one) for one in structure.flat(part)]
        for structure, part in zip(structures, data[:3], strict=True)
    ]
    assert families[0][0] is not None
    rows = len(families[0][0])
    at = split([families[0]], rows, share)[0]
    first = at[0] if not isinstance(at[0], list) else at[0][0]
    cut = len(first)

    def part(taken: slice) -> Batch:
        kept = [[None if one is None else one[taken] for one in family] for family in families]
        return Batch(*(structure.pack(one) for structure, one in zip(structures, kept, strict=True)))

    return part(slice(None, cut)), part(slice(cut, None))


def _rows_of_step(size: RowsOfStep | None, rows: int) -> int:
    if size is None:
        return rows
    return size(rows) if callable(size) else size


def split_off(door: Door, compiled: Compiled, data: Batch, share: float) -> tuple[Batch, Batch]:
    """Returns the rows for training, and the last ones, which are kept for validation.

    Raises:
        ValueError: The data come in batches, or do not fit the model or one another.
    """
    if yields_batches(data.x):
        raise ValueError(
            f"validation_split splits arrays and cannot split a {type(data.x).__name__}; pass validation_data instead"
        )
    if holds_tables(data):
        return split_tables(data, share)
    xs = door.inputs(data.x)
    rows = len(xs[0])
    ys = door.targets(compiled, data.y, rows)
    weights = door.weights(rows, ys, data.sample_weight, None, shapes_of(xs))
    arrays, packed = door.taken_again(data.x, xs)
    train, held = split((arrays, ys, weights), rows, share)
    return Batch(packed(train[0]), *train[1:]), Batch(packed(held[0]), *held[1:])


def _batches_of(x: Any, orders: RowOrder | None, keeps: bool) -> Batches | None:
    """Returns the batches that x yields; None where it holds arrays."""
    if is_indexed(x):
        return Indexed(x, orders)
    if yields_batches(x):
        return Kept(x) if keeps and isinstance(x, Iterator) else Iterated(x)
    if hasattr(x, "__getitem__") and hasattr(x, "__len__") and not holds_arrays(x):
        raise TypeError(
            f"x is a {type(x).__name__}, which has single samples; put them together to batches first, such as with "
            "torch.utils.data.DataLoader(x, batch_size=32)"
        )
    return None
