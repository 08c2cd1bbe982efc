"""`python -m bench`: compares the frameworks' numbers, then times them, and prints a table of ratios.

Each framework runs in a process of its own with the same number of threads; all begin with the same weights. Where the
outputs or the losses of the first steps differ, nothing is timed. Processes take turns, round by round, so that a busy
minute of the machine falls on all of them.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.workloads import WORKLOADS, Missing, Workload, initial_weights

FRAMEWORKS = ["fastnn", "numpy"]
THREAD_VARIABLES = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"]
OUTPUT_TOLERANCE, LOSS_TOLERANCE = 1e-4, 2e-3

Record = dict[str, Any]


def usable_processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> dict[str, Any]:
    """What the numbers depend on besides the code."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    return {
        "processor": model,
        "processors": usable_processors(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def ask(framework: str, workload: Workload, **request: Any) -> Record:
    """Runs one worker process and returns what it found."""
    threads = str(request["threads"])
    environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, threads)}
    question = json.dumps({"framework": framework, "workload": workload.name, **request})
    command = [sys.executable, "-m", "bench.worker", question]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"{framework} on {workload.name} failed:\n{done.stderr}")
    found: Record = json.loads(done.stdout.splitlines()[-1])
    return found


def differences(answers: dict[str, Record]) -> list[str]:
    """What speaks against timing: frameworks that compute something else than the first."""
    (first, reference), *others = answers.items()
    found = []
    expected = np.array(reference["outputs"])
    for name, answer in others:
        error = np.abs(np.array(answer["outputs"]) - expected).max() / np.abs(expected).max()
        if not error <= OUTPUT_TOLERANCE:
            found.append(f"outputs of {name} and {first} differ by {error:.2e}")
        error = abs(answer["loss"] / reference["loss"] - 1)
        if not error <= LOSS_TOLERANCE:
            found.append(f"losses {answer['loss']:.6f} of {name} and {reference['loss']:.6f} of {first} differ")
    return found


def run(workload: Workload, frameworks: Sequence[str], arguments: argparse.Namespace) -> list[Record]:
    """One record a framework."""
    x, _ = workload.data()
    rows = min(len(x), max(workload.batch_size * 4, len(x) // 8)) if arguments.quick else len(x)
    epochs = 2 if arguments.quick else arguments.repeat or workload.epochs
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.npz"
        arrays = {f"{i:03d}": w for i, w in enumerate(initial_weights(workload, x.shape[1:]))}
        np.savez(weights, **arrays)  # type: ignore[arg-type]
        request = {"rows": rows, "threads": arguments.threads, "weights": str(weights), "warm_up": 1, "epochs": epochs}
        answers = {name: ask(name, workload, task="check", **request) for name in frameworks}
        wrong = differences(answers)
        if wrong:
            sys.exit(f"{workload.name}: nothing is timed, for the answers differ:\n  " + "\n  ".join(wrong))
        print(f"{workload.name}: answers agree (loss {answers[frameworks[0]]['loss']:.5f}); timing", file=sys.stderr)
        rounds = [
            {name: ask(name, workload, task="time", **request) for name in frameworks}
            for _ in range(1 if arguments.quick else arguments.rounds)
        ]
    records = []
    for name in frameworks:
        joined = {
            key: [s for answer in rounds for s in answer[name][key]]
            for key in ("epoch_seconds", "predict_seconds", "predict_one_row_seconds")
        }
        record: Record = {"workload": workload.name, "framework": name, "version": rounds[0][name]["version"]}
        record |= {"threads": arguments.threads, "rows": rows, "batch_size": workload.batch_size, "warm_up": 1}
        record |= {"measured": len(joined["epoch_seconds"]), "quick": arguments.quick}
        for key, seconds in joined.items():
            record[f"{key}_min"], record[f"{key}_median"] = min(seconds), median(seconds)
        record["numpy"] = np.__version__
        record["machine"] = machine()
        record["time"] = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        records.append(record)
    return records


def seconds_in_words(seconds: float) -> str:
    if seconds >= 0.1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f} us"


def table(records: Sequence[Record]) -> str:
    """Markdown: minimum (median) of each framework, and how many times the first is faster than the others."""
    titles = {w.name: w.title for w in WORKLOADS}
    frameworks = list(dict.fromkeys(r["framework"] for r in records))
    first, others = frameworks[0], frameworks[1:]
    lines = []
    for key, heading in [
        ("epoch_seconds", "one epoch of training"),
        ("predict_seconds", "predict all rows, batch 256"),
        ("predict_one_row_seconds", "predict one row"),
    ]:
        heads = [heading, *frameworks, *(f"{first} is faster than {other} by" for other in others)]
        lines += [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
        for name in dict.fromkeys(r["workload"] for r in records):
            row = {r["framework"]: r for r in records if r["workload"] == name}
            lows = {f: row[f][f"{key}_min"] for f in frameworks}
            cells = [f"{seconds_in_words(lows[f])} ({seconds_in_words(row[f][f'{key}_median'])})" for f in frameworks]
            ratios = [f"{lows[other] / lows[first]:.1f}x" for other in others]
            lines.append(f"| {' | '.join([titles[name], *cells, *ratios])} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Times fastnn against other frameworks.")
    parser.add_argument("--only", action="append", metavar="NAME", help="a workload; may be given again")
    parser.add_argument("--frameworks", nargs="+", default=FRAMEWORKS, help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=usable_processors(), help="default: %(default)s")
    parser.add_argument("--repeat", type=int, default=0, help="epochs measured a process (default: the workload's)")
    parser.add_argument(
        "--rounds", type=int, default=2, help="processes a framework, taking turns (default: %(default)s)"
    )
    parser.add_argument("--quick", action="store_true", help="few rows, two epochs, one round: to see that it works")
    parser.add_argument("--records", type=Path, help="append the records to this file, one JSON object a line")
    arguments = parser.parse_args()

    known = [w.name for w in WORKLOADS]
    unknown = [name for name in arguments.only or [] if name not in known]
    if unknown:
        parser.error(f"unknown workload {unknown[0]!r}; known are: {', '.join(known)}")

    records: list[Record] = []
    missing = []
    for workload in WORKLOADS:
        if arguments.only and workload.name not in arguments.only:
            continue
        try:
            records += run(workload, arguments.frameworks, arguments)
        except Missing as reason:
            missing.append(f"NOT MEASURED: {workload.name}: {reason}")
            print(missing[-1], file=sys.stderr)
    if arguments.records:
        with arguments.records.open("a") as file:
            file.writelines(json.dumps(record) + "\n" for record in records)
    if records:
        about = records[0]["machine"]
        versions = ", ".join(dict.fromkeys(f"{r['framework']} {r['version']}" for r in records))
        print(f"{about['processor']}, {arguments.threads} threads, Python {about['python']}, {versions}")
        print(f"minimum (median){'; a quick run, not to be quoted' if arguments.quick else ''}\n")
        print(table(records))
    print("\n".join(missing))
    if not records:
        sys.exit(1)


if __name__ == "__main__":
    main()
