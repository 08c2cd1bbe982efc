"""Names and settings that scripts read from `keras.backend`: element types, and what `config` has."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from fastnn.naming import missing_names as _missing_names
from fastnn.naming import next_uid
from fastnn.seeds import clear_session
from fastnn.symbolic.tensors import KerasTensor

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]

_OF_PYTHON = {bool: "bool", int: "int32", float: "float32", str: "string", "int": "int32"}
_NAMES = {
    "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "bfloat16", "float16", "float32",
    "float64", "complex64", "complex128", "float8_e4m3fn", "float8_e5m2", "string",
}  # fmt: skip


def get_uid(prefix: str = "") -> int:
    """Returns the next number of a prefix, from 1.

    Args:
        prefix: Any string.

    Example:
        >>> fastnn.backend.get_uid("mine"), fastnn.backend.get_uid("mine")
        (1, 2)
    """
    return next_uid(prefix)


def is_keras_tensor(x: Any) -> bool:
    """Returns True for a symbolic tensor.

    Args:
        x: Any value.

    Example:
        >>> fastnn.backend.is_keras_tensor(layers.Input((2,)))
        True
    """
    return isinstance(x, KerasTensor)


def standardize_dtype(dtype: Any) -> str:
    """Returns the name of an element type.

    Args:
        dtype: A name, a type of NumPy or Python, or None for `floatx()`.

    Raises:
        ValueError: There is no such type.

    Example:
        >>> fastnn.backend.standardize_dtype(np.float64), fastnn.backend.standardize_dtype(int)
        ('float64', 'int32')
    """
    if dtype is None:
        return floatx()
    if isinstance(dtype, (str, type)) and dtype in _OF_PYTHON:
        return _OF_PYTHON[dtype]
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", getattr(dtype, "__name__", str(dtype)))
    if name not in _NAMES:
        raise ValueError(f"Invalid dtype: {name}; such as 'float32', 'int32' and 'bool' are known")
    return str(name)


def is_float_dtype(dtype: Any) -> bool:
    """Returns True for a type of numbers with a fraction.

    Args:
        dtype: As for `standardize_dtype`.

    Example:
        >>> fastnn.backend.is_float_dtype("float16"), fastnn.backend.is_float_dtype("int8")
        (True, False)
    """
    return standardize_dtype(dtype).startswith(("float", "bfloat"))


def is_int_dtype(dtype: Any) -> bool:
    """Returns True for a type of integers; bool is none.

    Args:
        dtype: As for `standardize_dtype`.

    Example:
        >>> fastnn.backend.is_int_dtype("uint8"), fastnn.backend.is_int_dtype("bool")
        (True, False)
    """
    return standardize_dtype(dtype).startswith(("int", "uint"))


def result_type(*dtypes: Any) -> str:
    """Returns the type of what is computed from values of several types, without types of 64 bits.

    Args:
        *dtypes: As for `standardize_dtype`; the types `int` and `float` of Python stand for a number, which takes the
            size of the others.

    Example:
        >>> fastnn.backend.result_type("int32", float), fastnn.backend.result_type("int8", int)
        ('float32', 'int8')
    """
    numbers = [dtype for dtype in dtypes if dtype in (int, float)]
    names = [standardize_dtype(dtype) for dtype in dtypes if dtype not in (int, float)] or (
        [] if numbers else ["float32"]
    )
    floats = [name for name in names if is_float_dtype(name)]
    integers = [name for name in names if is_int_dtype(name)]
    if floats:
        made = floats[0] if len(set(floats)) == 1 else "float32"
    elif float in numbers:
        made = "float32"
    elif integers:
        made = functools.reduce(lambda one, other: np.promote_types(one, other).name, integers)
    else:
        made = "int32" if numbers else "bool"
    return {"float64": "float32", "int64": "int32", "uint64": "uint32"}.get(made, made)


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
