"""Columns of a CSV file as numbers: what `train` learns of them, keeps beside the model, and `predict` uses again.

A column of numbers stays one, and what is missing becomes its mean. A column of words becomes a column for each word
that the training data had, one-hot; other words are zeros in all of them. The file beside `model.keras` is
`model.columns.json`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = dict[str, str]

_MISSING = {"", "na", "nan", "null", "none", "?"}
_MOST_WORDS = 200
_MOST_CLASSES_OF_NUMBERS = 20


def read_rows(path: Path) -> list[Row]:
    """Returns the rows of a CSV file whose first line names the columns.

    Args:
        path: The file.

    Raises:
        ValueError: It has no rows, or a row is of another length than the first line.
        OSError: It cannot be read.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        try:
            sample = file.read()
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is no CSV file in UTF-8: {error}") from None
        file.seek(0)
        separator = max(",;\t|", key=sample.partition("\n")[0].count)
        reader = csv.DictReader(file, delimiter=separator)
        rows = []
        for row in reader:
            if None in row or None in row.values():
                raise ValueError(
                    f"{path}, line {reader.line_num}: expected {len(reader.fieldnames or ())} values, as the first "
                    f"line has names, got {'more' if None in row else 'fewer'}; put values that contain "
                    f"{separator!r} in quotes"
                )
            rows.append({name: value.strip() for name, value in row.items()})
    if not rows:
        raise ValueError(f"{path} has no rows below its first line, which names the columns")
    return rows


def _is_missing(value: str) -> bool:
    return value.lower() in _MISSING


def _number(value: str) -> float | None:
    try:
        found = float(value)
    except ValueError:
        return None
    return found if np.isfinite(found) else None


def _values(rows: Sequence[Row], name: str) -> list[str]:
    return [row[name] for row in rows if not _is_missing(row[name])]


