"""Conversion between element types, arrays and tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.node import array, edge_type, node, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced


def cast(x: Any, dtype: Any) -> Any:
    """With another element type.

    Args:
        x: A tensor or an array.
        dtype: "float32", "int32" or "bool", and what comes down to one of them ("float64", "int64", "uint8").
    """
    wanted = edge_type(np.dtype(getattr(dtype, "name", dtype)))
    if is_traced(x):
        made = tensor(x)
        return made if made.dtype == wanted else node("Cast", {"dtype": wanted}, [made], "cast")
    return np.asarray(x).astype(wanted)


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """A tensor as it is; anything else as an array, or within a `call` as a tensor."""
    if is_traced(x):
        made = tensor(x)
        return made if dtype is None else cast(made, dtype)
    found = array(x)
    return found if dtype is None else cast(found, dtype)


def convert_to_numpy(x: Any) -> Any:
    """As an array of NumPy.

    Raises:
        TypeError: It is a symbolic tensor, which has no numbers yet.
    """
    return np.asarray(x)


def is_tensor(x: Any) -> bool:
    """Whether it is a tensor or an array."""
    return isinstance(x, (KerasTensor, np.ndarray))


def dtype(x: Any) -> str:
    """The name of its element type: "float32", "int32" or "bool"."""
    return (
        str(x.dtype)
        if isinstance(x, KerasTensor)
        else edge_type(np.dtype(getattr(x, "dtype", None) or np.asarray(x).dtype))
    )


def copy(x: Any) -> Any:
    """The same numbers; for an array, in memory of their own."""
    return tensor(x) if is_traced(x) else np.array(array(x))


def stop_gradient(variable: Any) -> Any:
    """The same numbers, through which no gradient goes back."""
    return node("StopGradient", {}, [variable], "stop_gradient") if is_traced(variable) else variable


def together(*values: Any) -> list[Any]:
    """Arrays of the type that holds them all: float32 before int32 before bool."""
    arrays = [array(value) for value in values]
    order = [np.dtype(bool), np.dtype(np.int32), np.dtype(np.float32)]
    widest = order[int(np.max([order.index(found.dtype) for found in arrays], initial=0))]
    return [found.astype(widest) for found in arrays]
