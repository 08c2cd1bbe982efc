"""Buckets of strings by their hash, which is the same on every machine and in every process.

The hashes are those of Keras, computed by the core: FarmHash's 64-bit fingerprint and, with a key, SipHash-2-4. So
buckets agree with models made with Keras.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core


def buckets(texts: Iterable[str], count: int, key: tuple[int, int] | None = None) -> NDArray[np.int64]:
    """Returns the bucket, from 0 to count - 1, of each string.

    Args:
        texts: Strings.
        count: Positive integer, number of buckets.
        key: Key of the hash, two integers below 2**64; None means FarmHash without a key.

    Returns:
        One integer for each string.
    """
    hashes: NDArray[np.uint64] = _core.hash_texts(list(texts), key) % np.uint64(count)
    return hashes.astype(np.int64)


def hash_key(who: str, salt: Any) -> tuple[int, int] | None:
    """Returns the key of the hash, a pair of integers below 2**64, or None without a salt.

    Args:
        who: Name of the layer, for errors.
        salt: Salt as the layer is given it; negative integers stand for their lowest 64 bits.

    Raises:
        ValueError: The salt is not one or two integers.
    """
    if salt is None:
        return None
    pair = (salt, salt) if isinstance(salt, int) else tuple(salt)
    if len(pair) != 2 or not all(isinstance(one, int) for one in pair):
        raise ValueError(f"{who} expects salt to be one or two integers, got {salt!r}")
    return int(pair[0]) % 2**64, int(pair[1]) % 2**64
