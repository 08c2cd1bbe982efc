"""Python functions without a name of their own, lambdas, as values of JSON: their code, defaults and closure.

Reading one makes code of a file run, so the callers of `load` do it only where the user trusts the file.
"""

from __future__ import annotations

import base64
import builtins
import marshal
import sys
import types
from collections.abc import Mapping
from typing import Any

import numpy as np


def is_lambda(value: Any) -> bool:
    """Returns whether a value is a lambda."""
    return isinstance(value, types.FunctionType) and value.__name__ == "<lambda>"


def dump(function: types.FunctionType) -> dict[str, Any]:
    """Returns the code, defaults and closure of a function, in the form of Keras' files.

    Raises:
        TypeError: A default or a value of the closure is no value of JSON.
    """
    code = base64.encodebytes(marshal.dumps(function.__code__)).decode("ascii")
    closure = [cell.cell_contents for cell in function.__closure__ or ()]
    for value in (*(function.__defaults__ or ()), *closure):
        if not (value is None or isinstance(value, (bool, int, float, str))):
            raise TypeError(f"a lambda that refers to {value!r} cannot be saved; write a function and register it")
    defaults = function.__defaults__
    return {"code": code, "defaults": list(defaults) if defaults else None, "closure": closure or None}


def load(config: Mapping[str, Any]) -> types.FunctionType:
    """Returns the function that `dump` described. It finds `np`, and this package as `fastnn`, `keras` and `ops`.

    Raises:
        ValueError: The description is damaged, or was written by another version of Python.
    """
    code, defaults, closure = config["value"] if "value" in config else (
        config["code"], config.get("defaults"), config.get("closure"),
    )  # fmt: skip
    try:
        body = marshal.loads(base64.decodebytes(str(code).encode("ascii")))
    except (ValueError, EOFError, TypeError) as error:
        raise ValueError(f"the code of a lambda is damaged, or of another version of Python: {error}") from error
    package = sys.modules[__name__.partition(".")[0]]
    known = {"__builtins__": builtins, "np": np, "fastnn": package, "keras": package, "ops": package.ops}
    cells = tuple(types.CellType(value) for value in closure or ())
    return types.FunctionType(body, known, body.co_name, tuple(defaults) if defaults else None, cells)
