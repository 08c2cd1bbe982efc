"""Sequences: padding, batches of windows, and pairs of words for skip-gram models."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.data.py_dataset import PyDataset
from fastnn.utils.sequences import pad_sequences

__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a time series, each with the target of the step after it.

    New code does better with `fastnn.utils.timeseries_dataset_from_array`.

    Args:
        data: Array or list whose first axis is time.
        targets: Target of each step, as long as `data`.
        length: Number of steps that a window spans.
        sampling_rate: Distance between the steps of a window.
        stride: Distance between two windows.
        start_index: First step that is used.
        end_index: Last step that is used; None: the last one.
        shuffle: Draws windows at random, in place of taking them in order.
        reverse: Reverses the steps of each window.
        batch_size: Windows of a batch.
        **kwargs: Those of `PyDataset`: `workers`, `use_multiprocessing` and `max_queue_size`.

    Raises:
        ValueError: Lengths differ, or no window fits.

    Example:
        >>> windows = fastnn.preprocessing.sequence.TimeseriesGenerator(np.arange(6), np.arange(6), 3, batch_size=2)
        >>> len(windows), windows[0]
        (2, (array([[0, 1, 2], [1, 2, 3]]), array([3, 4])))
    """

    def __init__(
        self, data: Any, targets: Any, length: int, sampling_rate: int = 1, stride: int = 1, start_index: int = 0,
        end_index: int | None = None, shuffle: bool = False, reverse: bool = False, batch_size: int = 128,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        if len(data) != len(targets):
            raise ValueError(
                f"TimeseriesGenerator expects as many targets as data, got {len(targets)} targets and {len(data)} steps"
            )
        super().__init__(**kwargs)
        self.data = data
        self.targets = targets
        self.length = length
        self.sampling_rate = sampling_rate
        self.stride = stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle = shuffle
        self.reverse = reverse
        self.batch_size = batch_size
        if self.start_index > self.end_index:
            raise ValueError(
                f"TimeseriesGenerator: start_index + length = {self.start_index} is after end_index = {self.end_index}"
                ", so that no window fits; give it more data or a smaller length"
            )

    def __len__(self) -> int:
        step = self.batch_size * self.stride
        return (self.end_index - self.start_index + step) // step

    def __getitem__(self, index: int) -> tuple[NDArray[Any], NDArray[Any]]:
        if self.shuffle:
            ends = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            if not 0 <= index < len(self):
                raise IndexError(f"TimeseriesGenerator has {len(self)} batches, got index {index}")
            first = self.start_index + self.batch_size * self.stride * index
            ends = np.arange(first, min(first + self.batch_size * self.stride, self.end_index + 1), self.stride)
        windows = np.array([self.data[end - self.length : end : self.sampling_rate] for end in ends])
        targets = np.array([self.targets[end] for end in ends])
        return (windows[:, ::-1] if self.reverse else windows), targets

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments; data and targets as JSON.

        Raises:
            TypeError: They cannot be written in JSON.
        """
        names = ("length", "sampling_rate", "stride", "start_index", "end_index", "shuffle", "reverse", "batch_size")
        held = {name: json.dumps(np.asarray(getattr(self, name)).tolist()) for name in ("data", "targets")}
        return {**held, **{name: getattr(self, name) for name in names}}

    def to_json(self, **kwargs: Any) -> str:
        """Returns the arguments in JSON.

        Args:
            **kwargs: Arguments of `json.dumps`.
        """
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> NDArray[np.float64]:
    """Returns the probability with which the word of each rank is kept, under Zipf's law (word2vec).

    Args:
        size: Number of words.
        sampling_factor: Frequency above which words are thinned out.

    Example:
        >>> fastnn.preprocessing.sequence.make_sampling_table(3).round(5)
        array([0.00315, 0.00315, 0.00548])
    """
    rank = np.maximum(np.arange(size), 1)
    # The expected inverse frequency, by the expansion of the harmonic numbers.
    inverse = rank * (np.log(rank) + 0.577) + 0.5 - 1.0 / (12.0 * rank)
    return np.minimum(1.0, np.sqrt(sampling_factor * inverse))


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Returns pairs of words: those that stand near each other, and random ones.

    Args:
        sequence: Indices of words; 0 is no word.
        vocabulary_size: Largest index plus one.
        window_size: Distance up to which two words are near each other.
        negative_samples: Number of random pairs for each pair of words that are near each other.
        shuffle: Puts the pairs in random order.
        categorical: Labels are [0, 1] and [1, 0] in place of 1 and 0.
        sampling_table: Probability with which each word is kept.
        seed: Seed of the order; None: Python's `random` draws it.

    Returns:
        `(pairs, labels)`, the label of a random pair is 0.

    Example:
        >>> fastnn.preprocessing.sequence.skipgrams([1, 2], 3, negative_samples=0, shuffle=False)
        ([[1, 2], [2, 1]], [1, 1])
    """
    pairs: list[list[int]] = []
    for i, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        near = range(max(0, i - window_size), min(len(sequence), i + window_size + 1))
        pairs += [[word, sequence[j]] for j in near if j != i and sequence[j]]
    labels: list[Any] = [[0, 1] if categorical else 1 for _ in pairs]
    if negative_samples > 0 and pairs:
        count = int(len(labels) * negative_samples)
        words = [pair[0] for pair in pairs]
        random.shuffle(words)
        pairs += [[words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(count)]
        labels += [[1, 0] if categorical else 0 for _ in range(count)]
    if shuffle:
        seed = random.randint(0, 10**7) if seed is None else seed
        order = list(range(len(pairs)))
        random.Random(seed).shuffle(order)
        pairs, labels = [pairs[i] for i in order], [labels[i] for i in order]
    return pairs, labels


def __dir__() -> list[str]:
    return __all__
