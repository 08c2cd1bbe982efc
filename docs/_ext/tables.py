"""Pages and pictures that are made from other files of the project when the site is built.

`generated/keras_names.md` lists the public names of Keras and says which of them fastnn has, compared as
`tests/test_names.py` compares them; `generated/keras_missing.md` lists those that it has not. The pictures of speed are
drawn from the tables of `bench/RESULTS.md`; `python docs/_ext/tables.py` draws the one that README shows anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "bench" / "RESULTS.md"

# The peers of the pictures: their names, colors and columns in the tables, of which the fastest counts.
PEERS = {
    "torch": ("PyTorch", "#e45756", ("torch", "torch-channels-last")),
    "keras-tensorflow": ("Keras on TensorFlow", "#f58518", ("keras-tensorflow",)),
    "keras-jax": ("Keras on JAX", "#4c78a8", ("keras-jax",)),
    "numpy": ("NumPy", "#9d9da3", ("numpy",)),
}
# Readable on white and on black.
_INK = "#808890"

Table = list[dict[str, str]]


def tables(text: str) -> list[Table]:
    """Returns the tables of a Markdown text, each as a list of rows by the names of the columns."""
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.splitlines()]
        found.append([dict(zip(lines[0], row, strict=True)) for row in lines[2:]])
    return found


def table_of(measure: str) -> Table:
    """Returns the first table of the results whose first column has this name.

    Raises:
        ValueError: The results have no such table.
    """
    for table in tables(RESULTS.read_text()):
        if table and next(iter(table[0])) == measure:
            return table
    raise ValueError(f"{RESULTS} has no table of {measure!r}")


def ratio(cell: str) -> float | None:
    """Returns how many times longer a peer takes; None where it was not measured."""
    found = re.search(r"([\d.]+)x", cell)
    return float(found[1]) if found else None


def draw_ratios(measure: str, peers: Sequence[str], file: Path, most: int | None = None) -> None:
    """Draws how many times longer the peers take than fastnn, on a logarithmic scale.

    The picture is as narrow as the screen of a telephone, so titles stand above their bars.

    Args:
        measure: The first column of the table.
        peers: The keys of `PEERS` to draw.
        file: The SVG file to write.
        most: The number of rows to draw; None: all.
    """
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullFormatter

    rows = table_of(measure)[:most]
    titles = [next(iter(row.values())).partition(",")[0].replace("`", "") for row in rows]
    figure = Figure(figsize=(4.4, (0.14 * len(peers) + 0.22) * len(rows) + 1), layout="constrained")
    axes = figure.add_subplot()
    # Of the height of a row, which is 1, the title has a part.
    height = 0.14 / (0.14 * len(peers) + 0.22)
    for i, title in enumerate(titles):
        axes.text(1.03, i + (1 - height * len(peers)) * 0.6, title, va="center", fontsize=9, color=_INK, weight="bold")
    for k, peer in enumerate(peers):
        name, color, columns = PEERS[peer]
        measured = [[value for one in columns if (value := ratio(row.get(one, ""))) is not None] for row in rows]
        at = [i + 1 - (len(peers) - k - 0.5) * height for i, found in enumerate(measured) if found]
        values = [min(found) for found in measured if found]
        bars = axes.barh(at, [value - 1 for value in values], height * 0.9, left=1, color=color, label=name)
        axes.bar_label(bars, [f"{value:.3g}x" for value in values], padding=2, fontsize=9, color=_INK)
    axes.set_xscale("log")
    axes.set_yticks([])
    axes.set_ylim(len(rows) + 0.1, 0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.axvline(1, color="#54a24b", linewidth=2, label="fastnn = 1")
    axes.set_xlabel("times longer than fastnn (two threads; more is slower)")
    axes.margins(x=0.16)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_INK)
    axes.tick_params(colors=_INK, labelsize=9, length=0)
    axes.xaxis.label.set_color(_INK)
    axes.xaxis.label.set_size(9)
    figure.legend(loc="outside upper center", ncols=2, fontsize=9, frameon=False, labelcolor=_INK)
    file.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context({"svg.hashsalt": "fastnn", "font.family": "sans-serif"}):
        figure.savefig(file, transparent=True, metadata={"Date": None})


def keras_names() -> tuple[str, str]:
    """Returns the page of the names of Keras and the list of the missing ones, as Markdown."""
    sys.path.insert(0, str(ROOT / "tests" / "keras"))
    import compare_names

    surface = compare_names.parsed(compare_names.SURFACE.read_text())
    notes: dict[str, list[str]] = {}
    for line in compare_names.differences(surface):
        name, _, note = line.partition(": ")
        notes.setdefault(name, []).append(note)
    missing = {name for name, found in notes.items() if found == ["missing"]}
    modules: dict[str, list[str]] = {}
    for name in surface:
        modules.setdefault(name.rpartition(".")[0], []).append(name)
    lines = [f"**{len(surface) - len(missing)} of {len(surface)}** public names of Keras 3.15 are there.", ""]
    for module, names in sorted(modules.items()):
        here = [name for name in names if name not in missing]
        lines += [f"## {module}", "", f"{len(here)} of {len(names)}.", ""]
        lines += ["| name | in fastnn | |", "|---|---|---|"]
        lines += [_row(name, name in missing, notes) for name in sorted(names)]
        lines.append("")
    return "\n".join(lines), "".join(f"* `{name}`\n" for name in sorted(missing))


def _row(name: str, missing: bool, notes: Mapping[str, Sequence[str]]) -> str:
    remarks = "" if missing else "; ".join(note.replace("|", "\\|") for note in notes.get(name, ()))
    return f"| `{name.rpartition('.')[2]}` | {'no' if missing else 'yes'} | {remarks} |"


def write(app: Any) -> None:
    """Writes the files into `generated/` of the sources of the site."""
    folder = Path(app.srcdir) / "generated"
    folder.mkdir(exist_ok=True)
    names, missing = keras_names()
    (folder / "keras_names.md").write_text(names)
    (folder / "keras_missing.md").write_text(missing)
    peers = list(PEERS)
    for file, measure in {
        "training": "one epoch of training",
        "predicting": "predict all rows, batch 256",
        "one_row": "one row: model(x)",
    }.items():
        draw_ratios(measure, peers, folder / f"{file}.svg")


def setup(app: Any) -> dict[str, bool]:
    """Has the files written before the sources are read."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    draw_ratios("one epoch of training", ["torch", "keras-tensorflow", "keras-jax"], ROOT / "docs/_static/speed.svg")
