"""Batches as tuples of inputs, targets and weights, as the steps of Keras take them."""

from __future__ import annotations

from typing import Any


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Returns a batch as a tuple, without the parts at its end that are None.

    Args:
        x: The inputs. A list is one value, in a tuple of its own; anything else alone stays as it is.
        y: The targets.
        sample_weight: The weights of the samples.

    Example:
        >>> fastnn.utils.pack_x_y_sample_weight(1, 2)
        (1, 2)
    """
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, (list, tuple)) else x


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Returns the inputs, the targets and the weights of a batch, None for those it does not have.

    Args:
        data: Inputs alone, or a tuple or list of one to three parts.

    Raises:
        ValueError: It has more parts.

    Example:
        >>> fastnn.utils.unpack_x_y_sample_weight((1, 2))
        (1, 2, None)
    """
    parts = tuple(data) if isinstance(data, (list, tuple)) else (data,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(
            f"unpack_x_y_sample_weight expects x, (x,), (x, y) or (x, y, sample_weight), got {len(parts)} parts: "
            f"{str(data)[:200]}"
        )
    x, y, sample_weight = (*parts, None, None)[:3]
    return x, y, sample_weight
