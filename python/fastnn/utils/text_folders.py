"""Datasets of the texts of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastnn.data import AUTOTUNE, Dataset
from fastnn.utils.folder_index import Folder, check_format, shuffled_and_mapped


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Returns a dataset of the text files (.txt) of a folder, with one subfolder for each class.

    Args:
        directory: Path of the folder.
        labels: "inferred": the subfolder of a file is its class; None: no labels, and files in all depths; or a list of
            one integer for each file, in the order of the sorted paths.
        label_mode: "int": labels are integers, int32; "categorical": rows of one-hot vectors, float32; "binary": 0.0 or
            1.0 of shape `(batch, 1)`; None: no labels.
        class_names: Names of the subfolders that are read, in the order of their labels; None: all, sorted.
        batch_size: Texts of a batch; None: single texts.
        max_length: Number of characters after which a text is cut; None: none is.
        shuffle: Puts files in random order, a new one in each pass; else they are sorted by path.
        seed: Seed of the order.
        validation_split: Share of the files that is kept for validation.
        subset: "training" or "validation": that part of a split; "both": a list of the two datasets.
        follow_links: Follows symbolic links to folders.
        format: Accepted for Keras compatibility: "tf" and "grain" return the same dataset.
        verbose: Prints the numbers of files and classes.

    Returns:
        A `fastnn.data.Dataset` of texts as bytes in UTF-8, which `layers.TextVectorization` takes, or of pairs
        (texts, labels), with the attributes `class_names` and `file_paths`; with subset "both" a list of two.

    Raises:
        ValueError: An argument is out of its range, or there are no texts.

    Example:
        >>> from pathlib import Path
        >>> for name, text in (("bad", "dull"), ("good", "a joy")):
        ...     Path(f"reviews/{name}").mkdir(parents=True)
        ...     _ = Path(f"reviews/{name}/1.txt").write_text(text)
        >>> reviews = fastnn.utils.text_dataset_from_directory("reviews", shuffle=False)
        Found 2 files belonging to 2 classes.
        >>> [(texts.tolist(), labels.tolist()) for texts, labels in reviews]
        [([b'dull', b'a joy'], [0, 1])]
    """
    who = "text_dataset_from_directory"
    check_format(who, format)

    def load(path: str) -> bytes:
        content = Path(path).read_bytes()
        return content if max_length is None else content.decode(errors="replace")[:max_length].encode()

    def build(rows: Dataset, in_random_order: bool) -> Dataset:
        texts = shuffled_and_mapped(rows, load, in_random_order, batch_size, seed)
        return (texts if batch_size is None else texts.batch(batch_size)).prefetch(AUTOTUNE)

    return Folder(
        who, "text", directory, (".txt",), labels, label_mode, class_names, shuffle, seed, validation_split, subset,
        follow_links, verbose,
    ).datasets(build)  # fmt: skip
