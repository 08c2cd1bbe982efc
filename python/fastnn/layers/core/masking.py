"""Layer that masks steps by a value."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.engine.layer import Layer


class Masking(Layer):
    """Masks the steps all of whose numbers are `mask_value`, and sets them to 0: recurrent layers skip them.

    Shapes: (batch, time, ...) -> the same.

    Args:
        mask_value: What the masked steps hold.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> Sequential([Masking(-1.0, input_shape=(10, 3)), LSTM(8)])
    """

    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def call(self, inputs: Any) -> Any:
        """The inputs with zeros at the masked steps."""
        counts = ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return ops.where(counts, inputs, 0.0)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where a step holds another number than `mask_value`."""
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)
