"""Threads that prepare data while the core trains, and threads that train models of their own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from fastnn import _core


def worker_threads(count: int, name: str) -> ThreadPoolExecutor:
    """Returns threads that prepare data; where there are several, each computes alone, without a team of its own.

    Args:
        count: The number of threads.
        name: How their names begin.
    """
    return ThreadPoolExecutor(count, name, initializer=_core.limit_this_thread, initargs=(1 if count > 1 else 0,))


def single_threads(count: int, name: str) -> ThreadPoolExecutor:
    """Returns threads each of which computes alone, be it the only one.

    Args:
        count: The number of threads.
        name: How their names begin.
    """
    return ThreadPoolExecutor(count, name, initializer=_core.limit_this_thread, initargs=(1,))
