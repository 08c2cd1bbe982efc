"""Reuters: 11,228 news of 46 topics.

Lewis, "Reuters-21578 text categorization test collection" (1997). Each word is its rank by frequency.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.datasets.coded_texts import Coding, as_array, shorter, shuffled
from fastnn.datasets.sources import ORIGIN, provide, read_arrays, read_words

__all__ = ["get_label_names", "get_word_index", "load_data"]

_HASH = "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"
_TOPICS = (
    "cocoa", "grain", "veg-oil", "earn", "acq", "wheat", "copper", "housing", "money-supply", "coffee", "sugar",
    "trade", "reserves", "ship", "cotton", "carcass", "crude", "nat-gas", "cpi", "money-fx", "interest", "gnp",
    "meal-feed", "alum", "oilseed", "gold", "tin", "strategic-metal", "livestock", "retail", "ipi", "iron-steel",
    "rubber", "heat", "jobs", "lei", "bop", "zinc", "orange", "pet-chem", "dlr", "gas", "silver", "wpi", "hog",
    "lead",
)  # fmt: skip


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Loads the news of Reuters as lists of numbers.

    The file is sought in the folder that the environment variable `FASTNN_DATA` names and in Keras' cache, and is else
    downloaded.

    Args:
        path: The name of the file, or the path of one that exists.
        num_words: Numbers from this one on, of rare words, become `oov_char`; None: all words are kept.
        skip_top: Numbers below this one, of the most common words, become `oov_char`.
        maxlen: News of this many words or more are left out; None: none.
        test_split: The share for testing.
        seed: Seed of the order of the news.
        start_char: Number before each text; None: there is none.
        oov_char: Number for words that are not kept; None: they are left out.
        index_from: Added to the rank of each word.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: arrays of lists of numbers, and labels from 0 to 45.

    Raises:
        ValueError: No text is shorter than `maxlen`.
        OSError: The file cannot be downloaded; the message says where to put it.

    Example:
        >>> np.savez("small.npz", x=np.array([[4, 1], [7]], object), y=[3, 5])
        >>> (x_train, y_train), (x_test, y_test) = fastnn.datasets.reuters.load_data("./small.npz", test_split=0.5)
        >>> sorted([*x_train.tolist(), *x_test.tolist()])
        [[1, 2], [1, 7, 4]]
    """
    found = read_arrays(provide(path, f"{ORIGIN}reuters.npz", _HASH))
    coding = Coding(num_words, skip_top, start_char, oov_char, index_from)
    shuffled_texts, shuffled_labels = shuffled(np.random.RandomState(seed), found["x"], found["y"])
    texts, labels = shorter(maxlen, coding.begin(shuffled_texts), shuffled_labels)
    made = as_array(coding.limit(texts))
    rows = int(len(made) * (1 - test_split))
    return (made[:rows], labels[:rows]), (made[rows:], labels[rows:])


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """Returns the rank of each word, from 1.

    In what `load_data` returns `index_from` is added to it.

    Args:
        path: The name of the file, or the path of one that exists.

    Raises:
        OSError: The file cannot be downloaded; the message says where to put it.

    Example:
        >>> import pathlib
        >>> _ = pathlib.Path("small.json").write_text('{"the": 1, "film": 2}')
        >>> fastnn.datasets.reuters.get_word_index("./small.json")
        {'the': 1, 'film': 2}
    """
    return read_words(path, f"{ORIGIN}reuters_word_index.json", "4d44cc38712099c9e383dc6e5f11a921")


def get_label_names() -> tuple[str, ...]:
    """Returns the names of the topics, in the order of the labels.

    Example:
        >>> fastnn.datasets.reuters.get_label_names()[3]
        'earn'
    """
    return _TOPICS


def __dir__() -> list[str]:
    return __all__
