"""Layers that give numbers to things: words of a vocabulary, integers, texts, hashes.

Strings are no numbers, so these layers work on arrays and lists, outside of the core; what comes out goes into a model.
`IntegerLookup`, whose input already is numbers, may also stand inside of one. This file owns vocabularies: how they are
found in data, what stands in front of them (a mask, what is unknown), and how texts are cut into words.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import _core, hashing
from fastnn.layer import Emission, Layer, numeric
from fastnn.symbolic import is_symbolic

_ENCODINGS = ("one_hot", "multi_hot", "count")
_OLD_NAMES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


def _strings(value: Any, who: str, encoding: str = "utf-8") -> NDArray[np.str_]:
    """The value as an array of strings; bytes are decoded.

    Raises:
        TypeError: It holds something else.
        ValueError: Its rows differ in length.
    """
    to_numpy = getattr(value, "to_numpy", None)
    try:
        array = np.asarray(to_numpy() if callable(to_numpy) else value)
    except ValueError as error:
        raise ValueError(f"{who} is no array: {error}; its rows must have equal lengths") from None
    if array.dtype.kind == "T":
        array = array.astype(object)
    if array.dtype.kind == "S":
        return np.char.decode(array, encoding)
    if array.dtype.kind == "O" or array.size == 0:
        flat = [one.decode(encoding) if isinstance(one, bytes) else one for one in array.ravel()]
        for one in flat:
            if not isinstance(one, str):
                missing = one is None or one != one
                raise TypeError(
                    f"{who} expects strings, got {one!r}; "
                    + ("fill what is missing first, for instance with ''" if missing else "make it str(...) first")
                )
        return np.asarray(flat, dtype=np.str_).reshape(array.shape)
    if array.dtype.kind != "U":
        raise TypeError(
            f"{who} expects strings, got dtype {array.dtype}; IntegerLookup takes whole numbers, and "
            "x.astype(str) makes strings of them"
        )
    return array


def _integers(value: Any, who: str) -> NDArray[np.int64]:
    """The value as an array of whole numbers.

    Raises:
        TypeError: It holds strings.
        ValueError: It holds numbers that are not whole.
    """
    array = np.asarray(value) if not hasattr(value, "to_numpy") else value
    if isinstance(array, np.ndarray) and array.dtype.kind in "USO" and array.size and isinstance(array.flat[0], str):
        raise TypeError(f"{who} expects whole numbers, got strings such as {array.flat[0]!r}; StringLookup takes those")
    array = numeric(array, who)
    if array.dtype.kind == "f":
        wrong = array[array != np.floor(array)]
        if wrong.size:
            raise ValueError(f"{who} expects whole numbers, got {wrong.flat[0]}")
    return array.astype(np.int64)


def _encoded(places: NDArray[np.int64], mode: str, depth: int) -> NDArray[np.float32]:
    """Vectors of tokens; a place below 0 counts for nothing."""
    if mode == "one_hot":
        if places.ndim > 1 and places.shape[-1] == 1:
            places = places[..., 0]
        samples = places.reshape(-1, 1)
        shape = (*places.shape, depth)
    else:
        samples = places.reshape(-1, places.shape[-1] if places.ndim else 1)
        shape = (*places.shape[:-1], depth)
    rows, columns = np.nonzero(samples >= 0)
    counts = np.zeros((len(samples), depth), np.float32)
    np.add.at(counts, (rows, samples[rows, columns]), 1.0)
    return (np.minimum(counts, 1) if mode != "count" else counts).reshape(shape)


class _Lookup(Layer):
    """Base of layers with a vocabulary: its tokens, their places, and the numbers in front of them.

    Args:
        **kwargs: As in `Layer`.
    """

    _what: str
    """What its tokens are, for errors."""

    def __init__(self, **kwargs: Any) -> None:
        self._tokens: NDArray[Any] | None = None
        self._idf: NDArray[np.float32] | None = None
        self._counts: dict[Any, int] = {}
        self._documents: dict[Any, int] = {}
        self._document_count = 0
        super().__init__(**kwargs)
        self.output_mode = _OLD_NAMES.get(self.output_mode, self.output_mode)
        modes = ("int", *_ENCODINGS, "tf_idf")
        if self.output_mode not in modes:
            raise ValueError(f"{self.who()} expects output_mode to be one of {modes}, got {self.output_mode!r}")
        if self.max_tokens is not None and self.max_tokens <= 1:
            raise ValueError(f"{self.who()} expects max_tokens above 1, got {self.max_tokens}")
        if self.num_oov_indices < 0:
            raise ValueError(f"{self.who()} expects num_oov_indices of at least 0, got {self.num_oov_indices}")
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise ValueError(f"{self.who()}: pad_to_max_tokens expects max_tokens")
        if self.sparse:
            raise ValueError(f"{self.who()} gives dense arrays only; leave sparse=False")
        if self.invert and self.output_mode != "int":
            raise ValueError(f"{self.who()}: invert goes with output_mode='int', not {self.output_mode!r}")
        if self.idf_weights is not None and self.output_mode != "tf_idf":
            raise ValueError(f"{self.who()}: idf_weights go with output_mode='tf_idf', not {self.output_mode!r}")
        self._key = self._salted()
        self._was_given = self.vocabulary is not None
        if self.vocabulary is not None:
            self.set_vocabulary(self.vocabulary, self.idf_weights)

    def _salted(self) -> tuple[int, int] | None:
        if self.salt is None:
            return None
        pair = (self.salt, self.salt) if isinstance(self.salt, int) else tuple(self.salt)
        if len(pair) != 2 or not all(isinstance(one, int) for one in pair):
            raise ValueError(f"{self.who()} expects salt to be one or two whole numbers, got {self.salt!r}")
        return pair

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config["vocabulary"] = None if self._tokens is None else self._plain(self.get_vocabulary())
        config["idf_weights"] = None if self._idf is None else self._idf[: self.vocabulary_size()].tolist()
        return config

    def _plain(self, tokens: Iterable[Any]) -> list[Any]:
        return list(tokens)

    # Where things stand: the mask, then what is unknown, then the tokens.

    def _unknown_start(self) -> int:
        return 1 if self.mask_token is not None and self.output_mode == "int" else 0

    def _token_start(self) -> int:
        return self._unknown_start() + int(self.num_oov_indices)

    def vocabulary_size(self) -> int:
        """How many numbers there are: tokens, and what stands in front of them."""
        return self._token_start() + (0 if self._tokens is None else len(self._tokens))

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens in the order of their numbers.

        Args:
            include_special_tokens: Whether to begin with the mask and with `oov_token` for what is unknown, so that
                places in the list are the numbers.

        Returns:
            A list.
        """
        tokens = [] if self._tokens is None else self._tokens.tolist()
        if not include_special_tokens:
            return tokens
        return [self.mask_token] * self._unknown_start() + [self.oov_token] * self.num_oov_indices + tokens

    def set_vocabulary(self, vocabulary: Any, idf_weights: ArrayLike | None = None) -> None:
        """Takes these tokens in place of any before.

        Args:
            vocabulary: Tokens in the order of their numbers, with or without the mask and the `oov_token` in front; or the
                path of a file with one in each line.
            idf_weights: With "tf_idf", the weight of each.

        Raises:
            ValueError: It is empty or too long, or a token comes twice.
        """
        if (idf_weights is None) == (self.output_mode == "tf_idf"):
            raise ValueError(
                f"{self.who()}: idf_weights go with output_mode='tf_idf', and that with idf_weights, when a vocabulary "
                "is given"
            )
        if isinstance(vocabulary, (str, Path)):
            lines = Path(vocabulary).read_text(encoding="utf-8").splitlines()
            vocabulary = self._from_lines(lines)
        given = self._array(vocabulary, f"{self.who()}: vocabulary")
        if given.ndim != 1 or given.size == 0:
            raise ValueError(f"{self.who()} expects a vocabulary of at least one token, got shape {given.shape}")
        front = [self.mask_token] * self._unknown_start() + [self.oov_token] * self.num_oov_indices
        whole = bool(front) and given[: len(front)].tolist() == front
        tokens = given[len(front) :] if whole else given
        distinct, counts = np.unique(tokens, return_counts=True)
        if len(distinct) < len(tokens):
            raise ValueError(
                f"{self.who()} expects each token once, got {distinct[counts > 1][:5].tolist()} more often"
            )
        for word, token in (("mask_token", self.mask_token), ("oov_token", self.oov_token if self.invert else None)):
            if token is not None and token in distinct:
                raise ValueError(
                    f"{self.who()}: the vocabulary holds the {word} {token!r} among its tokens; leave it out, or begin "
                    f"with {front}"
                )
        size = self._token_start() + len(tokens)
        if self.max_tokens is not None and size > self.max_tokens:
            raise ValueError(
                f"{self.who()} expects at most max_tokens = {self.max_tokens} tokens, got {size} with those in front"
            )
        if idf_weights is not None:
            weights = np.asarray(idf_weights, dtype=np.float32)
            if weights.shape != given.shape and weights.shape == (size,) and not whole:
                weights = weights[len(front) :]
            if weights.shape != given.shape:
                raise ValueError(
                    f"{self.who()} expects one of idf_weights a token, got {weights.shape} for {given.shape}"
                )
            self._take_idf(weights, 0 if whole else len(front))
        self._take(tokens)

    def _take_idf(self, weights: NDArray[np.float32], missing: int) -> None:
        """Keeps the weights; those missing in front get the mean of the others, those behind 0."""
        front = np.full(missing, weights.mean() if weights.size else 0, np.float32)
        weights = np.concatenate([front, weights.astype(np.float32)])
        behind = max(0, int(self.max_tokens) - len(weights)) if self.pad_to_max_tokens else 0
        self._idf = np.pad(weights, (0, behind))

    def _take(self, tokens: NDArray[Any]) -> None:
        self._tokens = tokens
        self._order = np.argsort(tokens, kind="stable")
        self._sorted = tokens[self._order]
        self._alone = None

    # Learning.

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Takes the tokens of data, the most frequent first, in place of any before.

        Those that are as frequent come in descending order. At most `max_tokens` numbers are given away.

        Args:
            data: An array or a list, whose first axis are the samples; or an iterable of batches.
            steps: How many batches of an iterable are looked at; None: all.

        Raises:
            ValueError: The vocabulary was given to the constructor.
            TypeError: The data is of another kind than the tokens.
        """
        self._forget()
        if isinstance(data, (list, tuple, np.ndarray, str)) or hasattr(data, "to_numpy"):
            array = self._array(data, f"{self.who()}: adapt's data")
            self._count(array[:, None] if array.ndim == 1 else array)
        else:
            for step, batch in enumerate(data):
                if steps is not None and step >= steps:
                    break
                array = self._array(batch, f"{self.who()}: a batch of adapt's data")
                self._count(array[None] if array.ndim < 2 else array)
        self._finish()

    def _forget(self) -> None:
        if self._was_given:
            raise ValueError(f"{self.who()} was given its vocabulary and learns none; make it without one")
        self._counts, self._documents, self._document_count = {}, {}, 0

    def _count(self, samples: NDArray[Any]) -> None:
        """Counts the tokens of samples, one a row."""
        tokens, places = np.unique(samples, return_inverse=True)
        sizes = np.full(len(samples), samples[0].size if len(samples) else 0)
        self._count_places(tokens, places.reshape(-1), sizes)

    def _count_places(self, tokens: NDArray[Any], places: NDArray[Any], sizes: NDArray[Any]) -> None:
        for token, count in zip(tokens.tolist(), np.bincount(places, minlength=len(tokens)).tolist(), strict=True):
            self._counts[token] = self._counts.get(token, 0) + count
        if self.output_mode != "tf_idf":
            return
        once = np.unique(np.repeat(np.arange(len(sizes)), sizes) * len(tokens) + places) % max(1, len(tokens))
        for token, count in zip(tokens.tolist(), np.bincount(once, minlength=len(tokens)).tolist(), strict=True):
            self._documents[token] = self._documents.get(token, 0) + count
        self._document_count += len(sizes)

    def _finish(self) -> None:
        for special in (self.mask_token, self.oov_token):
            self._counts.pop(special, None)
        if not self._counts:
            raise ValueError(f"{self.who()}: adapt found no tokens in the data")
        room = None if self.max_tokens is None else max(0, self.max_tokens - self._token_start())
        frequent = sorted(self._counts.items(), key=lambda item: (item[1], item[0]), reverse=True)[:room]
        tokens = self._array([token for token, _ in frequent], self.who())
        if self.output_mode == "tf_idf":
            seen = np.array([self._documents[token] for token, _ in frequent], dtype=np.float64)
            self._take_idf(np.log(1 + self._document_count / (1 + seen)).astype(np.float32), self._token_start())
        self._take(tokens)
        self._counts, self._documents = {}, {}

    # Looking up.

    def _array(self, value: Any, who: str) -> NDArray[Any]:
        raise NotImplementedError

    def _from_lines(self, lines: list[str]) -> Any:
        return lines

    def _buckets(self, tokens: NDArray[Any]) -> NDArray[np.int64]:
        """Which of the numbers for what is unknown each token gets."""
        return hashing.buckets(tokens.tolist(), self.num_oov_indices, self._key)

    def _places(self, tokens: NDArray[Any]) -> NDArray[np.int64]:
        """The numbers of tokens, -1 for a mask that is to be left out."""
        if self._tokens is None:
            raise ValueError(f"{self.who()} has no vocabulary yet: call adapt(data), or give it one")
        distinct, inverse = np.unique(tokens, return_inverse=True)
        near = np.minimum(np.searchsorted(self._sorted, distinct), len(self._sorted) - 1)
        known = self._sorted[near] == distinct if len(self._sorted) else np.zeros(len(distinct), bool)
        places = np.zeros(len(distinct), np.int64)
        places[known] = self._token_start() + self._order[near[known]]
        masked = distinct == self.mask_token if self.mask_token is not None else np.zeros(len(distinct), bool)
        places[masked] = 0 if self.output_mode == "int" else -1
        unknown = ~known & ~masked
        if unknown.any():
            if self.num_oov_indices == 0:
                raise ValueError(
                    f"{self.who()} does not know {distinct[unknown][:5].tolist()}; make it with num_oov_indices=1 to "
                    "give them a number"
                )
            places[unknown] = self._unknown_start()
            if self.num_oov_indices > 1:
                places[unknown] += self._buckets(distinct[unknown])
        return places[inverse].reshape(tokens.shape)

    def _depth(self) -> int:
        return int(self.max_tokens) if self.pad_to_max_tokens else self.vocabulary_size()

    def _vectors(self, places: NDArray[np.int64]) -> NDArray[Any]:
        if self.output_mode == "int":
            return places
        counts = _encoded(places, "count" if self.output_mode == "tf_idf" else self.output_mode, self._depth())
        return counts * self._idf if self.output_mode == "tf_idf" and self._idf is not None else counts

    def _words(self, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """The tokens that have these numbers."""
        if self._tokens is None:
            raise ValueError(f"{self.who()} has no vocabulary yet: call adapt(data), or give it one")
        all_tokens = self._array(
            ["" if self.mask_token is None else self.mask_token] * self._unknown_start()
            + [self.oov_token] * self.num_oov_indices
            + self._tokens.tolist()
            + [self.oov_token],
            self.who(),
        )
        beyond = (numbers < 0) | (numbers >= len(all_tokens))
        return all_tokens[np.where(beyond, len(all_tokens) - 1, numbers)]

    def _record(self, inputs: Any, training: bool | None = None) -> Any:
        raise TypeError(
            f"{self.who()} works on {self._what}, which no model computes with: call it on the arrays, and feed the model "
            "what comes out"
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that comes out for a shape that goes in, the batch included."""
        shape = tuple(input_shape)
        if self.output_mode == "int":
            return shape
        if self.output_mode == "one_hot":
            return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), self._depth())
        return (*shape[:-1], self._depth())

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The numbers of tokens, or the tokens of numbers where `invert` is set.

        Args:
            inputs: An array or a list of any shape.
            *args: As in `Layer`.
            **kwargs: As in `Layer`.

        Returns:
            An int64 array of the same shape with output_mode "int"; else float32 vectors; with `invert` tokens.

        Raises:
            TypeError: The inputs are of another kind.
            ValueError: There is no vocabulary yet, or no number for what is unknown.
        """
        if is_symbolic(inputs):
            return super().__call__(inputs, *args, **kwargs)
        if self.invert:
            return self._words(_integers(inputs, f"{self.who()}: the input"))
        return self._vectors(self._places(self._array(inputs, f"{self.who()}: the input")))


class StringLookup(_Lookup):
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

    _what = "strings"

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
        return _strings(value, who, self.encoding)


class IntegerLookup(_Lookup):
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

    _what = "integers"

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
        return _integers(value, who)

    def _from_lines(self, lines: list[str]) -> Any:
        return [int(line) for line in lines if line.strip()]

    def _buckets(self, tokens: NDArray[Any]) -> NDArray[np.int64]:
        if self.oov_method == "floormod":
            return np.asarray(np.mod(tokens, self.num_oov_indices))
        return super()._buckets(tokens.astype(np.str_))

    # Inside of a model.

    def _record(self, inputs: Any, training: bool | None = None) -> Any:
        self._table()
        return Layer._record(self, inputs, training)

    def _table(self) -> dict[str, Any]:
        """The node's config: what stands for what."""
        if self._tokens is None:
            raise ValueError(f"{self.who()} has no vocabulary yet: call adapt(data), or give it one")
        tokens = self._tokens.tolist()
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
        if output_mode not in ("int", *_ENCODINGS):
            raise ValueError(
                f"{self.who()} expects output_mode to be one of {('int', *_ENCODINGS)}, got {output_mode!r}"
            )
        if sparse:
            raise ValueError(f"{self.who()} gives dense arrays only; leave sparse=False")
        pair = () if salt is None else (salt, salt) if isinstance(salt, int) else tuple(salt)
        if salt is not None and (len(pair) != 2 or not all(isinstance(one, int) for one in pair)):
            raise ValueError(f"{self.who()} expects salt to be one or two whole numbers, got {salt!r}")
        self._key = pair or None

    def _record(self, inputs: Any, training: bool | None = None) -> Any:
        raise TypeError(
            f"{self.who()} works on strings and integers outside of models: call it on the arrays, and feed the model what "
            "comes out"
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that comes out for a shape that goes in, the batch included."""
        shape = tuple(input_shape)
        if self.output_mode == "int":
            return shape
        if self.output_mode == "one_hot":
            return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), self.num_bins)
        return (*shape[:-1], self.num_bins)

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
            distinct, inverse = np.unique(array, return_inverse=True)
            texts = distinct.astype(np.int64).astype(np.str_)
        else:
            array = _strings(array, who)
            distinct, inverse = np.unique(array, return_inverse=True)
            texts = distinct
        alone = self.mask_value is not None and self.num_bins > 1
        bins = hashing.buckets(texts.tolist(), self.num_bins - alone, self._key)
        if alone:
            bins = np.where(distinct == self.mask_value, 0, bins + 1)
        bins = bins[inverse].reshape(array.shape)
        return bins if self.output_mode == "int" else _encoded(bins, self.output_mode, self.num_bins)


_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_STRIP = str.maketrans("", "", string.punctuation)
_WORD = re.compile(r"\S+", re.ASCII)


class TextVectorization(Layer):
    """The numbers of a text's words in a vocabulary, which is given or learnt by `adapt`; or vectors of them.

    A text is standardized, split into words, these are joined to n-grams where asked, and looked up. With "int", 0 is
    behind the end of a text and 1 a word that is unknown; else 0 is the unknown word.

    Shapes: (batch,) or (batch, 1) -> (batch, words) with "int", (batch, tokens) else.

    Args:
        max_tokens: How many numbers there may be; None: any.
        standardize: "lower_and_strip_punctuation", "lower", "strip_punctuation" (of the letters of ASCII), None, or a
            function from an array of strings to one of the same shape.
        split: "whitespace", "character", None, or a function from an array of strings to a list of lists of them.
        ngrams: 2 for words and pairs of neighbours, and so on; (2, 3) for pairs and triples alone; None: words.
        output_mode: "int", "multi_hot", "count" or "tf_idf", as in `StringLookup`.
        output_sequence_length: With "int", how many numbers a text has, cut or filled with 0; None: as many as the
            longest of a call.
        pad_to_max_tokens: Whether vectors have max_tokens places whatever the vocabulary's size.
        vocabulary: Strings, or the path of a file with one in each line; None: `adapt` finds them.
        idf_weights: With "tf_idf" and a vocabulary, the weight of each.
        sparse: False; arrays are dense.
        ragged: False; rows are filled with 0.
        encoding: Of bytes.
        name: A name, or None.
        **kwargs: As in `Layer`.

    Raises:
        ValueError: An argument is out of its range, or two of them exclude each other.

    Example:
        >>> layer = TextVectorization(output_sequence_length=4)
        >>> layer.adapt(["foo bar", "bar baz", "baz bada boom"])
        >>> layer(["foo qux bar", "qux baz"])
        array([[4, 1, 3, 0],
               [1, 2, 0, 0]])
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: str | Callable[[Any], Any] | None = "lower_and_strip_punctuation",
        split: str | Callable[[Any], Any] | None = "whitespace",
        ngrams: int | tuple[int, ...] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.output_mode = output_mode = _OLD_NAMES.get(output_mode, output_mode)
        modes = ("int", "multi_hot", "count", "tf_idf")
        if output_mode not in modes:
            raise ValueError(f"{self.who()} expects output_mode to be one of {modes}, got {output_mode!r}")
        words = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
        if standardize is not None and not callable(standardize) and standardize not in words:
            raise ValueError(f"{self.who()} expects standardize to be one of {words}, a function or None")
        if split is not None and not callable(split) and split not in ("whitespace", "character"):
            raise ValueError(f"{self.who()} expects split to be 'whitespace', 'character', a function or None")
        widths = range(1, ngrams + 1) if isinstance(ngrams, int) else () if ngrams is None else tuple(ngrams)
        if ngrams is not None and not (len(widths) and all(isinstance(n, int) and n >= 1 for n in widths)):
            raise ValueError(f"{self.who()} expects ngrams to be whole numbers of at least 1, got {ngrams!r}")
        if output_sequence_length is not None and output_mode != "int":
            raise ValueError(f"{self.who()}: output_sequence_length goes with output_mode='int', not {output_mode!r}")
        if output_sequence_length is not None and output_sequence_length < 1:
            raise ValueError(f"{self.who()} expects output_sequence_length of at least 1, got {output_sequence_length}")
        if ragged:
            raise ValueError(f"{self.who()} gives rows of one length only; leave ragged=False")
        self._widths = tuple(widths)
        self._lookup = StringLookup(
            max_tokens,
            mask_token="",
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            sparse=sparse,
            encoding=encoding,
            name=self.name,
        )

    def get_config(self) -> dict[str, Any]:
        found = self._lookup.get_config()
        return {**super().get_config(), "vocabulary": found["vocabulary"], "idf_weights": found["idf_weights"]}

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The tokens in the order of their numbers.

        Args:
            include_special_tokens: Whether to begin with '' (with "int") and '[UNK]'.

        Returns:
            A list.
        """
        return self._lookup.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """How many numbers there are."""
        return self._lookup.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: ArrayLike | None = None) -> None:
        """Takes these tokens in place of any before.

        Args:
            vocabulary: Strings in the order of their numbers, or the path of a file with one in each line.
            idf_weights: With "tf_idf", the weight of each.

        Raises:
            ValueError: It is empty or too long, or a token comes twice.
        """
        self._lookup.set_vocabulary(vocabulary, idf_weights)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Takes the tokens of texts, the most frequent first, in place of any before.

        Args:
            data: An array or a list of texts, or an iterable of batches of them.
            batch_size: Takes no effect.
            steps: How many batches of an iterable are looked at; None: all.

        Raises:
            ValueError: The vocabulary was given to the constructor.
            TypeError: The data are no texts.
        """
        self._lookup._forget()
        whole = isinstance(data, (list, tuple, np.ndarray, str)) or hasattr(data, "to_numpy")
        for step, batch in enumerate([data] if whole else data):
            if steps is not None and step >= steps and not whole:
                break
            documents = self._split_texts(batch, "adapt's data")
            tokens, places, sizes = _flat(documents)
            self._lookup._count_places(tokens, places, sizes)
        self._lookup._finish()

    def _split_texts(self, texts: Any, what: str) -> list[list[str]]:
        """The tokens of each text."""
        array = _strings(texts, f"{self.who()}: {what}", self.encoding)
        if self.split is not None and array.ndim > 1:
            if array.shape[-1] != 1 or array.ndim > 2:
                raise ValueError(f"{self.who()} expects texts of shape (batch,) or (batch, 1), got {array.shape}")
            array = array[:, 0]
        if callable(self.standardize):
            array = _strings(self.standardize(array), f"{self.who()}: what standardize returned")
        if self.split is None:
            documents = [row.tolist() for row in np.atleast_1d(array).reshape(len(np.atleast_1d(array)), -1)]
        elif callable(self.split):
            documents = [[str(token) for token in tokens] for tokens in self.split(np.atleast_1d(array))]
        else:
            documents = [self._words(text) for text in np.atleast_1d(array).tolist()]
        if self.split is None or callable(self.split):
            documents = [[self._standard(token) for token in tokens] for tokens in documents]
        if not self._widths:
            return documents
        return [
            [" ".join(tokens[i : i + n]) for n in self._widths for i in range(len(tokens) - n + 1)]
            for tokens in documents
        ]

    def _standard(self, text: str) -> str:
        if self.standardize in ("lower", "lower_and_strip_punctuation"):
            text = text.translate(_LOWER)
        if self.standardize in ("strip_punctuation", "lower_and_strip_punctuation"):
            text = text.translate(_STRIP)
        return text

    def _words(self, text: str) -> list[str]:
        text = self._standard(text)
        return list(text) if self.split == "character" else _WORD.findall(text)

    def _record(self, inputs: Any, training: bool | None = None) -> Any:
        raise TypeError(
            f"{self.who()} works on texts, which no model computes with: call it on the arrays, and feed the model what "
            "comes out"
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that comes out for a shape that goes in, the batch included."""
        batch = tuple(input_shape)[0]
        return (batch, self.output_sequence_length if self.output_mode == "int" else self._lookup._depth())

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The numbers of texts' tokens, or vectors of them.

        Args:
            inputs: Texts of shape (batch,) or (batch, 1), or one text.
            *args: As in `Layer`.
            **kwargs: As in `Layer`.

        Returns:
            An int64 array with output_mode "int", else float32 vectors.

        Raises:
            TypeError: The inputs are no texts.
            ValueError: There is no vocabulary yet.
        """
        if is_symbolic(inputs):
            return super().__call__(inputs, *args, **kwargs)
        documents = self._split_texts(inputs, "the input")
        tokens, places, sizes = _flat(documents)
        numbers = self._lookup._places(tokens)
        longest = max(sizes.tolist(), default=0)
        length = self.output_sequence_length if self.output_sequence_length is not None else longest
        # Behind the end of a text stands what counts for nothing: 0, the mask, or -1 where it is left out of vectors.
        rows = np.full((len(sizes), max(length, longest)), 0 if self.output_mode == "int" else -1, np.int64)
        rows[np.arange(rows.shape[1]) < sizes[:, None]] = numbers[places]
        result = self._lookup._vectors(rows[:, :length])
        return result[0] if isinstance(inputs, (str, bytes)) else result


def _flat(documents: list[list[str]]) -> tuple[NDArray[np.str_], NDArray[np.int64], NDArray[np.int64]]:
    """The distinct tokens of documents, which of them each token is, and how many tokens each document has."""
    sizes = np.fromiter((len(tokens) for tokens in documents), np.int64, len(documents))
    known: dict[str, int] = {}
    places = np.fromiter((known.setdefault(t, len(known)) for tokens in documents for t in tokens), np.int64)
    return np.asarray(list(known), dtype=np.str_), places, sizes


__all__ = ["Hashing", "IntegerLookup", "StringLookup", "TextVectorization"]
