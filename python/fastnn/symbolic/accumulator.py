"""Accumulator: a variable to which many small numbers are added without loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.precision import floatx
from fastnn.symbolic.tensors import Trace, operators
from fastnn.symbolic.variable import Variable


class Accumulator(Variable):
    """Sum in a variable: a float32, and beside it the remainder that a float32 cannot hold.

    `assign_add` and `assign_sub` keep the remainder, in a step too, so counts are exact up to 2**48, where a float32
    alone stops at 2**24.

    Args:
        initializer: The first value; see `Variable`.
        shape: Its shape.
        dtype: Type in which `numpy()` returns it; None: `floatx()`.
        name: Its name.

    Attributes:
        remainder: The variable of the remainder.

    Example:
        >>> from fastnn.symbolic.accumulator import Accumulator
        >>> count = Accumulator("zeros", (), name="count")
        >>> count.assign(2.0**24)
        >>> count.assign_add(1.0)
        >>> float(count.exact())
        16777217.0
    """

    def __init__(
        self, initializer: Any, shape: Sequence[int] | None = None, dtype: Any = None, *, name: str | None = None
    ) -> None:
        super().__init__(initializer, shape, dtype or floatx(), False, name=name)
        zeros = np.zeros(self.shape)
        self.remainder = Variable(zeros, dtype=self.floats, trainable=False, name=f"{self.path}_remainder")

    def exact(self) -> NDArray[np.float64]:
        """Returns the sum in float64, with its remainder."""
        rounded: NDArray[np.float64] = self.handle.numpy().astype(np.float64)
        total: NDArray[np.float64] = rounded + self.remainder.handle.numpy()
        return total

    def assign(self, value: Any) -> Any:
        """Writes `value` in place; see `Variable.assign`."""
        if Trace.current() is not None:
            self.remainder.assign(np.zeros(self.shape, np.float32))
            return super().assign(value)
        self.handle.assign_doubles(np.asarray(value, dtype=np.float64), self.remainder.handle)
        return None

    def assign_add(self, value: Any) -> Any:
        """Adds `value` in place."""
        if Trace.current() is not None:
            return operators["accumulate"](self, value)
        return self.assign(self.exact() + np.asarray(value, dtype=np.float64))

    def assign_sub(self, value: Any) -> Any:
        """Subtracts `value` in place."""
        if Trace.current() is not None:
            return operators["accumulate"](self, operators["negative"](value))
        return self.assign(self.exact() - np.asarray(value, dtype=np.float64))
