"""Hashes of strings that are the same on every machine and in every process.

They are those of Keras: FarmHash's 64-bit fingerprint (Pike, Alakuijala, 2014) and, with a key, SipHash-2-4 (Aumasson,
Bernstein, "SipHash: a fast short-input PRF", 2012). So buckets agree with models made with Keras.

The functions compute with integers of Python for one string, and with arrays of 64-bit integers, which wrap around by
themselves, for a matrix whose rows are strings of the same length.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MASK = (1 << 64) - 1
_K0 = 0xC3A5C85C97CB3127
_K1 = 0xB492B66FBE98F273
_K2 = 0x9AE16A3B2F90404F


Text = Any
"""The bytes of a string, or a matrix whose rows are those of several strings of the same length."""
Word = Any
"""An integer below 2**64, or an array of one for each string."""

_FEW = 8
"""Number of strings of one length up to which they are hashed one by one."""


def _size(text: Text) -> int:
    return len(text) if isinstance(text, bytes) else int(text.shape[1])


def _word(text: Text, at: int, size: int = 8) -> Word:
    """Returns the number that up to 8 bytes stand for, the lowest one first."""
    part = text[at : at + size] if isinstance(text, bytes) else text[:, at : at + size]
    if isinstance(part, bytes):
        return int.from_bytes(part, "little")
    if part.shape[1] < 8:
        part = np.concatenate([part, np.zeros((len(part), 8 - part.shape[1]), np.uint8)], axis=1)
    return np.ascontiguousarray(part).view("<u8")[:, 0].astype(np.uint64)


def _half(text: Text, at: int) -> Word:
    return _word(text, at, 4)


def _byte(text: Text, at: int) -> Word:
    return _word(text, at, 1)


def _right(value: Word, by: int) -> Word:
    return ((value >> by) | (value << (64 - by))) & _MASK


def _left(value: Word, by: int) -> Word:
    return _right(value, 64 - by)


def _folded(value: Word) -> Word:
    return value ^ (value >> 47)


def _joined(u: Word, v: Word, by: Word) -> Word:
    a = _folded(((u ^ v) * by) & _MASK)
    return (_folded(((v ^ a) * by) & _MASK) * by) & _MASK


def _to_16(text: Text) -> Word:
    n = _size(text)
    if n >= 8:
        by = _K2 + 2 * n
        a = (_word(text, 0) + _K2) & _MASK
        b = _word(text, n - 8)
        c = (_right(b, 37) * by + a) & _MASK
        d = ((_right(a, 25) + b) * by) & _MASK
        return _joined(c, d, by)
    if n >= 4:
        return _joined(n + (_half(text, 0) << 3), _half(text, n - 4), _K2 + 2 * n)
    if n > 0:
        y = _byte(text, 0) + (_byte(text, n >> 1) << 8)
        z = n + (_byte(text, n - 1) << 2)
        return (_folded((y * _K2 ^ z * _K0) & _MASK) * _K2) & _MASK
    return _K2


def _to_32(text: Text) -> Word:
    n = _size(text)
    by = _K2 + 2 * n
    a = (_word(text, 0) * _K1) & _MASK
    b = _word(text, 8)
    c = (_word(text, n - 8) * by) & _MASK
    d = (_word(text, n - 16) * _K2) & _MASK
    low = (_right((a + b) & _MASK, 43) + _right(c, 30) + d) & _MASK
    high = (a + _right((b + _K2) & _MASK, 18) + c) & _MASK
    return _joined(low, high, by)


def _to_64(text: Text) -> Word:
    n = _size(text)
    by = _K2 + 2 * n
    a = (_word(text, 0) * _K2) & _MASK
    b = _word(text, 8)
    c = (_word(text, n - 8) * by) & _MASK
    d = (_word(text, n - 16) * _K2) & _MASK
    y = (_right((a + b) & _MASK, 43) + _right(c, 30) + d) & _MASK
    z = _joined(y, (a + _right((b + _K2) & _MASK, 18) + c) & _MASK, by)
    e = (_word(text, 16) * by) & _MASK
    f = _word(text, 24)
    g = ((y + _word(text, n - 32)) * by) & _MASK
    h = ((z + _word(text, n - 24)) * by) & _MASK
    low = (_right((e + f) & _MASK, 43) + _right(g, 30) + h) & _MASK
    return _joined(low, (e + _right((f + a) & _MASK, 18) + g) & _MASK, by)


def _of_32_bytes(text: Text, at: int, a: Word, b: Word) -> tuple[Word, Word]:
    w, x, y, z = (_word(text, at + 8 * i) for i in range(4))
    a = (a + w) & _MASK
    b = _right((b + a + z) & _MASK, 21)
    start = a
    a = (a + x + y) & _MASK
    b = (b + _right(a, 44)) & _MASK
    return (a + z) & _MASK, (b + start) & _MASK


def _long(text: Text) -> Word:
    n = _size(text)
    x: Word = 81
    y: Word = (81 * _K1 + 113) & _MASK
    z = (_folded((y * _K2 + 113) & _MASK) * _K2) & _MASK
    v: tuple[Word, Word] = (0, 0)
    w: tuple[Word, Word] = (0, 0)
    x = ((x * _K2 & _MASK) + _word(text, 0)) & _MASK
    last = (n - 1) // 64 * 64
    for at in range(0, last, 64):
        x = (_right((x + y + v[0] + _word(text, at + 8)) & _MASK, 37) * _K1) & _MASK
        y = (_right((y + v[1] + _word(text, at + 48)) & _MASK, 42) * _K1) & _MASK
        x = x ^ w[1]
        y = (y + v[0] + _word(text, at + 40)) & _MASK
        z = (_right((z + w[0]) & _MASK, 33) * _K1) & _MASK
        v = _of_32_bytes(text, at, (v[1] * _K1) & _MASK, (x + w[0]) & _MASK)
        w = _of_32_bytes(text, at + 32, (z + w[1]) & _MASK, (y + _word(text, at + 16)) & _MASK)
        z, x = x, z
    by = (_K1 + ((z & 0xFF) << 1)) & _MASK
    at = n - 64
    w = ((w[0] + ((n - 1) & 63)) & _MASK, w[1])
    v = ((v[0] + w[0]) & _MASK, v[1])
    w = ((w[0] + v[0]) & _MASK, w[1])
    x = (_right((x + y + v[0] + _word(text, at + 8)) & _MASK, 37) * by) & _MASK
    y = (_right((y + v[1] + _word(text, at + 48)) & _MASK, 42) * by) & _MASK
    x = x ^ ((w[1] * 9) & _MASK)
    y = (y + v[0] * 9 + _word(text, at + 40)) & _MASK
    z = (_right((z + w[0]) & _MASK, 33) * by) & _MASK
    v = _of_32_bytes(text, at, (v[1] * by) & _MASK, (x + w[0]) & _MASK)
    w = _of_32_bytes(text, at + 32, (z + w[1]) & _MASK, (y + _word(text, at + 16)) & _MASK)
    z, x = x, z
    low = (_joined(v[0], w[0], by) + _folded(y) * _K0 + z) & _MASK
    return _joined(low, (_joined(v[1], w[1], by) + x) & _MASK, by)


def fingerprint64(text: Text) -> Word:
    """Returns FarmHash's 64-bit fingerprint of strings, from 0 to 2**64 - 1."""
    n = _size(text)
    return _to_16(text) if n <= 16 else _to_32(text) if n <= 32 else _to_64(text) if n <= 64 else _long(text)


