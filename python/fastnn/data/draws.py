"""Random numbers for functions that run on the elements of a dataset, in any order and on any thread.

While a dataset applies a function to an element, random functions draw from a generator of that element. Its numbers
depend on the seed of the step, the pass and the number of the element alone, so they are the same on any number of
threads. Elsewhere they draw from a generator that starts with the global seed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn import seeds

_here = threading.local()
_of_process: tuple[int, np.random.Generator] | None = None


def rng(*key: int) -> np.random.Generator:
    """Returns a generator whose numbers depend on integers alone."""
    return np.random.Generator(np.random.PCG64(list(key)))


def current() -> np.random.Generator:
    """Returns the generator of the element at hand, or that of the process."""
    global _of_process
    key = getattr(_here, "key", None)
    if key is not None:
        if _here.made is None:
            _here.made = rng(*key)
        made: np.random.Generator = _here.made
        return made
    if _of_process is None or _of_process[0] != seeds.settings():
        _of_process = seeds.settings(), rng(seeds.next_seed())
    return _of_process[1]


def is_in_element() -> bool:
    """Returns whether a function runs on an element of a dataset."""
    return getattr(_here, "key", None) is not None


class of_element:
    """Block in which random functions draw from the generator of an element.

    Args:
        *key: Seed of the step, number of the pass, number of the element.
    """

    __slots__ = ("_before", "_key")

    def __init__(self, *key: int) -> None:
        self._key = key

    def __enter__(self) -> None:
        self._before = getattr(_here, "key", None), getattr(_here, "made", None)
        _here.key, _here.made = self._key, None

    def __exit__(self, *error: object) -> None:
        _here.key, _here.made = self._before


def calls_layers(function: Callable[..., Any], depth: int = 3) -> bool:
    """Returns whether a function refers to layers, which draw random numbers in the order of their calls.

    Args:
        function: A function, a method or a layer.
        depth: How far functions that it refers to are followed.
    """
    from fastnn.engine.layer import Layer

    def holds(value: Any, left: int) -> bool:
        if isinstance(value, Layer):
            return True
        if left == 0:
            return False
        if isinstance(value, (list, tuple)):
            return any(holds(one, left - 1) for one in value[:100])
        if isinstance(value, dict):
            return any(holds(one, left - 1) for one in list(value.values())[:100])
        value = getattr(value, "func", value)  # functools.partial
        owner = getattr(value, "__self__", None)
        if owner is not None and any(isinstance(one, Layer) for one in getattr(owner, "__dict__", {}).values()):
            return True
        code = getattr(value, "__code__", None)
        if code is None:
            return False
        named = [value.__globals__[name] for name in code.co_names if name in value.__globals__]
        for cell in value.__closure__ or ():
            try:
                named.append(cell.cell_contents)
            except ValueError:
                continue  # a name that has no value yet
        named += list(value.__defaults__ or ())
        return any(holds(one, left - 1) for one in named)

    return holds(function, depth)
