"""Layer that hashes tokens into buckets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.engine.layer import Layer, numeric
from fastnn.layers.preprocessing import string_hashes as hashing
from fastnn.layers.preprocessing.encoding import ENCODINGS, encoded, encoded_shape
from fastnn.layers.preprocessing.string_hashes import salted
from fastnn.layers.preprocessing.tokens import distinct, strings
from fastnn.symbolic.tensors import is_symbolic


class Hashing(Layer):
    """Bins for strings or integers, by their hash: no vocabulary is needed, and several may share a bin.

    Args:
        num_bins: How many bins there are, the mask's included.
        mask_value: What gets bin 0 alone; None: nothing does.
        salt: One or two whole numbers under which to hash, or None.
        output_mode: "int", "one_hot", "multi_hot" or "count", as in `StringLookup`.
        sparse: False; arrays are dense.
        **kwargs: As in `Layer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> Hashing(num_bins=3)([["A"], ["B"], ["C"]])
        array([[1],
               [0],
               [1]])
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: int | Sequence[int] | None = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("dtype", None)
        super().__init__(**kwargs)
        if not isinstance(num_bins, (int, np.integer)) or num_bins < 1:
            raise ValueError(f"{self.who()} expects num_bins of at least 1, got {num_bins!r}")
        if output_mode not in ("int", *ENCODINGS):
            raise ValueError(
                f"{self.who()} expects output_mode to be one of {('int', *ENCODINGS)}, got {output_mode!r}"
            )
        if sparse:
            raise ValueError(f"{self.who()} gives dense arrays only; leave sparse=False")
        self._key = salted(self.who(), salt)

    def _record(self, args: tuple[Any, ...], kwargs: dict[str, Any], training: bool | None) -> Any:
        raise TypeError(
            f"{self.who()} works on strings and integers outside of models: call it on the arrays, and feed the "
            "model what comes out"
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that comes out for a shape that goes in, the batch included."""
        return encoded_shape(tuple(input_shape), self.output_mode, self.num_bins)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The bins of strings or of whole numbers (of which floats lose their fraction).

        Args:
            inputs: An array or a list of any shape.
            *args: As in `Layer`.
            **kwargs: As in `Layer`.

        Returns:
            An int64 array of the same shape with output_mode "int"; else float32 vectors.
        """
        if is_symbolic(inputs):
            return super().__call__(inputs, *args, **kwargs)
        who = f"{self.who()}: the input"
        array = np.asarray(inputs) if not hasattr(inputs, "to_numpy") else inputs.to_numpy()
        if array.dtype.kind in "biuf":
            array = numeric(array, who)
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise ValueError(f"{who} holds NaN or infinite numbers, which have no bin")
            values, which = distinct(array)
            texts = [str(int(value)) for value in values]
        else:
            array = strings(inputs, who)
            values, which = distinct(array)
            texts = values
        alone = self.mask_value is not None and self.num_bins > 1
        bins = hashing.buckets(texts, self.num_bins - alone, self._key)
        if alone:
            masked = np.fromiter((value == self.mask_value for value in values), bool, len(values))
            bins = np.where(masked, 0, bins + 1)
        bins = bins[which].reshape(array.shape)
        return bins if self.output_mode == "int" else encoded(bins, self.output_mode, self.num_bins)
