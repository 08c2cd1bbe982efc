"""Tables in Markdown from the records of `runner.py`: ratios, with a mark on those within the noise."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bench.runner import Record
from bench.workloads import Workload, arithmetic, traffic

MEASURES = {
    "train": "one epoch of training",
    "predict": "predict all rows, batch 256",
    "call_row": "one row: model(x)",
    "predict_row": "one row: model.predict(x, verbose=0)",
}
NOT_PEERS = {"fastnn", "numpy"}


def earlier(path: Path) -> list[Record]:
    """Returns the records of earlier runs, the last of each framework and workload."""
    records = [json.loads(line) for line in path.read_text().splitlines()]
    return list({(record["workload"], record["name"]): record for record in records}.values())


def in_words(seconds: float) -> str:
    if seconds >= 0.1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} us"


def times(ratio: float) -> str:
    return f"{ratio:.0f}x" if ratio >= 20 else f"{ratio:.1f}x" if ratio >= 3 else f"{ratio:.2f}x"


def ratio_of(figures: Record) -> str:
    """Returns the factor by which it is slower than the first; a tilde where the rounds disagree on which is faster."""
    noise = " ~" if min(figures["ratios"]) <= 1 <= max(figures["ratios"]) else ""
    return times(figures["ratio"]) + noise


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines) + "\n" if rows else ""


def of_workload(records: Sequence[Record], workload: Workload) -> dict[str, Record]:
    return {r["name"]: r for r in records if r["workload"] == workload.name}


def ratios(records: Sequence[Record], workloads: Sequence[Workload]) -> str:
    """Returns a table for each measure: median (minimum) of the first, the best peer, all medians and ratios."""
    names = list(dict.fromkeys(r["name"] for r in records))
    first, others = names[0], names[1:]
    tables = []
    for measure, heading in MEASURES.items():
        rows = []
        for workload in workloads:
            row = of_workload(records, workload)
            if first not in row or measure not in row[first]:
                continue
            mine = row[first][measure]
            peers = {n: row[n][measure] for n in others if n in row and n not in NOT_PEERS}
            best = min(peers, key=lambda n: peers[n]["ratio"], default="")
            cells = [workload.title, f"{in_words(mine['median'])} ({in_words(mine['min'])})"]
            cells.append(f"**{ratio_of(peers[best])}** {best}" if best else "-")
            for name in others:
                figures = row[name][measure] if name in row else None
                cells.append(f"{in_words(figures['median'])}, {ratio_of(figures)}" if figures else "-")
            rows.append(cells)
        tables.append(markdown([heading, f"{first} (min)", "best peer", *others], rows))
    return "\n".join(table for table in tables if table)


def memory(records: Sequence[Record], workloads: Sequence[Workload]) -> str:
    names = list(dict.fromkeys(r["name"] for r in records))
    rows = []
    for workload in workloads:
        row = of_workload(records, workload)
        cells = [f"{row[n]['peak_memory']:.0f} MiB" if n in row else "-" for n in names]
        rows += [[workload.title, *cells]] if row else []
    return markdown(["most memory held by the process until the end of training's warm-up", *names], rows)


def pairs(records: Sequence[Record], workloads: Sequence[Workload], ratio: str) -> str:
    """Returns the table of two contestants: fastnn written in two ways."""
    names = list(dict.fromkeys(r["name"] for r in records))
    rows = []
    for workload in workloads:
        row = of_workload(records, workload)
        for measure in ("train", "predict"):
            if len(row) == 2:
                figures = [row[n][measure] for n in names]
                cells = [in_words(f["median"]) for f in figures]
                rows.append([f"{workload.title}: {MEASURES[measure]}", *cells, ratio_of(figures[1])])
    return markdown(["", *names, ratio], rows)


def scaling(records: Sequence[Record], workloads: Sequence[Workload]) -> str:
    """Returns the table of medians on one thread and more, and how many times faster than on one."""
    names = list(dict.fromkeys(r["name"] for r in records))
    rows = []
    for workload in workloads:
        row = of_workload(records, workload)
        for measure in ("train", "predict") if len(row) == len(names) else ():
            medians = [row[name][measure]["median"] for name in names]
            cells = [in_words(medians[0]), *(f"{in_words(one)} ({times(medians[0] / one)})" for one in medians[1:])]
            rows.append([f"{workload.title}: {MEASURES[measure]}", *cells])
    return markdown(["(times one thread)", *names], rows)


def busy(alone: Sequence[Record], loaded: Sequence[Record], workloads: Sequence[Workload]) -> str:
    """Returns the table of medians with a competing process per processor, and their ratios to those alone."""
    names = list(dict.fromkeys(r["name"] for r in loaded))
    rows = []
    for workload in workloads:
        before, after = of_workload(alone, workload), of_workload(loaded, workload)
        for measure in ("train", "predict") if after else ():
            cells = []
            for name in names:
                seconds = after[name][measure]["median"] if name in after else None
                first = before.get(name, next(iter(before.values())))[measure]["median"]
                cells.append(f"{in_words(seconds)} ({times(seconds / first)})" if seconds else "-")
            rows.append([f"{workload.title}: {MEASURES[measure]}", *cells])
    return markdown(["with a competing process per processor (times that alone)", *names], rows)


def rates(
    records: Sequence[Record],
    workloads: Sequence[Workload],
    measure: str,
    unit: str,
    work_of: Callable[[Workload, tuple[int, ...]], float],
    peak: float = 0,
) -> str:
    """Returns a table of `unit` per second, the first's fraction of the peak, and its ratio to each of the others."""
    names = list(dict.fromkeys(r["name"] for r in records))
    first, others = names[0], names[1:]
    rows = []
    for workload in workloads:
        row = of_workload(records, workload)
        if first not in row:
            continue
        x, _ = workload.data()
        work = work_of(workload, x.shape[1:]) * len(x) / 1e9
        rate = work / row[first][measure]["median"]
        cells = [workload.title, f"{rate:.1f}", *([f"{rate / peak:.0%}"] if peak else [])]
        for name in others:
            figures = row[name][measure] if name in row else None
            cells.append(f"{work / figures['median']:.1f}, {ratio_of(figures)}" if figures else "-")
        rows.append(cells)
    return markdown([unit, first, *(["of the peak"] if peak else []), *others], rows)


def kernels(records: Sequence[Record], workloads: Sequence[Workload], measure: str) -> str:
    """Returns the table of kernels in GFLOP/s."""
    peak = max(r["peak_gflops"] for r in records)
    return rates(records, workloads, measure, "GFLOP/s", partial(arithmetic, training=measure == "train"), peak)


def moved(records: Sequence[Record], workloads: Sequence[Workload]) -> str:
    """Returns the table of kernels in GB/s read and written, in one call on all rows."""
    return rates(records, workloads, "call", "GB/s", traffic)
