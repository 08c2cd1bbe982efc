"""Decorators that make element-wise functions of `fastnn.ops`, for one tensor or two.

The decorated function has a signature and a docstring, no body. The decorator supplies the body: a node of the core for
symbolic tensors, NumPy for arrays.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn import _core
from fastnn.ops.conversion import cast, together
from fastnn.ops.node import array, lowered, node, one_type, tensor
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced

Unary = Callable[[Any], Any]
Binary = Callable[[Any, Any], Any]


def _by_core(op: str) -> Unary:
    """Returns a function that NumPy lacks, computed by the core on all elements as one row."""

    def apply(x: Any) -> Any:
        return (
            _core.core_for(str(x.dtype))
            .apply("Unary", {"op": op}, [np.ascontiguousarray(x).reshape(1, -1)])[0]
            .reshape(x.shape)
        )

    return apply


def unary(
    function: Unary | None = None, *, name: str = "", op: str = "", floats: bool = True
) -> Callable[[Unary], Unary]:
    """Makes a function of one tensor.

    Args:
        function: Computes arrays; None: the core does.
        name: Name of the node; default: that of the decorated function.
        op: Name of the operation in the core; default: `name`.
        floats: Integers are converted to float32 first.

    Returns:
        A decorator.
    """

    def decorate(declared: Unary) -> Unary:
        title = name or declared.__name__
        compute = _by_core(op or title) if function is None else function

        @functools.wraps(declared)
        def apply(x: Any) -> Any:
            if is_traced(x):
                made = tensor(x, floatx()) if floats else tensor(x)
                made = cast(made, "int32") if made.dtype == "bool" else made
                return node("Unary", {"op": op or title}, [made], title)
            found = array(x)
            if found.dtype == bool:
                found = found.astype(np.int32)
            with np.errstate(all="ignore"):
                return lowered(compute(found.astype(floatx()) if floats else found))

        return apply

    return decorate


def binary(
    function: Binary, *, op: str = "", least: str = "bool", of_bools: str | None = None
) -> Callable[[Binary], Binary]:
    """Makes a function of two tensors, whose shapes are broadcast by the rules of NumPy.

    Args:
        function: Computes arrays.
        op: Name of the operation in the core; default: that of the decorated function.
        least: Narrowest type in which it is computed: "bool", "int32" or "float32".
        of_bools: Operation of the core for two tensors of type bool; None: the same one.

    Returns:
        A decorator.
    """

    def decorate(declared: Binary) -> Binary:
        title = declared.__name__

        @functools.wraps(declared)
        def apply(x1: Any, x2: Any) -> Any:
            if is_traced(x1) or is_traced(x2):
                both = one_type(x1, x2)
                if both[0].dtype == "bool" and of_bools is not None:
                    return node("Binary", {"op": of_bools}, both, title)
                return node("Binary", {"op": op or title}, one_type(*both, least=least), title)
            first, second = together(x1, x2)
            if least != "bool" and of_bools is None and first.dtype == bool:
                first, second = first.astype(np.int32), second.astype(np.int32)
            if least == "float32":
                first, second = first.astype(floatx()), second.astype(floatx())
            with np.errstate(all="ignore"):
                return lowered(function(first, second))

        return apply

    return decorate


def logical(function: Binary) -> Callable[[Binary], Binary]:
    """Makes a logical function of two tensors, whose elements count as true where they are not 0.

    Args:
        function: Computes arrays.

    Returns:
        A decorator.
    """

    def decorate(declared: Binary) -> Binary:
        title = declared.__name__

        @functools.wraps(declared)
        def apply(x1: Any, x2: Any) -> Any:
            if is_traced(x1) or is_traced(x2):
                both = [cast(x1, "bool"), cast(x2, "bool")]
                return node("Binary", {"op": title}, both, title)
            return function(x1, x2)

        return apply

    return decorate
