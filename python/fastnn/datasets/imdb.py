"""IMDB: film reviews and whether they praise or blame, 25,000 for training and 25,000 for testing.

Maas et al., "Learning Word Vectors for Sentiment Analysis" (2011). Each word is its rank by frequency.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.datasets.coded_texts import Coding, as_array, shorter, shuffled
from fastnn.datasets.sources import ORIGIN, provide, read_arrays, read_words

__all__ = ["get_word_index", "load_data"]

_HASH = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Loads the film reviews of IMDB as lists of numbers.

    The file is sought in the folder that the environment variable `FASTNN_DATA` names and in Keras' cache, and is else
    downloaded.

    Args:
        path: The name of the file, or the path of one that exists.
        num_words: Numbers from this one on, of rare words, become `oov_char`; None: all words are kept.
        skip_top: Numbers below this one, of the most common words, become `oov_char`.
        maxlen: Reviews of this many words or more are left out; None: none.
        seed: Seed of the order of the reviews.
        start_char: Number before each review; None: there is none.
        oov_char: Number for words that are not kept; None: they are left out.
        index_from: Added to the rank of each word.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: arrays of lists of numbers, and labels, 0 (blames) or 1 (praises).

    Raises:
        ValueError: No review is shorter than `maxlen`.
        OSError: The file cannot be downloaded; the message says where to put it.

    Example:
        >>> texts = np.array([[4, 1], [7]], object)
        >>> np.savez("small.npz", x_train=texts, y_train=[0, 1], x_test=texts, y_test=[0, 1])
        >>> (x_train, y_train), _ = fastnn.datasets.imdb.load_data("./small.npz", num_words=10)
        >>> x_train.tolist(), y_train.tolist()
        ([[1, 7, 4], [1, 2]], [0, 1])
    """
    found = read_arrays(provide(path, f"{ORIGIN}imdb.npz", _HASH))
    coding = Coding(num_words, skip_top, start_char, oov_char, index_from)
    random = np.random.RandomState(seed)
    parts = []
    for part in ("train", "test"):
        x, y = shuffled(random, found[f"x_{part}"], found[f"y_{part}"])
        parts.append(shorter(maxlen, coding.begin(x), y))
    (first, y_train), (last, y_test) = parts
    texts = coding.limit(first + last)
    return (as_array(texts[: len(first)]), y_train), (as_array(texts[len(first) :]), y_test)


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """Returns the rank of each word, from 1.

    In what `load_data` returns `index_from` is added to it.

    Args:
        path: The name of the file, or the path of one that exists.

    Raises:
        OSError: The file cannot be downloaded; the message says where to put it.

    Example:
        >>> import pathlib
        >>> _ = pathlib.Path("small.json").write_text('{"the": 1, "film": 2}')
        >>> fastnn.datasets.imdb.get_word_index("./small.json")
        {'the': 1, 'film': 2}
    """
    return read_words(path, f"{ORIGIN}imdb_word_index.json", "bfafd718b763782e994055a2d397834f")


def __dir__() -> list[str]:
    return __all__
