"""`python -m fastnn predict`: what a model that `train` has saved makes of new rows or images, as CSV."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np

from fastnn import models, utils
from fastnn.command import columns, options
from fastnn.command.columns import Columns, Images

_IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".gif"}
_AT_ONCE = 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `predict`."""
    parser.add_argument("model", type=Path, help="the file that train has written")
    parser.add_argument("data", type=Path, nargs="+", help="a CSV file; or images, or folders of them")
    parser.add_argument("-o", "--output", type=Path, help="the CSV file to write (default: standard output)")


def run(arguments: argparse.Namespace) -> None:
    """Writes the predictions.

    Raises:
        ValueError: The data do not fit the model.
        OSError: A file cannot be read or written.
    """
    options.require_existing(arguments.model, *arguments.data)
    inputs = columns.load(arguments.model)
    model = models.load_model(arguments.model)
    if isinstance(inputs, Columns):
        rows = _table(model, inputs, arguments.data)
    else:
        rows = _images(model, inputs, arguments.data)
    if arguments.output is None:
        _write(rows, sys.stdout)
        return
    with arguments.output.open("w", newline="", encoding="utf-8") as file:
        _write(rows, file)
    print(f"{len(rows)} predictions written to {arguments.output}")


def _write(rows: list[dict[str, Any]], file: Any) -> None:
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _answers(outputs: Any, classes: list[str] | None) -> list[dict[str, Any]]:
    if classes is None:
        return [{"prediction": f"{value:.7g}"} for value in outputs[:, 0]]
    best = outputs.argmax(axis=1)
    return [
        {"prediction": classes[k], "probability": f"{p:.4f}"} for k, p in zip(best, outputs.max(axis=1), strict=True)
    ]


def _table(model: Any, inputs: Columns, data: list[Path]) -> list[dict[str, Any]]:
    if len(data) > 1:
        raise ValueError(f"predict expects one CSV file for this model, got {len(data)} files")
    rows = columns.read_rows(data[0])
    answers = _answers(np.asarray(model.predict(inputs.inputs(rows), verbose=0)), inputs.classes)
    return [{**row, **answer} for row, answer in zip(rows, answers, strict=True)]


def _images(model: Any, inputs: Images, data: list[Path]) -> list[dict[str, Any]]:
    files = []
    for path in data:
        files += sorted(p for p in path.rglob("*") if p.suffix.lower() in _IMAGES) if path.is_dir() else [path]
    if not files:
        raise ValueError(f"{data[0]} holds no images ({', '.join(sorted(_IMAGES))})")
    rows = []
    for begin in range(0, len(files), _AT_ONCE):
        part = files[begin : begin + _AT_ONCE]
        images = [utils.img_to_array(utils.load_img(file, target_size=inputs.size)) for file in part]
        answers = _answers(np.asarray(model.predict(np.stack(images), verbose=0)), inputs.classes)
        rows += [{"file": str(file), **answer} for file, answer in zip(part, answers, strict=True)]
    return rows