def siphash(text: Text, key: Sequence[int]) -> Word:
    """Returns the SipHash-2-4 of strings with a key of two integers, from 0 to 2**64 - 1."""
    low, high = (int(part) & _MASK for part in key)
    a: Word = low ^ 0x736F6D6570736575
    b: Word = high ^ 0x646F72616E646F6D
    c: Word = low ^ 0x6C7967656E657261
    d: Word = high ^ 0x7465646279746573
    n = _size(text)
    whole = n // 8 * 8
    words = [_word(text, at) for at in range(0, whole, 8)]
    words.append(_word(text, whole) | (n & 0xFF) << 56)
    for step, word in enumerate([*words, 0xFF]):
        ends = step == len(words)
        if ends:
            c = c ^ word
        else:
            d = d ^ word
        for _ in range(4 if ends else 2):
            a, c = (a + b) & _MASK, (c + d) & _MASK
            b, d = _left(b, 13) ^ a, _left(d, 16) ^ c
            a = _left(a, 32)
            c, a = (c + b) & _MASK, (a + d) & _MASK
            b, d = _left(b, 17) ^ c, _left(d, 21) ^ a
            c = _left(c, 32)
        if not ends:
            a = a ^ word
    return a ^ b ^ c ^ d


def buckets(texts: Iterable[str], count: int, salt: Sequence[int] | None = None) -> NDArray[np.int64]:
    """Returns the bucket, from 0 to count - 1, of each string.

    Args:
        texts: Strings.
        count: Positive integer, number of buckets.
        salt: Key of the hash, two integers; None means FarmHash without a key.

    Returns:
        One integer for each string.
    """
    encoded = [text.encode() for text in texts]
    made = np.empty(len(encoded), np.int64)
    places: dict[int, list[int]] = {}
    for place, text in enumerate(encoded):
        places.setdefault(len(text), []).append(place)
    for n, alike in places.items():
        if len(alike) <= _FEW or n == 0:
            for place in alike:
                text = encoded[place]
                made[place] = (fingerprint64(text) if salt is None else siphash(text, salt)) % count
        else:
            rows = np.frombuffer(b"".join([encoded[place] for place in alike]), np.uint8).reshape(len(alike), n)
            hashes = fingerprint64(rows) if salt is None else siphash(rows, salt)
            made[alike] = (hashes % np.uint64(count)).astype(np.int64)
    return made


def hash_key(who: str, salt: Any) -> tuple[int, int] | None:
    """Returns the key of the hash, a pair of integers, or None without a salt.

    Raises:
        ValueError: The salt is not one or two integers.
    """
    if salt is None:
        return None
    pair = (salt, salt) if isinstance(salt, int) else tuple(salt)
    if len(pair) != 2 or not all(isinstance(one, int) for one in pair):
        raise ValueError(f"{who} expects salt to be one or two integers, got {salt!r}")
    return int(pair[0]), int(pair[1])
