"""`python -m fastnn`: a demonstration, and training, predictions and files of models from the shell.

Each command is a module that has what `Command` says; mistakes are reported here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Protocol

from fastnn.command import benchmark, demonstration, exporting, information, prediction, training


class Command(Protocol):
    """A command, or the demonstration that runs without one."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Adds the arguments of the command to its parser."""

    def run(self, arguments: argparse.Namespace) -> None:
        """Runs the command with a command line that its parser has read.

        Raises:
            ValueError: An argument or the data cannot be used.
            OSError: A file cannot be read or written.
            ImportError: A package is missing that only this command needs.
        """


_COMMANDS: dict[str, tuple[Command, str]] = {
    "train": (training, "train a network on a CSV file or a folder of images"),
    "predict": (prediction, "predict with what train has saved"),
    "info": (information, "show what is in a model file"),
    "export": (exporting, "write a model as ONNX or C"),
    "bench": (benchmark, "time a model, or built-in ones, on this machine"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs what the command line says; mistakes in it, and in files, end the process with one line.

    Args:
        arguments: The command line without the program; None: that of the process.
    """
    parser = argparse.ArgumentParser(
        prog="python -m fastnn",
        description="Without a command: trains a small convolutional network on 1,442 bundled handwritten digits.",
    )
    demonstration.add_arguments(parser)
    parser.set_defaults(run=demonstration.run)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (module, does) in _COMMANDS.items():
        command = commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    found = parser.parse_args(arguments)
    try:
        found.run(found)
    except (ValueError, TypeError, OSError, ImportError) as error:
        sys.exit(f"python -m fastnn: {error}")
