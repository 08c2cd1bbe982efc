"""The argument `validation_data` of `fit`: its forms, and the errors for those that are none."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.data.batches import yields_batches


def validation_triple(data: Any, inputs: int, own: bool = False) -> tuple[Any, Any, Any]:
    """Returns (x, y, sample weights or None) of the argument `validation_data`.

    Args:
        data: The argument.
        inputs: The number of inputs of the model.
        own: Whether the model has a `test_step` of its own, which may take samples alone.

    Raises:
        ValueError: It is something else; for a list of (sample, label) pairs the message shows how to make two
            arrays of it.
    """
    if yields_batches(data):
        return data, None, None
    if own and isinstance(data, (np.ndarray, dict)):
        return data, None, None
    pairs = (
        isinstance(data, (list, tuple))
        and len(data) > 0
        and all(isinstance(item, (tuple, list)) and len(item) == 2 for item in data)
        and (isinstance(data, list) or len(data) > 3)
        and not all(np.ndim(item[0]) == 0 for item in data)
    ) or (isinstance(data, list) and len(data) > 0 and all(isinstance(item, tuple) and len(item) == 2 for item in data))
    if pairs and inputs == 1:
        raise ValueError(
            "validation_data expects (x_val, y_val), two arrays, got a list of (sample, label) pairs; convert it: "
            "samples, labels = zip(*valid_set); validation_data=(np.array(samples), np.array(labels))"
        )
    if not isinstance(data, (list, tuple)) or len(data) not in (2, 3):
        size = f" of {len(data)} entries" if isinstance(data, (list, tuple)) else ""
        raise ValueError(
            f"validation_data expects (x_val, y_val), (x_val, y_val, sample_weight) or what yields batches, got "
            f"{type(data).__name__}{size}"
        )
    return data[0], data[1], data[2] if len(data) == 3 else None
