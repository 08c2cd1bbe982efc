"""`tf.data`: the datasets of fastnn, their constants, and the older functions of `tf.data.experimental`."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any

from fastnn.data import AUTOTUNE, Dataset, DatasetSpec
from fastnn.data import INFINITE as INFINITE_CARDINALITY
from fastnn.data import UNKNOWN as UNKNOWN_CARDINALITY
from fastnn.data.elements import as_element
from fastnn.data.iteration import Options
from fastnn.stand_in.files import text

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "Dataset",
    "DatasetSpec",
    "Options",
    "TextLineDataset",
    "experimental",
]  # fmt: skip


def TextLineDataset(
    filenames: Any, compression_type: Any = None, buffer_size: Any = None, num_parallel_reads: Any = None,
    name: str | None = None,
) -> Dataset:  # fmt: skip
    """Returns a dataset of the lines of text files, without their ends.

    Args:
        filenames: Path, list of paths or dataset of paths.
        compression_type: None, "" or "GZIP".
        buffer_size: Accepted for TensorFlow compatibility; ignored.
        num_parallel_reads: Accepted for TensorFlow compatibility; ignored.
        name: Ignored.
    """
    if compression_type not in (None, "", "GZIP"):
        raise ValueError(f"TextLineDataset expects compression_type None or 'GZIP', got {compression_type!r}")

    def lines() -> Iterator[Any]:
        import gzip

        paths = filenames if isinstance(filenames, (list, tuple, Dataset)) else [filenames]
        for path in paths:
            with (gzip.open if compression_type else open)(text(path), "rb") as file:
                for line in file:
                    yield as_element(line.rstrip(b"\r\n"))

    return Dataset(lines, UNKNOWN_CARDINALITY)


def _cardinality(dataset: Dataset) -> Any:
    return dataset.cardinality()


def _assert_cardinality(expected: int) -> Callable[[Dataset], Dataset]:
    def apply(dataset: Dataset) -> Dataset:
        def items() -> Iterator[Any]:
            count = 0
            for one in dataset:
                count += 1
                yield one
            if count != expected:
                raise ValueError(f"assert_cardinality expects {expected} elements, the dataset has {count}")

        return Dataset(items, int(expected), lambda: dataset.element_spec, None, dataset.__fastnn_passes__())

    return apply


experimental = types.SimpleNamespace(
    AUTOTUNE=AUTOTUNE,
    INFINITE_CARDINALITY=INFINITE_CARDINALITY,
    UNKNOWN_CARDINALITY=UNKNOWN_CARDINALITY,
    assert_cardinality=_assert_cardinality,
    cardinality=_cardinality,
    get_single_element=lambda dataset: dataset.get_single_element(),
)
"""Names of `tf.data.experimental`."""
