"""Values of variables at one moment between two steps, while another thread trains.

A reader of one variable cannot see half a step; a reader of several could see two. Within `at_one_moment` they are read
together.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.precision import computed


class _Moment:
    """Values by the identity of their handle, which is kept alive with them."""

    def __init__(
        self, variables: list[_core.Variable], optimizers: list[_core.Optimizer], streams: list[_core.Stream]
    ) -> None:
        self.arrays: dict[int, tuple[Any, NDArray[Any]]] = {}
        self.steps: dict[int, tuple[Any, int]] = {}
        self.places: dict[int, tuple[Any, tuple[int, int]]] = {}
        for core in _core.loaded_cores():
            held = [one for one in variables if isinstance(one, core.Variable)]
            counting = [one for one in optimizers if isinstance(one, core.Optimizer)]
            # Streams belong to no core: they are read together with the variables.
            together = streams if held or counting else []
            arrays, steps, places = core.values_of(held, counting, together)
            self.arrays.update((id(one), (one, array)) for one, array in zip(held, arrays, strict=True))
            self.steps.update((id(one), (one, count)) for one, count in zip(counting, steps, strict=True))
            self.places.update((id(one), (one, place)) for one, place in zip(together, places, strict=True))


_moment: contextvars.ContextVar[_Moment | None] = contextvars.ContextVar("fastnn_moment", default=None)


@contextmanager
def at_one_moment(variables: Iterable[Any], streams: Iterable[_core.Stream] = ()) -> Iterator[None]:
    """Lets `value_of`, `steps_of` and `place_of` return values of one moment within the block.

    Args:
        variables: Variables whose values belong together, of the core or of Python, and numbers of steps.
        streams: Random streams whose positions belong to them.
    """
    found = list(variables)
    of_core = tuple(core.Variable for core in _core.loaded_cores())
    handles = [one if isinstance(one, of_core) else getattr(one, "handle", None) for one in found]
    counters = [getattr(one, "counter", None) for one in found]
    moment = _Moment([h for h in handles if h is not None], [c for c in counters if c is not None], list(streams))
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)


def values_of(variables: Iterable[Any]) -> list[NDArray[Any]]:
    """Returns copies of the values of variables of Python, of their types, at one moment."""
    found = list(variables)
    arrays: dict[int, NDArray[Any]] = {}
    for core in _core.loaded_cores():
        held = [one for one in found if isinstance(getattr(one, "handle", None), core.Variable)]
        values = core.values_of([one.handle for one in held], [], [])[0] if held else []
        arrays.update((id(one), value) for one, value in zip(held, values, strict=True))
    return [
        arrays[id(one)].astype(computed(one.dtype), copy=False) if id(one) in arrays else one.numpy() for one in found
    ]


def value_of(variable: Any) -> NDArray[Any]:
    """Returns a copy of the values of a variable, of the core or of Python."""
    if not any(isinstance(variable, core.Variable) for core in _core.loaded_cores()):
        return np.asarray(variable.numpy())
    moment = _moment.get()
    found = None if moment is None else moment.arrays.get(id(variable))
    values: NDArray[Any] = variable.numpy() if found is None else found[1].copy()
    return values


def steps_of(optimizer: _core.Optimizer) -> int:
    """Returns the number of steps that an optimizer has taken."""
    moment = _moment.get()
    found = None if moment is None else moment.steps.get(id(optimizer))
    return optimizer.iterations if found is None else found[1]


def place_of(stream: _core.Stream) -> tuple[int, int]:
    """Returns the seed and the position of a random stream."""
    moment = _moment.get()
    found = None if moment is None else moment.places.get(id(stream))
    return (stream.seed, stream.position) if found is None else found[1]
