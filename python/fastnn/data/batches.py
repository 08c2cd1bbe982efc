"""Batches as a source: generators, loaders and other iterables, taken by their iteration protocol alone.

While the core trains, the next items are made in a thread, or in processes where a data set asks for them, never more
than the current epoch needs. The order of items does not depend on threads. No library of loaders is imported: a torch
`DataLoader`, a `tf.data.Dataset` and a Grain loader are iterables like any other.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.data.arrays import Feed
from fastnn.data.source import Chunk, has_ended

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from fastnn.data.iteration import Passes

Call = Callable[[], Any]
END = object()
"""Stands for the end of an iterator."""
_AHEAD = 2
"""The number of items of an iterable that are made ahead of time."""

_OF_ARRAYS = ("__array__", "__array_interface__", "to_numpy", "__dlpack__", "shape", "dtype")
"""Attributes of which an array, a tensor, a data frame or a matrix has at least one."""


def holds_arrays(data: Any) -> bool:
    """Returns whether data are an array, or a list or dict, of which arrays are made at once."""
    return isinstance(data, (Sequence, Set, Mapping)) or any(hasattr(data, name) for name in _OF_ARRAYS)


def is_indexed(data: Any) -> bool:
    """Returns whether data are a `PyDataset`, or the object of another package with the same methods."""
    return hasattr(data, "__getitem__") and hasattr(data, "on_epoch_end") and not hasattr(data, "__array__")


def yields_batches(data: Any) -> bool:
    """Returns whether data are batches, one after the other, and no arrays."""
    return is_indexed(data) or hasattr(data, "__next__") or (hasattr(data, "__iter__") and not holds_arrays(data))


class Batch(NamedTuple):
    """Rows as a source yields them: one batch, or a block of several batches.

    Attributes:
        x: The samples.
        y: The targets, or None.
        sample_weight: The weights of rows, or None.
        order: The order in which the rows of a block are taken; None: as they lie.
        first: The first step of a block that is run, counted in batches of it.
        where: The name of a block in errors.
    """

    x: Any
    y: Any = None
    sample_weight: Any = None
    order: NDArray[np.int64] | None = None
    first: int = 0
    where: str = ""

    @classmethod
    def of(cls, item: Any) -> Batch:
        """Returns the batch that an item stands for: (x,), (x, y), (x, y, sample_weight), or x alone.

        Raises:
            ValueError: It is None, or a tuple of another length.
        """
        if isinstance(item, cls):
            return item
        if item is None or (isinstance(item, (tuple, list)) and not 1 <= len(item) <= 3):
            got = "None" if item is None else f"{len(item)} entries"
            raise ValueError(f"a batch is (x,), (x, y) or (x, y, sample_weight), got {got}")
        return cls(*_as_arrays(item)) if isinstance(item, (tuple, list)) else cls(_as_arrays(item))


def _as_arrays(item: Any) -> Any:
    """Returns an item with the tensors of other packages as arrays."""
    if isinstance(item, Mapping):
        return {name: _as_arrays(one) for name, one in item.items()}
    if isinstance(item, (tuple, list)):
        return item if item and np.isscalar(item[0]) else [_as_arrays(one) for one in item]
    foreign = not isinstance(item, np.ndarray) and hasattr(item, "__array__") and not hasattr(item, "to_numpy")
    return np.asarray(item) if foreign else item


class Batches(Protocol):
    """Items of one or many passes: what a `BatchSource` takes batches from.

    Attributes:
        name: The name of the data in errors.
        once: True for what can be passed over once only.
        ahead: The number of items that are made ahead of time.
        cancels: True where items that were ordered ahead of time may be left out.
        works_for_an_epoch: True where the workers end with each epoch.
        batch_size: The number of rows of a step; None: each item is one step.
        counters: What counts the passes of data that draw at random.
    """

    @property
    def name(self) -> str:
        """The name of the data in errors."""

    @property
    def once(self) -> bool:
        """True for what can be passed over once only."""

    @property
    def ahead(self) -> int:
        """The number of items that are made ahead of time."""

    @property
    def cancels(self) -> bool:
        """True where items that were ordered ahead of time may be left out."""

    @property
    def works_for_an_epoch(self) -> bool:
        """True where the workers end with each epoch."""

    @property
    def batch_size(self) -> int | None:
        """The number of rows of a step; None: each item is one step."""

    @property
    def counters(self) -> Sequence[Passes]:
        """What counts the passes of data that draw at random."""

    @property
    def steps(self) -> int | None:
        """The number of steps of a pass; None where it is not known, or where there is no end."""

    def calls(self, first: int, again: bool) -> Iterator[Call]:
        """Begins a pass; returns the calls that make its items. A call may return `END` to end the pass.

        Args:
            first: The number of steps that are left out.
            again: True to take the order of the last pass once more.
        """

    def executor(self) -> Executor:
        """Returns what runs the calls."""

    def probe(self) -> Any:
        """Returns an item to learn shapes from, where making one does not use it up; otherwise None."""

    def on_epoch_begin(self) -> None:
        """Called before the first item of an epoch is made."""

    def on_epoch_end(self) -> None:
        """Called at the end of an epoch."""


class _Iteration:
    """What items of iterators have in common: they are made one after the other, in one thread."""

    ahead = _AHEAD
    cancels = False
    works_for_an_epoch = False
    batch_size = None
    counters: Sequence[Passes] = ()

    def executor(self) -> Executor:
        """Returns one thread, in which the user's code runs."""
        from concurrent import futures

        return futures.ThreadPoolExecutor(1, "fastnn-batches")

    def probe(self) -> Any:
        """Returns None: an item is used up by making it."""

    def on_epoch_begin(self) -> None:
        """Does nothing."""

    def on_epoch_end(self) -> None:
        """Does nothing."""


