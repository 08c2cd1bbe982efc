"""Functions on tensors, under the names of `keras.ops`.

On arrays they compute at once, with NumPy. On symbolic tensors, and within the `call` of a layer, a loss or a metric of
your own, they add to the graph that the core then runs, with exact gradients.

Example:
    >>> from fastnn import ops
    >>> ops.matmul([[1.0, 2.0]], [[3.0], [4.0]])
    array([[11.]], dtype=float32)
"""

from typing import Any

from fastnn.configurable import suggestion
from fastnn.ops import elementwise, linear, nn, reduction, shaping
from fastnn.ops import node as _node
from fastnn.ops.elementwise import *  # noqa: F403
from fastnn.ops.linear import *  # noqa: F403
from fastnn.ops.nn import *  # noqa: F403
from fastnn.ops.reduction import *  # noqa: F403
from fastnn.ops.shaping import *  # noqa: F403
from fastnn.ops.shaping import getitem as get_item
from fastnn.ops.shaping import slice_ as slice
from fastnn.symbolic import operators
from fastnn.variable import Variable


def _assign(variable: Variable, value: Any, how: str) -> Any:
    # Added to what the variable is at this place of the code, after assignments before it.
    tensor = elementwise.cast(_node.tensor(value), "float32")
    if how != "assign":
        tensor = (elementwise.add if how == "add" else elementwise.subtract)(variable, tensor)
    return _node.node("Assign", {"op": "assign"}, [tensor], "assign", [variable])


operators.update(
    {
        name: getattr(module, name)
        for module, names in (
            (
                elementwise,
                "add subtract multiply divide floor_divide mod power negative abs less less_equal greater "
                "greater_equal logical_and logical_or logical_xor logical_not cast sqrt",
            ),
            (reduction, "sum"),
            (linear, "matmul einsum"),
            (shaping, "getitem reshape stack transpose rows"),
        )
        for name in names.split()
    },
    tensor=_node.tensor,
    node=_node.node,
    assign=_assign,
)


def __getattr__(name: str) -> Any:
    names = [known for known in globals() if not known.startswith("_")]
    raise AttributeError(f"module 'fastnn.ops' has no function {name!r}.{suggestion(name, names)}")


__all__ = [
    "get_item",
    "slice",
    *(
        name
        for module in (elementwise, linear, nn, reduction, shaping)
        for name, value in vars(module).items()
        if callable(value) and not name.startswith("_") and getattr(value, "__module__", "").startswith("fastnn")
    ),
]
