"""The processes of a run of `mpiexec`: who they are, and their messages.

Owns the communicator. A wait for a message yields its core, and ends with an error where another process has failed
(`watch.py`). Without `mpiexec` there is one process, and mpi4py is not imported.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastnn import _core

_LAUNCHERS = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "MPI_LOCALNRANKS", "SLURM_STEP_NUM_TASKS")
"""Environment variables, of which a launcher of MPI sets at least one."""
_EAGER, _PATIENT = 0.001, 0.0002
"""Seconds for which a wait asks again at once, and between two questions after that."""
_EAGER_FOR_GRADIENTS = 0.05
"""The same while gradients are under way: MPI moves a piece of them whenever it is asked, so each pause costs all."""
_TOKEN = 16
"""Bytes behind a window by which the other processes know it."""
_GRACE = 1.0
"""Seconds for which a step waits for another process after Ctrl-C, at which that one may have stopped before it."""


class World:
    """All processes that run the script, and the messages between them.

    Args:
        comm: A communicator of mpi4py over all processes; None: there is one process.

    Attributes:
        rank: The number of this process, from 0.
        size: The number of processes.
    """

    def __init__(self, comm: Any = None) -> None:
        self.rank: int = 0 if comm is None else comm.Get_rank()
        self.size: int = 1 if comm is None else comm.Get_size()
        self._comm = comm
        self._watch: Any = None
        # Messages that are under way while others are sent go over a communicator of their own, so that the order of
        # each kind is the same in all processes.
        self._beside: Any = None
        self._receiving: list[Any] = []
        self._sending: list[Any] = []
        self._received = 0
        self._interrupted: float | None = None
        self._is_out_of_step = False
        self._is_within_steps = False
        self._share_host = False
        if comm is not None and self.size > 1:
            from mpi4py import MPI

            from fastnn.distribution.watch import Watch

            on_host = comm.Split_type(MPI.COMM_TYPE_SHARED)
            self._share_host = all(comm.allgather(on_host.Get_size() == self.size and hasattr(os, "memfd_create")))
            _share_cores(on_host)
            on_host.Free()
            self._beside = comm.Dup()
            self._watch = Watch(comm)

    @property
    def is_first(self) -> bool:
        """True in the process that shows progress and writes files."""
        return self.rank == 0

    def who(self) -> str:
        """Returns how errors call this process."""
        return f"process {self.rank} of {self.size}"

    @contextmanager
    def whole_steps(self) -> Iterator[None]:
        """Lets Ctrl-C wait for the end of a `with` block, for its messages cannot be taken back.

        Returns:
            The context of the block.

        Raises:
            RuntimeError: Training was interrupted before.
        """
        if self._is_out_of_step:
            raise RuntimeError(
                f"{self.who()} was interrupted, or raised an error within a step, and the others need not have stopped "
                "at the same step; save the model, and go on in a new run of the script"
            )
        if self.size == 1 or self._is_within_steps:
            yield
            return
        self._is_within_steps = True
        try:
            with self._heard_later():
                yield
        except BaseException:
            self.lose_step()
            raise
        finally:
            self._is_within_steps = False

    @contextmanager
    def _heard_later(self) -> Iterator[None]:
        """Keeps Ctrl-C until the end of the block."""
        handler = signal.getsignal(signal.SIGINT)
        if not callable(handler) or threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(number: int, frame: Any) -> None:
            self._interrupted = time.perf_counter()

        signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, handler)
            interrupted, self._interrupted = self._interrupted is not None, None
            if interrupted:
                self.lose_step()
                handler(signal.SIGINT, None)

    def lose_step(self) -> None:
        """Notes that an interruption has come to this process, and to others perhaps at another step."""
        self._is_out_of_step = self.size > 1

    # Messages of the core, in bytes.

    def receive(self, view: memoryview) -> None:
        """Receives from the process before this one."""
        self._wait(self._comm.Irecv([view, self._bytes()], source=self.rank - 1))

    def send(self, view: memoryview) -> None:
        """Sends to the process after this one."""
        self._wait(self._comm.Isend([view, self._bytes()], dest=self.rank + 1))

    def share(self, view: memoryview) -> None:
        """Gives all processes what the last one has."""
        self._wait(self._comm.Ibcast([view, self._bytes()], root=self.size - 1))

    def gather(self, view: memoryview, ends: Sequence[int]) -> None:
        """Gives all processes what process r has from ends[r - 1] to ends[r]."""
        begins = [0, *ends[:-1]]
        counts = [end - begin for begin, end in zip(begins, ends, strict=True)]
        own = bytes(view[begins[self.rank] : ends[self.rank]])
        self._wait(self._comm.Iallgatherv([own, self._bytes()], [view, (counts, begins), self._bytes()]))

    def begin_receive(self, view: memoryview) -> None:
        """Begins to receive from the process before this one."""
        self._receiving.append(self._beside.Irecv([view, self._bytes()], source=self.rank - 1))

    def begin_send(self, view: memoryview) -> None:
        """Begins to send to the process after this one."""
        self._sending.append(self._beside.Isend([view, self._bytes()], dest=self.rank + 1))

    def begin_share(self, view: memoryview) -> None:
        """Begins to give all processes what the last one has."""
        self._sending.append(self._beside.Ibcast([view, self._bytes()], root=self.size - 1))

    def received(self, count: int, wait: bool) -> int:
        """Returns the number of messages received since the last `finish`; with `wait` when there are `count`."""
        if not self._receiving and self._sending:
            # A question about one message moves all of them.
            self._sending[-1].Test()
        while self._received < len(self._receiving):
            request = self._receiving[self._received]
            if wait and self._received < count:
                self._wait(request)
            elif not request.Test():
                break
            self._received += 1
        return self._received

    def finish(self) -> None:
        """Waits until all messages under way have arrived."""
        for request in (*self._receiving[self._received :], *self._sending):
            self._wait(request)
        self._receiving.clear()
        self._sending.clear()
        self._received = 0

    def window(self, size: int) -> mmap.mmap | None:
        """Returns memory of `size` bytes, all zeros, that all processes see.

        Args:
            size: The same in all processes, which make the call at the same time.

        Returns:
            The memory; None where they are not on one host, or see none of one another's memory.

        Raises:
            ValueError: The sizes differ, as they do where batches do.
        """
        if not self._share_host:
            return None
        token, memory, file = os.urandom(_TOKEN), None, -1
        with contextlib.suppress(OSError):
            # A file without a name: however processes end, nothing of it is left.
            file = os.memfd_create("fastnn") if self.is_first else -1
            if self.is_first:
                # What is not to be had is noticed here, not at the first write to it.
                os.posix_fallocate(file, 0, size)
                os.pwrite(file, token, size)
        path, token, of_first = self.from_first((f"/proc/{os.getpid()}/fd/{file}", token, size))
        if size != of_first:
            raise ValueError(f"{self.who()} and process 0 have parts of batches that differ; give both as many rows")
        with contextlib.suppress(OSError):
            file = file if self.is_first else os.open(path, os.O_RDWR)
            # In a container of its own a process finds another file there, or none.
            if os.pread(file, _TOKEN, size) == token:
                memory = mmap.mmap(file, size)
        try:
            self._share_host = not self.any(memory is None)
        finally:
            if file >= 0:
                os.close(file)
        return memory if self._share_host else None

    def _bytes(self) -> Any:
        from mpi4py import MPI

        return MPI.BYTE

    def _wait(self, request: Any) -> None:
        began = time.perf_counter()
        eager = _EAGER_FOR_GRADIENTS if self._receiving or self._sending else _EAGER
        while not request.Test():
            if time.perf_counter() - began < eager:
                os.sched_yield()
                continue
            self.waited(time.perf_counter() - began)

    def waited(self, seconds: float) -> None:
        """Sleeps a little within a wait, and ends it where it is in vain.

        Args:
            seconds: Those since the wait began.

        Raises:
            KeyboardInterrupt: The process was interrupted, and another one perhaps at another step.
            RuntimeError: Another process has ended its script.
        """
        if self._watch is not None:
            self._watch.check(seconds)
        if self._interrupted is not None and min(seconds, time.perf_counter() - self._interrupted) > _GRACE:
            self._interrupted = None
            self.lose_step()
            raise KeyboardInterrupt
        time.sleep(_PATIENT)

    # Messages of Python.

    def from_first(self, value: Any) -> Any:
        """Returns what process 0 passes."""
        return value if self.size == 1 else self.of_all(value if self.is_first else None)[0]

    def of_all(self, value: Any) -> list[Any]:
        """Returns what each process passes, by rank."""
        if self.size == 1:
            return [value]
        from mpi4py import MPI

        data = np.frombuffer(MPI.pickle.dumps(value), np.uint8)
        sizes = np.empty(self.size, np.int64)
        with self.whole_steps():
            self._wait(self._comm.Iallgather([np.array([data.size], np.int64), MPI.INT64_T], [sizes, MPI.INT64_T]))
            begins = np.concatenate([[0], np.cumsum(sizes)[:-1]])
            whole = np.empty(int(sizes.sum()), np.uint8)
            self._wait(self._comm.Iallgatherv([data, MPI.BYTE], [whole, (sizes, begins), MPI.BYTE]))
        return [
            MPI.pickle.loads(whole[begin : begin + size].tobytes()) for begin, size in zip(begins, sizes, strict=True)
        ]

    def any(self, value: bool) -> bool:
        """Returns whether some process passes True."""
        return any(self.of_all(bool(value)))

    def check_equal(self, facts: Mapping[str, Any], who: str) -> None:
        """Checks that all processes pass the same.

        Args:
            facts: Values by what they are.
            who: How the error calls what is compared.

        Raises:
            ValueError: A value differs, in every process.
        """
        given = self.of_all(dict(facts))
        for rank, other in enumerate(given):
            for name, value in given[0].items():
                if other.get(name) != value:
                    raise ValueError(
                        f"{who}: process {rank} and process 0 differ in {name}: {other.get(name)} and {value}; all "
                        "processes have to run the same script on the same data"
                    )


def _share_cores(on_host: Any) -> None:
    """Gives each process of a host its share of the cores, unless the user or the launcher has said how many it has."""
    if os.environ.get("OMP_NUM_THREADS") or not hasattr(os, "sched_getaffinity"):
        return
    owned = [frozenset(one) for one in on_host.allgather(sorted(os.sched_getaffinity(0)))]
    place = on_host.Get_rank()
    sharing = [rank for rank, one in enumerate(owned) if one & owned[place]]
    threads = _core.num_threads()
    more = sharing.index(place) < threads % len(sharing)
    for core in _core.loaded_cores():
        core.set_num_threads(max(1, threads // len(sharing) + more))


_world: World | None = None


def the_world() -> World:
    """Returns the processes that run the script; finds them at the first call."""
    global _world
    if _world is None:
        _world = World(_communicator() if any(name in os.environ for name in _LAUNCHERS) else None)
    return _world


def _communicator() -> Any:
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise ImportError(
            "training on several processes needs mpi4py and a runtime of MPI: pip install mpi4py mpich"
        ) from error
    return MPI.COMM_WORLD.Dup()


def initialize(
    job_addresses: str | None = None, num_processes: int | None = None, process_id: int | None = None
) -> None:
    """Finds the processes that `mpiexec` has started.

    `set_distribution` does so too; called at the beginning of a script, a mistake is found before data are read. The
    arguments are checked, not needed: MPI knows them.

    Args:
        job_addresses: Accepted for Keras compatibility; ignored.
        num_processes: The number of processes, or None.
        process_id: The number of this process, or None.

    Raises:
        ImportError: The script runs under `mpiexec`, and mpi4py is missing.
        ValueError: The arguments are not what MPI says.

    Example:
        >>> fastnn.distribution.initialize()
    """
    world = the_world()
    for name, asked, found in (("num_processes", num_processes, world.size), ("process_id", process_id, world.rank)):
        if asked is not None and asked != found:
            raise ValueError(
                f"initialize: {name} is {found}, got {asked}; start the script by mpiexec -n {num_processes or 4} "
                "python ..., which numbers the processes"
            )


def list_devices(device_type: str | None = None) -> list[str]:
    """Returns the names of all devices: there is one for each process.

    Args:
        device_type: "cpu", or None for all; of other types there are none.

    Example:
        >>> fastnn.distribution.list_devices()
        ['cpu:0']
    """
    if device_type is not None and device_type.lower() != "cpu":
        return []
    return [f"cpu:{rank}" for rank in range(the_world().size)]


def get_device_count(device_type: str | None = None) -> int:
    """Returns the number of devices.

    Args:
        device_type: "cpu", or None for all; of other types there are none.

    Example:
        >>> fastnn.distribution.get_device_count()
        1
    """
    return len(list_devices(device_type))
