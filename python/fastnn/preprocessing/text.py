"""Texts as lists of word indices, by the `Tokenizer` of Keras 2.

New code does better with `layers.TextVectorization`.
"""

from __future__ import annotations

import collections
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.caller import warn

__all__ = ["Tokenizer", "hashing_trick", "one_hot", "text_to_word_sequence", "tokenizer_from_json"]

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def text_to_word_sequence(input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """Returns the words of a text.

    Args:
        input_text: The text.
        filters: Characters that separate words, besides `split`.
        lower: Converts the text to lower case.
        split: Separator of words.

    Example:
        >>> fastnn.preprocessing.text.text_to_word_sequence("The cat, the hat!")
        ['the', 'cat', 'the', 'hat']
    """
    text = input_text.lower() if lower else input_text
    return [word for word in text.translate({ord(letter): split for letter in filters}).split(split) if word]


def one_hot(
    input_text: str,
    n: int,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], Sequence[str]] | None = None,
) -> list[int]:
    """Returns an integer below `n` for each word, by Python's `hash`, which differs from process to process.

    Args:
        input_text: The text.
        n: Bound of the integers, which begin with 1.
        filters: Characters that separate words.
        lower: Converts the text to lower case.
        split: Separator of words.
        analyzer: Function that returns the words of a text, in place of the arguments before.

    Example:
        >>> [0 < number < 10 for number in fastnn.preprocessing.text.one_hot("a cat", 10)]
        [True, True]
    """
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


def hashing_trick(
    text: str,
    n: int,
    hash_function: Any = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], Sequence[str]] | None = None,
) -> list[int]:
    """Returns an integer below `n` for each word, by a hash function; two words may share one.

    Args:
        text: The text.
        n: Bound of the integers, which begin with 1.
        hash_function: Function from words to integers, or "md5", which is the same in each process; None: Python's.
        filters: Characters that separate words.
        lower: Converts the text to lower case.
        split: Separator of words.
        analyzer: Function that returns the words of a text, in place of the arguments before.

    Example:
        >>> fastnn.preprocessing.text.hashing_trick("the cat the hat", 100, "md5")
        [51, 3, 51, 24]
    """

    def md5(word: str) -> int:
        return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)

    function = hash if hash_function is None else md5 if hash_function == "md5" else hash_function
    words = text_to_word_sequence(text, filters, lower, split) if analyzer is None else analyzer(text)
    return [function(word) % (n - 1) + 1 for word in words]


