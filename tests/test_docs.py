"""The sources of the site without building it: chapters, glossary, guides, the picture of README."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs" / "_ext"))

import tables

DOCS = ROOT / "docs"
CHAPTERS = sorted((ROOT / "examples" / "course").glob("[0-9]*.py"))


def test_there_is_a_chapter_for_each_of_the_course() -> None:
    assert [path.name[:2] for path in CHAPTERS] == [f"{k:02}" for k in range(1, 25)]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_draws_and_shows_a_mistake_and_ends_with_two_exercises(path: Path) -> None:
    text = path.read_text()
    assert "plt.show()" in text
    assert re.search(r"^# (A mistake|Mistakes) to know\n# -+$", text, flags=re.MULTILINE)
    assert re.search(r"^except .*Error", text, flags=re.MULTILINE) or re.search(
        r"^    except .*Error", text, re.MULTILINE
    )
    end = text[text.index("# Exercises\n") :]
    assert re.findall(r"^# (?:(\d)\. |Solution of (\d)$)", end, flags=re.MULTILINE) == [
        ("1", ""), ("2", ""), ("", "1"), ("", "2"),
    ]  # fmt: skip


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*/[0-9]*.py")), ids=lambda path: path.stem)
def test_a_script_begins_with_a_title_for_its_page(path: Path) -> None:
    title, line = path.read_text().split("\n")[1:3]
    assert line == "=" * len(title)


def test_the_glossary_links_each_of_its_terms_to_chapters() -> None:
    body = (DOCS / "glossary.md").read_text().partition("```{glossary}\n")[2].partition("```")[0]
    terms = [block for block in body.split("\n\n") if block.strip()]
    assert len(terms) == 28
    known = {path.stem for path in CHAPTERS}
    for term in terms:
        linked = re.findall(r"\{doc\}`course/(\w+)`", term)
        assert linked and set(linked) <= known, term
        for chapter in linked:
            word = re.split(r"[\s(-]", term.strip().lower())[0][:7]
            text = (ROOT / "examples" / "course" / f"{chapter}.py").read_text().lower()
            assert word in text, f"{chapter} does not speak of {term.splitlines()[0]!r}"


def test_the_index_of_the_guides_lists_them_all() -> None:
    text = (DOCS / "guides" / "index.md").read_text()
    tree = text.partition(":hidden:")[2].split()
    here = {path.stem for path in (DOCS / "guides").glob("*.md")} - {"index"}
    assert here <= set(tree)
    assert set(re.findall(r"\{doc\}`([\w-]+)`", text)) == set(tree) - {"```"}


def test_the_picture_of_readme_is_of_the_results() -> None:
    """Every ratio of the picture stands in its text; matplotlib's versions draw it differently otherwise."""
    peers = ("torch", "keras-tensorflow", "keras-jax")
    rows = tables.table_of("one epoch of training")
    shown = re.findall(r"<!-- ([\d.]+)x -->", (DOCS / "_static" / "speed.svg").read_text())
    wanted = [
        f"{min(found):.3g}"
        for peer in peers
        for row in rows
        if (found := [v for one in tables.PEERS[peer][2] if (v := tables.ratio(row.get(one, ""))) is not None])
    ]
    # The labels of the axis come first.
    assert shown[-len(wanted) :] == wanted, "python docs/_ext/tables.py draws it anew"


def test_versions_agree() -> None:
    found = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), flags=re.MULTILINE)
    assert found
    assert f"\nversion: {found[1]}\n" in (ROOT / "CITATION.cff").read_text()
    assert f'set version = "{found[1]}"' in (ROOT / "conda" / "meta.yaml").read_text()


def test_the_table_of_names_counts_them() -> None:
    text, missing = tables.keras_names()
    found = re.search(r"\*\*(\d+) of (\d+)\*\*", text)
    assert found
    assert int(found[1]) == text.count("| yes |") and int(found[2]) == text.count("| yes |") + text.count("| no |")
    assert missing.count("\n") == text.count("| no |")
    assert "| `Conv2D` | yes |" in text
