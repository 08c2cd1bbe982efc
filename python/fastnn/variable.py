"""Variable: one weight of a layer, as Python sees it.

The numbers belong to the core and never move; this object knows their path, their initializer's friends (regularizer
and constraint) and how they look as NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import _core


class Variable:
    """A block of float32 numbers that a layer reads and, if `trainable`, training moves.

    `numpy()` and `np.asarray(variable)` copy; `assign` writes in place, so every model that shares the layer sees it.

    Args:
        value: The first value, an array.
        path: Where it stands: "dense/kernel".
        trainable: Whether training may move it.
        regularizer: Its penalty in the loss, or None.
        constraint: What is imposed after each update, or None.

    Example:
        >>> layer.kernel.assign(np.zeros(layer.kernel.shape))
    """

    dtype = "float32"

    def __init__(
        self,
        value: ArrayLike,
        path: str = "variable",
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> None:
        array = np.asarray(value, dtype=np.float32)
        self.handle = _core.Variable(path, array.shape, trainable)
        self.handle.assign(array)
        self.trainable = trainable
        self.regularizer = regularizer
        self.constraint = constraint
        if regularizer is not None:
            self.handle.l1, self.handle.l2 = regularizer.strengths()
        if constraint is not None:
            constraint.bind(self.handle)

    @property
    def path(self) -> str:
        """The names on the way to it, joined by "/"."""
        return self.handle.path

    @property
    def name(self) -> str:
        """The last part of the path: "kernel"."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.handle.shape)

    @property
    def ndim(self) -> int:
        return len(self.handle.shape)

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return int(np.prod(self.shape, dtype=np.int64))

    def numpy(self) -> NDArray[np.float32]:
        """A copy of the numbers."""
        return self.handle.numpy()

    @property
    def value(self) -> NDArray[np.float32]:
        """A copy of the numbers."""
        return self.numpy()

    def assign(self, value: ArrayLike | Variable) -> None:
        """Writes `value` in place.

        Raises:
            ValueError: The shapes differ.
        """
        array = np.asarray(value, dtype=np.float32)
        if array.shape != self.shape:
            raise ValueError(f'Variable "{self.path}" has shape {self.shape}, got {array.shape}')
        self.handle.assign(np.ascontiguousarray(array))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        array = self.numpy()
        return array if dtype is None else array.astype(dtype, copy=False)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a variable without axes")
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:
        return self.numpy()[index]

    def __add__(self, other: Any) -> Any:
        return self.numpy() + np.asarray(other)

    def __radd__(self, other: Any) -> Any:
        return np.asarray(other) + self.numpy()

    def __sub__(self, other: Any) -> Any:
        return self.numpy() - np.asarray(other)

    def __rsub__(self, other: Any) -> Any:
        return np.asarray(other) - self.numpy()

    def __mul__(self, other: Any) -> Any:
        return self.numpy() * np.asarray(other)

    def __rmul__(self, other: Any) -> Any:
        return np.asarray(other) * self.numpy()

    def __truediv__(self, other: Any) -> Any:
        return self.numpy() / np.asarray(other)

    def __matmul__(self, other: Any) -> Any:
        return self.numpy() @ np.asarray(other)

    def __rmatmul__(self, other: Any) -> Any:
        return np.asarray(other) @ self.numpy()

    def __pow__(self, other: Any) -> Any:
        return self.numpy() ** np.asarray(other)

    def __neg__(self) -> Any:
        return -self.numpy()

    def __abs__(self) -> Any:
        return abs(self.numpy())

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}, value={self.numpy()}>"
