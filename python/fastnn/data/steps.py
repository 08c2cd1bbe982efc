"""The steps of a dataset as generators over any items: shuffling, threads, prefetching, windows, interleaving.

Nothing here knows elements or datasets. Each generator takes the items of one pass, and stops its threads when it is
closed, at the end, after an error, or because the reader went away.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from fastnn.data.worker_threads import worker_threads

T = TypeVar("T")
R = TypeVar("R")


def batches(items: Iterable[T], size: int, drop_remainder: bool) -> Iterator[list[T]]:
    """Yields lists of so many items; the last may be shorter, or is left out."""
    source = iter(items)
    while batch := list(islice(source, size)):
        if len(batch) < size and drop_remainder:
            return
        yield batch


def _places(rng: np.random.Generator) -> Iterator[float]:
    while True:
        yield from rng.random(4096).tolist()


def shuffled(items: Iterable[T], size: int, rng: np.random.Generator) -> Iterator[T]:
    """Yields items in random order, each drawn from a buffer that holds the next `size` of them."""
    source = iter(items)
    buffer = list(islice(source, size))
    places = _places(rng)
    for item in source:
        at = int(next(places) * size)
        yield buffer[at]
        buffer[at] = item
    for left in range(len(buffer), 0, -1):
        at = int(next(places) * left)
        buffer[at], buffer[left - 1] = buffer[left - 1], buffer[at]
        yield buffer.pop()


_WORTHWHILE = 0.002
"""Seconds of work that a thread is given at a time, so that handing it over costs little."""


def in_threads(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """Yields the results of a function, which several threads compute, in the order of the items."""
    waiting: deque[Future[tuple[list[R], Exception | None, float]]] = deque()
    source = iter(items)
    size = 1
    error: Exception | None = None

    def compute(chunk: list[T]) -> tuple[list[R], Exception | None, float]:
        begin = time.perf_counter()
        results: list[R] = []
        for item in chunk:
            try:
                results.append(function(item))
            except Exception as raised:  # the results before it come first
                return results, raised, 0.0
        return results, None, (time.perf_counter() - begin) / len(chunk)

    with worker_threads(workers, "fastnn-map") as pool:
        try:
            more = True
            while more or waiting:
                while more and len(waiting) < 2 * workers:
                    chunk: list[T] = []
                    try:
                        chunk.extend(islice(source, size))
                        more = len(chunk) == size
                    except Exception as raised:  # an error of the step before
                        error, more = raised, False
                    if chunk:
                        waiting.append(pool.submit(compute, chunk))
                if not waiting:
                    break
                results, failed, seconds = waiting.popleft().result()
                yield from results
                if failed is not None:
                    raise failed
                size = max(1, min(size * 2, 256, int(_WORTHWHILE / max(seconds, 1e-9))))
        finally:
            for one in waiting:
                one.cancel()
    if error is not None:
        raise error


class _End:
    """The end of the items, and the error that ended them."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def prefetched(items: Iterable[T], size: int) -> Iterator[T]:
    """Yields items that a thread takes in advance, at most so many."""
    ready: queue.Queue[Any] = queue.Queue(size)
    stopped = threading.Event()

    def fill() -> None:
        error: BaseException | None = None
        source = iter(items)
        try:
            for item in source:
                ready.put(item)
                if stopped.is_set():
                    break
        except BaseException as raised:
            error = raised
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()
            ready.put(_End(error))

    thread = threading.Thread(target=fill, name="fastnn-prefetch", daemon=True)
    thread.start()
    ended = False
    try:
        while not isinstance(item := ready.get(), _End):
            yield item
        ended = True
        if item.error is not None:
            raise item.error
    finally:
        stopped.set()
        while not ended and not isinstance(ready.get(), _End):
            pass  # lets a thread that waits for room go on, and end
        thread.join()


def windows(items: Iterable[T], size: int, shift: int, stride: int, drop_remainder: bool) -> Iterator[list[T]]:
    """Yields lists of `size` items at a distance of `stride`, the first ones `shift` items apart."""
    source = iter(items)
    span = (size - 1) * stride + 1
    buffer = list(islice(source, span))
    while buffer:
        window = buffer[:span:stride]
        if len(window) < size and drop_remainder:
            return
        yield window
        if shift < len(buffer):
            del buffer[:shift]
        else:
            missing = shift - len(buffer)
            buffer = []
            for _ in islice(source, missing):
                pass
        buffer.extend(islice(source, span - len(buffer)))


def interleaved(function: Callable[[T], Iterator[R]], items: Iterable[T], cycle: int, block: int) -> Iterator[R]:
    """Yields blocks of the items of several iterators in turns; one that has ended makes room for the next."""
    source = iter(items)
    more = True
    slots: list[Iterator[R] | None] = [None] * cycle
    at = 0
    while True:
        current = slots[at]
        if current is None and more:
            try:
                current = slots[at] = function(next(source))
            except StopIteration:
                more = False
        if current is not None:
            taken = list(islice(current, block))
            yield from taken
            if len(taken) < block:
                slots[at] = None
        elif not more and all(slot is None for slot in slots):
            return
        at = (at + 1) % cycle


def chosen(iterators: list[Iterator[T]], choices: Iterable[int], stop_early: bool) -> Iterator[T]:
    """Yields the next item of one of several iterators, as choices say; those that have ended are passed over."""
    alive: list[bool] = [True] * len(iterators)
    for choice in choices:
        if not alive[choice]:
            if not any(alive):
                return
            continue
        try:
            yield next(iterators[choice])
        except StopIteration:
            alive[choice] = False
            if stop_early or not any(alive):
                return
