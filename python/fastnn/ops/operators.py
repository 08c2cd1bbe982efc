"""Operators of symbolic tensors and variables: `x + 1`, `x @ w`, `x[:, 0]`, `variable.assign_add(x)`.

Importing this file registers them; it has no public name.
"""

from __future__ import annotations

from typing import Any

from fastnn.ops import (
    arithmetic,
    contraction,
    conversion,
    dimensions,
    joining,
    linear,
    logic,
    node,
    reduction,
    rounding,
    shaping,
    slicing,
)
from fastnn.precision import floatx
from fastnn.symbolic.accumulator import Accumulator
from fastnn.symbolic.tensors import operators
from fastnn.symbolic.variable import Variable


def _assign(variable: Variable, value: Any, how: str) -> Any:
    # The value of the variable at this point of the code, after earlier assignments, is what is added to.
    tensor = conversion.cast(node.tensor(value), floatx())
    if how != "assign":
        tensor = (arithmetic.add if how == "add" else arithmetic.subtract)(variable, tensor)
    return node.node("Assign", {"op": "assign", "held": variable.handle.dtype}, [tensor], "assign", [variable])


def _accumulate(variable: Accumulator, value: Any) -> Any:
    tensor = conversion.cast(node.tensor(value), floatx())
    return node.node("accumulate", {}, [tensor], "assign_add", [variable, variable.remainder])[0]


operators.update(
    abs=arithmetic.absolute,
    add=arithmetic.add,
    cast=conversion.cast,
    divide=arithmetic.divide,
    equal=logic.equal,
    floor_divide=arithmetic.floor_divide,
    greater=logic.greater,
    greater_equal=logic.greater_equal,
    less=logic.less,
    less_equal=logic.less_equal,
    logical_and=logic.logical_and,
    logical_not=logic.logical_not,
    logical_or=logic.logical_or,
    logical_xor=logic.logical_xor,
    mod=arithmetic.mod,
    multiply=arithmetic.multiply,
    negative=arithmetic.negative,
    not_equal=logic.not_equal,
    power=arithmetic.power,
    round=rounding.round,
    sqrt=arithmetic.sqrt,
    subtract=arithmetic.subtract,
    einsum=contraction.einsum,
    matmul=linear.matmul,
    sum=reduction.sum,
    getitem=slicing.get_item,
    reshape=shaping.reshape,
    rows=dimensions.rows,
    squeeze=shaping.squeeze,
    stack=joining.stack,
    transpose=shaping.transpose,
    accumulate=_accumulate,
    assign=_assign,
    node=node.node,
    tensor=node.tensor,
)
