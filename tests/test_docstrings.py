"""The docstrings: every example is run, every public name has one, and first lines are plain standard English.

An example finds `fastnn`, `keras` (the same), `np`, `layers` and `ops` defined; all else it makes itself. It runs in a
folder of its own, which is removed afterwards.
"""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn

GLOBALS = {"fastnn": fastnn, "keras": fastnn, "np": np, "layers": fastnn.layers, "ops": fastnn.ops}
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(fastnn.__path__, "fastnn.")
    if not re.search(r"\._(core|cpu|kernels)|\.as_keras(_only)?$|\.shims\b|\.__main__$", module.name)
)

NOT_FIRST = re.compile(r"(What|Whether|How|Where|Which|Who|Those|As|That|With|In|Of|By)\b")
"""Words with which no docstring begins: they start a clause, not the phrase that names a thing."""

EXAMPLES_ELSEWHERE = {
    "fastnn.backend", "fastnn.config", "fastnn.datasets", "fastnn.models", "fastnn.saving", "fastnn.utils",
}  # fmt: skip
"""Packages whose functions read and write files, or set what holds for the whole process."""


def examples() -> Iterator[Any]:
    finder = doctest.DocTestFinder(exclude_empty=True, recurse=True)
    for name in ["fastnn", *MODULES]:
        module = importlib.import_module(name)
        found = [test for test in finder.find(module, name, module, dict(GLOBALS)) if test.examples]
        if found:
            yield pytest.param(found, id=name)


@pytest.mark.parametrize("found", list(examples()))
def test_examples(found: list[doctest.DocTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told: list[str] = []
    for test in found:
        fastnn.utils.set_random_seed(0)
        fastnn.utils.clear_session(free_memory=False)
        runner = doctest.DocTestRunner(optionflags=OPTIONS, verbose=False)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            runner.run(test, out=told.append, clear_globs=False)
    assert not told, "".join(told)


def public() -> dict[str, Any]:
    """The functions and classes that `__all__` names, by their path."""
    found: dict[str, Any] = {}

    def gather(module: types.ModuleType, path: str) -> None:
        for name in module.__all__:
            member = getattr(module, name)
            if isinstance(member, types.ModuleType):
                if hasattr(member, "__all__") and f"{path}.{name}" == member.__name__:
                    gather(member, f"{path}.{name}")
            elif inspect.isclass(member) or inspect.isroutine(member):
                found.setdefault(f"{path}.{name}", member)

    gather(fastnn, "fastnn")
    return found


PUBLIC = public()


def docs(member: Any) -> Iterator[tuple[str, str | None]]:
    """The docstrings of a function, or of a class and its public methods and properties."""
    yield "", inspect.getdoc(member)
    if inspect.isclass(member):
        for name, value in vars(member).items():
            if not name.startswith("_") and (inspect.isroutine(value) or isinstance(value, property)):
                yield f".{name}", inspect.getdoc(getattr(member, name))


def test_public_names_are_documented() -> None:
    assert len(PUBLIC) > 600, "too few public names were found"
    missing = [f"{path}{at}" for path, member in PUBLIC.items() for at, doc in docs(member) if not doc]
    assert not missing, "\n".join(missing)


def test_public_docstrings_begin_with_a_verb_or_a_noun_phrase() -> None:
    wrong = [
        f"{path}{at}: {doc.splitlines()[0]}"
        for path, member in PUBLIC.items()
        for at, doc in docs(member)
        if doc and (NOT_FIRST.match(doc) or not re.search(r"[.:!?`]$", doc.splitlines()[0]))
    ]
    assert not wrong, "\n".join(wrong)


def test_public_names_have_an_example() -> None:
    wanted = {
        path: member
        for path, member in PUBLIC.items()
        if path.rsplit(".", 1)[0] not in EXAMPLES_ELSEWHERE
        and not (inspect.isclass(member) and issubclass(member, BaseException))
    }
    missing = [path for path, member in wanted.items() if ">>>" not in (inspect.getdoc(member) or "")]
    assert not missing, f"{len(missing)} of {len(wanted)}:\n" + "\n".join(missing)