class Iterated(_Iteration):
    """Items of an iterable.

    Args:
        iterable: A generator, a loader, or any other iterable.
    """

    def __init__(self, iterable: Iterable[Any]) -> None:
        self.name = f"the {type(iterable).__name__}"
        self.once = hasattr(iterable, "__next__")
        self._iterable = iterable
        self.counters = iterable.__fastnn_passes__() if hasattr(iterable, "__fastnn_passes__") else ()
        self._taken = 0

    @property
    def steps(self) -> int | None:
        """The length of the iterable; None where it has none."""
        try:
            return None if self.once else len(self._iterable)  # type: ignore[arg-type]
        except TypeError:
            return None

    def calls(self, first: int, again: bool) -> Iterator[Call]:
        """Begins a pass, or goes on with the only one."""
        iterator = iter(self._iterable)
        if not self.once:
            self._taken = 0
        while self._taken < first and next(iterator, END) is not END:
            self._taken += 1
        while True:
            self._taken += 1
            yield functools.partial(next, iterator, END)


class Kept(_Iteration):
    """Items of an iterator that ends, kept in memory from the first pass on, so that there can be others.

    Args:
        iterator: The iterator.
    """

    once = False

    def __init__(self, iterator: Iterator[Any]) -> None:
        self.name = f"the {type(iterator).__name__}"
        self._iterator = iterator
        self._items: list[Any] = []
        self._complete = False

    @property
    def steps(self) -> int | None:
        """The number of items, once the first pass has ended."""
        return len(self._items) if self._complete else None

    def calls(self, first: int, again: bool) -> Iterator[Call]:
        """Begins a pass."""
        for k in itertools.count(first):
            yield functools.partial(self._item, k)

    def _item(self, k: int) -> Any:
        while k >= len(self._items) and not self._complete:
            item = next(self._iterator, END)
            self._complete = item is END
            if not self._complete:
                self._items.append(item)
        return self._items[k] if k < len(self._items) else END


class _Ahead:
    """Results of the calls of a pass, in their order, made ahead of time.

    Args:
        submit: Lets a call be run.
        calls: The calls.
        depth: The number of calls that may be under way while a step runs; 0: a call is made when its result is needed.

    Attributes:
        allowed: The number of calls that may still begin; None: all.
    """

    def __init__(self, submit: Callable[[Call], Future[Any]], calls: Iterator[Call], depth: int) -> None:
        self.allowed: int | None = 0
        self._submit = submit
        self._calls = calls
        self._depth = depth
        self._pending: deque[Future[Any]] = deque()

    def allow(self, results: int | None) -> None:
        """Lets so many results be made, those that are under way among them; None: all."""
        self.allowed = None if results is None else max(0, results - len(self._pending))

    def take(self) -> Any:
        """Returns the next result; `END` where the pass has ended.

        Raises:
            BaseException: What the call raised, with its own traceback.
        """
        self._begin_calls(max(1, self._depth))
        result = self._pending.popleft().result() if self._pending else END
        if result is END:
            self.drop()
        self._begin_calls(self._depth)
        return result

    def drop(self) -> None:
        """Begins no more calls, and forgets those that are under way."""
        self._calls = iter(())
        self._pending.clear()

    def _begin_calls(self, most: int) -> None:
        while len(self._pending) < most and self.allowed != 0:
            call = next(self._calls, None)
            if call is None:
                return
            self._pending.append(self._submit(call))
            if self.allowed is not None:
                self.allowed -= 1


