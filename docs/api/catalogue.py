"""The catalogue of the API reference: which public name has its page where, and which members the page shows.

It reads the package and `chapters.py` and knows nothing of Sphinx, so that a test can hold the pages against the
package without building them.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import fastnn
import fastnn.data
from chapters import CHAPTERS, Chapter, Section


@dataclass(frozen=True)
class Entry:
    """A page of the reference: a class or function under the path that users should import it by.

    Args:
        path: That path.
        member: The class or function.
        others: Further public paths of it.
        chapter: The chapter.
        section: The section of the chapter.
        file: Name of the page's file, without its ending.
    """

    path: str
    member: Any
    others: tuple[str, ...]
    chapter: Chapter
    section: Section
    file: str


def public_names() -> dict[str, Any]:
    """Returns what the package's modules list in `__all__`, but for modules and constants, by their paths."""
    found: dict[str, Any] = {}

    def gather(module: types.ModuleType) -> None:
        for name in module.__all__:
            member = getattr(module, name)
            path = f"{module.__name__}.{name}"
            if isinstance(member, types.ModuleType):
                if member.__name__ == path and hasattr(member, "__all__"):
                    gather(member)
            elif callable(member):
                found[path] = member

    gather(fastnn)
    gather(fastnn.data)  # not among the names of Keras, and so not in `fastnn.__all__`
    return found


def entries(names: Mapping[str, Any] | None = None) -> list[Entry]:
    """Returns the pages of the reference, in the order of its chapters, sections and names.

    Args:
        names: Public names by their paths; default: those of the package.

    Raises:
        LookupError: A name belongs to no chapter, or to no section of its chapter.
    """
    names = public_names() if names is None else names
    paths: dict[int, list[str]] = {}
    for path, member in names.items():
        paths.setdefault(id(member), []).append(path)
    classes = {path.lower() for path, member in names.items() if inspect.isclass(member)}
    found = []
    for same in paths.values():
        places = [
            (*place, not _is_own_name(path, names[path]), path.count("."), path)
            for path in same
            for place in _places(path)
        ]
        if not places:
            raise LookupError(
                f"{same[0]} is in no chapter of the reference: give its module one in docs/api/chapters.py"
            )
        chapter, *_, path = min(places)
        others = tuple(sorted(other for other in same if other != path))
        # Where files differ in case alone, as `Poisson` and `poisson` do, many systems keep one of them.
        clash = path.lower() in classes and not inspect.isclass(names[path])
        found.append(_entry(path, names[path], others, CHAPTERS[chapter], f"{path}-function" if clash else path))
    return sorted(found, key=lambda entry: (*_order(entry), entry.path.count("."), entry.path.lower(), entry.path))


def public_bases(cls: type, pages: Mapping[int, Entry]) -> list[Entry]:
    """Returns the pages of a class's public base classes, nearest first.

    Args:
        cls: The class.
        pages: The pages by the `id` of what they describe.
    """
    return [pages[id(base)] for base in cls.__mro__[1:] if id(base) in pages]


def members(cls: type, bases: list[Entry]) -> Iterator[tuple[str, Any]]:
    """Yields the methods and properties that a class's page shows: those that no page of a base class shows.

    Args:
        cls: The class.
        bases: The pages of its public base classes.
    """
    known = {name for base in bases for name in dir(base.member)}
    for name in sorted(dir(cls)):
        if name.startswith("_") or name in known:
            continue
        value = inspect.getattr_static(cls, name)
        owner = next(base for base in cls.__mro__ if name in vars(base))
        if not owner.__module__.startswith("fastnn") or not _is_written_by_us(value):
            continue
        yield name, value


def defined_at(path: str) -> type | None:
    """Returns the class of fastnn that a path names where it is defined, or None.

    Args:
        path: A path such as "fastnn.symbolic.variable.Variable".
    """
    module, _, name = path.rpartition(".")
    member = getattr(sys.modules.get(module), name, None) if module.startswith("fastnn.") else None
    return member if inspect.isclass(member) and member.__module__ == module else None


def function_of(value: Any) -> Callable[..., Any] | None:
    """Returns the function behind a method as it stands in its class; None for a property.

    Args:
        value: The entry of the class's `__dict__`.
    """
    if isinstance(value, (staticmethod, classmethod)):
        return value.__func__
    return value if inspect.isroutine(value) and callable(value) else None


def _is_written_by_us(value: Any) -> bool:
    """Returns whether a class attribute is a method or property with a docstring of its own, not a plain value."""
    function = function_of(value)
    if function is not None:
        return getattr(function, "__module__", "").startswith("fastnn")
    return inspect.isdatadescriptor(value) and bool(inspect.getdoc(value)) and not inspect.ismemberdescriptor(value)


def _is_own_name(path: str, member: Any) -> bool:
    return path.rpartition(".")[2] == member.__name__


def _places(path: str) -> Iterator[tuple[int, int]]:
    """Yields the numbers of the chapters that list a path, and of the sources in them that do."""
    inner = path.removeprefix("fastnn.")
    for number, chapter in enumerate(CHAPTERS):
        for at, source in enumerate(chapter.sources):
            if inner == source or inner.startswith(f"{source}."):
                yield number, at


def _entry(path: str, member: Any, others: tuple[str, ...], chapter: Chapter, file: str) -> Entry:
    module = member.__module__.removeprefix("fastnn").removeprefix(".")
    fitting = [
        (len(name), section)
        for section in chapter.sections
        for name in section.files
        if module == name or (name and module.startswith(f"{name}."))
    ]
    rest = [(-1, section) for section in chapter.sections if not section.files]
    if not fitting and not rest:
        raise LookupError(
            f"{path}, defined in {member.__module__}, is in no section of the chapter {chapter.title!r}: "
            "add its file to one in docs/api/chapters.py"
        )
    _, section = max(fitting + rest, key=lambda pair: pair[0])
    return Entry(path, member, others, chapter, section, file)


def _order(entry: Entry) -> tuple[int, int]:
    return CHAPTERS.index(entry.chapter), entry.chapter.sections.index(entry.section)
