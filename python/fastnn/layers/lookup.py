"""Layers that give numbers to strings and integers: by a vocabulary, or by their hash.

Strings are no numbers, so these layers work on arrays and lists, outside of the core; what comes out goes into a model.
`IntegerLookup`, whose input already is numbers, may also stand inside of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import hashing
from fastnn.layer import Emission, Layer, numeric
from fastnn.symbolic import is_symbolic
from fastnn.vocabulary import ENCODINGS, VocabularyLayer, distinct, encoded, encoded_shape, integers, salted, strings


class StringLookup(VocabularyLayer):
    """The numbers of strings in a vocabulary, which is given or learnt by `adapt`.

    0 is the mask where there is one, then come `num_oov_indices` numbers for what is unknown, then the tokens.

    Args:
        max_tokens: How many numbers there may be; None: any.
        num_oov_indices: How many numbers what is unknown is dealt to, by its hash; 0: it is an error.
        mask_token: The string that stands for nothing: 0 with "int", left out of vectors. None: no such string.
        oov_token: What `invert` gives for what is unknown.
        vocabulary: Strings, or the path of a file with one in each line; None: `adapt` finds them.
        idf_weights: With "tf_idf" and a vocabulary, the weight of each.
        invert: Whether to give strings for numbers.
        output_mode: "int": numbers; "one_hot": a vector for each; "multi_hot": one for each sample, with 1 for what it
            has; "count": with how often; "tf_idf": that, times weights that are large for what few samples have.
        pad_to_max_tokens: Whether vectors have max_tokens places whatever the vocabulary's size.
        sparse: False; arrays are dense.
        encoding: Of bytes.
        name: A name, or None.
        salt: One or two whole numbers under which what is unknown is hashed, or None.
        **kwargs: As in `Layer`.

    Raises:
        ValueError: An argument is out of its range, or two of them exclude each other.

    Example:
        >>> StringLookup(vocabulary=["a", "b"])([["b", "z"]])
        array([[2, 0]])
    """

    what = "strings"

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)

    def _array(self, value: Any, who: str) -> NDArray[Any]:
        return strings(value, who, self.encoding)


class IntegerLookup(VocabularyLayer):
    """The numbers of integers in a vocabulary, which is given or learnt by `adapt`.

    0 is the mask where there is one, then come `num_oov_indices` numbers for what is unknown, then the tokens. It may
    stand inside of a model once it has its vocabulary.

    Args:
        max_tokens: How many numbers there may be; None: any.
        num_oov_indices: How many numbers what is unknown is dealt to; 0: it is an error.
        mask_token: The integer that stands for nothing: 0 with "int", left out of vectors. None: no such integer.
        oov_token: What `invert` gives for what is unknown.
        vocabulary: Integers, or the path of a file with one in each line; None: `adapt` finds them.
        vocabulary_dtype: "int64".
        idf_weights: With "tf_idf" and a vocabulary, the weight of each.
        invert: Whether to give tokens for numbers.
        output_mode: "int", "one_hot", "multi_hot", "count" or "tf_idf", as in `StringLookup`.
        sparse: False; arrays are dense.
        pad_to_max_tokens: Whether vectors have max_tokens places whatever the vocabulary's size.
        oov_method: How what is unknown is dealt to several numbers: "floormod", by its remainder, or "farmhash".
        salt: With "farmhash", one or two whole numbers under which to hash, or None.
        name: A name, or None.
        **kwargs: As in `Layer`.

    Raises:
        ValueError: An argument is out of its range, or two of them exclude each other.

    Example:
        >>> IntegerLookup(vocabulary=[12, 36, 1138, 42])([[12, 1138, 42], [42, 1000, 36]])
        array([[1, 3, 4],
               [4, 0, 2]])
    """

    what = "integers"

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: int | Sequence[int] | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if vocabulary_dtype != "int64":
            raise ValueError(f"{self.who()} expects vocabulary_dtype 'int64', got {vocabulary_dtype!r}")
        if oov_method not in ("floormod", "farmhash"):
            raise ValueError(f"{self.who()} expects oov_method 'floormod' or 'farmhash', got {oov_method!r}")
        if salt is not None and oov_method != "farmhash":
            raise ValueError(f"{self.who()}: salt goes with oov_method='farmhash', not {oov_method!r}")

    def _plain(self, tokens: Iterable[Any]) -> list[Any]:
        return [int(token) for token in tokens]

    def _array(self, value: Any, who: str) -> NDArray[Any]:
        return integers(value, who)

    def _from_lines(self, lines: list[str]) -> Any:
        return [int(line) for line in lines if line.strip()]

    def _buckets(self, tokens: list[Any]) -> NDArray[np.int64]:
        if self.oov_method == "floormod":
            return np.asarray(np.mod(np.asarray(tokens, np.int64), self.num_oov_indices))
        return super()._buckets(tokens)

    # Inside of a model.

    def _record(self, args: tuple[Any, ...], kwargs: dict[str, Any], training: bool | None) -> Any:
        self._table()
        return Layer._record(self, args, kwargs, training)

    def _table(self) -> dict[str, Any]:
        """The node's config: what stands for what."""
        if self._tokens is None:
            raise ValueError(f"{self.who()} has no vocabulary yet: call adapt(data), or give it one")
        tokens = self._tokens
        start, unknown = self._token_start(), self._unknown_start()
        pairs = {token: start + i for i, token in enumerate(tokens)}
        if self.mask_token is not None:
            pairs[int(self.mask_token)] = 0 if self.output_mode == "int" else -1
        otherwise, buckets = unknown, max(1, self.num_oov_indices)
        if self.invert:
            pairs, otherwise, buckets = {start + i: token for i, token in enumerate(tokens)}, self.oov_token, 1
            if unknown:
                pairs[0] = int(self.mask_token)
            wide = [token for token in [*pairs.values(), otherwise] if not -(2**31) <= token < 2**31]
            if wide:
                raise ValueError(f"{self.who()} gives int32 inside of a model, which cannot hold {wide[0]}")
        elif self.num_oov_indices == 0:
            raise ValueError(
                f"{self.who()} has num_oov_indices=0, and a model cannot stop at an unknown integer; make it with "
                "num_oov_indices=1, or call it on the data before the model"
            )
        elif buckets > 1 and self.oov_method == "farmhash":
            raise ValueError(
                f"{self.who()}: oov_method='farmhash' does not work inside of a model; call it on the data before"
            )
        keys = sorted(pairs)
        return {
            "keys": tuple(keys),
            "values": tuple(pairs[key] for key in keys),
            "otherwise": otherwise,
            "buckets": buckets,
        }

    def _emit_main(self, emission: Emission, edges: list[int]) -> list[int]:
        edges = emission.add(self, "IntegerLookup", self._table(), edges)
        if self.output_mode == "int":
            return edges
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        edges = emission.graph.add(
            "CategoryEncoding", self.name, {"num_tokens": self._depth(), "output_mode": mode}, edges
        )
        if self.output_mode != "tf_idf":
            return edges
        scale = {"scale": self._idf, "offset": np.zeros(1, np.float32)}
        return emission.graph.add("Rescaling", self.name, scale, edges)


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
