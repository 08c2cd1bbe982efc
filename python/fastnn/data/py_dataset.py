"""`PyDataset`: batches by their number, made in threads or processes.

Owns `workers`, `use_multiprocessing` and `max_queue_size`. The order of batches is drawn as that of rows is, and does
not depend on which worker makes a batch.
"""

from __future__ import annotations

import functools
import itertools
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from fastnn.caller import warn
from fastnn.data.arrays import RowOrder
from fastnn.data.batches import Call

if TYPE_CHECKING:
    from concurrent.futures import Executor


class PyDataset:
    """Base class of data sets whose batches are made by Python code, several at a time.

    A subclass implements `__getitem__(index)`, which returns a batch (x,), (x, y) or (x, y, sample_weight), and
    `__len__`, the number of batches; or the property `num_batches`, None for a data set without end. `fit` takes the
    batches in a new order in each epoch, unless `shuffle=False`.

    Args:
        workers: The number of threads, or processes, that make batches; 0: batches are made by the thread that trains,
            when they are needed.
        use_multiprocessing: True to make batches in processes, each with a copy of the data set. It pays where
            `__getitem__` runs long in Python itself; reading files and NumPy run well in threads.
        max_queue_size: The number of batches that are made ahead of time.

    Example:
        >>> class Squares(fastnn.utils.PyDataset):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, index):
        ...         x = np.arange(4.0).reshape(4, 1) + 4 * index
        ...         return x, x**2
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> model.predict(Squares(workers=2), verbose=0).shape
        (12, 1)
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """Returns one batch.

        Args:
            index: Its number, counted from 0.
        """
        raise NotImplementedError(f"{type(self).__name__}: write __getitem__(self, index), which returns one batch")

    @property
    def num_batches(self) -> int | None:
        """The number of batches; None for a data set without end."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(
            f"{type(self).__name__}: write __len__(self), the number of batches, or a property num_batches, which is "
            "None for a data set without end"
        )

    def __iter__(self) -> Iterator[Any]:
        """Yields all batches in their order, each made when it is asked for; without end where there is no number."""
        try:
            count = self.num_batches
        except NotImplementedError:
            count = None
        for index in itertools.count() if count is None else range(count):
            yield self[index]

    def on_epoch_begin(self) -> None:
        """Called before the first batch of each epoch is made."""

    def on_epoch_end(self) -> None:
        """Called when the last batch of an epoch was taken, and once after a first batch was looked at."""


class Indexed:
    """Batches of a `PyDataset`.

    Args:
        dataset: The data set.
        orders: The random orders in which batches are taken; None: in the order of their numbers.
    """

    once = False
    cancels = True
    batch_size = None
    counters = ()

    def __init__(self, dataset: Any, orders: RowOrder | None = None) -> None:
        self.name = f"the {type(dataset).__name__}"
        self._dataset = dataset
        self._orders = orders
        missing = [name for name in ("workers", "use_multiprocessing", "max_queue_size") if not hasattr(dataset, name)]
        if missing and isinstance(dataset, PyDataset):
            warn(
                f"{type(dataset).__name__}: call super().__init__(**kwargs) in its constructor; batches are made by "
                "one thread now"
            )
        self.workers = _count(dataset, "workers", 1)
        self.ahead = _count(dataset, "max_queue_size", 10) if self.workers else 0
        self._processes = bool(getattr(dataset, "use_multiprocessing", False)) and self.workers > 0
        # A process has the data set as it was when the process began.
        self.works_for_an_epoch = self._processes

    @property
    def steps(self) -> int | None:
        """The number of batches; None for a data set without end."""
        count: int | None = self._dataset.num_batches if hasattr(self._dataset, "num_batches") else len(self._dataset)
        return count

    def calls(self, first: int, again: bool) -> Iterator[Call]:
        """Begins a pass."""
        steps = self.steps
        indices: Iterator[int]
        if steps is None:
            indices = itertools.count(first)
        elif self._orders is None:
            indices = iter(range(first, steps))
        else:
            order = self._orders.redraw(steps) if again else self._orders.draw(steps)
            indices = iter(order[first:].tolist())
        if self._processes:
            return (functools.partial(_item_of_process, index) for index in indices)
        return (functools.partial(self._dataset.__getitem__, index) for index in indices)

    def executor(self) -> Executor:
        """Returns the workers."""
        if self.workers == 0:
            return _direct_executor()
        if self._processes:
            from concurrent import futures

            return futures.ProcessPoolExecutor(self.workers, initializer=_begin_process, initargs=(self._dataset,))
        from fastnn.data.worker_threads import worker_threads

        return worker_threads(self.workers, "fastnn-batches")

    def probe(self) -> Any:
        """Returns the first batch."""
        self.on_epoch_begin()
        if self.steps == 0:
            raise ValueError(f"{self.name} has no batch; at least one is needed")
        item = self._dataset[0]
        self._dataset.on_epoch_end()
        return item

    def on_epoch_begin(self) -> None:
        """Tells the data set; those of Keras 2 have no such method."""
        if hasattr(self._dataset, "on_epoch_begin"):
            self._dataset.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Tells the data set."""
        self._dataset.on_epoch_end()


def _count(dataset: Any, name: str, default: int) -> int:
    """Returns an attribute of a data set that is a number of workers or batches."""
    value = getattr(dataset, name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{type(dataset).__name__}: {name} expects an integer of at least 0, got {value!r}")
    return value


def _direct_executor() -> Executor:
    """Returns an executor that runs each call at once, in the thread that asks."""
    from concurrent.futures import Executor, Future

    class Directly(Executor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_result(fn(*args, **kwargs))
            return future

    return Directly()


_dataset_of_process: Any = None
"""The data set, in a process that makes its batches."""


def _begin_process(dataset: Any) -> None:
    """Keeps the data set. Ctrl-C reaches all processes of a terminal; the one that trains ends the others."""
    global _dataset_of_process
    _dataset_of_process = dataset
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="fastnn-parent", daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process when the one that trains was killed, and so could not end it."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _item_of_process(index: int) -> Any:
    return _dataset_of_process[index]
