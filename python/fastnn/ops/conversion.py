"""Conversion between element types, arrays and tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.node import array, edge_type, node, tensor
from fastnn.precision import array_type, same_type
from fastnn.symbolic.tensors import KerasTensor, is_traced


@as_in_keras(module="core")
def cast(x: Any, dtype: Any) -> Any:
    """Returns a tensor with another element type. To int32 fractions are cut off; to bool every number but 0 is True.

    Args:
        x: Tensor or array.
        dtype: "float32", "int32" or "bool"; other types mean the closest of these ("float64", "int64", "uint8").

    Returns:
        Tensor or array of the shape of `x`.

    Raises:
        TypeError: The type holds no real numbers.

    Example:
        >>> ops.cast([0.0, 1.5], "int32")
        array([0, 1], dtype=int32)
    """
    found = _of_numbers(dtype)
    wanted = edge_type(found)
    if is_traced(x):
        made = tensor(x)
        return made if same_type(made.dtype, wanted) else node("Cast", {"dtype": wanted}, [made], "cast")
    # An array may have the other type of floats, but for float64 where nothing computes in it.
    return np.asarray(x).astype("float32" if found == np.float32 else wanted)


@as_in_keras(module="core")
def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """Returns a tensor unchanged and anything else as an array, or as a tensor where it is used with tensors.

    Args:
        x: Tensor, variable, array, list or number.
        dtype: Element type; None: its own, with float64 and int64 narrowed to float32 and int32.
        sparse: Accepted for Keras compatibility; ignored.
        ragged: Accepted for Keras compatibility; ignored.

    Returns:
        Tensor or array.

    Raises:
        TypeError: `x` does not hold numbers.

    Example:
        >>> ops.convert_to_tensor([1, 2])
        array([1, 2], dtype=int32)
    """
    if is_traced(x):
        made = tensor(x)
        return made if dtype is None else cast(made, dtype)
    found = array(x)
    return found if dtype is None else cast(found, dtype)


def _of_numbers(dtype: Any) -> np.dtype[Any]:
    """Returns the type of NumPy that is nearest to an element type; the short floating ones are unknown to it."""
    name = getattr(dtype, "name", dtype)
    if isinstance(name, str) and name.startswith(("bfloat", "float8")):
        return np.dtype(np.float32)
    found: np.dtype[Any] = np.dtype(name)
    if found.kind not in "fiub":
        raise TypeError(f"element types are 'float32', 'int32' and 'bool', got {dtype!r}")
    return found


def convert_to_numpy(x: Any) -> Any:
    """Returns the values as a NumPy array.

    Args:
        x: Array, variable, list or number.

    Returns:
        Array.

    Raises:
        TypeError: `x` is a symbolic tensor, which has no values yet.

    Example:
        >>> ops.convert_to_numpy([1.0, 2.0])
        array([1., 2.])
    """
    return np.asarray(x)


def is_tensor(x: Any) -> bool:
    """Returns True for symbolic tensors and arrays. Lists and numbers are none.

    Args:
        x: Any object.

    Returns:
        True or False.

    Example:
        >>> ops.is_tensor(np.ones(3)), ops.is_tensor([1.0])
        (True, False)
    """
    return isinstance(x, (KerasTensor, np.ndarray))


def dtype(x: Any) -> str:
    """Returns the name of the element type: "float32", "int32" or "bool".

    Args:
        x: Tensor, variable, array, list or number.

    Returns:
        The name.

    Example:
        >>> ops.dtype([1, 2])
        'int32'
    """
    return (
        str(x.dtype)
        if isinstance(x, KerasTensor)
        else edge_type(array_type(getattr(x, "dtype", None) or np.asarray(x).dtype))
    )


def copy(x: Any) -> Any:
    """Returns a copy; symbolic tensors are returned unchanged.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`.

    Example:
        >>> ops.copy([1.0, 2.0])
        array([1., 2.], dtype=float32)
    """
    return tensor(x) if is_traced(x) else np.array(array(x))


@as_in_keras(module="core")
def stop_gradient(variable: Any) -> Any:
    """Returns a tensor unchanged, through which no gradient flows back.

    What depends on the result is trained as if it were constant.

    Args:
        variable: Tensor, variable or array.

    Returns:
        Tensor or array of the same shape.

    Example:
        >>> ops.stop_gradient(np.array([1.0, 2.0]))
        array([1., 2.])
    """
    return node("StopGradient", {}, [variable], "stop_gradient") if is_traced(variable) else variable


def together(*values: Any) -> list[Any]:
    """Returns arrays of the widest of their types: float32 before int32 before bool.

    Args:
        *values: Arrays, lists or numbers.

    Returns:
        List of arrays.
    """
    arrays = [array(value) for value in values]
    order = [np.dtype(bool), np.dtype(np.int32), np.dtype(np.float32), np.dtype(np.float64)]
    widest = order[int(np.max([order.index(found.dtype) for found in arrays], initial=0))]
    return [found.astype(widest) for found in arrays]
