"""Base of the layers with a vocabulary.

It learns tokens from data, numbers them and looks them up, with NumPy. A subclass says what a token is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn.engine.layer import Layer
from fastnn.layers.preprocessing import string_hashes as hashing
from fastnn.layers.preprocessing.encoding import ENCODINGS, encoded, encoded_shape
from fastnn.layers.preprocessing.string_hashes import salted
from fastnn.layers.preprocessing.tokens import distinct, integers
from fastnn.symbolic.tensors import is_symbolic

_SAID_BY_KERAS = {"vocabulary_size", "has_input_vocabulary", "vocabulary_dtype", "oov_method"}


OLD_NAMES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


class VocabularyLayer(Layer):
    """Base of layers with a vocabulary: its tokens, their places, and the numbers in front of them.

    Args:
        **kwargs: As in `Layer`.
    """

    what: str
    """What its tokens are, for errors."""
    output_mode: str
    max_tokens: int | None
    num_oov_indices: int
    mask_token: Any
    oov_token: Any
    vocabulary: Any
    idf_weights: Any
    invert: bool
    pad_to_max_tokens: bool
    sparse: bool
    salt: int | Sequence[int] | None

    def __init__(self, **kwargs: Any) -> None:
        self._tokens: list[Any] | None = None
        self._numbers: dict[Any, int] = {}
        self._idf: NDArray[np.float32] | None = None
        self._counts: dict[Any, int] = {}
        self._documents: dict[Any, int] = {}
        self._document_count = 0
        super().__init__(**kwargs)
        self.output_mode = OLD_NAMES.get(self.output_mode, self.output_mode)
        modes = ("int", *ENCODINGS, "tf_idf")
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
        self._key = salted(self.who(), self.salt)
        self._was_given = self.vocabulary is not None
        if self.vocabulary is not None:
            self.set_vocabulary(self.vocabulary, self.idf_weights)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A new layer with the arguments that `get_config` returned, here or in Keras, which says some more."""
        own = cls._signature().parameters
        return cls(**{name: value for name, value in config.items() if name in own or name not in _SAID_BY_KERAS})

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
        tokens = [] if self._tokens is None else list(self._tokens)
        if not include_special_tokens:
            return tokens
        return [self.mask_token] * self._unknown_start() + [self.oov_token] * self.num_oov_indices + tokens

    def set_vocabulary(self, vocabulary: Any, idf_weights: ArrayLike | None = None) -> None:
        """Takes these tokens in place of any before.

        Args:
            vocabulary: Tokens in the order of their numbers, with or without the mask and the `oov_token` in front;
                or the path of a file with one in each line.
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
        tokens = given[len(front) :].tolist() if whole else given.tolist()
        known = set(tokens)
        if len(known) < len(tokens):
            often = [token for token, count in Counter(tokens).items() if count > 1]
            raise ValueError(f"{self.who()} expects each token once, got {often[:5]} more often")
        for word, token in (("mask_token", self.mask_token), ("oov_token", self.oov_token if self.invert else None)):
            if token is not None and token in known:
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

    def _take(self, tokens: list[Any]) -> None:
        self._tokens = tokens
        start = self._token_start()
        self._numbers = {token: start + i for i, token in enumerate(tokens)}
        if self.mask_token is not None:
            self._numbers[self.mask_token] = 0 if self.output_mode == "int" else -1
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
            self._learn(data, f"{self.who()}: adapt's data", True)
        else:
            for step, batch in enumerate(data):
                if steps is not None and step >= steps:
                    break
                self._learn(batch, f"{self.who()}: a batch of adapt's data", False)
        self._finish()

    def _learn(self, batch: Any, what: str, samples: bool) -> None:
        """Counts the tokens of a batch, whose one axis, where it has no more, are samples or the tokens of one."""
        array = self._array(batch, what)
        if array.ndim < 2:
            array = array.reshape((-1, 1) if samples else (1, -1))
        self._count_places(*distinct(array), np.full(len(array), array[0].size if len(array) else 0))

    def _forget(self) -> None:
        if self._was_given:
            raise ValueError(f"{self.who()} was given its vocabulary and learns none; make it without one")
        self._counts, self._documents, self._document_count = {}, {}, 0

    def _count_places(self, tokens: list[Any], places: NDArray[np.int64], sizes: NDArray[np.int64]) -> None:
        """Counts tokens: which there are, which of them each is, and how many each sample has."""
        for token, count in zip(tokens, np.bincount(places, minlength=len(tokens)).tolist(), strict=True):
            self._counts[token] = self._counts.get(token, 0) + count
        if self.output_mode != "tf_idf":
            return
        once = np.unique(np.repeat(np.arange(len(sizes)), sizes) * len(tokens) + places) % max(1, len(tokens))
        for token, count in zip(tokens, np.bincount(once, minlength=len(tokens)).tolist(), strict=True):
            self._documents[token] = self._documents.get(token, 0) + count
        self._document_count += len(sizes)

    def _finish(self) -> None:
        for special in (self.mask_token, self.oov_token):
            self._counts.pop(special, None)
        if not self._counts:
            raise ValueError(f"{self.who()}: adapt found no tokens in the data")
        room = None if self.max_tokens is None else max(0, self.max_tokens - self._token_start())
        frequent = sorted(self._counts.items(), key=lambda item: (item[1], item[0]), reverse=True)[:room]
        tokens = [token for token, _ in frequent]
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

    def _buckets(self, tokens: list[Any]) -> NDArray[np.int64]:
        """Which of the numbers for what is unknown each token gets."""
        return hashing.buckets(map(str, tokens), self.num_oov_indices, self._key)

    def _places(self, tokens: list[Any]) -> NDArray[np.int64]:
        """The numbers of tokens, -1 for a mask that is to be left out."""
        if self._tokens is None:
            raise ValueError(f"{self.who()} has no vocabulary yet: call adapt(data), or give it one")
        known, nowhere = self._numbers, -2
        places = np.fromiter((known.get(token, nowhere) for token in tokens), np.int64, len(tokens))
        unknown = np.flatnonzero(places == nowhere)
        if unknown.size:
            strange = [tokens[i] for i in unknown.tolist()]
            if self.num_oov_indices == 0:
                raise ValueError(
                    f"{self.who()} does not know {strange[:5]}; make it with num_oov_indices=1 to give them a number"
                )
            places[unknown] = self._unknown_start()
            if self.num_oov_indices > 1:
                places[unknown] += self._buckets(strange)
        return places

    def _depth(self) -> int:
        return int(self.max_tokens) if self.pad_to_max_tokens else self.vocabulary_size()

    def _vectors(self, places: NDArray[np.int64]) -> NDArray[Any]:
        if self.output_mode == "int":
            return places
        counts = encoded(places, "count" if self.output_mode == "tf_idf" else self.output_mode, self._depth())
        return counts * self._idf if self.output_mode == "tf_idf" and self._idf is not None else counts

    def _tokens_at(self, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """The tokens that have these numbers."""
        if self._tokens is None:
            raise ValueError(f"{self.who()} has no vocabulary yet: call adapt(data), or give it one")
        all_tokens = self._array(
            ["" if self.mask_token is None else self.mask_token] * self._unknown_start()
            + [self.oov_token] * self.num_oov_indices
            + self._tokens
            + [self.oov_token],
            self.who(),
        )
        beyond = (numbers < 0) | (numbers >= len(all_tokens))
        return all_tokens[np.where(beyond, len(all_tokens) - 1, numbers)]

    def _record(self, args: tuple[Any, ...], kwargs: dict[str, Any], training: bool | None) -> Any:
        raise TypeError(
            f"{self.who()} works on {self.what}, which no model computes with: call it on the arrays, and feed "
            "the model what comes out"
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that comes out for a shape that goes in, the batch included."""
        return encoded_shape(tuple(input_shape), self.output_mode, self._depth())

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
            return self._tokens_at(integers(inputs, f"{self.who()}: the input"))
        array = self._array(inputs, f"{self.who()}: the input")
        tokens, which = distinct(array)
        return self._vectors(self._places(tokens)[which].reshape(array.shape))
