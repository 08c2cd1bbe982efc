"""The source of seeds.

Every random object without a seed draws one here when it is created. The n-th draw is a pure function of the global
seed and n, so a script that begins with `set_random_seed` repeats itself bit for bit. This file draws seeds only;
random numbers come from the core.
"""

from __future__ import annotations

import gc
import os
import random
import threading
from typing import Any

import numpy as np

from fastnn import _core, naming, precision

_MASK = (1 << 64) - 1
_lock = threading.Lock()
_seed = int.from_bytes(os.urandom(8), "little")
_drawn = 0
_settings = 0
_shared: list[_core.Stream] = []


def set_random_seed(seed: int) -> None:
    """Seeds everything random that is created from now on, Python's `random` and NumPy's global generator.

    Args:
        seed: An integer from 0 to 2**32 - 1.

    Raises:
        ValueError: `seed` is not such an integer.

    Example:
        >>> fastnn.utils.set_random_seed(42)
        >>> first = fastnn.random.normal((2,))
        >>> fastnn.utils.set_random_seed(42)
        >>> bool(np.all(first == fastnn.random.normal((2,))))
        True
    """
    global _seed, _drawn, _settings
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 1 << 32:
        raise ValueError(f"set_random_seed expects an integer from 0 to 2**32 - 1, got {seed!r}")
    random.seed(int(seed))
    np.random.seed(int(seed))
    with _lock:
        _seed, _drawn = int(seed), 0
        _settings += 1
        for stream in _shared:
            stream.seed, stream.position = _mixed(0), 0


def share(stream: _core.Stream) -> None:
    """Lets a stream begin again whenever the global seed is set, for graphs that draw from it and are already made."""
    _shared.append(stream)


def settings() -> int:
    """Returns how often the global seed was set; generators of an earlier seed start again."""
    return _settings


def next_seed() -> int:
    """Returns a seed for one object: the next of the sequence that the global seed starts."""
    global _drawn
    with _lock:
        _drawn += 1
        return _mixed(_drawn)


def _mixed(number: int) -> int:
    """Returns the draw of this number from the sequence that the global seed starts."""
    state = (_seed * 0x9E3779B97F4A7C15 + number * 0xD1342543DE82EF95) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    # 53 bits survive a file written in JSON.
    return (state ^ (state >> 31)) >> 11


def is_generator(seed: Any) -> bool:
    """Returns whether a seed is a `fastnn.random.SeedGenerator`, which owns a stream of draws."""
    return hasattr(seed, "stream") and hasattr(seed, "next")


def generated_seed(generator: Any) -> int:
    """Returns the next seed of a `SeedGenerator`."""
    seed, position = (int(number) for number in np.asarray(generator.next()))
    return (seed * 0x9E3779B97F4A7C15 + position * 0xD1342543DE82EF95 & _MASK) >> 11


def stream_of(seed: Any) -> _core.Stream:
    """Returns the stream of draws of a layer.

    Args:
        seed: An integer; a `SeedGenerator`, whose stream is shared; or None, which draws a seed.
    """
    if is_generator(seed):
        stream: _core.Stream = seed.stream
        return stream
    return _core.Stream(next_seed() if seed is None else int(seed))


def clear_session(free_memory: bool = True) -> None:
    """Resets the counters of automatic names, so that they start again from "dense", and the policy of new layers.

    Args:
        free_memory: Whether to free what nothing refers to any more, such as models that hold one another in a circle.

    Example:
        >>> fastnn.utils.clear_session()
        >>> layers.Dense(1).name
        'dense'
    """
    naming.reset_names()
    precision.clear_policy()
    if free_memory:
        gc.collect()
