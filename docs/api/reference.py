"""Sphinx extension that writes the pages of the API reference from the package.

Each chapter has a page with the tables of its sections, each name a page of its own, in `generated/`. What they say is
in the docstrings; `docstrings.py` makes reStructuredText of these.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

import catalogue
import docstrings
from catalogue import CHAPTERS, Chapter, Entry, Section

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER = Path(__file__).parent / "generated"


class Reference:
    """The pages of all public names.

    Args:
        entries: The names.
    """

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self.pages = {id(entry.member): entry for entry in entries}
        self.paths = {path: entry for entry in entries for path in (entry.path, *entry.others)}
        last: dict[str, set[str]] = {}
        for entry in entries:
            for path in (entry.path, *entry.others):
                last.setdefault(path.rpartition(".")[2], set()).add(entry.path)
        self.modules: dict[str, set[str]] = {}
        for entry in entries:
            self.modules.setdefault(entry.member.__module__, set()).add(entry.path.rpartition(".")[0])
        self.unique = {name: next(iter(paths)) for name, paths in last.items() if len(paths) == 1}

    def files(self) -> dict[str, str]:
        """Returns the pages' texts by their paths in the folder."""
        found = {f"{chapter.slug}/index.rst": self._chapter(chapter) for chapter in CHAPTERS}
        found.update({f"{entry.chapter.slug}/{entry.file}.rst": self._page(entry) for entry in self.entries})
        return found

    def path_of(self, name: str, within: str) -> str | None:
        """Returns the path of the class, function, method or property that a docstring means by a name, or None.

        Words in lower case without a dot are arguments far more often than functions, and are not looked up.

        Args:
            name: The name, perhaps with a module or class before it.
            within: The path of what the docstring describes.
        """
        if not re.fullmatch(r"[A-Za-z_][\w.]*(\(\))?", name):
            return None
        name = name.removesuffix("()")
        if "." not in name and name.islower():
            return None
        module = within
        candidates = [name]
        while module:
            candidates.append(f"{module}.{name}")
            module = module.rpartition(".")[0]
        for candidate in candidates:
            if candidate in self.paths:
                return self.paths[candidate].path
        owner, _, method = name.rpartition(".")
        cls = self.path_of(owner, within) if owner and not owner.islower() else None
        if cls is not None:
            return self._path_of_member(self.paths[cls], method)
        return self.unique.get(name)

    def _path_of_member(self, entry: Entry, name: str) -> str | None:
        if not inspect.isclass(entry.member):
            return None
        bases = catalogue.public_bases(entry.member, self.pages)
        for one in (entry, *bases):
            above = catalogue.public_bases(one.member, self.pages)
            if name in dict(catalogue.members(one.member, above)):
                return f"{one.path}.{name}"
        return None

    def _page(self, entry: Entry) -> str:
        short = entry.path.removeprefix("fastnn.")
        lines = [short, "=" * len(short), ""]
        if inspect.isclass(entry.member):
            bases = catalogue.public_bases(entry.member, self.pages)
            lines += [f".. autoclass:: {entry.path}", ""]
            lines += self._notes(entry, bases)
            members = list(catalogue.members(entry.member, bases))
            if members:
                lines += ["   .. rubric:: Methods and properties", ""]
            for name, value in members:
                kind = "autoproperty" if catalogue.function_of(value) is None else "automethod"
                lines += [f"   .. {kind}:: {entry.path}.{name}", ""]
        else:
            lines += [f".. autofunction:: {entry.path}", "", *self._notes(entry, [])]
        # The pages of the source link back to all names of a file under the module that was read first.
        module, _, name = entry.path.rpartition(".")
        for other in sorted(self.modules[entry.member.__module__] - {module}):
            lines += [".. raw:: html", "", f'   <span id="{other}.{name}"></span>', ""]
        return "\n".join(lines).rstrip() + "\n"

    def _notes(self, entry: Entry, bases: list[Entry]) -> list[str]:
        lines = []
        if bases:
            lines += [f"   Has the methods of {', '.join(f':py:class:`{base.path}`' for base in bases)}, too.", ""]
        if entry.others:
            lines += [f"   Other names: {', '.join(f'``{other}``' for other in entry.others)}.", ""]
        return lines

    def _chapter(self, chapter: Chapter) -> str:
        own = [entry for entry in self.entries if entry.chapter is chapter]
        lines = [chapter.title, "=" * len(chapter.title), "", chapter.about, ""]
        for section in chapter.sections:
            lines += self._table(section, [entry for entry in own if entry.section is section])
        lines += [".. toctree::", "   :hidden:", "", *(f"   {entry.file}" for entry in own)]
        return "\n".join(lines) + "\n"

    def _table(self, section: Section, own: list[Entry]) -> list[str]:
        lines = []
        if section.title:
            lines += [section.title, "-" * len(section.title), ""]
        lines += [".. list-table::", "   :widths: 35 65", "   :class: reference-names", ""]
        for entry in own:
            first = (inspect.getdoc(entry.member) or "").split("\n\n")[0].replace("\n", " ")
            (text,) = docstrings.to_rest([first], lambda name: None)
            shown = entry.path.removeprefix("fastnn.")
            lines += [f"   * - :py:obj:`{shown} <{entry.path}>`", f"     - {text}"]
        return [*lines, ""]


