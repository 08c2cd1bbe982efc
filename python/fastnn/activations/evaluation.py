"""Evaluation of activation functions: by the core on arrays, as nodes on symbolic tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import _core
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced, operators


def apply(x: ArrayLike, kind: str, **config: Any) -> NDArray[np.float32]:
    """Returns the result of a node on the whole array as one row, so that any rank works and no axis is the batch.

    Args:
        x: Array of any shape, or symbolic tensor.
        kind: Kind of the node.
        **config: Its arguments.

    Returns:
        Array or tensor of the shape of `x`, float32.
    """
    if is_traced(x):
        return operators["activation"](kind, config, x)  # type: ignore[no-any-return]
    array = np.asarray(x, dtype=floatx())
    row = array.reshape(1, -1) if kind == "Activation" else array[np.newaxis]
    result: NDArray[np.float32] = _core.core_for(floatx()).apply(kind, config, [np.ascontiguousarray(row)])[0]
    return result.reshape(array.shape) if kind == "Activation" else result[0]


def along(x: ArrayLike, kind: str, axis: int | tuple[int, ...]) -> NDArray[np.float32]:
    """Returns the result of a node that works along axes, which are counted from the end because a row is put in front.

    Args:
        x: Array of any shape, or symbolic tensor.
        kind: Kind of the node.
        axis: Axis or axes.

    Returns:
        Array or tensor of the shape of `x`, float32.
    """
    if is_traced(x):
        return operators["activation"](kind, {"axis": axis}, x)  # type: ignore[no-any-return]
    rank = np.ndim(x)
    axes = [axis] if isinstance(axis, int) else list(axis)
    if rank == 0 or any(not -rank <= one < rank for one in axes):
        raise ValueError(f"{kind.lower()} along axis {axis} needs an array that has it, got shape {np.shape(x)}")
    counted = [one - rank if one >= 0 else one for one in axes]
    return apply(x, kind, axis=counted[0] if len(counted) == 1 else counted)
