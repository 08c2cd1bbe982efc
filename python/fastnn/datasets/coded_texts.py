"""Texts as lists of ranks of their words, and what `load_data` of such data sets makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Texts = list[list[int]]


class Coding(NamedTuple):
    """Arguments of `load_data` that say how words become numbers."""

    num_words: int | None
    skip_top: int
    start_char: int | None
    oov_char: int | None
    index_from: int

    def begin(self, texts: Iterable[Iterable[int]]) -> Texts:
        """Returns texts whose words are counted from `index_from`, after the mark of the start."""
        first = [] if self.start_char is None else [self.start_char]
        return [first + [int(word) + self.index_from for word in text] for text in texts]

    def limit(self, texts: Texts) -> Texts:
        """Returns texts without the words that are too rare or too common: they are replaced or left out."""
        most = self.num_words or max((max(text) for text in texts if text), default=0)
        kept = range(self.skip_top, most)
        if self.oov_char is None:
            return [[word for word in text if word in kept] for text in texts]
        return [[word if word in kept else self.oov_char for word in text] for text in texts]


def shuffled(random: np.random.RandomState, *arrays: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Returns arrays whose rows are in one random order."""
    order = np.arange(len(arrays[0]))
    random.shuffle(order)
    return tuple(array[order] for array in arrays)


def shorter(maxlen: int | None, texts: Texts, labels: NDArray[Any]) -> tuple[Texts, NDArray[Any]]:
    """Returns the texts that are shorter than `maxlen`, and their labels; all of them for None."""
    if not maxlen:
        return texts, labels
    kept = [i for i, text in enumerate(texts) if len(text) < maxlen]
    if not kept:
        raise ValueError(f"load_data finds no text shorter than maxlen={maxlen}; give a larger number")
    return [texts[i] for i in kept], labels[kept]


def as_array(texts: Texts) -> NDArray[Any]:
    """Returns a one-dimensional array of lists."""
    made = np.empty(len(texts), object)
    made[:] = texts
    return made
