"""Layer that maps texts to integers or vectors by a vocabulary."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.contract import title
from fastnn.layers.preprocessing.tokens import as_strings
from fastnn.layers.preprocessing.vocabulary_layer import OLD_NAMES, VocabularyLayer
from fastnn.symbolic.tensors import is_symbolic

_LOWER = {letter: letter + 32 for letter in range(ord("A"), ord("Z") + 1)}
_STRIP = str.maketrans("", "", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_WORD = re.compile(r"\S+", re.ASCII)


class TextVectorization(VocabularyLayer):
    """Layer that maps texts to the indices of their tokens, or to vectors.

    A text is standardized, split into tokens, which are joined to n-grams if wanted, and looked up in a vocabulary that
    is given or found by `adapt`. With "int", index 0 pads the end of a text and 1 is an unknown token; with the other
    modes index 0 is an unknown token.

    Shapes: input (batch,) or (batch, 1) of strings, output int64 (batch, tokens) with "int", otherwise (batch, size of
    the vocabulary), int64 too, and float32 with "tf_idf".

    Args:
        max_tokens: Integer above 1, maximum size of the vocabulary with the special indices; None means no limit.
        standardize: "lower_and_strip_punctuation", "lower", "strip_punctuation" (for ASCII characters), None, or a
            function from an array of strings to one of the same shape.
        split: "whitespace", "character", None, or a function from an array of strings to a list of lists of strings.
        ngrams: Integer n for all n-grams of 1 to n tokens, or a tuple of the lengths wanted; None means single tokens.
        output_mode: "int", "multi_hot", "count" or "tf_idf", as in `StringLookup`.
        output_sequence_length: With "int", number of indices of each text, which is truncated or padded with 0; None
            means that of the longest text of a call.
        pad_to_max_tokens: Whether vectors have `max_tokens` elements whatever the size of the vocabulary.
        vocabulary: Tokens in the order of their indices, or the path of a file with one token a line; None means that
            `adapt` finds them.
        idf_weights: Inverse document frequency of each token of `vocabulary`, with output_mode="tf_idf"; otherwise
            None.
        sparse: Accepted for Keras compatibility; must be False, arrays are dense.
        ragged: Accepted for Keras compatibility; must be False, rows are padded with 0.
        encoding: Encoding of inputs that are bytes.
        name: Name of the layer, unique within a model; None derives one from the class name.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or two arguments exclude each other.

    References:
        - Spärck Jones, "A Statistical Interpretation of Term Specificity and Its Application in Retrieval", 1972
          (tf_idf).

    Example:
        >>> layer = layers.TextVectorization(output_sequence_length=4)
        >>> layer.adapt(["foo bar", "bar baz", "baz bada boom"])
        >>> layer(["foo qux bar", "qux baz"])
        array([[4, 1, 3, 0],
               [1, 2, 0, 0]])
    """

    __fastnn_keras_twin__ = "_lookup_layer"
    __fastnn_reads_texts__ = True
    __fastnn_what__ = "texts"
    mask_token = ""
    oov_token = "[UNK]"
    num_oov_indices = 1
    invert = False
    salt = None
    standardize: str | Callable[[Any], Any] | None
    split: str | Callable[[Any], Any] | None
    ngrams: int | tuple[int, ...] | None
    output_sequence_length: int | None
    ragged: bool
    encoding: str

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
        if OLD_NAMES.get(output_mode, output_mode) == "one_hot":
            raise ValueError(
                "TextVectorization has no output_mode 'one_hot', since texts differ in length; use 'multi_hot'"
            )
        super().__init__(name=name, **kwargs)
        words = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
        if standardize is not None and not callable(standardize) and standardize not in words:
            raise ValueError(f"{title(self)} expects standardize to be one of {words}, a function or None")
        if split is not None and not callable(split) and split not in ("whitespace", "character"):
            raise ValueError(f"{title(self)} expects split to be 'whitespace', 'character', a function or None")
        widths = range(1, ngrams + 1) if isinstance(ngrams, int) else () if ngrams is None else tuple(ngrams)
        if ngrams is not None and not (len(widths) and all(isinstance(n, int) and n >= 1 for n in widths)):
            raise ValueError(f"{title(self)} expects ngrams to be positive integers, got {ngrams!r}")
        if output_sequence_length is not None and self.output_mode != "int":
            raise ValueError(f"{title(self)}: output_sequence_length requires output_mode='int', got {output_mode!r}")
        if output_sequence_length is not None and output_sequence_length < 1:
            raise ValueError(
                f"{title(self)} expects output_sequence_length of at least 1, got {output_sequence_length}"
            )
        if ragged:
            raise ValueError(f"{title(self)} returns rows of equal length only; leave ragged=False")
        self._widths = tuple(widths)

    def adapt(  # type: ignore[override]
        self, data: Any, batch_size: int | None = None, steps: int | None = None
    ) -> None:
        """Finds the vocabulary of texts, the most frequent tokens first, and replaces an earlier one.

        Args:
            data: Array or list of texts, or an iterable of batches of them.
            batch_size: Accepted for Keras compatibility; ignored.
            steps: Positive integer, number of batches of an iterable to read; None means all.

        Raises:
            ValueError: The vocabulary was given to the constructor, or there are no tokens.
            TypeError: The data is not strings.

        Example:
            >>> layer = layers.TextVectorization()
            >>> layer.adapt(["a b", "b"])
            >>> layer.get_vocabulary()
            ['', '[UNK]', 'b', 'a']
        """
        super().adapt(data, steps)

    def _array(self, value: Any, who: str) -> NDArray[Any]:
        return as_strings(value, who, self.encoding)

    def _learn(self, batch: Any, what: str, samples: bool) -> None:
        self._count_places(*_flat(self._split_texts(batch, what)))

    def _text(self, token: Any) -> str:
        """Returns a token as text; what splits strings may return bytes."""
        token = token.item() if isinstance(token, np.ndarray) else token
        return token.decode(self.encoding) if isinstance(token, bytes) else str(token)

    def _split_texts(self, texts: Any, what: str) -> list[list[str]]:
        """Returns the tokens of each text."""
        array = as_strings(texts, what, self.encoding)
        if self.split is not None and array.ndim > 1:
            if array.shape[-1] != 1 or array.ndim > 2:
                raise ValueError(f"{title(self)} expects texts of shape (batch,) or (batch, 1), got {array.shape}")
            array = array[:, 0]
        array = np.atleast_1d(array)
        if callable(self.standardize):
            array = as_strings(self.standardize(array.astype(np.str_)), f"{title(self)}: the result of standardize")
        texts = [self._standard(text) for text in array.ravel().tolist()]
        if self.split is None:
            width = max(1, array[0].size if len(array) and array.ndim > 1 else 1)
            documents = [texts[i : i + width] for i in range(0, len(texts), width)]
        elif callable(self.split):
            documents = [[self._text(token) for token in tokens] for tokens in self.split(np.asarray(texts, np.str_))]
        else:
            documents = [list(text) if self.split == "character" else _WORD.findall(text) for text in texts]
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

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the output.

        Args:
            input_shape: Shape of the input, with the batch.

        Returns:
            A tuple that begins with the size of the batch.
        """
        length = self.output_sequence_length if self.output_mode == "int" else self._depth()
        return (input_shape[0], length)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the indices of the tokens of texts, or vectors of them.

        Args:
            inputs: Texts of shape (batch,) or (batch, 1), or one text.
            *args: Further arguments of `Layer.__call__`.
            **kwargs: Further arguments of `Layer.__call__`.

        Returns:
            An int64 array, float32 with output_mode="tf_idf".

        Raises:
            TypeError: The inputs are not strings, or symbolic.
            ValueError: The layer has no vocabulary yet.
        """
        if is_symbolic(inputs):
            return super().__call__(inputs, *args, **kwargs)
        documents = self._split_texts(inputs, f"{title(self)}: the input")
        tokens, places, sizes = _flat(documents)
        numbers = self._places(tokens)
        longest = max(sizes.tolist(), default=0)
        length = self.output_sequence_length if self.output_sequence_length is not None else longest
        # Texts are padded with 0, the mask, or with -1, which vectors leave out.
        rows = np.full((len(sizes), max(length, longest)), 0 if self.output_mode == "int" else -1, np.int64)
        rows[np.arange(rows.shape[1]) < sizes[:, None]] = numbers[places]
        result = self._vectors(rows[:, :length])
        return result[0] if isinstance(inputs, (str, bytes)) else result


def _flat(documents: list[list[str]]) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Returns the distinct tokens, the position of each token among them, and the number of tokens of each document."""
    sizes = np.fromiter((len(tokens) for tokens in documents), np.int64, len(documents))
    known: dict[str, int] = {}
    places = np.fromiter((known.setdefault(t, len(known)) for tokens in documents for t in tokens), np.int64)
    return list(known), places, sizes
