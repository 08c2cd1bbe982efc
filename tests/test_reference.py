"""The API reference: every public name has a page, every argument and result on the pages a description.

The pages are made from the package by `docs/api`; `catalogue.py` there says what is on them without building them.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "docs" / "api"))

import catalogue
import docstrings
from chapters import CHAPTERS

API = Path(catalogue.__file__).parent
NAMES = catalogue.public_names()
ENTRIES = catalogue.entries(NAMES)
PAGES = {id(entry.member): entry for entry in ENTRIES}


def described() -> Iterator[tuple[str, Callable[..., Any], str]]:
    """Yields the path of all functions, classes and methods on the pages, what is called, and the docstring."""
    for entry in ENTRIES:
        yield entry.path, entry.member, inspect.getdoc(entry.member) or ""
        if inspect.isclass(entry.member):
            for name, value in catalogue.members(entry.member, catalogue.public_bases(entry.member, PAGES)):
                if catalogue.function_of(value) is not None:
                    member = getattr(entry.member, name)
                    yield f"{entry.path}.{name}", member, inspect.getdoc(member) or ""


DESCRIBED = list(described())


def undescribed(function: Callable[..., Any], doc: str) -> list[str]:
    """Returns the arguments without a description, and the descriptions without an argument."""
    texts = docstrings.arguments(doc)
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name not in {"self", "cls"}]
    variadic = {p.name for p in parameters if p.kind in {p.VAR_POSITIONAL, p.VAR_KEYWORD}}
    further = [name for name in texts if name not in {p.name for p in parameters}]
    if variadic and further:  # the docstring names what is passed through
        variadic, further, parameters = set(), [], [p for p in parameters if p.name not in variadic]
    return [p.name for p in parameters if not texts.get(p.name)] + [f"{name} (no argument)" for name in further]


def test_every_public_name_has_a_page() -> None:
    paths = [path for entry in ENTRIES for path in (entry.path, *entry.others)]
    assert sorted(paths) == sorted(NAMES)
    assert len(ENTRIES) > 900, "too few public names were found"
    assert len({(entry.chapter.slug, entry.file.lower()) for entry in ENTRIES}) == len(ENTRIES)
    # Under another name than its own a class is an alias to Sphinx, without a description.
    assert [entry.path for entry in ENTRIES if entry.path.rpartition(".")[2] != entry.member.__name__] == []


def test_a_name_without_a_chapter_or_a_section_is_told() -> None:
    def function() -> None:
        """Does nothing."""

    with pytest.raises(LookupError, match=r"fastnn\.new\.function is in no chapter"):
        catalogue.entries({"fastnn.new.function": function})
    function.__module__ = "fastnn.losses.new"
    with pytest.raises(LookupError, match=r"fastnn\.losses\.function, .* is in no section of the chapter 'Losses'"):
        catalogue.entries({"fastnn.losses.function": function})


def test_every_section_has_names() -> None:
    used = {(entry.chapter.slug, entry.section.title) for entry in ENTRIES}
    empty = {(chapter.slug, section.title) for chapter in CHAPTERS for section in chapter.sections} - used
    assert not empty


def test_the_index_lists_the_chapters_in_their_order() -> None:
    listed = re.findall(r"^ +generated/(\w+)/index$", (API / "index.rst").read_text(), flags=re.MULTILINE)
    assert listed == [chapter.slug for chapter in CHAPTERS]


def test_names_have_one_page_where_users_import_them_from() -> None:
    pages = {path: entry.path for entry in ENTRIES for path in (entry.path, *entry.others)}
    assert pages["fastnn.layers.Convolution2D"] == "fastnn.layers.Conv2D"
    assert pages["fastnn.models.Model"] == "fastnn.Model"
    assert pages["fastnn.metrics.mean_squared_error"] == "fastnn.losses.mean_squared_error"
    assert pages["fastnn.ops.nn.swish"] == "fastnn.ops.silu"


def test_every_argument_is_described() -> None:
    wrong = [f"{path}: {', '.join(names)}" for path, member, doc in DESCRIBED if (names := undescribed(member, doc))]
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)


def test_an_argument_without_a_description_is_told() -> None:
    doc = "Adds.\n\nArgs:\n    x: A number.\n    y:\n    w: A number."
    assert undescribed(lambda x, y, z: None, doc) == ["y", "z", "w (no argument)"]
    assert undescribed(lambda *args, **kwargs: None, doc) == []
    assert undescribed(lambda *args, **kwargs: None, "Adds.") == ["args", "kwargs"]


def test_every_result_is_described() -> None:
    wrong = []
    for path, member, doc in DESCRIBED:
        # A method that returns `Self` is a step: the docstring of its class says what steps return.
        if inspect.isclass(member) or inspect.signature(member).return_annotation in {"None", None, "Self"}:
            continue
        named = {"Returns", "Yields"} & set(docstrings.sections(doc))
        if not named and not doc.startswith(("Returns ", "Yields ", "Makes ")):
            wrong.append(path)
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)


def test_sections_have_their_order() -> None:
    wrong = []
    for path, _, doc in DESCRIBED:
        found = [name for name in docstrings.sections(doc) if name]
        if found != sorted(found, key=docstrings.SECTIONS.index):
            wrong.append(f"{path}: {', '.join(found)}")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Returns x**2 * |y|.", r"Returns x\*\*2 \* \|y\|."),
        ("    **kwargs: `Layer` or `x`.", "    **kwargs: :py:obj:`Layer <fastnn.layers.Layer>` or ``x``."),
        ("Ends with x_ and beta_1.", r"Ends with x\_ and beta_1."),
        ("Several `Layer`s.", r"Several :py:obj:`Layer <fastnn.layers.Layer>`\ s."),
        ("    >>> 2 ** 3  # `Layer`", "    >>> 2 ** 3  # `Layer`"),
    ],
)
def test_texts_become_restructuredtext(text: str, expected: str) -> None:
    found = docstrings.to_rest([text], {"Layer": "fastnn.layers.Layer"}.get)
    assert found == [expected]
