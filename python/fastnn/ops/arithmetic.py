"""What the operators of tensors and variables mean: `x + 1`, `x @ w`, `x[:, 0]`, `variable.assign_add(x)`."""

from __future__ import annotations

from typing import Any

from fastnn.ops import elementwise as el
from fastnn.ops import linear, node, reduction, shaping
from fastnn.symbolic.tensors import operators
from fastnn.symbolic.variable import Variable


def _assign(variable: Variable, value: Any, how: str) -> Any:
    # Added to what the variable is at this place of the code, after assignments before it.
    tensor = el.cast(node.tensor(value), "float32")
    if how != "assign":
        tensor = (el.add if how == "add" else el.subtract)(variable, tensor)
    return node.node("Assign", {"op": "assign"}, [tensor], "assign", [variable])


operators.update(
    abs=el.absolute,
    add=el.add,
    cast=el.cast,
    divide=el.divide,
    floor_divide=el.floor_divide,
    greater=el.greater,
    greater_equal=el.greater_equal,
    less=el.less,
    less_equal=el.less_equal,
    logical_and=el.logical_and,
    logical_not=el.logical_not,
    logical_or=el.logical_or,
    logical_xor=el.logical_xor,
    mod=el.mod,
    multiply=el.multiply,
    negative=el.negative,
    power=el.power,
    sqrt=el.sqrt,
    subtract=el.subtract,
    einsum=linear.einsum,
    matmul=linear.matmul,
    sum=reduction.sum,
    getitem=shaping.get_item,
    reshape=shaping.reshape,
    rows=shaping.rows,
    stack=shaping.stack,
    transpose=shaping.transpose,
    assign=_assign,
    node=node.node,
    tensor=node.tensor,
)