class Tokenizer:
    """Vocabulary of texts, by which texts become lists of integers or rows of a matrix.

    Words are numbered from 1, the most frequent first. Attributes: `word_index` and `index_word` are the numbers of
    words and the words of numbers, `word_counts` how often each occurs, `word_docs` and `index_docs` in how many texts,
    `document_count` the number of texts.

    Args:
        num_words: Bound of the numbers: `num_words - 1` words are kept; None: all.
        filters: Characters that separate words.
        lower: Converts texts to lower case.
        split: Separator of words.
        char_level: Takes characters for words.
        oov_token: Word that stands for those that are not in the vocabulary, with number 1; None: they are left out.
        analyzer: Function that returns the words of a text, in place of splitting.
        **kwargs: `document_count`, as files have it.

    Raises:
        TypeError: An argument is unknown.

    Example:
        >>> tokenizer = fastnn.preprocessing.text.Tokenizer()
        >>> tokenizer.fit_on_texts(["the cat", "the hat"])
        >>> tokenizer.texts_to_sequences(["the hat"]), tokenizer.word_index
        ([[1, 3]], {'the': 1, 'cat': 2, 'hat': 3})
    """

    def __init__(
        self, num_words: int | None = None, filters: str = FILTERS, lower: bool = True, split: str = " ",
        char_level: bool = False, oov_token: str | None = None,
        analyzer: Callable[[str], Sequence[str]] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        if "nb_words" in kwargs:
            warn("Tokenizer: nb_words is called num_words")
            num_words = kwargs.pop("nb_words")
        self.document_count: int = kwargs.pop("document_count", 0)
        for name in kwargs:
            raise TypeError(f"Tokenizer has no argument {name!r}")
        self.num_words = num_words
        self.filters = filters
        self.lower = lower
        self.split = split
        self.char_level = char_level
        self.oov_token = oov_token
        self.analyzer = analyzer
        self.word_counts: dict[str, int] = collections.OrderedDict()
        self.word_docs: dict[str, int] = collections.defaultdict(int)
        self.index_docs: dict[int, int] = collections.defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def _words(self, text: Any) -> Sequence[str]:
        if self.char_level or isinstance(text, list):
            if not self.lower:
                return text  # type: ignore[no-any-return]
            return [one.lower() for one in text] if isinstance(text, list) else str(text).lower()
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Adds texts to the vocabulary.

        Args:
            texts: Strings, or lists of words.
        """
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        ordered = sorted(self.word_counts, key=lambda word: -self.word_counts[word])
        known = ([] if self.oov_token is None else [self.oov_token]) + ordered
        # A token that is a word of the texts too has its later number, as in Keras.
        self.word_index = {word: number for number, word in enumerate(known, 1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Sequence[Iterable[int]]) -> None:
        """Counts in how many lists each number occurs, which the mode "tfidf" needs.

        Args:
            sequences: Lists of numbers.
        """
        self.document_count += len(sequences)
        for sequence in sequences:
            for number in set(sequence):
                self.index_docs[number] += 1

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """Returns the numbers of the words of each text.

        Args:
            texts: Strings, or lists of words.

        Example:
            >>> tokenizer = fastnn.preprocessing.text.Tokenizer()
            >>> tokenizer.fit_on_texts(["the cat", "the dog"])
            >>> tokenizer.texts_to_sequences(["the dog"])
            [[1, 3]]
        """
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """Yields the numbers of the words of each text.

        Args:
            texts: Strings, or lists of words.
        """
        unknown = None if self.oov_token is None else self.word_index.get(self.oov_token)
        for text in texts:
            numbers = [self.word_index.get(word) for word in self._words(text)]
            numbers = [unknown if n is None or (self.num_words and n >= self.num_words) else n for n in numbers]
            yield [n for n in numbers if n is not None]

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """Returns texts of the words with given numbers.

        Args:
            sequences: Lists of numbers.
        """
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """Yields texts of the words with given numbers.

        Args:
            sequences: Lists of numbers.
        """
        for sequence in sequences:
            words = [
                self.oov_token if self.num_words and n >= self.num_words else self.index_word.get(n, self.oov_token)
                for n in sequence
            ]
            yield " ".join(word for word in words if word is not None)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> NDArray[np.float64]:
        """Returns one row for each text, one column for each word.

        Args:
            texts: Strings, or lists of words.
            mode: "binary", "count", "freq" or "tfidf".

        Example:
            >>> tokenizer = fastnn.preprocessing.text.Tokenizer()
            >>> tokenizer.fit_on_texts(["the cat", "the dog"])
            >>> tokenizer.texts_to_matrix(["the cat the"], mode="count")
            array([[0., 2., 1., 0.]])
        """
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: Sequence[Sequence[int]], mode: str = "binary") -> NDArray[np.float64]:
        """Returns one row for each list, one column for each number.

        Args:
            sequences: Lists of numbers.
            mode: "binary": 1 where a word occurs; "count": how often it does; "freq": that divided by the length;
                "tfidf": `(1 + log(count)) * log(1 + documents / (1 + documents with the word))`.

        Raises:
            ValueError: `mode` is unknown, or the vocabulary is empty.
        """
        if mode not in ("binary", "count", "freq", "tfidf"):
            raise ValueError(f"Tokenizer expects mode binary, count, freq or tfidf, got {mode!r}")
        if not self.num_words and not self.word_index:
            raise ValueError("Tokenizer has no words: give it num_words, or call fit_on_texts first")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Tokenizer has no texts: call fit_on_texts before mode='tfidf'")
        columns = self.num_words or len(self.word_index) + 1
        made = np.zeros((len(sequences), columns))
        for row, sequence in zip(made, sequences, strict=True):
            for number, count in collections.Counter(n for n in sequence if n < columns).items():
                if mode == "binary":
                    row[number] = 1
                elif mode == "tfidf":
                    rarity = self.document_count / (1 + self.index_docs.get(number, 0))
                    row[number] = (1 + np.log(count)) * np.log(1 + rarity)
                else:
                    row[number] = count if mode == "count" else count / len(sequence)
        return made

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments and the vocabulary, the tables as JSON."""
        plain = ("num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count")
        tables = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
        held = {name: getattr(self, name) for name in plain}
        return {**held, **{name: json.dumps(getattr(self, name)) for name in tables}}

    def to_json(self, **kwargs: Any) -> str:
        """Returns the tokenizer in JSON, which `tokenizer_from_json` reads.

        Args:
            **kwargs: Arguments of `json.dumps`.
        """
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """Returns the tokenizer that `Tokenizer.to_json` has written.

    Args:
        json_string: Its JSON.

    Example:
        >>> tokenizer = fastnn.preprocessing.text.Tokenizer(oov_token="?")
        >>> tokenizer.fit_on_texts(["a cat"])
        >>> fastnn.preprocessing.text.tokenizer_from_json(tokenizer.to_json()).word_index
        {'?': 1, 'a': 2, 'cat': 3}
    """
    config = dict(json.loads(json_string)["config"])
    tables = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
    held = {name: json.loads(config.pop(name)) for name in tables}
    tokenizer = Tokenizer(**config)
    tokenizer.word_counts = collections.OrderedDict(held["word_counts"])
    tokenizer.word_docs = collections.defaultdict(int, held["word_docs"])
    tokenizer.index_docs = collections.defaultdict(int, {int(key): one for key, one in held["index_docs"].items()})
    tokenizer.word_index = held["word_index"]
    tokenizer.index_word = {int(key): one for key, one in held["index_word"].items()}
    return tokenizer


def __dir__() -> list[str]:
    return __all__
