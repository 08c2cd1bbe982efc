"""The public names of Keras beside those of fastnn, with arguments and defaults.

`surface.txt` holds one line for each public name of Keras, as `keras.layers.Dense(units, activation=None)`;
`differences.txt` one line for each of them that fastnn lacks, or has without some argument or with another default.
`tests/test_names.py` holds fastnn to the second, without Keras. To list the names of an installed Keras:

    KERAS_BACKEND=jax python tests/keras/compare_names.py list surface.txt

and to compare, where fastnn is installed (`--record` writes `differences.txt` anew):

    python tests/keras/compare_names.py compare surface.txt [--record]
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import sys
import types
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SURFACE, DIFFERENCES = HERE / "surface.txt", HERE / "differences.txt"
_VALUES = (type(None), bool, int, float, str, tuple, list, dict)


def public_names(module: types.ModuleType) -> dict[str, Any]:
    """Returns the public objects of a module and of the public modules in it, by their full names."""
    found: dict[str, Any] = {}
    for name, value in sorted(vars(module).items()):
        full = f"{module.__name__}.{name}"
        if name.startswith("_") or full == "keras.src":
            continue
        if not isinstance(value, types.ModuleType):
            found[full] = value
        elif value.__name__ == full:
            found |= public_names(value)
    return found


def arguments(value: Any) -> dict[str, str] | None:
    """Returns the defaults of the arguments of a call, as code; "" for one that has none. None: no signature."""
    try:
        parameters = list(inspect.signature(value).parameters.values())
    except (TypeError, ValueError):
        return None
    found: dict[str, str] = {}
    for one in parameters:
        if one.kind is one.KEYWORD_ONLY and not any(name[0] == "*" for name in found):
            found["*"] = ""
        mark = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
        found[mark + one.name] = "" if one.default is one.empty else _as_code(one.default)
    return found


def _as_code(default: Any) -> str:
    return repr(default) if isinstance(default, _VALUES) else getattr(default, "__name__", type(default).__name__)


def line(name: str, found: dict[str, str] | None) -> str:
    """Returns the line of `surface.txt` for one name."""
    if found is None:
        return name
    return f"{name}({', '.join(one + (default and f'={default}') for one, default in found.items())})"


def parsed(text: str) -> dict[str, dict[str, str] | None]:
    """Returns the arguments of all names in the text of `surface.txt`."""
    found: dict[str, dict[str, str] | None] = {}
    for one in filter(None, text.splitlines()):
        name, call, rest = one.partition("(")
        found[name] = _of_code(rest[:-1]) if call else None
    return found


def _of_code(code: str) -> dict[str, str]:
    function = ast.parse(f"def f({code}): pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    given = function.args
    names = [one.arg for one in given.args]
    defaults = ["" for _ in names[len(given.defaults) :]] + [ast.unparse(one) for one in given.defaults]
    found = dict(zip(names, defaults, strict=True))
    if given.vararg or given.kwonlyargs:
        found["*" + (given.vararg.arg if given.vararg else "")] = ""
    found |= {
        one.arg: "" if default is None else ast.unparse(default)
        for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    }
    return found | ({f"**{given.kwarg.arg}": ""} if given.kwarg else {})


def resolved(name: str) -> Any:
    """Returns the object of fastnn that has a name of Keras.

    Raises:
        AttributeError: There is none.
    """
    found: Any = importlib.import_module("fastnn")
    path = "fastnn"
    for part in name.split(".")[1:]:
        path = f"{path}.{part}"
        if not hasattr(found, part):
            with contextlib.suppress(ImportError):
                importlib.import_module(path)
        found = getattr(found, part)
    return found


def differences(surface: dict[str, dict[str, str] | None]) -> list[str]:
    """Returns one line for each difference between Keras and fastnn."""
    found = []
    for name, theirs in sorted(surface.items()):
        try:
            ours = arguments(resolved(name))
        except AttributeError:
            found.append(f"{name}: missing")
            continue
        if theirs is None or ours is None:
            continue
        lacking = [one for one in theirs if one[0] != "*" and one not in ours]
        if "**kwargs" in ours:  # what all layers, losses or metrics take
            lacking = [one for one in lacking if one not in ("name", "dtype", "trainable")]
        found += [f"{name}: no argument {one}" for one in lacking]
        found += [
            f"{name}: {one}={ours[one] or 'required'}, in Keras {default or 'required'}"
            for one, default in theirs.items()
            if one[0] != "*" and one in ours and not _alike(ours[one], default)
        ]
    return found


def _alike(ours: str, theirs: str) -> bool:
    try:
        return bool(ast.literal_eval(ours) == ast.literal_eval(theirs))
    except (ValueError, SyntaxError):
        return ours == theirs


def report(surface: dict[str, dict[str, str] | None], found: list[str]) -> str:
    """Returns how many names there are, and those of each module that are missing."""
    missing = [one.removesuffix(": missing") for one in found if one.endswith(": missing")]
    modules: dict[str, list[str]] = {}
    for name in missing:
        modules.setdefault(name.rpartition(".")[0], []).append(name.rpartition(".")[2])
    rows = [f"{module}: {', '.join(names)}" for module, names in modules.items()]
    other = len(found) - len(missing)
    return "\n".join(
        [*rows, f"{len(surface) - len(missing)} of {len(surface)} names of Keras are there; {other} arguments differ"]
    )


def main(command: str, path: str, *options: str) -> None:
    """Runs one of the two commands of this file."""
    if command == "list":
        keras = importlib.import_module("keras")
        names = public_names(keras)
        Path(path).write_text("".join(f"{line(name, arguments(value))}\n" for name, value in sorted(names.items())))
        return
    surface = parsed(Path(path).read_text())
    found = differences(surface)
    print(report(surface, found))
    if "--record" in options:
        DIFFERENCES.write_text("".join(f"{one}\n" for one in found))
    known = set(DIFFERENCES.read_text().splitlines())
    recorded = parsed(SURFACE.read_text())
    lost = [one for one in found if one not in known and one.split(":")[0] in recorded]
    new = sorted(set(surface) - set(recorded))
    if new:
        print(f"{len(new)} names are newer than {SURFACE.name}: {', '.join(new)}")
    if lost:
        sys.exit("not in tests/keras/differences.txt:\n" + "\n".join(lost))


if __name__ == "__main__":
    main(*sys.argv[1:])
