"""Functions of `tf.strings` on arrays of text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastnn.data.elements import Element, as_element
from fastnn.data.specs import as_dtype

__all__ = [
    "as_string", "bytes_split", "join", "length", "lower", "reduce_join", "regex_full_match", "regex_replace", "split",
    "strip", "substr", "to_number", "unicode_split", "upper",
]  # fmt: skip


def _each(function: Callable[[bytes], Any], value: Any, dtype: Any = object) -> Element:
    texts = as_element(value, "tf.strings")
    if texts.dtype.kind != "O":
        raise TypeError(f"tf.strings expects text, got dtype {texts.dtype}; convert numbers by tf.strings.as_string")
    made = np.empty(texts.shape, dtype)
    made.reshape(-1)[:] = [function(one) for one in texts.view(np.ndarray).ravel().tolist()]
    return made.view(Element)


def lower(input: Any, encoding: str = "", name: str | None = None) -> Element:
    """Returns texts in lower case; without `encoding="utf-8"` only the letters of ASCII."""
    return _each(lambda one: one.decode().lower().encode() if encoding else one.lower(), input)


def upper(input: Any, encoding: str = "", name: str | None = None) -> Element:
    """Returns texts in upper case; without `encoding="utf-8"` only the letters of ASCII."""
    return _each(lambda one: one.decode().upper().encode() if encoding else one.upper(), input)


def strip(input: Any, name: str | None = None) -> Element:
    """Returns texts without white space at both ends."""
    return _each(bytes.strip, input)


def length(input: Any, unit: str = "BYTE", name: str | None = None) -> Element:
    """Returns the lengths of texts, in bytes or (unit "UTF8_CHAR") in characters."""
    return _each(lambda one: len(one if unit == "BYTE" else one.decode()), input, np.int32)


def substr(input: Any, pos: int, len: int, unit: str = "BYTE", name: str | None = None) -> Element:
    """Returns parts of texts, `len` bytes or characters from `pos`."""
    first, count = int(pos), int(len)

    def part(one: bytes) -> bytes:
        whole: Any = one if unit == "BYTE" else one.decode()
        start = first if first >= 0 else max(0, whole.__len__() + first)
        taken = whole[start : start + count]
        return taken if isinstance(taken, bytes) else taken.encode()

    return _each(part, input)


def split(input: Any, sep: Any = None, maxsplit: int = -1, name: str | None = None) -> Element:
    """Returns the parts of a text, or of several texts with the same number of parts."""
    texts = as_element(input, "tf.strings.split")
    separator = None if sep is None else as_element(sep).numpy() or None
    parts = [one.split(separator, maxsplit) for one in texts.view(np.ndarray).ravel().tolist()]
    if len({len(one) for one in parts}) > 1:
        raise ValueError(
            f"tf.strings.split of several texts gives {sorted({len(one) for one in parts})} parts, and there are "
            "no ragged arrays here; split one text at a time, before batch()"
        )
    return as_element(np.array(parts, dtype=object).reshape(*texts.shape, len(parts[0]) if parts else 0))


def bytes_split(input: Any, name: str | None = None) -> Element:
    """Returns the bytes of a text."""
    return as_element(np.array([bytes([one]) for one in as_element(input).numpy()], dtype=object))


def unicode_split(
    input: Any, input_encoding: str = "UTF-8", errors: str = "replace", name: str | None = None
) -> Element:
    """Returns the characters of a text."""
    letters = list(as_element(input).numpy().decode(input_encoding, errors))
    return as_element(np.array([one.encode() for one in letters], dtype=object))


def join(inputs: Sequence[Any], separator: str = "", name: str | None = None) -> Element:
    """Returns texts joined one by one."""
    arrays = np.broadcast_arrays(*(as_element(one).view(np.ndarray) for one in inputs))
    between = as_element(separator).numpy()
    made = np.empty(arrays[0].shape, object)
    made.reshape(-1)[:] = [between.join(ones) for ones in zip(*(one.ravel().tolist() for one in arrays), strict=True)]
    return made.view(Element)


def reduce_join(inputs: Any, axis: int | None = None, keepdims: bool = False, separator: str = "") -> Element:
    """Returns the texts of an array joined along an axis; None: all of them."""
    array, between = as_element(inputs).view(np.ndarray), as_element(separator).numpy()
    if axis is None:
        return as_element(between.join(array.ravel().tolist()))
    made = np.apply_along_axis(lambda row: np.array(between.join(row.tolist()), dtype=object), axis, array)
    return as_element(np.expand_dims(made, axis) if keepdims else made)


def regex_replace(
    input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None
) -> Element:
    """Returns texts in which what matches a pattern is replaced; a backslash and 1 stand for the first group."""
    sought, given = re.compile(as_element(pattern).numpy().decode()), as_element(rewrite).numpy().decode()
    return _each(lambda one: sought.sub(given, one.decode(), 0 if replace_global else 1).encode(), input)


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Element:
    """Returns True where a whole text matches a pattern."""
    sought = re.compile(as_element(pattern).numpy().decode())
    return _each(lambda one: sought.fullmatch(one.decode()) is not None, input, bool)


def to_number(input: Any, out_type: Any = "float32", name: str | None = None) -> Element:
    """Returns the numbers that texts spell."""
    kind = as_dtype(out_type)

    def number(one: bytes) -> Any:
        try:
            return int(one) if kind.kind in "iu" else float(one)
        except ValueError:
            raise ValueError(f"tf.strings.to_number expects numbers, got {one.decode(errors='replace')!r}") from None

    return _each(number, input, kind)


def as_string(input: Any, precision: int = -1, name: str | None = None) -> Element:
    """Returns numbers as texts."""
    array = as_element(input)
    digits = precision if precision >= 0 else 6
    fractions = array.dtype.kind == "f" or precision >= 0
    flat = array.view(np.ndarray).ravel().tolist()
    made = np.empty(array.shape, object)
    made.reshape(-1)[:] = [(f"{one:.{digits}f}" if fractions else str(one).lower()).encode() for one in flat]
    return made.view(Element)
