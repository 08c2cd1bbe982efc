"""Padding of sequences to one length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: DTypeLike = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: float | str = 0.0,
) -> NDArray[Any]:
    """Returns one array of sequences; shorter ones are padded, longer ones truncated.

    Args:
        sequences: Lists or arrays whose elements have the same shape.
        maxlen: Length of the result; None: that of the longest sequence.
        dtype: Type of the result; `object` for strings of any length.
        padding: "pre" or "post": pads before or after a sequence.
        truncating: "pre" or "post": drops elements at the start or the end of a longer sequence.
        value: Padding value.

    Returns:
        Array of shape `(sequences, maxlen, ...)`.

    Raises:
        ValueError: An argument is out of its range, or elements differ in shape.

    Example:
        >>> fastnn.utils.pad_sequences([[1], [2, 3], [4, 5, 6]])
        array([[0, 0, 1],
               [0, 2, 3],
               [4, 5, 6]], dtype=int32)
    """
    for name, given in (("padding", padding), ("truncating", truncating)):
        if given not in ("pre", "post"):
            raise ValueError(f"pad_sequences expects {name} to be 'pre' or 'post', got {given!r}")
    if maxlen is not None and maxlen < 1:
        raise ValueError(f"pad_sequences expects maxlen of at least 1, got {maxlen}")
    kind = np.dtype(dtype)
    if isinstance(value, str) and kind.kind not in "OUST":
        raise ValueError(f"pad_sequences: value {value!r} does not fit dtype {kind}; use dtype=object")
    if not hasattr(sequences, "__len__"):
        raise ValueError(f"pad_sequences expects a list of sequences, got {type(sequences).__name__}")
    for i, sequence in enumerate(sequences):
        if not hasattr(sequence, "__len__"):
            raise ValueError(f"pad_sequences expects a list of sequences, got {sequence!r} at index {i}")
    length = maxlen if maxlen is not None else max((len(sequence) for sequence in sequences), default=0)
    shape = next((np.asarray(sequence).shape[1:] for sequence in sequences if len(sequence)), ())
    padded = np.full((len(sequences), length, *shape), value, dtype=kind)
    for i, sequence in enumerate(sequences):
        if not len(sequence):
            continue
        kept = np.asarray(sequence[-length:] if truncating == "pre" else sequence[:length], dtype=kind)
        if kept.shape[1:] != shape:
            raise ValueError(f"pad_sequences expects elements of shape {shape}, got {kept.shape[1:]} at index {i}")
        start = 0 if padding == "post" else length - len(kept)
        padded[i, start : start + len(kept)] = kept
    return padded