@dataclass
class Columns:
    """The columns of a table as `train` has seen them.

    Attributes:
        target: The name of the target.
        classes: The classes of the target, in the order of the outputs; None where it is a number.
        numbers: The mean of each column of numbers.
        words: The words of each column of words, in order.
    """

    target: str
    classes: list[str] | None
    numbers: dict[str, float]
    words: dict[str, list[str]]

    @classmethod
    def of(cls, rows: Sequence[Row], target: str, task: str | None, ignored: Sequence[str] = ()) -> Columns:
        """Returns the columns of training data.

        Args:
            rows: The rows.
            target: The name of the target.
            task: "classify", "regress", or None to choose by the values of the target.
            ignored: Names of columns that are left out.

        Raises:
            ValueError: A name is unknown, the target does not suit the task, or no column is left.
        """
        for name in (target, *ignored):
            if name not in rows[0]:
                raise ValueError(f"there is no column {name!r}; the columns are {', '.join(map(repr, rows[0]))}")
        numbers, words = {}, {}
        for name in rows[0]:
            values = _values(rows, name)
            if name == target or name in ignored or not values:
                continue
            parsed = [found for value in values if (found := _number(value)) is not None]
            if len(parsed) == len(values):
                numbers[name] = float(np.mean(parsed))
            elif len(set(values)) <= _MOST_WORDS:
                words[name] = sorted(set(values))
            else:
                raise ValueError(
                    f"column {name!r} has {len(set(values))} different words, such as {values[0]!r}; at most "
                    f"{_MOST_WORDS} are made into inputs: leave it out with --ignore {name!r}"
                )
        if not numbers and not words:
            raise ValueError("no column is left to predict from")
        return cls(target, cls._classes(rows, target, task), numbers, words)

    @staticmethod
    def _classes(rows: Sequence[Row], target: str, task: str | None) -> list[str] | None:
        values = _values(rows, target)
        if len(values) < len(rows):
            raise ValueError(f"the target {target!r} is missing in {len(rows) - len(values)} rows; remove them")
        parsed = [_number(value) for value in values]
        words = any(value is None for value in parsed)
        few = len(set(values)) <= _MOST_CLASSES_OF_NUMBERS and all(v is not None and v == int(v) for v in parsed)
        if task == "regress" or (task is None and not words and not few):
            if words:
                wrong = values[parsed.index(None)]
                raise ValueError(f"--task regress expects numbers as the target {target!r}, got {wrong!r}")
            return None
        classes = sorted(set(values), key=(lambda v: (0, v)) if words else (lambda v: (float(v), v)))
        if len(classes) < 2:
            raise ValueError(f"the target {target!r} is {classes[0]!r} in all rows: there is nothing to learn")
        return classes

    @property
    def width(self) -> int:
        """The number of inputs of a model of these columns."""
        return len(self.numbers) + sum(map(len, self.words.values()))

    def inputs(self, rows: Sequence[Row]) -> NDArray[np.float32]:
        """Returns rows as the inputs of a model, (rows, width).

        Args:
            rows: The rows.

        Raises:
            ValueError: A column is missing, or a value is no number.
        """
        lacking = [name for name in (*self.numbers, *self.words) if name not in rows[0]]
        if lacking:
            raise ValueError(f"the data have no column {lacking[0]!r}, which the model was trained on")
        found = np.zeros((len(rows), self.width), dtype="float32")
        place = 0
        for name, mean in self.numbers.items():
            for i, row in enumerate(rows):
                value = mean if _is_missing(row[name]) else _number(row[name])
                if value is None:
                    raise ValueError(f"column {name!r} expects numbers, got {row[name]!r} in row {i}, counted from 0")
                found[i, place] = value
            place += 1
        for name, words in self.words.items():
            at = {word: place + k for k, word in enumerate(words)}
            for i, row in enumerate(rows):
                if row[name] in at:
                    found[i, at[row[name]]] = 1
            place += len(words)
        return found

    def targets(self, rows: Sequence[Row]) -> NDArray[Any]:
        """Returns the targets of rows: numbers of classes, or float32 numbers of shape (rows, 1).

        Args:
            rows: The rows.

        Raises:
            ValueError: A class is unknown.
        """
        values = [row[self.target] for row in rows]
        if self.classes is None:
            return np.array(values, dtype="float32")[:, None]
        unknown = set(values) - set(self.classes)
        if unknown:
            raise ValueError(f"the target {self.target!r} has a class that training did not see: {min(unknown)!r}")
        return np.array([self.classes.index(value) for value in values], dtype="int32")


@dataclass
class Images:
    """A folder of images as `train` has seen it.

    Attributes:
        classes: The classes, in the order of the outputs: the names of the subfolders.
        size: The height and width to which images are brought.
    """

    classes: list[str]
    size: tuple[int, int]


def description_file(model: Path) -> Path:
    """Returns the file beside a model that describes its inputs.

    Args:
        model: The file of the model.
    """
    return model.with_suffix(".columns.json")


def save(what: Columns | Images, model: Path) -> None:
    """Writes the description of the inputs beside a model.

    Args:
        what: The description.
        model: The file of the model.
    """
    kind = "table" if isinstance(what, Columns) else "images"
    text = json.dumps({"kind": kind, **asdict(what)}, indent=1, ensure_ascii=False)
    description_file(model).write_text(text, encoding="utf-8")


def load(model: Path) -> Columns | Images:
    """Returns the description of the inputs that stands beside a model.

    Args:
        model: The file of the model.

    Raises:
        ValueError: There is none, or it is none that `save` has written.
    """
    file = description_file(model)
    if not file.exists():
        raise ValueError(
            f"{file} is missing, which train writes beside a model and which says what its inputs are; "
            "models that were not made by train are used in Python: fastnn.models.load_model"
        )
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        kind = found.pop("kind")
        if kind == "table":
            return Columns(**found)
        return Images(found["classes"], (int(found["size"][0]), int(found["size"][1])))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{file} does not describe inputs as train writes it: {error}") from error
