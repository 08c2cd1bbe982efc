"""`python -m fastnn.as_keras`: runs a script of Keras as it is, and the processes that it starts.

A folder with modules `keras` and `tensorflow` that lead here is put on `PYTHONPATH`, so that worker processes, however
they are started, find fastnn under these names as well.
"""

from __future__ import annotations

import argparse
import os
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from fastnn.aliases.install import install


def shims(keras_only: bool) -> str:
    """Returns the folder that leads imports of Keras, or of Keras and TensorFlow, to fastnn.

    Args:
        keras_only: Leaves TensorFlow alone.
    """
    return str(Path(__file__).parents[1] / "shims" / ("keras" if keras_only else "both"))


def main(arguments: Sequence[str]) -> None:
    """Runs what the command line says.

    Args:
        arguments: The command line without the program.
    """
    parser = argparse.ArgumentParser(
        prog="python -m fastnn.as_keras",
        description="Runs a Python script whose imports of keras and tensorflow mean fastnn, also in its processes.",
    )
    parser.add_argument("--keras-only", action="store_true", help="leave tensorflow alone")
    parser.add_argument(
        "--path", action="store_true", help="print the folder that does the same on PYTHONPATH, and end"
    )
    parser.add_argument("-m", dest="module", action="store_true", help="run a module in place of a script")
    parser.add_argument("script", nargs="?", help="the script, or the name of the module")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="its arguments")
    given = parser.parse_args(arguments)
    folder = shims(given.keras_only)
    if given.path:
        print(folder)
        return
    if given.script is None:
        parser.error("a script is expected, as in python -m fastnn.as_keras train.py --epochs 3")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")]))
    install(("keras",) if given.keras_only else ("keras", "tensorflow", "tf"))
    sys.argv = [given.script, *given.args]
    if given.module:
        sys.path[:0] = [os.getcwd(), folder]
        runpy.run_module(given.script, run_name="__main__", alter_sys=True)
        return
    if not Path(given.script).exists():
        parser.error(f"there is no file {given.script}")
    sys.path[:0] = [str(Path(given.script).resolve().parent), folder]
    runpy.run_path(given.script, run_name="__main__")
