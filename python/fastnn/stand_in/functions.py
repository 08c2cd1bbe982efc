"""Functions of TensorFlow as rows of a table: one function of NumPy for arrays, one of `fastnn.ops` for tensors.

On arrays they keep the element type, also of integers of 8 bits, as the functions that prepare data do; on symbolic
tensors they are functions of `fastnn.ops` and become part of a model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.data.elements import Element, as_element
from fastnn.symbolic.structure import sequence_like
from fastnn.symbolic.tensors import is_symbolic, is_traced

Row = tuple[Callable[..., Any], "Callable[..., Any] | None", str]
"""The function of arrays, that of tensors, and the parameters: `*x` is an array, `**x` a list of arrays, `a:b` an
argument that is called `b` in both functions."""


def traced(*values: Any) -> bool:
    """Returns whether one of several values is a symbolic tensor, or a list that holds one."""
    return any(is_traced(one) or is_symbolic(one) for one in values)


def returned(value: Any, *inputs: Any) -> Any:
    """Returns a result as an element, of 32 bits where no input has 64; an element is returned as it is."""
    if isinstance(value, Element):
        return value
    if isinstance(value, (tuple, list)):
        return sequence_like(value, (returned(one, *inputs) for one in value))
    made = as_element(np.asarray(value))
    wide = {"f": np.float32, "i": np.int32, "u": np.int32}.get(made.dtype.kind) if made.dtype.itemsize == 8 else None
    if wide is None or any(getattr(one, "dtype", None) == made.dtype for one in inputs):
        return made
    return made.astype(wide).view(Element)


def plain(value: Any) -> NDArray[Any]:
    """Returns a value as a plain array."""
    return as_element(value, "a function of tensorflow").view(np.ndarray)


def standing(name: str, row: Row) -> Callable[..., Any]:
    """Returns the function of a row.

    Args:
        name: Its name in TensorFlow.
        row: The two functions and the parameters.
    """
    arrays, tensors, spelled = row
    parameters = spelled.split()
    names = [one.lstrip("*").partition(":")[0] for one in parameters]
    inner = {one.lstrip("*").partition(":")[0]: one.rpartition(":")[2].lstrip("*") for one in parameters}

    def called(*args: Any, **kwargs: Any) -> Any:
        kwargs.pop("name", None)
        if len(args) > len(names):
            raise TypeError(f"{name} takes {len(names)} arguments ({', '.join(names)}), got {len(args)}")
        given = dict(zip(names, args, strict=False))
        for key, value in kwargs.items():
            if key not in names or key in given:
                raise TypeError(f"{name} has no further argument {key!r}; it takes {', '.join(names)}")
            given[key] = value
        values = [
            given.pop(one) for one, form in zip(names, parameters, strict=True) if form[0] == "*" and one in given
        ]
        options = {inner[key]: value for key, value in given.items()}
        if traced(*values):
            if tensors is None:
                raise TypeError(f"{name} computes on arrays alone, as in Dataset.map, got a symbolic tensor")
            return tensors(*values, **options)
        lists = parameters[0].startswith("**") and bool(values)
        if lists and not isinstance(values[0], (list, tuple)):
            values[0] = list(plain(values[0]))
        made: list[Any] = [[plain(one) for one in values[0]]] if lists else [plain(values[0])] if values else []
        made += [plain(one) for one in values[1:]]
        flat = made[0] if lists else made
        _match(values, flat, lists)
        return returned(arrays(*made, **options), *flat)

    called.__name__ = called.__qualname__ = name.rpartition(".")[2]
    called.__doc__ = f"Does what `{name}` of TensorFlow does, on arrays and on symbolic tensors."
    return called


def _match(values: list[Any], arrays: list[Any], lists: bool) -> None:
    """Gives numbers of Python the element type of the array that they are used with."""
    if lists or len(arrays) < 2:
        return
    typed = [one.dtype for one, value in zip(arrays, values, strict=True) if hasattr(value, "dtype")]
    for i, value in enumerate(values):
        if typed and isinstance(value, (int, float)) and not isinstance(value, bool):
            whole = isinstance(value, int) or typed[0].kind == "f"
            arrays[i] = np.asarray(value, typed[0] if whole and typed[0].kind in "fiu" else None)