class BatchSource:
    """Source that takes batches from an iterable, a data set or blocks of rows.

    Args:
        batches: What makes the batches.
        check: Returns the checked arrays of a batch.

    Attributes:
        position: The number of steps of the current pass that were run.
    """

    def __init__(self, batches: Batches, check: Callable[[Batch], Feed]) -> None:
        self.position = 0
        self._batches = batches
        self._check = check
        self._executor: Executor | None = None
        self._ahead: _Ahead | None = None
        self._made = 0
        self._feed: Feed | None = None
        self._order: _core.Order | None = None
        self._step = 0
        self._in_epoch = False
        self._epoch_is_new = False
        self._wanted: int | None = 0
        self._counts: list[int] = []

    @property
    def steps(self) -> int | None:
        """The number of steps of one pass; None where it is not known."""
        return self._batches.steps

    @property
    def repeats(self) -> bool:
        """True where there can be another pass."""
        return not self._batches.once

    @property
    def passes(self) -> Sequence[int]:
        """Counts from which data that draw at random make the current pass again, or the next one after its end."""
        return self._begun_passes() if has_ended(self) else self._counts

    def _begun_passes(self) -> list[int]:
        return [counter.begun for counter in self._batches.counters]

    def peek(self) -> Feed:
        """Returns checked rows to learn shapes from; those that are used up by that are kept for the first step.

        Raises:
            ValueError: There are none.
        """
        item = self._batches.probe()
        if item is not None:
            return self._checked(item, 0)[1]
        self.begin_epoch(1)
        if self._feed is None and not self._load():
            raise ValueError(f"{self._batches.name} yields no batch; at least one is needed")
        assert self._feed is not None
        return self._feed

    def begin_epoch(self, steps: int | None, resumed: bool = False) -> None:
        """Called before the first step of each epoch; batches are made for so many steps; None: for a whole pass."""
        if not self._in_epoch:
            self._in_epoch = True
            self._batches.on_epoch_begin()
            if steps is None and not resumed:
                self.restart()
        self._epoch_is_new = not resumed
        self._wanted = None if self._batches.batch_size is not None else steps
        if self._ahead is None:
            self._begin(0, False)
        else:
            self._allow()

    def _allow(self) -> None:
        assert self._ahead is not None
        self._ahead.allow(None if self._wanted is None else self._wanted - (self._feed is not None))

    def next_chunk(self, most: int) -> Chunk | None:
        """Returns the rows of the next steps, at most so many; None where the pass has ended."""
        if self._feed is None and not self._load():
            if not (self._epoch_is_new and self.repeats and self.position > 0):
                return None
            # The last epoch has ended together with its pass.
            self._begin(0, False)
            if not self._load():
                return None
        feed = self._feed
        assert feed is not None
        size = self._batches.batch_size or feed.rows
        last = min(math.ceil(feed.rows / size), self._step + most)
        return Chunk(feed.columns, self._order, size, self._step, last, feed.x, feed.y, feed.inputs)

    def _load(self) -> bool:
        """Takes the next item; returns whether there is one."""
        assert self._ahead is not None
        item = self._ahead.take()
        if item is END:
            return False
        batch, self._feed = self._checked(item, self._made)
        self._made += 1
        self._order = None if batch.order is None else _core.Order(batch.order)
        self._step = batch.first
        return True

    def _checked(self, item: Any, number: int) -> tuple[Batch, Feed]:
        """Returns an item of a pass and its checked arrays."""
        where = item.where if isinstance(item, Batch) else f"batch {number} of {self._batches.name}"
        try:
            batch = Batch.of(item)
            return batch, self._check(batch)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{where}: {error}") from None

    def advance(self, steps: int) -> None:
        """Called when steps of the last chunk were run."""
        assert self._feed is not None
        self._epoch_is_new = False
        self.position += steps
        self._step += steps
        if self._step * (self._batches.batch_size or self._feed.rows) >= self._feed.rows:
            self._feed = None

    def restart(self) -> None:
        """Begins a new pass with the next chunk, where there can be another."""
        if self.repeats and (self.position > 0 or self._ahead is None):
            self._begin(0, False)

    def resume(self, position: int, passes: Sequence[int] = ()) -> None:
        """Goes on in the middle of a pass: the steps before are skipped."""
        for counter, begun in zip(self._batches.counters, passes, strict=False):
            counter.begun = begun
        if position > 0:
            self._begin(position, True)

    def _begin(self, first: int, again: bool) -> None:
        """Begins a pass, or takes the last one up again, before a step."""
        if self._ahead is not None:
            self._ahead.drop()
        self._feed = None
        self._made = self.position = first
        self._counts = self._begun_passes()
        ended = again and self.steps is not None and first >= self.steps
        calls = iter(()) if ended else self._batches.calls(first, again)
        self._ahead = _Ahead(self._submit, calls, self._batches.ahead)
        self._allow()

    def _submit(self, call: Call) -> Future[Any]:
        if self._executor is None:
            self._executor = self._batches.executor()
        return self._executor.submit(call)

    def on_epoch_end(self) -> None:
        """Called at the end of each epoch."""
        if self._in_epoch:
            self._in_epoch = False
            if self._batches.works_for_an_epoch:
                self._end_workers()
            self._batches.on_epoch_end()

    def close(self) -> None:
        """Ends all threads and processes."""
        self._end_workers()
        self._ahead = self._feed = None

    def _end_workers(self) -> None:
        executor, self._executor = self._executor, None
        if executor is None:
            return
        try:
            executor.shutdown(wait=True, cancel_futures=self._batches.cancels)
        except RuntimeError:
            # A signal came while the executor began its thread, which ends the workers as soon as it runs.
            executor.shutdown(wait=False, cancel_futures=True)