def write(files: Mapping[str, str], folder: Path) -> None:
    """Writes pages where they differ from those in the folder, and removes those that are no longer there.

    Args:
        files: The texts by their paths in the folder.
        folder: The folder.
    """
    for old in folder.rglob("*.rst"):
        if old.relative_to(folder).as_posix() not in files:
            old.unlink()
    for name, text in files.items():
        file = folder / name
        if not file.exists() or file.read_text() != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)


def chapter_of(folder: str, env: Any) -> dict[str, Any]:
    """Returns the title of a chapter and its pages with their titles, for the sidebar `_templates/chapter.html`.

    The theme's own sidebar copies the tree of all pages for each of them, which took most of the time of a build.

    Args:
        folder: The folder of the pages.
        env: What Sphinx has read.
    """
    titles = {name: env.titles[name].astext() for name in env.toctree_includes[f"{folder}/index"]}
    names = [(name, title.partition(".")[2] or title) for name, title in titles.items()]
    return {"title": env.titles[f"{folder}/index"].astext(), "names": names}


def setup(app: Sphinx) -> dict[str, Any]:
    """Adds the reference to a site.

    Args:
        app: The builder of the site.
    """
    for extension in ("autodoc", "napoleon", "viewcode"):
        app.setup_extension(f"sphinx.ext.{extension}")
    app.config.autodoc_typehints = "none"
    app.config.napoleon_use_ivar = True
    app.config.napoleon_use_rtype = False
    reference = Reference(catalogue.entries())

    def as_rest(app: Sphinx, kind: str, path: str, obj: Any, options: Any, lines: list[str]) -> None:
        lines[:] = docstrings.to_rest(lines, lambda name: reference.path_of(name, path))

    def resolve(app: Sphinx, env: Any, node: Any, contnode: Any) -> Any:
        """Links a class under the path that defines it to its page; private ones of properties stay plain text."""
        target = str(node.get("reftarget", ""))
        member = catalogue.defined_at(target)
        if member is None:
            return None
        page = reference.pages.get(id(member))
        if page is None:
            return contnode
        node["reftarget"] = page.path
        return env.domains["py"].resolve_xref(
            env, node["refdoc"], app.builder, node["reftype"], page.path, node, contnode
        )

    chapters: dict[str, dict[str, Any]] = {}

    def give_chapter(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
        folder = page.rpartition("/")[0]
        if folder.startswith("api/generated/"):
            if folder not in chapters:
                chapters[folder] = chapter_of(folder, app.env)
            context["chapter"] = chapters[folder]

    app.connect("builder-inited", lambda app: write(reference.files(), FOLDER))
    app.connect("html-page-context", give_chapter)
    app.connect("missing-reference", resolve)
    app.connect("autodoc-process-docstring", as_rest, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
