"""Base of the layers with a vocabulary.

It finds tokens in data, numbers them and looks them up, with NumPy. A subclass defines what a token is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn.configurable import constructor_signature
from fastnn.engine.contract import state_of, title
from fastnn.engine.node_layer import NodeLayer
from fastnn.layers.preprocessing import string_hashes as hashing
from fastnn.layers.preprocessing.encoding import ENCODINGS, encode_tokens, encoded_shape
from fastnn.layers.preprocessing.string_hashes import hash_key
from fastnn.layers.preprocessing.tokens import as_integers, distinct
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_symbolic

_VOCABULARY = "vocabulary.txt"
_ONLY_IN_KERAS = {"vocabulary_size", "has_input_vocabulary", "vocabulary_dtype", "oov_method"}
OLD_NAMES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


class VocabularyLayer(NodeLayer):
    """Base of the layers with a vocabulary: its tokens, their indices, and the special indices before them.

    Args:
        **kwargs: Arguments of `Layer`, such as `name`.

    Raises:
        ValueError: An argument is out of its range, or two arguments exclude each other.
    """

    __fastnn_keras_ignored_arguments__ = {"sparse": False, "ragged": False}
    __fastnn_file_arguments__ = frozenset({"vocabulary"})
    __fastnn_what__: str
    """Name of its tokens, for errors."""
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
            raise ValueError(f"{title(self)} expects output_mode to be one of {modes}, got {self.output_mode!r}")
        if self.max_tokens is not None and self.max_tokens <= 1:
            raise ValueError(f"{title(self)} expects max_tokens above 1, got {self.max_tokens}")
        if self.num_oov_indices < 0:
            raise ValueError(f"{title(self)} expects num_oov_indices of at least 0, got {self.num_oov_indices}")
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise ValueError(f"{title(self)}: pad_to_max_tokens requires max_tokens")
        if self.sparse:
            raise ValueError(f"{title(self)} returns dense arrays only; leave sparse=False")
        if self.invert and self.output_mode != "int":
            raise ValueError(f"{title(self)}: invert requires output_mode='int', got {self.output_mode!r}")
        if self.idf_weights is not None and self.output_mode != "tf_idf":
            raise ValueError(f"{title(self)}: idf_weights require output_mode='tf_idf', got {self.output_mode!r}")
        self._key = hash_key(title(self), self.salt)
        self._was_given = self.vocabulary is not None
        self._given_list: tuple[list[Any], Any] | None = None
        if self.vocabulary is not None:
            self.set_vocabulary(self.vocabulary, self.idf_weights)
            if not isinstance(self.vocabulary, (str, Path)):
                given = self._array(self.vocabulary, f"{title(self)}: vocabulary").tolist()
                self._given_list = given, self._tokens

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Returns a new layer with the arguments that `get_config` of this class, or of Keras, returned."""
        own = constructor_signature(cls).parameters
        return cls(**{name: value for name, value in config.items() if name in own or name not in _ONLY_IN_KERAS})

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments as plain values, the vocabulary included: as it was given, else with what precedes."""
        config = super().get_config()
        tokens = None if self._tokens is None else self.get_vocabulary()
        weights = None if self._idf is None else self._idf[: self.vocabulary_size()].tolist()
        if self._given_list is not None and self._given_list[1] is self._tokens:
            tokens = self._given_list[0]
            weights = None if weights is None else np.asarray(self.idf_weights).tolist()
        config["vocabulary"] = None if tokens is None else self._plain(tokens)
        config["idf_weights"] = weights
        return config

    def _plain(self, tokens: Iterable[Any]) -> list[Any]:
        return list(tokens)

    # Order of the indices: the mask, unknown tokens, then the tokens.

    def _unknown_start(self) -> int:
        return 1 if self.mask_token is not None and self.output_mode == "int" else 0

    def _token_start(self) -> int:
        return self._unknown_start() + int(self.num_oov_indices)

    def vocabulary_size(self) -> int:
        """Returns the number of indices: the tokens and the special indices before them."""
        return self._token_start() + (0 if self._tokens is None else len(self._tokens))

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """Returns the tokens in the order of their indices.

        Args:
            include_special_tokens: Whether to begin with the mask and `oov_token`, so that positions in the list are
                the indices.

        Returns:
            A list.

        Example:
            >>> layers.StringLookup(vocabulary=["a", "b"]).get_vocabulary()
            ['[UNK]', 'a', 'b']
        """
        tokens = [] if self._tokens is None else list(self._tokens)
        if not include_special_tokens:
            return tokens
        return [self.mask_token] * self._unknown_start() + [self.oov_token] * self.num_oov_indices + tokens

    def set_vocabulary(self, vocabulary: Any, idf_weights: ArrayLike | None = None) -> None:
        """Sets the vocabulary and replaces an earlier one.

        Args:
            vocabulary: Tokens in the order of their indices, with or without the mask and `oov_token` in front; or the
                path of a file with one token a line.
            idf_weights: With output_mode="tf_idf", inverse document frequency of each token.

        Raises:
            ValueError: The vocabulary is empty or too long, or a token occurs twice.
        """
        if (idf_weights is None) == (self.output_mode == "tf_idf"):
            raise ValueError(
                f"{title(self)}: a given vocabulary needs idf_weights with output_mode='tf_idf', and none with the "
                "other modes"
            )
        if isinstance(vocabulary, (str, Path)):
            lines = Path(vocabulary).read_text(encoding="utf-8").splitlines()
            vocabulary = self._from_lines(lines)
        given = self._array(vocabulary, f"{title(self)}: vocabulary")
        if given.ndim != 1 or given.size == 0:
            raise ValueError(f"{title(self)} expects a vocabulary of at least one token, got shape {given.shape}")
        front = [self.mask_token] * self._unknown_start() + [self.oov_token] * self.num_oov_indices
        whole = bool(front) and given[: len(front)].tolist() == front
        tokens = given[len(front) :].tolist() if whole else given.tolist()
        known = set(tokens)
        if len(known) < len(tokens):
            often = [token for token, count in Counter(tokens).items() if count > 1]
            raise ValueError(f"{title(self)} expects each token once, got {often[:5]} more than once")
        for word, token in (("mask_token", self.mask_token), ("oov_token", self.oov_token if self.invert else None)):
            if token is not None and token in known:
                raise ValueError(
                    f"{title(self)}: the vocabulary holds the {word} {token!r} among its tokens; leave it out, "
                    f"or begin with {front}"
                )
        size = self._token_start() + len(tokens)
        if self.max_tokens is not None and size > self.max_tokens:
            raise ValueError(
                f"{title(self)} expects at most max_tokens = {self.max_tokens} tokens, got {size} with those in front"
            )
        if idf_weights is not None:
            weights = np.asarray(idf_weights, dtype=floatx())
            if weights.shape != given.shape and weights.shape == (size,) and not whole:
                weights = weights[len(front) :]
            if weights.shape != given.shape:
                raise ValueError(
                    f"{title(self)} expects one of idf_weights for each token, got {weights.shape} for {given.shape}"
                )
            self._take_idf(weights, 0 if whole else len(front))
        self._take(tokens)

    def _take_idf(self, weights: NDArray[np.float32], missing: int) -> None:
        """Stores the weights; missing ones in front get the mean of the others, missing ones at the end 0."""
        front = np.full(missing, weights.mean() if weights.size else 0, dtype=floatx())
        weights = np.concatenate([front, weights.astype(floatx())])
        behind = max(0, self.max_tokens - len(weights)) if self.pad_to_max_tokens and self.max_tokens else 0
        self._idf = np.pad(weights, (0, behind))

    def _take(self, tokens: list[Any]) -> None:
        self._tokens = tokens
        start = self._token_start()
        self._numbers = {token: start + i for i, token in enumerate(tokens)}
        if self.mask_token is not None:
            self._numbers[self.mask_token] = 0 if self.output_mode == "int" else -1
        state_of(self).predictor = None

    def save_own_variables(self, store: Any) -> None:
        """Writes the inverse document frequencies.

        Args:
            store: Dict, or group of a file, into which they go as "idf_weights".
        """
        if self._idf is not None:
            store["idf_weights"] = self._idf

    def load_own_variables(self, store: Any) -> None:
        """Reads the inverse document frequencies that `save_own_variables`, of fastnn or Keras, wrote.

        Args:
            store: Dict, or group of a file, which has them as "idf_weights", or nothing.
        """
        if self.output_mode == "tf_idf" and "idf_weights" in store:
            self._idf = np.asarray(store["idf_weights"], dtype=floatx())

    def save_assets(self, dir_path: str | Path) -> None:
        """Writes the vocabulary into a folder, as `vocabulary.txt` with one token a line, unless the config has it.

        Args:
            dir_path: The folder.
        """
        if not self._was_given and self._tokens is not None:
            lines = [str(token) for token in self.get_vocabulary()]
            (Path(dir_path) / _VOCABULARY).write_text("\n".join(lines), encoding="utf-8")

    def load_assets(self, dir_path: str | Path) -> None:
        """Reads the vocabulary that `save_assets`, of fastnn or Keras, wrote, unless the config has it.

        Args:
            dir_path: The folder.

        Raises:
            ValueError: The file holds no vocabulary.
        """
        if self._was_given:
            return
        lines = (Path(dir_path) / _VOCABULARY).read_text(encoding="utf-8").splitlines()
        while lines and not lines[-1]:
            lines.pop()
        # Those of a vocabulary that is padded to max_tokens have zeros at the end.
        self.set_vocabulary(self._from_lines(lines), None if self._idf is None else self._idf[: len(lines)])

    # Finding the vocabulary.

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Finds the vocabulary of data, the most frequent tokens first, and replaces an earlier one.

        Tokens of equal frequency are in descending order. The vocabulary has at most `max_tokens` indices.

        Args:
            data: Array or list whose first axis is the samples, or an iterable of batches.
            steps: Positive integer, number of batches of an iterable to read; None means all.

        Raises:
            ValueError: The vocabulary was given to the constructor, or there are no tokens.
            TypeError: The data has another type than the tokens.

        Example:
            >>> layer = layers.StringLookup()
            >>> layer.adapt(["b", "a", "b"])
            >>> layer.get_vocabulary()
            ['[UNK]', 'b', 'a']
        """
        self._forget()
        if isinstance(data, (list, tuple, np.ndarray, str)) or hasattr(data, "to_numpy"):
            self._learn(data, f"{title(self)}: adapt's data", True)
        else:
            for step, batch in enumerate(data):
                if steps is not None and step >= steps:
                    break
                self._learn(batch, f"{title(self)}: a batch of adapt's data", False)
        self._finish()

    def reset_state(self) -> None:
        """Forgets what `update_state` counted; a vocabulary that was given stays."""
        if not self._was_given:
            self._forget()

    def update_state(self, data: Any) -> None:
        """Counts the tokens of a batch; `adapt` does so for all batches.

        Args:
            data: Array or list whose first axis is the samples.

        Raises:
            ValueError: The vocabulary was given to the constructor.
            TypeError: The data has another type than the tokens.
        """
        if self._was_given:
            raise ValueError(f"{title(self)} was given its vocabulary and cannot adapt; create it without one")
        self._learn(data, f"{title(self)}: update_state's data", True)

    def finalize_state(self) -> None:
        """Makes the vocabulary of the tokens that were counted.

        Raises:
            ValueError: There are no tokens.
        """
        if not self._was_given:
            self._finish()

    def _learn(self, batch: Any, what: str, samples: bool) -> None:
        """Counts the tokens of a batch; a single axis is the samples, or the tokens of one sample."""
        array = self._array(batch, what)
        if array.ndim < 2:
            array = array.reshape((-1, 1) if samples else (1, -1))
        self._count_places(*distinct(array), np.full(len(array), array[0].size if len(array) else 0))

    def _forget(self) -> None:
        if self._was_given:
            raise ValueError(f"{title(self)} was given its vocabulary and cannot adapt; create it without one")
        self._counts, self._documents, self._document_count = {}, {}, 0

    def _count_places(self, tokens: list[Any], places: NDArray[np.int64], sizes: NDArray[np.int64]) -> None:
        """Counts tokens: the distinct ones, the position of each among them, and the number in each sample."""
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
            raise ValueError(f"{title(self)}: adapt found no tokens in the data")
        room = None if self.max_tokens is None else max(0, self.max_tokens - self._token_start())
        frequent = sorted(self._counts.items(), key=lambda item: (item[1], item[0]), reverse=True)[:room]
        tokens = [token for token, _ in frequent]
        if self.output_mode == "tf_idf":
            seen = np.array([self._documents[token] for token, _ in frequent], dtype=np.float64)
            self._take_idf(np.log(1 + self._document_count / (1 + seen)).astype(floatx()), self._token_start())
        self._take(tokens)
        self._counts, self._documents = {}, {}

    # Looking up.

    def _array(self, value: Any, who: str) -> NDArray[Any]:
        raise NotImplementedError

    def _from_lines(self, lines: list[str]) -> Any:
        return lines

    def _buckets(self, tokens: list[Any]) -> NDArray[np.int64]:
        """Returns, for each unknown token, the offset of its index."""
        return hashing.buckets(map(str, tokens), self.num_oov_indices, self._key)

    def _places(self, tokens: list[Any]) -> NDArray[np.int64]:
        """Returns the indices of tokens; -1 for a mask that is left out of vectors."""
        if self._tokens is None:
            raise ValueError(f"{title(self)} has no vocabulary yet; call adapt(data) or set_vocabulary(tokens)")
        known, nowhere = self._numbers, -2
        places = np.fromiter((known.get(token, nowhere) for token in tokens), np.int64, len(tokens))
        unknown = np.flatnonzero(places == nowhere)
        if unknown.size:
            strange = [tokens[i] for i in unknown.tolist()]
            if self.num_oov_indices == 0:
                raise ValueError(
                    f"{title(self)} does not know {strange[:5]}; create it with num_oov_indices=1 to give them an index"
                )
            places[unknown] = self._unknown_start()
            if self.num_oov_indices > 1:
                places[unknown] += self._buckets(strange)
        return places

    def _depth(self) -> int:
        return int(self.max_tokens) if self.pad_to_max_tokens and self.max_tokens else self.vocabulary_size()

    def _vectors(self, places: NDArray[np.int64]) -> NDArray[Any]:
        if self.output_mode == "int":
            return places
        if self.output_mode != "tf_idf":
            return encode_tokens(places, self.output_mode, self._depth(), np.int64)
        counts = encode_tokens(places, "count", self._depth())
        return counts if self._idf is None else counts * self._idf

    def _tokens_at(self, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """Returns the tokens that have these indices."""
        if self._tokens is None:
            raise ValueError(f"{title(self)} has no vocabulary yet; call adapt(data) or set_vocabulary(tokens)")
        all_tokens = self._array(
            ["" if self.mask_token is None else self.mask_token] * self._unknown_start()
            + [self.oov_token] * self.num_oov_indices
            + self._tokens
            + [self.oov_token],
            title(self),
        )
        beyond = (numbers < 0) | (numbers >= len(all_tokens))
        return all_tokens[np.where(beyond, len(all_tokens) - 1, numbers)]

    def __fastnn_check_symbolic_call__(self) -> None:
        """Raises where the layer cannot be part of a model."""
        if self.invert:
            raise TypeError(
                f"{title(self)} returns {self.__fastnn_what__}, with which no model computes: call it on the "
                "predictions"
            )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the output.

        Args:
            input_shape: Shape of the input, with the batch.

        Returns:
            A tuple that begins with the size of the batch.
        """
        return encoded_shape(tuple(input_shape), self.output_mode, self._depth())

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the indices of tokens, or with `invert` the tokens of indices.

        Args:
            inputs: Array or list of any shape.
            *args: Further arguments of `Layer.__call__`.
            **kwargs: Further arguments of `Layer.__call__`.

        Returns:
            An int64 array: of the same shape with output_mode="int", otherwise vectors, which are float32 with
            "tf_idf". With `invert` an array of tokens.

        Raises:
            TypeError: The inputs have another type than the tokens, or are symbolic.
            ValueError: The layer has no vocabulary yet, or a token is unknown and `num_oov_indices` is 0.
        """
        if is_symbolic(inputs):
            return super().__call__(inputs, *args, **kwargs)
        if self.invert:
            return self._tokens_at(as_integers(inputs, f"{title(self)}: the input"))
        array = self._array(inputs, f"{title(self)}: the input")
        tokens, which = distinct(array)
        return self._vectors(self._places(tokens)[which].reshape(array.shape))
