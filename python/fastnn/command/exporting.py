"""`python -m fastnn export`: a model file as ONNX or C."""

from __future__ import annotations

import argparse
from pathlib import Path

from fastnn import models


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `export`."""
    parser.add_argument("model", type=Path, help="a file: .keras or .h5")
    parser.add_argument("output", type=Path, help="the file to write: .onnx or .c")


def run(arguments: argparse.Namespace) -> None:
    """Writes the file.

    Raises:
        ValueError: The ending is unknown, or a layer cannot be expressed in the format.
        OSError: A file cannot be read or written.
        ImportError: ONNX needs the package of this name.
    """
    if arguments.output.suffix not in (".onnx", ".c"):
        raise ValueError(f"export expects a file that ends in .onnx or .c, got {arguments.output}")
    models.load_model(arguments.model).export(arguments.output, format=arguments.output.suffix[1:])
    print(f"written: {arguments.output}, {arguments.output.stat().st_size:,} bytes")
