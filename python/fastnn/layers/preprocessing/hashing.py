"""Layer that hashes tokens into buckets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.arrays import numeric
from fastnn.engine.contract import title
from fastnn.engine.node_layer import NodeLayer
from fastnn.layers.preprocessing import string_hashes as hashing
from fastnn.layers.preprocessing.encoding import ENCODINGS, encode_tokens, encoded_shape
from fastnn.layers.preprocessing.string_hashes import hash_key
from fastnn.layers.preprocessing.tokens import as_strings
from fastnn.symbolic.tensors import is_symbolic


class Hashing(NodeLayer):
    """Layer that maps tokens to buckets by their hash.

    It needs no vocabulary; different tokens may share a bucket. Integers are hashed as their decimal digits. The hash
    is FarmHash, or SipHash with a salt, as in Keras.

    Shapes: input of any shape, strings or integers; output int64 of the same shape with "int"; the other modes as in
    `CategoryEncoding`.

    Args:
        num_bins: Positive integer, number of buckets, including that of the mask.
        mask_value: Token that alone has bucket 0; None means no such token.
        salt: Integer, or pair of integers, that keys the hash; None means no key.
        output_mode: "int": bucket indices. "one_hot": one vector for each token. "multi_hot": one vector for each
            sample, with 1 for each token that occurs in it. "count": the same with the number of occurrences.
        sparse: Accepted for Keras compatibility; must be False, arrays are dense.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    References:
        - Weinberger, Dasgupta, Langford, Smola, Attenberg, "Feature Hashing for Large Scale Multitask Learning", 2009.

    Example:
        >>> layers.Hashing(num_bins=3)([["A"], ["B"], ["C"]])
        array([[1],
               [0],
               [1]])
    """

    __fastnn_reads_texts__ = True
    __fastnn_reads_integers__ = True
    __fastnn_keras_newer_arguments__ = {"salt": None}
    __fastnn_keras_ignored_arguments__ = {"sparse": False}
    num_bins: int
    mask_value: Any
    salt: int | Sequence[int] | None
    output_mode: str
    sparse: bool

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
        if not isinstance(num_bins, (int, np.integer)) or not 1 <= num_bins < 1 << 63:
            raise ValueError(f"{title(self)} expects num_bins of at least 1 and below 2**63, got {num_bins!r}")
        if output_mode not in ("int", *ENCODINGS):
            raise ValueError(
                f"{title(self)} expects output_mode to be one of {('int', *ENCODINGS)}, got {output_mode!r}"
            )
        if sparse:
            raise ValueError(f"{title(self)} returns dense arrays only; leave sparse=False")
        self._key = hash_key(title(self), salt)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the output.

        Args:
            input_shape: Shape of the input, with the batch.

        Returns:
            A tuple that begins with the size of the batch.
        """
        return encoded_shape(tuple(input_shape), self.output_mode, self.num_bins)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the buckets of tokens.

        Args:
            inputs: Array or list of strings or integers, of any shape; floating-point numbers are truncated.
            *args: Further arguments of `Layer.__call__`.
            **kwargs: Further arguments of `Layer.__call__`.

        Returns:
            An int64 array of the same shape with output_mode="int", otherwise float32 vectors.

        Raises:
            ValueError: A number is NaN or infinite.
            TypeError: The inputs are neither strings nor numbers, or symbolic.
        """
        if is_symbolic(inputs):
            return super().__call__(inputs, *args, **kwargs)
        who = f"{title(self)}: the input"
        array = _tokens(inputs, who)
        numbers = array.dtype.kind != "O"
        flat = array.ravel().tolist()
        alone = self.mask_value is not None and self.num_bins > 1
        texts = [str(int(number)) for number in flat] if numbers else flat
        bins = hashing.buckets(texts, self.num_bins - alone, self._key)
        if alone:
            masked = np.fromiter((token == self.mask_value for token in flat), bool, len(flat))
            bins = np.where(masked, 0, bins + 1)
        bins = bins.reshape(array.shape)
        return bins if self.output_mode == "int" else encode_tokens(bins, self.output_mode, self.num_bins)


def _tokens(inputs: Any, who: str) -> NDArray[Any]:
    """Returns tokens as an array of numbers, or of Python strings."""
    first = inputs
    while isinstance(first, (list, tuple)) and first:
        first = first[0]
    if isinstance(first, (str, bytes)):
        return as_strings(inputs, who)
    array = np.asarray(inputs) if not hasattr(inputs, "to_numpy") else inputs.to_numpy()
    if array.dtype.kind not in "biuf":
        return as_strings(inputs, who)
    array = numeric(array, who)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{who} holds NaN or infinite numbers, which have no bucket")
    return array
