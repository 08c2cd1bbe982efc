"""Types of floats: float32, and float64 where it is asked for.

A model computes in one of them, on a core of its own: `fastnn._native` in float32, `fastnn._native64` in float64, which
is loaded when the first float64 weight or graph is made. A tensor's type says which. Between tensors of one graph the
two names mean the same, since a graph has one type of floats. The policies "mixed_bfloat16" and "bfloat16" are ones of
float32, whose products are those of bfloat16; the second also holds large weights in 16 bits.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.caller import warn

FLOATS = ("float32", "float64")
"""The names of the types of floats."""

MIXED = "mixed_bfloat16"
"""The name of the policy of float32 with products of bfloat16."""

BFLOAT16 = "bfloat16"
"""The name of the policy that holds large weights in bfloat16, too, and of the type of these weights."""

ROUNDING = (MIXED, BFLOAT16)
"""The policies of float32 with products of bfloat16."""

SHORTER = ("float16", "mixed_float16")
"""Types and policies of 16 bits for which float32 stands in."""

_floatx = "float32"
_policy: str | None = None
_within: contextvars.ContextVar[str | None] = contextvars.ContextVar("fastnn_floats", default=None)


def floatx() -> str:
    """Returns the type of what says nothing of its own."""
    found = _within.get() or _floatx
    return "float32" if found in ROUNDING else found


def default_policy() -> str:
    """Returns the name of the policy of a layer that says nothing of its own."""
    return _within.get() or _policy or _floatx


def set_floatx(name: str) -> None:
    """Sets the type, and the policy, of what says nothing of its own."""
    global _floatx, _policy
    _floatx, _policy = name, None


def clear_policy() -> None:
    """Lets the type of what says nothing of its own be its policy, too."""
    global _policy
    _policy = None


def set_policy(name: str) -> None:
    """Sets the policy of layers that say nothing of their own, and the type that goes with it."""
    global _policy
    set_floatx("float32" if name in ROUNDING else name)
    _policy = name


def computed_in(name: Any) -> Any:
    """Returns the type of floats that stands in for float16, with a warning; any other value as it is.

    Args:
        name: The name of a type of floats, or of a policy.
    """
    return told_float32(name) if isinstance(name, str) and name in SHORTER else name


def told_float32(name: str) -> str:
    """Warns that fastnn computes in float32 where another type is asked for; returns "float32".

    Args:
        name: What is asked for.
    """
    warn(f"fastnn computes in float32 where {name} is asked for: that has more digits, and processors are fast with it")
    return "float32"


@contextmanager
def using(floats: str) -> Iterator[None]:
    """Lets a type be that of what says nothing of its own, while a layer of this type makes its weights or is traced.

    Args:
        floats: "float32" or "float64", or a policy of `ROUNDING`.
    """
    token = _within.set(floats)
    try:
        yield
    finally:
        _within.reset(token)


def array_type(dtype: Any) -> np.dtype[Any]:
    """Returns the type of NumPy that a name or a type of elements stands for: float32 for "bfloat16".

    Args:
        dtype: A name, a type of NumPy, or what has a name.

    Raises:
        TypeError: There is no such type.
    """
    name = getattr(dtype, "name", dtype)
    found: np.dtype[Any] = np.dtype(computed(name))
    return found


def computed(dtype: Any) -> Any:
    """Returns the type in which numbers of a type are computed with: float32 for bfloat16, else the type itself.

    Args:
        dtype: The name of an element type, or what stands for one.
    """
    return "float32" if isinstance(dtype, str) and dtype == BFLOAT16 else dtype


def is_float(dtype: Any) -> bool:
    """Returns whether an element type is one of floats."""
    return dtype in FLOATS


def same_type(one: str, other: str) -> bool:
    """Returns whether two element types are the same in any graph."""
    return one == other or (one in FLOATS and other in FLOATS)


def float_type(dtype: Any) -> str:
    """Returns the type of floats of an array or a variable: float64 where it is float64, else `floatx()`."""
    return "float64" if str(dtype) == "float64" else floatx()


def as_floats(value: Any) -> NDArray[Any]:
    """Returns an array of floats that loses no digits: float64 stays, everything else becomes float32."""
    array = np.asarray(value)
    return array if array.dtype == np.float64 else array.astype(np.float32)


def largest_in(array: NDArray[Any], floats: str) -> float:
    """Returns the largest number of an array of floats that is finite, in the array and in a core of this type."""
    return float(min(np.finfo(array.dtype).max, np.finfo(floats).max))
