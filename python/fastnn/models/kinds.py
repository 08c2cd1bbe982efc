"""The kinds of models that are made of layers, each entered by the file that has it.

`Model(inputs, outputs)`, configs and summaries ask here, because the files of the kinds stand on that of `Model`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from fastnn.models.functional import Functional
    from fastnn.models.sequential import Sequential

T = TypeVar("T")
_kinds: dict[str, type] = {}


def enter(kind: type[T]) -> type[T]:
    """Enters a class under its name, as its decorator."""
    _kinds[kind.__name__] = kind
    return kind


def functional() -> type[Functional]:
    """Returns the class of models that are made of the calls between tensors."""
    return _kinds["Functional"]


def sequential() -> type[Sequential]:
    """Returns the class of models that are a chain of layers."""
    return _kinds["Sequential"]
