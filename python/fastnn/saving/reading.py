"""One reading of a description: names it may use, its limits, the place of errors, keys that were ignored.

A `Reading` belongs to one call of `load_model`, `model_from_json` or `deserialize_keras_object`. It goes on through the
`from_config` of models, which takes no such argument, by `current_reading`.
"""

from __future__ import annotations

import contextvars
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import config
from fastnn.caller import warn
from fastnn.engine.ownership import initial_values
from fastnn.naming import advice_on_unknown_names
from fastnn.saving import hdf5
from fastnn.saving.untrusted import FREE_BYTES

_MOST_ELEMENTS_OF_A_SAMPLE = 1 << 26

_LONGEST_PLACE, _LONGEST_MESSAGE = 200, 2000
"""Most characters of the name of a place, and of an error."""
_MOST_PLACES = 8
"""Most places that an error tells from either end of a nesting."""

STRANGE = (TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, AssertionError)
"""Errors that a description leads to which no model has."""

_NOT_SIZES = frozenset(
    [
        "bin_boundaries",
        "bins",
        "clipvalue",
        "constant_values",
        "default_value",
        "fill_value",
        "initial_value",
        "mask",
        "mask_token",
        "mask_value",
        "max_tokens",
        "max_value",
        "min_value",
        "num_bins",
        "num_tokens",
        "offset",
        "oov_token",
        "oov_value",
        "salt",
        "scale",
        "seed",
        "threshold",
        "threshold_factor",
        "value",
        "value_range",
        "values",
        "vocabulary",
        "vocabulary_size",
    ]
)
"""Arguments whose integers are values and may be of any size."""

_current: contextvars.ContextVar[Reading | None] = contextvars.ContextVar("fastnn_reading", default=None)


def _for_names_of_ones_own(name: str) -> str:
    """Returns how the reader of a file is told what a name stands for."""
    return (
        f"Where it is your own, pass custom_objects={{{name!r}: ...}}, or register it with "
        "register_keras_serializable()"
    )


