"""Passes over elements: how a dataset begins one, how many elements it has, and what they look like."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from fastnn.data import elements, specs
from fastnn.data.elements import Element, Structure

AUTOTUNE = -1
"""Number of threads or of prefetched elements that is chosen here."""
INFINITE = -1
"""Cardinality of a dataset without end."""
UNKNOWN = -2
"""Cardinality of a dataset whose length only a pass tells."""

Self = TypeVar("Self", bound="Iteration")


class Passes:
    """Number of passes that a step which draws at random has begun; each draws from a stream of its own."""

    def __init__(self) -> None:
        self.begun = 0

    def begin(self) -> int:
        """Returns the number of the pass that begins, counted from 0."""
        self.begun += 1
        return self.begun - 1


class Iteration:
    """Elements that a pass computes one after the other, and the steps that make further ones of them.

    Args:
        items: Begins a pass over the items, which are elements, or numbers of rows of a table.
        cardinality: The number of elements, `INFINITE` or `UNKNOWN`.
        spec: Returns the descriptions of the elements; None: those of the first element.
        table: The arrays of whose rows the items are numbers.
        passes: What counts the passes of the steps so far.
    """

    def __init__(
        self,
        items: Callable[[], Iterator[Any]],
        cardinality: int,
        spec: Callable[[], Structure] | None = None,
        table: Structure = None,
        passes: Sequence[Passes] = (),
    ) -> None:
        self._items = items
        self._count = cardinality
        self._spec = spec or self._spec_of_first
        self._table = table
        self._passes = tuple(passes)
        self.batch_size: int | None = None
        """Number of elements in a batch, right after `batch`; None else."""

    def _then(
        self: Self, items: Callable[[], Iterator[Any]], count: int, spec: Any = None, passes: Sequence[Passes] = ()
    ) -> Self:
        """Returns a dataset of other elements."""
        return type(self)(items, count, spec, None, [*self._passes, *passes])

    def _reordered(self: Self, items: Callable[[], Iterator[Any]], count: int, passes: Sequence[Passes] = ()) -> Self:
        """Returns a dataset of the same elements in another order or number."""
        return type(self)(items, count, self._spec, self._table, [*self._passes, *passes])

    def __fastnn_passes__(self) -> tuple[Passes, ...]:
        """Returns what counts the passes of all steps that draw at random, in their order."""
        return self._passes

    def _spec_of_first(self) -> Structure:
        for first in self:
            return specs.spec_of(first)
        raise ValueError("Dataset.element_spec: the dataset has no element that could be described")

    # Iteration

    def __iter__(self) -> Iterator[Any]:
        if self._table is None:
            return self._items()
        return (elements.row(self._table, number) for number in self._items())

    def __len__(self) -> int:
        if self._count == INFINITE:
            raise TypeError("The dataset is infinite: it has no length; bound it by take(n)")
        if self._count == UNKNOWN:
            raise TypeError("The dataset length is unknown: only a pass over it tells; see cardinality()")
        return self._count

    def __bool__(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        mend = ""
        if name in ("class_names", "file_paths"):
            mend = ": only the dataset that was read from a folder has it; read it before map(), cache() or prefetch()"
        elif not name.startswith("_"):
            mend = elements.proposal(name, type(self))
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{mend}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} element_spec={self.element_spec!r}>"

    def cardinality(self) -> Element:
        """Returns the number of elements, or `INFINITE_CARDINALITY` (-1) or `UNKNOWN_CARDINALITY` (-2)."""
        return elements.as_element(np.asarray(self._count, np.int64))

    @property
    def element_spec(self) -> Structure:
        """The descriptions of the arrays of an element; after `map`, of those that its first elements give."""
        return self._spec()

    def as_numpy_iterator(self) -> Iterator[Any]:
        """Returns an iterator of elements whose values are plain arrays, numbers and bytes."""
        return (elements.plain(one) for one in self)

    def get_single_element(self, name: str | None = None) -> Structure:
        """Returns the only element.

        Args:
            name: Ignored.

        Raises:
            ValueError: There is none, or more than one.
        """
        found = list(itertools.islice(iter(self), 2))
        if len(found) != 1:
            raise ValueError(f"get_single_element expects one element, the dataset has {'more' if found else 'none'}")
        return found[0]

    def reduce(self, initial_state: Structure, reduce_func: Callable[..., Any], name: str | None = None) -> Structure:
        """Returns what is left when a function has combined a state with each element.

        Args:
            initial_state: The first state.
            reduce_func: Called with the state and an element, returns the next state.
            name: Ignored.
        """
        state = elements.element(initial_state)
        for one in self:
            state = elements.element(reduce_func(state, one), "Dataset.reduce")
        return state

    def apply(self, transformation_func: Callable[[Any], Any]) -> Any:
        """Returns what a function makes of the dataset.

        Args:
            transformation_func: Called with the dataset.
        """
        return transformation_func(self)

    def options(self) -> Any:
        """Returns an object on which options of TensorFlow can be set; none of them has a meaning here."""
        return Options()

    def with_options(self: Self, options: Any, name: str | None = None) -> Self:
        """Returns the dataset; options of TensorFlow have no meaning here.

        Args:
            options: Ignored.
            name: Ignored.
        """
        return self


class Options:
    """Options of TensorFlow, which can be set and have no meaning here."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        made = Options()
        setattr(self, name, made)
        return made
