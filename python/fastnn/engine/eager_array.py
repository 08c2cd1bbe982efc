"""What calls on arrays return: NumPy arrays that carry the mask of their steps, and numbers; both answer `.numpy()`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class EagerArray(np.ndarray):
    """Output of a layer or a model that was called on arrays: a NumPy array in all respects.

    The next layer reads its mask. What NumPy computes from it is a plain array, a slice of it has no mask, and it is
    pickled as a plain array.

    Example:
        >>> y = layers.Dense(2, kernel_initializer="ones")(np.ones((1, 3)))
        >>> y
        array([[3., 3.]], dtype=float32)
        >>> float(y.numpy().sum())
        6.0
        >>> isinstance(y, np.ndarray)
        True
    """

    _keras_mask: NDArray[np.bool_] | None = None

    def numpy(self) -> NDArray[Any]:
        """Returns the values as a plain array, which shares their memory."""
        return self.view(np.ndarray)

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return array[()] if array.ndim == 0 else array.view(EagerArray)

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.view(np.ndarray).__reduce_ex__(protocol)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> EagerArray:
        return with_mask(self.view(np.ndarray).copy(), mask_of(self))


class Number(float):
    """Value of a loss or a metric: a float in all respects, which also answers as a tensor without axes.

    Example:
        >>> loss = fastnn.losses.MeanSquaredError()([[1.0]], [[3.0]])
        >>> loss, loss.numpy(), loss.shape, loss.dtype
        (4.0, array(4., dtype=float32), (), dtype('float32'))
    """

    shape: tuple[int, ...] = ()
    dtype = np.dtype(np.float32)

    def numpy(self) -> NDArray[np.float32]:
        """Returns the value as an array without axes."""
        return np.asarray(float(self), dtype=np.float32)

    def __reduce__(self) -> Any:
        return float, (float(self),)


def mask_of(value: Any) -> NDArray[np.bool_] | None:
    """Returns the mask that an output of an earlier call carries, or None."""
    mask = value._keras_mask if isinstance(value, EagerArray) else None
    return None if mask is None else np.asarray(mask, dtype=bool)


def with_mask(array: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> EagerArray:
    """Returns an array, not copied, as the output of a call.

    Args:
        array: The values.
        mask: True where a step counts, or None.
    """
    made = array.view(EagerArray)
    if mask is not None:
        made._keras_mask = mask
    return made
