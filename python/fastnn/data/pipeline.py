"""Chains of steps over elements: the transformations of `Dataset`.

Rows of arrays stay row numbers until a step needs their values: shuffling, taking and repeating move numbers, and a
batch is gathered at once.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from fastnn.data import draws, elements, specs, steps
from fastnn.data.cache_file import cached_in_file
from fastnn.data.elements import Structure
from fastnn.data.iteration import AUTOTUNE, INFINITE, UNKNOWN, Iteration, Passes
from fastnn.seeds import next_seed

_CYCLE = 16
"""Iterators that `interleave` reads in turns, unless told otherwise; a number that does not depend on the machine."""

Self = TypeVar("Self", bound="Pipeline")


def workers(count: int | None) -> int:
    """Returns the number of threads for an argument `num_parallel_calls`."""
    if count is None:
        return 1
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return available if int(count) == AUTOTUNE else positive("num_parallel_calls", count)


def positive(name: str, value: Any) -> int:
    """Returns an argument that is a positive integer.

    Raises:
        ValueError: It is none.
    """
    number = int(value)
    if number != value or number < 1:
        raise ValueError(f"Dataset expects {name} to be a positive integer, got {value!r}")
    return number


def seed_of(seed: Any) -> int:
    """Returns a seed, or draws one."""
    return next_seed() if seed is None else int(seed) & 0xFFFFFFFFFFFFFFFF


class Pipeline(Iteration):
    """Steps that make further datasets of the elements of one.

    The arguments are those of `Iteration`.
    """

    # One element at a time

    def map(
        self: Self,
        map_func: Callable[..., Any],
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Self:
        """Applies a function to each element.

        Args:
            map_func: Called with an element, with several arguments where it is a tuple; returns an element.
            num_parallel_calls: Number of threads; `AUTOTUNE`: one a processor. The order of the elements is kept, and
                random functions of `tensorflow.image` draw the same numbers on any number of threads. A function that
                refers to layers runs in one thread, as their random numbers depend on the order of calls.
            deterministic: Accepted for TensorFlow compatibility; the order is always kept.
            name: Ignored.
        """
        if not callable(map_func):
            raise TypeError(f"Dataset.map expects a function, got {map_func!r}")
        threads = workers(num_parallel_calls)
        if threads > 1 and draws.calls_layers(map_func):
            threads = 1
        seed, passes = next_seed(), Passes()

        def items() -> Iterator[Any]:
            number = passes.begin()

            def compute(numbered: tuple[int, Any]) -> Structure:
                with draws.of_element(seed, number, numbered[0]):
                    return elements.element(elements.call(map_func, numbered[1]), "Dataset.map: the function's result")

            if threads == 1:
                return map(compute, enumerate(self))
            return steps.in_threads(compute, enumerate(self), threads)

        def spec() -> Structure:
            for first in self:
                with draws.of_element(seed, 0, 0):
                    found = specs.spec_of(elements.element(elements.call(map_func, first)))
                if not specs.has_open_batch(self._spec()) or elements.rows_of(first, "Dataset.map") < 2:
                    return found
                # Sizes that a smaller batch changes are not known.
                with draws.of_element(seed, 0, 0):
                    smaller = elements.call(map_func, elements.row(first, slice(1, None)))
                return specs.common(found, specs.spec_of(elements.element(smaller)))
            raise ValueError("Dataset.element_spec: the dataset has no element that could be described")

        return self._then(items, self._count, spec, [passes])

    def filter(self: Self, predicate: Callable[..., Any], name: str | None = None) -> Self:
        """Keeps the elements for which a function returns True.

        Args:
            predicate: Called with an element, with several arguments where it is a tuple.
            name: Ignored.
        """

        def items() -> Iterator[Any]:
            return (one for one in self if bool(elements.call(predicate, one)))

        return self._then(items, UNKNOWN, self._spec)

    def take_while(self: Self, predicate: Callable[..., Any], name: str | None = None) -> Self:
        """Keeps the elements before the first for which a function returns False.

        Args:
            predicate: Called with an element, with several arguments where it is a tuple.
            name: Ignored.
        """

        def items() -> Iterator[Any]:
            return itertools.takewhile(lambda one: bool(elements.call(predicate, one)), self)

        return self._then(items, UNKNOWN, self._spec)

    def scan(self: Self, initial_state: Structure, scan_func: Callable[..., Any], name: str | None = None) -> Self:
        """Applies a function that carries a state.

        Args:
            initial_state: The state before the first element.
            scan_func: Called with the state and an element, returns the next state and an element.
            name: Ignored.
        """

        def items() -> Iterator[Any]:
            state = elements.element(initial_state)
            for one in self:
                state, made = (elements.element(part, "Dataset.scan") for part in scan_func(state, one))
                yield made

        return self._then(items, self._count)

    def enumerate(self: Self, start: int = 0, name: str | None = None) -> Self:
        """Numbers the elements: `(number, element)`.

        Args:
            start: First number.
            name: Ignored.
        """

        def items() -> Iterator[Any]:
            return ((elements.as_element(np.int64(number)), one) for number, one in enumerate(self, start))

        return self._then(items, self._count, lambda: (specs.TensorSpec((), "int64"), self._spec()))

    def flat_map(self: Self, map_func: Callable[..., Any], name: str | None = None) -> Self:
        """Yields all elements of the datasets that a function makes of the elements, one dataset after the other.

        Args:
            map_func: Called with an element, with several arguments where it is a tuple; returns a dataset.
            name: Ignored.
        """

        def items() -> Iterator[Any]:
            return itertools.chain.from_iterable(elements.call(map_func, one) for one in self)

        return self._then(items, UNKNOWN)

    def interleave(
        self: Self,
        map_func: Callable[..., Any],
        cycle_length: int | None = None,
        block_length: int | None = None,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Self:
        """Yields blocks of elements, in turns, of several datasets that a function makes of the elements.

        Args:
            map_func: Called with an element, returns a dataset.
            cycle_length: Number of datasets that are open at a time; None or `AUTOTUNE`: 16.
            block_length: Number of elements that are taken from one before the next; None: 1.
            num_parallel_calls: Accepted for TensorFlow compatibility; ignored.
            deterministic: Accepted for TensorFlow compatibility; the order is always the same.
            name: Ignored.
        """
        cycle = _CYCLE if cycle_length in (None, AUTOTUNE) else positive("cycle_length", cycle_length)
        block = 1 if block_length is None else positive("block_length", block_length)
        return self._then(
            lambda: steps.interleaved(lambda one: iter(elements.call(map_func, one)), self, cycle, block), UNKNOWN
        )

    # Batches

    def batch(
        self: Self,
        batch_size: int,
        drop_remainder: bool = False,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Self:
        """Makes one element of several consecutive ones, along a new first axis.

        Args:
            batch_size: Number of elements of a batch.
            drop_remainder: Leaves out a last batch that is smaller.
            num_parallel_calls: Accepted for TensorFlow compatibility; ignored.
            deterministic: Accepted for TensorFlow compatibility; ignored.
            name: Ignored.

        Raises:
            ValueError: Elements of a batch differ in shape; found when the batch is made.
        """
        size = positive("batch_size", batch_size)

        def items() -> Iterator[Any]:
            if self._table is not None:
                numbers = steps.batches(self._items(), size, drop_remainder)
                return (elements.row(self._table, np.asarray(batch)) for batch in numbers)
            return (
                elements.mapped(_dataset_of(self), *batch)
                if any(map(elements.is_dataset, elements.values(batch[0])))
                else elements.stacked(batch, "Dataset.batch")
                for batch in steps.batches(self, size, drop_remainder)
            )

        count = self._count if self._count < 0 else self._count // size if drop_remainder else -(-self._count // size)
        made = self._then(items, count, lambda: specs.with_batch(self._spec(), size if drop_remainder else None))
        made.batch_size = size
        return made

    def padded_batch(
        self: Self,
        batch_size: int,
        padded_shapes: Structure = None,
        padding_values: Structure = None,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Self:
        """Makes one element of several consecutive ones that may differ in size, padded at the end.

        Args:
            batch_size: Number of elements of a batch.
            padded_shapes: Shapes without the batch; None, in their place or for a size: the largest in the batch.
            padding_values: Values of the padding; None: 0, and the empty string.
            drop_remainder: Leaves out a last batch that is smaller.
            name: Ignored.
        """
        size = positive("batch_size", batch_size)

        def items() -> Iterator[Any]:
            for batch in steps.batches(self, size, drop_remainder):
                yield elements.padded(batch, padded_shapes, padding_values, "Dataset.padded_batch")

        def spec() -> Structure:
            batch = size if drop_remainder else None
            opened = elements.mapped(
                lambda one: specs.TensorSpec(None if one.shape is None else [None] * len(one.shape), one.dtype),
                self._spec(),
            )
            return specs.with_batch(opened, batch)

        count = self._count if self._count < 0 else self._count // size if drop_remainder else -(-self._count // size)
        return self._then(items, count, spec)

    def unbatch(self: Self, name: str | None = None) -> Self:
        """Makes one element of each row of the elements.

        Args:
            name: Ignored.
        """

        def items() -> Iterator[Any]:
            for one in self:
                for number in range(elements.rows_of(one, "Dataset.unbatch")):
                    yield elements.row(one, number)

        return self._then(
            items, UNKNOWN if self._count >= 0 else self._count, lambda: specs.without_batch(self._spec())
        )

    def window(
        self: Self,
        size: int,
        shift: int | None = None,
        stride: int = 1,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Self:
        """Makes datasets of `size` elements each; where an element is a tuple, a tuple of datasets.

        Args:
            size: Number of elements of a window.
            shift: Distance between the first elements of two windows; None: `size`.
            stride: Distance between the elements of a window.
            drop_remainder: Leaves out windows with fewer elements.
            name: Ignored.
        """
        size, stride = positive("size", size), positive("stride", stride)
        step = size if shift is None else positive("shift", shift)
        make = _dataset_of(self)

        def items() -> Iterator[Any]:
            return (
                elements.mapped(make, *window) for window in steps.windows(self, size, step, stride, drop_remainder)
            )

        count = self._count
        if count >= 0:
            starts = count - (size - 1) * stride if drop_remainder else count
            count = max(0, math.ceil(starts / step))
        return self._then(items, count, lambda: elements.mapped(specs.DatasetSpec, self._spec()))

    # Order and number

    def shuffle(
        self: Self,
        buffer_size: int,
        seed: int | None = None,
        reshuffle_each_iteration: bool | None = True,
        name: str | None = None,
    ) -> Self:
        """Puts elements in random order, each drawn from the next `buffer_size` ones.

        Args:
            buffer_size: Size of the buffer; the number of elements shuffles completely.
            seed: Seed of the order; None draws one.
            reshuffle_each_iteration: Makes a new order in each pass.
            name: Ignored.
        """
        size = positive("buffer_size", buffer_size)
        start, passes = seed_of(seed), Passes()

        def items() -> Iterator[Any]:
            number = 0 if reshuffle_each_iteration is False else passes.begin()
            return steps.shuffled(self._items(), size, draws.rng(start, number))

        return self._reordered(items, self._count, [passes])

    def repeat(self: Self, count: int | None = None, name: str | None = None) -> Self:
        """Repeats the elements.

        Args:
            count: Number of passes; None or -1: without end.
            name: Ignored.
        """
        endless = count is None or int(count) == -1
        times = 0 if endless else int(count or 0)

        def items() -> Iterator[Any]:
            for _ in itertools.count() if endless else range(times):
                empty = True
                for one in self._items():
                    empty = False
                    yield one
                if empty:
                    return

        total = INFINITE if endless else self._count * times if self._count >= 0 else self._count
        return self._reordered(items, 0 if self._count == 0 or (not endless and times == 0) else total)

    def take(self: Self, count: int, name: str | None = None) -> Self:
        """Keeps the first `count` elements; -1 keeps all.

        Args:
            count: Number of elements.
            name: Ignored.
        """
        most = int(count)
        if most < 0:
            return self
        total = most if self._count == INFINITE else min(most, self._count)
        return self._reordered(lambda: itertools.islice(self._items(), most), total)

    def skip(self: Self, count: int, name: str | None = None) -> Self:
        """Leaves out the first `count` elements; -1 leaves out all.

        Args:
            count: Number of elements.
            name: Ignored.
        """
        first = int(count)
        if first < 0:
            return self.take(0)
        total = max(0, self._count - first) if self._count >= 0 else self._count
        return self._reordered(lambda: itertools.islice(self._items(), first, None), total)

    def shard(self: Self, num_shards: int, index: int, name: str | None = None) -> Self:
        """Keeps each `num_shards`-th element, beginning with number `index`.

        Args:
            num_shards: Number of parts.
            index: Number of the part, from 0.
            name: Ignored.

        Raises:
            ValueError: There is no such part.
        """
        shards, first = positive("num_shards", num_shards), int(index)
        if not 0 <= first < shards:
            raise ValueError(f"Dataset.shard expects index from 0 to {shards - 1}, got {index}")
        total = max(0, math.ceil((self._count - first) / shards)) if self._count >= 0 else self._count
        return self._reordered(lambda: itertools.islice(self._items(), first, None, shards), total)

    def concatenate(self: Self, dataset: Pipeline, name: str | None = None) -> Self:
        """Adds the elements of another dataset at the end.

        Args:
            dataset: The other dataset.
            name: Ignored.
        """
        counts = (self._count, int(dataset.cardinality()))
        total = INFINITE if INFINITE in counts else UNKNOWN if UNKNOWN in counts else sum(counts)
        return self._then(
            lambda: itertools.chain(self, dataset),
            total,
            lambda: specs.common(self._spec(), dataset.element_spec),
            dataset.__fastnn_passes__(),
        )

    def cache(self: Self, filename: Any = "", name: str | None = None) -> Self:
        """Keeps the elements of the first complete pass for the later ones.

        Args:
            filename: File in which they are kept, for later processes too; empty: in memory.
            name: Ignored.
        """
        path = os.fsdecode(elements.as_element(filename).numpy()) if not isinstance(filename, os.PathLike) else filename
        if path:
            return self._then(lambda: cached_in_file(path, self), self._count, self._spec)
        kept: list[Any] = []
        complete: list[bool] = []

        def items() -> Iterator[Any]:
            if complete:
                yield from kept
                return
            seen: list[Any] = []
            for one in self._items():
                seen.append(one)
                yield one
            if not complete:
                kept.extend(seen)
                complete.append(True)

        return self._reordered(items, self._count)

    def prefetch(self: Self, buffer_size: int = AUTOTUNE, name: str | None = None) -> Self:
        """Computes the next elements in a thread while one is used.

        Args:
            buffer_size: Number of elements; `AUTOTUNE`: 2; 0: none.
            name: Ignored.
        """
        size = 2 if int(buffer_size) == AUTOTUNE else int(buffer_size)
        if size == 0 or self._table is not None:
            return self._reordered(self._items, self._count)  # rows of arrays are there already
        return self._then(lambda: steps.prefetched(self, size), self._count, self._spec)


def _dataset_of(pipeline: Pipeline) -> Callable[..., Pipeline]:
    """Returns the function that makes a dataset of values."""
    kind = type(pipeline)
    return lambda *ones: kind(lambda: iter(ones), len(ones))