class Reading:
    """State of one reading.

    Args:
        custom_objects: Names that take precedence over the registered ones.
        budget: Most elements that all weights may hold together; None: any.
        count: Returns a larger budget, which is asked for once this one is spent.
        safe_mode: Whether Python code in the description is refused.

    Attributes:
        custom_objects: As given.
        safe_mode: As given, unless `fastnn.config.enable_unsafe_deserialization` was called.
        shared: Objects that the file describes several times, by their numbers.
    """

    def __init__(
        self,
        custom_objects: Mapping[str, Any] | None = None,
        budget: int | None = None,
        safe_mode: bool = True,
        count: Callable[[], int] | None = None,
    ) -> None:
        self.custom_objects = dict(custom_objects or {})
        self.safe_mode = safe_mode and not config.allows_unsafe_deserialization()
        self.shared: dict[Any, Any] = {}
        self._budget = budget
        self._count = count
        self._spent = 0
        self._state_budget = FREE_BYTES // 4
        self._ignored: dict[str, list[str]] = {}
        self._place: list[str] = []

    @contextmanager
    def in_progress(self) -> Iterator[None]:
        """Makes this the reading that `current_reading` returns within the block."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    @classmethod
    def of_file(cls, file: Any, custom_objects: Mapping[str, Any] | None, safe_mode: bool) -> Reading:
        """Returns the reading of an open HDF5 file: the weights may hold as many elements as it stores."""
        # A file of float32 has fewer elements than a quarter of its bytes. To count them takes as long as to read them.
        free = 1 << 16
        return cls(custom_objects, file.size // 4 + free, safe_mode, lambda: hdf5.total_numbers(file) + free)

    # Errors and warnings.

    @contextmanager
    def at(self, place: str) -> Iterator[None]:
        """Adds a place to the messages of errors within the block; see `understood`."""
        self._place.append(place[:_LONGEST_PLACE])
        try:
            with self.understood():
                yield
        finally:
            self._place.pop()

    @contextmanager
    def understood(self) -> Iterator[None]:
        """Makes a ValueError, with its place, of whatever a strange description leads to within the block."""
        try:
            yield
        except STRANGE as error:
            raise self.error(f"cannot be read: {type(error).__name__} {error}") from error

    def _where(self) -> str:
        deep = len(self._place) > 2 * _MOST_PLACES
        return " > ".join([*self._place[:_MOST_PLACES], "...", *self._place[-_MOST_PLACES:]] if deep else self._place)

    def error(self, message: str) -> ValueError:
        """Returns an error whose message begins with its place: layers[2] "dense" > activation."""
        place = f"{self._where() or 'the config'}: "
        return ValueError(_shortened(message if message.startswith(place) else place + message))

    @contextmanager
    def explaining(self, *kinds: type[Exception], further: str = "") -> Iterator[None]:
        """Gives errors that names and arguments of the description raise within the block their place.

        Args:
            *kinds: The kinds of errors.
            further: What is added to the message.
        """
        try:
            with advice_on_unknown_names(_for_names_of_ones_own):
                yield
        except kinds as error:
            raise self.error(f"{error}{further}") from error

    def ignore(self, owner: str, key: str) -> None:
        """Notes a key of the file that is ignored, for `warn`."""
        keys = self._ignored.setdefault(owner, [])
        if key not in keys:
            keys.append(key)

    def warn(self) -> None:
        """Warns once of all ignored keys, if there are any."""
        if self._ignored:
            told = "; ".join(f"{owner}: {', '.join(keys)}" for owner, keys in self._ignored.items())
            warn(f"keys that fastnn does not know were left out: {told}")

    # Limits.

    def bounded_size(self, key: str, value: Any) -> Any:
        """Returns the value of an argument, unless it is a size above the limit.

        The limit of a file, which has a budget, is a size that fits into memory.
        """
        limit = (1 << 31) - 1 if self._budget is None else 1 << 24
        if key not in _NOT_SIZES and _largest(value) > limit:
            raise self.error(f"{key} expects a size of at most {limit}, got {str(value)[:80]}")
        return value

    def weigh(self, shape: Sequence[int | None]) -> None:
        """Refuses a shape whose samples would not fit into memory, where the reading has a budget."""
        if self._budget is not None and math.prod(size or 1 for size in shape) > _MOST_ELEMENTS_OF_A_SAMPLE:
            raise self.error(f"a sample of shape {tuple(shape[1:])} is larger than a file may ask for")

    @contextmanager
    def filling(self) -> Iterator[None]:
        """Lets weights begin with zeros in the block, within the budget if there is one: the file has their values."""
        if self._budget is None:
            yield
            return
        with initial_values(self._zeros):
            yield

    def _zeros(self, shape: tuple[int, ...], in_files: bool) -> NDArray[np.float32]:
        assert self._budget is not None
        size = math.prod(shape)
        if in_files:
            self._spent += size
        else:
            self._state_budget -= size
        if self._spent > self._budget and self._count is not None:
            self._budget, self._count = self._count(), None
        if self._spent > self._budget or self._state_budget < 0:
            told = "a weight of shape {} is larger than all that the file holds"
            state = "a state of shape {} is larger than a file may ask for"
            raise self.error((told if in_files else state).format(shape))
        return np.zeros(shape, np.float32)


@contextmanager
def current_reading(custom_objects: Mapping[str, Any] | None = None) -> Iterator[Reading]:
    """Yields the reading in progress, or a new one, which warns at its end of the keys that it ignored.

    Args:
        custom_objects: Further names, for a `from_config` that a user calls.
    """
    reading = _current.get()
    if reading is not None:
        reading.custom_objects.update(custom_objects or {})
        yield reading
        return
    reading = Reading(custom_objects)
    with reading.in_progress():
        yield reading
    reading.warn()


def _shortened(message: str) -> str:
    """Returns a message without the middle of a name of the file that goes on and on."""
    half = _LONGEST_MESSAGE // 2
    return f"{message[:half]} ... {message[-half:]}" if len(message) > _LONGEST_MESSAGE else message


def _largest(value: Any) -> int:
    if isinstance(value, (list, tuple)):
        return max(map(_largest, value), default=0)
    return abs(value) if isinstance(value, int) else 0
