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


class _Moment:
    """Values by the identity of their handle, which is kept alive with them."""

    def __init__(
        self, variables: list[_core.Variable], optimizers: list[_core.Optimizer], streams: list[_core.Stream]
    ) -> None:
        arrays, steps, places = _core.values_of(variables, optimizers, streams)
        self.arrays = {id(variable): (variable, array) for variable, array in zip(variables, arrays, strict=True)}
        self.steps = {id(optimizer): (optimizer, count) for optimizer, count in zip(optimizers, steps, strict=True)}
        self.places = {id(stream): (stream, place) for stream, place in zip(streams, places, strict=True)}


_moment: contextvars.ContextVar[_Moment | None] = contextvars.ContextVar("fastnn_moment", default=None)


@contextmanager
def at_one_moment(variables: Iterable[Any], streams: Iterable[_core.Stream] = ()) -> Iterator[None]:
    """Lets `value_of`, `steps_of` and `place_of` return values of one moment within the block.

    Args:
        variables: Variables whose values belong together, of the core or of Python, and numbers of steps.
        streams: Random streams whose positions belong to them.
    """
    found = list(variables)
    handles = [one if isinstance(one, _core.Variable) else getattr(one, "handle", None) for one in found]
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
    held = [one for one in found if isinstance(getattr(one, "handle", None), _core.Variable)]
    arrays = iter(_core.values_of([one.handle for one in held], [], [])[0])
    of_core = {id(one) for one in held}
    return [next(arrays).astype(one.dtype, copy=False) if id(one) in of_core else one.numpy() for one in found]


def value_of(variable: Any) -> NDArray[Any]:
    """Returns a copy of the values of a variable, of the core or of Python."""
    if not isinstance(variable, _core.Variable):
        return np.asarray(variable.numpy())
    moment = _moment.get()
    found = None if moment is None else moment.arrays.get(id(variable))
    return variable.numpy() if found is None else found[1].copy()


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
