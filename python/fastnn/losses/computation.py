"""Description of how a loss or a metric is computed: by a node of the core or by Python code, and from which targets.

The engine's own knowledge of a class is one attribute, `__fastnn_computation__`; a class outside fastnn may name its
attributes as it likes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from fastnn.configurable import argument_names


@dataclass(frozen=True)
class Computation:
    """Description of how a class of losses or metrics is computed.

    Attributes:
        kind: Kind of the node; "": Python code computes, and the targets may have any shape.
        function: Function on arrays and tensors; None: there is none.
        names: Names under which `get` finds the class, that of the function first.
        labels: True where y_true holds class indices; otherwise it has the shape of y_pred.
        counterpart: Name of the same loss or metric for the other form of targets: class indices or one-hot rows.
        targets_within: Lowest and highest value of y_true that has a meaning; None where all values have one.
        elementwise: True where each element has a value and a sample weight of its own.
    """

    kind: str = ""
    function: Callable[..., Any] | None = None
    names: tuple[str, ...] = ()
    labels: bool = False
    counterpart: str = ""
    targets_within: tuple[float, float] | None = None
    elementwise: bool = False

    @property
    def by_code(self) -> bool:
        """True where Python code computes."""
        return not self.kind

    def mend_target(self, value: float) -> str:
        """Returns what to do about a target outside the range that has a meaning."""
        low, high = self.targets_within or (-math.inf, math.inf)
        if high == math.inf:
            return "these are counts or rates; for other numbers use another loss, such as 'mse'"
        if low < 0:
            return f"write two classes as -1 and 1, such as np.where(y == {value:g}, 1.0, -1.0)"
        return f"write classes as 0 and 1, such as (y == {value:g}).astype('float32'), or scale y"


BY_CODE = Computation()
"""Python code of a class outside fastnn."""


_OF_FUNCTIONS = {"axis": -1, "from_sorted_ids": False}
"""Arguments that functions take and nodes do not, with the value for which the node computes."""


def described(cls: type) -> Computation:
    """Returns the description of the nearest class of fastnn among a class and its bases."""
    found = (vars(base).get("__fastnn_computation__", BY_CODE) for base in cls.__mro__)
    return next((one for one in found if isinstance(one, Computation) and one.names), BY_CODE)


def function_arguments(measure: Any) -> dict[str, Any]:
    """Returns the arguments of a loss or a metric that its function takes."""
    return {name: getattr(measure, name) for name in argument_names(measure) if name not in ("reduction", "name")}


def node_arguments(measure: Any) -> dict[str, Any]:
    """Returns the arguments of a loss or a metric that its node takes."""
    config = function_arguments(measure)
    return {name: value for name, value in config.items() if value is not None and name not in _OF_FUNCTIONS}


def of_function(name: str, *names: str, function: Callable[..., Any], **how: Any) -> Computation:
    """Returns the description of a class that a function of `fastnn.ops` computes.

    Args:
        name: The name of the function, and the first name of the class.
        *names: Further names.
        function: Function on arrays and tensors.
        **how: Further attributes of `Computation`.
    """
    return Computation("", function, (name, *names), **how)


def of_node(kind: str, *names: str, function: Callable[..., Any] | None = None, **how: Any) -> Computation:
    """Returns the description of a class that a node computes.

    Args:
        kind: Kind of the node, and the first name of the class.
        *names: Further names.
        function: Function on arrays and tensors.
        **how: Further attributes of `Computation`.
    """
    return Computation(kind, function, (kind, *names), **how)


def computation_of(measure: Any) -> Computation:
    """Returns how a loss or a metric is computed.

    A node works along the last axis, and on scores. Along another one, the function moves the axis and Python code
    computes; so it does on indices of classes that are sorted by their scores.

    Args:
        measure: A loss or a metric.
    """
    found: Computation = measure.__fastnn_computation__
    if found.kind and any(getattr(measure, name, of_node) != of_node for name, of_node in _OF_FUNCTIONS.items()):
        return replace(found, kind="", labels=False)
    return found
