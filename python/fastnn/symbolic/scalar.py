"""A number that belongs to another object, with the methods of a variable.

Optimizers hand out their learning rate and their count of steps in this form, metrics their sums: code written for
Keras assigns to them. The number stays where it is; this object reads and writes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from fastnn import _core


class Scalar(NDArrayOperatorsMixin):
    """Variable without axes that reads and writes a number of another object.

    Operators and functions of NumPy compute with the number.

    Args:
        path: Path, such as "adam/learning_rate".
        read: Returns the number.
        write: Sets the number.
        dtype: Element type of `numpy()`.
        counter: The optimizer of the core whose number of steps it is, or None.

    Example:
        >>> rate = fastnn.optimizers.SGD(0.5).learning_rate
        >>> rate.assign(0.25)
        >>> float(rate), bool(rate * 2 == 0.5)
        (0.25, True)
    """

    shape: tuple[int, ...] = ()
    ndim = 0
    size = 1
    trainable = False

    def __init__(
        self,
        path: str,
        read: Callable[[], float],
        write: Callable[[Any], None],
        dtype: str = "float32",
        counter: _core.Optimizer | None = None,
    ) -> None:
        self.path = path
        self.dtype = dtype
        self.counter = counter
        self._read = read
        self._write = write

    @property
    def name(self) -> str:
        """Last part of the path: "learning_rate"."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def value(self) -> NDArray[Any]:
        """Number as an array without axes."""
        return self.numpy()

    def numpy(self) -> NDArray[Any]:
        """Returns the number as an array without axes."""
        return np.asarray(self._read(), self.dtype)

    def assign(self, value: Any) -> None:
        """Sets the number.

        Args:
            value: A number, an array without axes, or a variable.
        """
        number = np.asarray(value).item()
        self._write(int(number) if self.dtype.startswith("int") else number)

    def assign_add(self, value: Any) -> None:
        """Adds to the number."""
        self.assign(self._read() + np.asarray(value).item())

    def assign_sub(self, value: Any) -> None:
        """Subtracts from the number."""
        self.assign(self._read() - np.asarray(value).item())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self._read(), dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        # `rate *= 0.5` gives a number, which the owner then may take.
        kwargs.pop("out", None)
        numbers = [one._read() if isinstance(one, Scalar) else one for one in inputs]
        return getattr(ufunc, method)(*numbers, **kwargs)

    __hash__ = object.__hash__

    def __float__(self) -> float:
        return float(self._read())

    def __int__(self) -> int:
        return int(self._read())

    def __index__(self) -> int:
        number = self._read()
        if not isinstance(number, int):
            raise TypeError(f"{self.path} is no integer")
        return number

    def __bool__(self) -> bool:
        return bool(self._read())

    def __round__(self, digits: int | None = None) -> Any:
        return round(self._read(), digits)

    def __format__(self, spec: str) -> str:
        return format(self._read(), spec) if spec else repr(self)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape=(), dtype={self.dtype}, value={self._read()}>"
