"""Files of a folder and their labels: the arguments that the `*_dataset_from_directory` functions have in common."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastnn.data import Dataset


def existing_folder(directory: Any, who: str) -> str:
    """Returns the path of a folder.

    Args:
        directory: The path.
        who: Name of the function that is called, for errors.

    Raises:
        FileNotFoundError: There is no such path.
        NotADirectoryError: It is no folder.
    """
    path: str = os.fspath(directory)
    if not os.path.isdir(path):
        kind = NotADirectoryError if os.path.exists(path) else FileNotFoundError
        raise kind(f"{who} expects the path of a folder, got {path!r}, which is none")
    return path


@dataclass(frozen=True)
class Folder:
    """Arguments of a function that reads a folder, as Keras has them.

    Attributes:
        who: Name of the function, for errors.
        what: Files of this kind, for errors: "image".
        directory: Path of the folder.
        formats: Suffixes of the files that are read, in lower case.
        labels: "inferred", None, or a list of integers.
        label_mode: "int", "categorical", "binary" or None.
        class_names: Names of the subfolders in their order; None: sorted.
        shuffle: Puts the files in random order.
        seed: Seed of the order.
        validation_split: Share of the files that is kept for validation.
        subset: "training", "validation" or "both".
        follow_links: Follows symbolic links to folders.
        verbose: Prints how many files there are.
    """

    who: str
    what: str
    directory: Any
    formats: tuple[str, ...]
    labels: Any
    label_mode: str | None
    class_names: Sequence[str] | None
    shuffle: bool
    seed: int | None
    validation_split: float | None
    subset: str | None
    follow_links: bool
    verbose: bool

    def check(self) -> Folder:
        """Returns the arguments, without labels where one of the two arguments of labels is None.

        Raises:
            ValueError: An argument is out of its range, or two contradict each other.
        """
        if self.labels not in ("inferred", None):
            if not isinstance(self.labels, (list, tuple)):
                raise ValueError(
                    f"{self.who} expects labels to be 'inferred' (the names of the subfolders), None (no labels), or a "
                    f"list of one integer for each {self.what} file in the order of the sorted paths, got "
                    f"{self.labels!r}"
                )
            if self.class_names:
                raise ValueError(
                    f"{self.who} takes class_names with labels='inferred' only; got labels={self.labels} and "
                    f"class_names={self.class_names}"
                )
        if self.label_mode not in ("int", "categorical", "binary", None):
            raise ValueError(
                f"{self.who} expects label_mode to be 'int', 'categorical', 'binary' or None, got {self.label_mode!r}"
            )
        split, subset = self.validation_split, self.subset
        if split and not 0 < split < 1:
            raise ValueError(f"{self.who} expects validation_split to be between 0 and 1, got {split}")
        if bool(split) != bool(subset):
            raise ValueError(
                f"{self.who} expects validation_split and subset together, got validation_split={split} and "
                f"subset={subset!r}"
            )
        if subset not in ("training", "validation", "both", None):
            raise ValueError(f"{self.who} expects subset to be 'training', 'validation' or 'both', got {subset!r}")
        if split and self.shuffle and self.seed is None:
            raise ValueError(
                f"{self.who} expects a seed where files are shuffled and split, so that training and validation do not "
                "overlap: give both calls the same seed"
            )
        unlabelled = self.labels is None or self.label_mode is None
        return replace(self, labels=None, label_mode=None) if unlabelled else self

    def index(self) -> tuple[list[str], Any, list[str] | None]:
        """Returns the paths of the files, their labels and the names of the classes.

        Raises:
            ValueError: Classes or labels do not fit the folder.
            FileNotFoundError: There is no such path.
            NotADirectoryError: It is no folder.
        """
        directory = existing_folder(self.directory, self.who)
        names: list[str] | None
        if self.labels == "inferred":
            folders = [one.name for one in os.scandir(directory) if one.is_dir() and not one.name.startswith(".")]
            names = sorted(folders)
            if self.class_names is not None:
                if not set(self.class_names) <= set(names):
                    raise ValueError(
                        f"{self.who} expects class_names to be names of the subfolders, {names} or some of them, got "
                        f"class_names={list(self.class_names)}"
                    )
                names = list(self.class_names)
            groups = [_files(os.path.join(directory, name), self.formats, self.follow_links) for name in names]
            paths = [path for group in groups for path in group]
            labels: Any = np.repeat(np.arange(len(groups), dtype=np.int32), [len(group) for group in groups])
        else:
            if self.class_names is not None:
                raise ValueError(
                    f"{self.who} takes class_names with labels='inferred' only; else they are the sorted labels"
                )
            paths = _files(directory, self.formats, self.follow_links)
            labels, names = self.labels, None
            if labels is not None:
                if len(labels) != len(paths):
                    raise ValueError(
                        f"{self.who} expects one label for each file; got {len(labels)} labels, and the folder "
                        f"{directory} has {len(paths)} {self.what} files"
                    )
                names = [str(label) for label in sorted(set(labels))]
                labels = np.asarray(labels)
                labels = labels.astype(np.int32) if labels.dtype == np.int64 else labels
        if self.verbose:
            classes = "" if labels is None or names is None else f" belonging to {len(names)} classes"
            print(f"Found {len(paths)} files{classes}.")
        if self.label_mode == "binary" and len(names or ()) != 2:
            raise ValueError(f"{self.who} expects exactly two classes with label_mode='binary', got {names}")
        if self.shuffle:
            seed = np.random.randint(int(1e6)) if self.seed is None else self.seed
            order = np.arange(len(paths))
            np.random.RandomState(seed).shuffle(order)
            paths = [paths[i] for i in order]
            labels = None if labels is None else labels[order]
        return paths, labels, names

    def datasets(self, build: Callable[[Dataset, bool], Dataset]) -> Any:
        """Returns the dataset of the folder, or those of training and validation as a list.

        Args:
            build: Makes a dataset of batches of one of paths, or of pairs (path, label); the second argument tells
                whether it is to be shuffled.

        Raises:
            ValueError: There is no file.
        """
        checked = self.check()
        paths, labels, names = checked.index()

        def made(part: str | None) -> Dataset:
            here, there = _part(checked, paths, labels, part)
            if not here:
                kind = f"{part} {self.what}" if self.subset == "both" else self.what
                if paths:
                    raise ValueError(
                        f"{self.who}: none of the {len(paths)} {self.what} files in folder {os.fspath(self.directory)} "
                        f"is left for {part} with validation_split={self.validation_split}; give more files, or choose "
                        "another share"
                    )
                raise ValueError(
                    f"{self.who}: no {kind} files found in folder {os.fspath(self.directory)}; it reads files that end "
                    f"in {', '.join(self.formats)}, in one subfolder for each class where labels are inferred"
                )
            rows = here if there is None else (here, _encoded(there, checked.label_mode, len(names or ())))
            found = build(
                Dataset.from_tensor_slices(rows), self.shuffle and not (self.subset == "both" and part == "validation")
            )
            found.class_names = names  # type: ignore[attr-defined]
            found.file_paths = here  # type: ignore[attr-defined]
            return found

        return [made("training"), made("validation")] if self.subset == "both" else made(self.subset)


def _files(directory: str, formats: tuple[str, ...], follow_links: bool) -> list[str]:
    found = []
    for root, _, files in sorted(os.walk(directory, followlinks=follow_links), key=lambda step: step[0]):
        found += [os.path.join(root, name) for name in sorted(files) if name.lower().endswith(formats)]
    return found


def _part(folder: Folder, paths: list[str], labels: Any, part: str | None) -> tuple[list[str], Any]:
    """Returns the files of a subset: the last ones are for validation."""
    if part is None:
        return paths, labels
    kept = int(float(folder.validation_split or 0) * len(paths))
    at = len(paths) - kept
    taken = slice(None, at) if part == "training" else slice(at, None)
    if folder.verbose:
        print(f"Using {len(paths[taken])} files for {part}.")
    return paths[taken], None if labels is None else labels[taken]


def _encoded(labels: Any, mode: str | None, classes: int) -> Any:
    if mode == "binary":
        return labels.astype(np.float32)[:, None]
    if mode == "categorical":
        # A label that is no class has a row of zeros, as one_hot gives it.
        return (labels[:, None] == np.arange(classes)).astype(np.float32)
    return labels


def shuffled_and_mapped(
    rows: Dataset, load: Callable[[str], Any], shuffle: bool, batch_size: int | None, seed: Any
) -> Dataset:
    """Returns a dataset in which each path has become what it holds, read in threads.

    Args:
        rows: Paths, or pairs (path, label).
        load: Reads a file.
        shuffle: Makes a new order in each pass.
        batch_size: Size of the batches that follow, by which the buffer of the order is chosen.
        seed: Seed of the order.
    """
    if shuffle:
        rows = rows.shuffle(1024 if batch_size is None else batch_size * 8, seed)

    def loaded(path: Any, *label: Any) -> Any:
        content = load(path.numpy().decode())
        return (content, *label) if label else content

    return rows.map(loaded, num_parallel_calls=-1)


def check_format(who: str, given: str) -> None:
    """Checks the argument `format`, which chooses between two packages in Keras.

    Raises:
        ValueError: It is neither "tf" nor "grain".
    """
    if given not in ("tf", "grain"):
        raise ValueError(f"{who} expects format to be 'tf' or 'grain', got {given!r}")
