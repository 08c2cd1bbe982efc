"""Weights of rows that follow from their labels, as `class_weight` gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.precision import floatx
from fastnn.symbolic.tensors import Shape


def weights_by_class(y: Any, class_weight: Any, who: str, output: Shape | None = None) -> NDArray[Any]:
    """Returns the weight of each row; 1 for labels without one.

    Args:
        y: Labels, (rows,) or (rows, 1), or one-hot rows.
        class_weight: A dict from labels to weights.
        who: How errors call the model.
        output: The shape of the model's output, with the batch; None where it is not known.

    Raises:
        TypeError: `class_weight` is no dict, or a label no integer.
        ValueError: A label cannot occur, since the model has fewer outputs; or there are several labels a row; or
            a weight is no finite number.
    """
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"{who}: class_weight expects a dict such as {{0: 1.0, 1: 5.0}}, got {class_weight!r}")
    for label, weight in class_weight.items():
        if isinstance(label, str) or not hasattr(label, "__float__") or int(label) != label:
            raise TypeError(
                f"{who}: class_weight expects labels that are integers, got {label!r}; number the classes as y does"
            )
        if isinstance(weight, str) or not hasattr(weight, "__float__") or not np.isfinite(weight):
            raise ValueError(f"{who}: class_weight expects finite numbers, got {weight!r} for the label {label!r}")
    if y.ndim > 2:
        raise ValueError(f"{who}: class_weight needs one label a row, got y of shape {y.shape}; use sample_weight")
    count = (output[1] if output is not None and len(output) == 2 else None) or 1
    beyond = [label for label in class_weight if count > 1 and not 0 <= int(label) < count]
    if beyond:
        raise ValueError(
            f"{who}: class_weight has a weight for the label {beyond[0]!r}, but the model has {count} outputs: "
            f"labels must be integers from 0 to {count - 1}"
        )
    labels = y if y.ndim == 1 else y[:, 0] if y.shape[1] == 1 else y.argmax(axis=1)
    found, where = np.unique(np.round(labels).astype(np.int64), return_inverse=True)
    table = np.array([class_weight.get(int(label), 1.0) for label in found], dtype=floatx())
    return np.take(table, where.reshape(-1))
