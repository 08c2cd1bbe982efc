"""`python -m bench [networks|zoo|predict|kernels|scaling|busy|variants]`: compares results, then measures times."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import report
from bench.kernels import FORWARD, KERNELS, MOVED, STEPS
from bench.runner import Contest, Contestant, Failed, Record, Settings, competing, usable_processors
from bench.workloads import WORKLOADS, Missing, Workload
from bench.zoo import ZOO

FRAMEWORKS = [
    "fastnn",
    "numpy",
    "torch",
    "torch-channels-last",
    "keras-jax",
    "keras-torch",
    "keras-tensorflow",
    "jax",
    "sklearn",
]
PREDICTORS = ["fastnn", "onnxruntime", "torch", "torch-channels-last"]
"""ONNX Runtime trains nothing, so it has a program of its own."""
KERNEL_FRAMEWORKS = ["fastnn", "numpy", "torch", "torch-channels-last"]
OURS = {"fastnn", "numpy"}
VARIANTS = [("own", "Dense by fastnn.ops", "mnist-mlp"), ("chain", "without the sums", "residual")]
VARIABLE = "FASTNN_BENCH_PYTHON"


def interpreter(framework: str, arguments: argparse.Namespace) -> str:
    """Returns the interpreter of a framework: from its option, its variable, the variable of all peers, or this one."""
    framework = "fastnn" if framework.startswith("fastnn-") else framework
    key = framework.replace("-", "_")
    given = getattr(arguments, f"python_{key}") or os.environ.get(f"{VARIABLE}_{key.upper()}")
    everyone = sys.executable if framework in OURS else os.environ.get(VARIABLE, sys.executable)
    return str(given or everyone)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Times fastnn against other frameworks.")
    parser.add_argument(
        "what",
        nargs="?",
        choices=["networks", "zoo", "predict", "kernels", "scaling", "busy", "variants"],
        default="networks",
    )
    parser.add_argument("--only", action="append", metavar="NAME", help="a workload or kernel; may be given again")
    parser.add_argument("--frameworks", nargs="+", metavar="NAME", help=f"of {', '.join(FRAMEWORKS)}; first: compared")
    parser.add_argument("--threads", type=int, default=usable_processors(), help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each framework (default: %(default)s)")
    parser.add_argument("--turn", type=float, default=0.5, help="seconds a turn, at least (default: %(default)s)")
    parser.add_argument("--avx2", action="store_true", help="hold every framework to AVX2")
    parser.add_argument("--quick", action="store_true", help="few rows, two short rounds: to see that it works")
    parser.add_argument("--records", type=Path, help="append the records to this file, one JSON object a line")
    parser.add_argument(
        "--read", type=Path, help="networks, zoo: measure nothing, show the records of this file, the last of each"
    )
    parser.add_argument("--into", type=Path, help="write the tables into the section of this Markdown file too")
    for framework in [*FRAMEWORKS, "onnxruntime"]:
        parser.add_argument(f"--python-{framework}", metavar="PATH", help=f"the interpreter that has {framework}")
    arguments = parser.parse_args()

    known = {w.name for w in {"kernels": KERNELS, "zoo": ZOO}.get(arguments.what, WORKLOADS)}
    usual = {"kernels": KERNEL_FRAMEWORKS, "predict": PREDICTORS}.get(arguments.what, FRAMEWORKS)
    arguments.frameworks = arguments.frameworks or usual
    allowed = [*FRAMEWORKS, *usual]
    for wanted, names in ((arguments.only or [], known), (arguments.frameworks, allowed)):
        unknown = [name for name in wanted if name not in names]
        if unknown:
            parser.error(f"unknown name {unknown[0]!r}; known are: {', '.join(sorted(names))}")
    return arguments


class Run:
    """Everything that one run of the program measures: records, and notes on what is missing."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.records: list[Record] = []
        self.notes: dict[str, list[str]] = {}
        self.failures = 0
        self.contestants = [self.contestant(name) for name in arguments.frameworks]

    def contestant(self, framework: str, threads: int = 0, name: str = "") -> Contestant:
        threads = threads or self.arguments.threads
        python = interpreter(framework, self.arguments)
        return Contestant(name or framework, framework, threads, python, self.arguments.avx2)

    def note(self, workload: Workload, reason: str) -> None:
        self.notes.setdefault(reason, []).append(workload.name)

    def measure(self, workloads: Sequence[Workload], measures: Sequence[str], peak: bool = False) -> None:
        for workload in workloads:
            if self.arguments.only and workload.name not in self.arguments.only:
                continue
            quick = self.arguments.quick
            rows = 4 * workload.batch_size if quick and "train" in measures else 0
            settings = Settings(2 if quick else self.arguments.rounds, 0.05 if quick else self.arguments.turn, rows)
            try:
                contest = Contest(workload, self.contestants, settings)
                measured = contest.records(measures, peak)
            except (Missing, Failed) as reason:
                self.failures += isinstance(reason, Failed)
                self.note(workload, str(reason))
                continue
            for note in contest.notes:
                self.note(workload, note)
            self.failures += contest.failures
            for record in measured:
                record["quick"] = quick
            self.records += measured
            if self.arguments.records:
                with self.arguments.records.open("a") as file:
                    file.writelines(json.dumps(record) + "\n" for record in measured)

    def ordered(self) -> list[Record]:
        """Returns the records in the order of the tables' columns, those of the first contestant first."""
        names = [contestant.name for contestant in self.contestants]
        return sorted(self.records, key=lambda record: names.index(record["name"]))

    def heading(self) -> str:
        about = self.records[0]
        versions = dict.fromkeys(f"{r['name']} {r['version']}" for r in self.records)
        remarks = dict.fromkeys(f"{r['workload']}: {r['name']} {r['remark']}" for r in self.records if r["remark"])
        peaks = [r["peak_gflops"] for r in self.records if "peak_gflops" in r]
        machine = about["machine"]
        lines = [
            f"{machine['processor']}, {machine['processors']} processors, {about['threads']} threads, {about['time']}, "
            f"commit {about['commit']}, Python {about['python']}",
            f"Versions: {', '.join(versions)}",
            f"Medians of {about['rounds']} rounds; `~`: inside the noise, some rounds the one way, some the other.",
            *([f"Measured peak, with the instructions of fastnn's build: {max(peaks):.0f} GFLOP/s."] if peaks else []),
            *remarks,
        ]
        if self.arguments.avx2:
            lines.append("**Every framework was held to AVX2.**")
        if self.arguments.quick:
            lines.append("**A quick run, not to be quoted.**")
        return "\n\n".join(lines) + "\n"


def put(path: Path, section: str, text: str) -> None:
    """Replaces a section of a Markdown file."""
    before, title, after = path.read_text().partition(f"## {section}\n\n")
    if not title:
        sys.exit(f"{path} has no section ## {section}")
    rest = re.search(r"^##+ .*", after, flags=re.MULTILINE | re.DOTALL)
    path.write_text(before + title + text + (f"\n{rest[0]}" if rest else ""))


def main() -> None:
    arguments = parsed()
    run = Run(arguments)
    if arguments.what in ("networks", "zoo"):
        workloads = ZOO if arguments.what == "zoo" else WORKLOADS
        if arguments.read:
            run.records = report.earlier(arguments.read)
        else:
            run.measure(workloads, list(report.MEASURES))
        text = [table(run.ordered(), workloads) for table in (report.ratios, report.memory)]
    elif arguments.what == "predict":
        run.measure(WORKLOADS, [measure for measure in report.MEASURES if measure != "train"])
        text = [report.ratios(run.ordered(), WORKLOADS)]
    elif arguments.what == "scaling":
        powers = [2**i for i in range(arguments.threads.bit_length())]
        counts = [*(n for n in powers if n < arguments.threads), arguments.threads]
        run.contestants = [run.contestant("fastnn", n, f"{n} thread{'s' * (n > 1)}") for n in counts]
        run.measure(WORKLOADS, ["train", "predict"])
        text = [report.scaling(run.ordered(), WORKLOADS)]
    elif arguments.what == "busy":
        if arguments.frameworks == FRAMEWORKS:
            run.contestants = [run.contestant("fastnn")]
        one = [run.contestant(c.framework, 1, f"{c.name}, 1 thread") for c in run.contestants if c.name == "fastnn"]
        run.measure(WORKLOADS, ["train", "predict"])
        alone, run.records = run.records, []
        with competing(usable_processors()):
            run.contestants += one
            run.measure(WORKLOADS, ["train", "predict"])
        text = [report.busy(alone, run.ordered(), WORKLOADS)]
    elif arguments.what == "variants":
        text = []
        for variant, name, workload in VARIANTS:
            run.contestants = [run.contestant("fastnn"), run.contestant(f"fastnn-{variant}", name=name)]
            of_variant = [w for w in WORKLOADS if w.name == workload]
            before = len(run.records)
            run.measure(of_variant, ["train", "predict"])
            text.append(report.pairs(run.records[before:], of_variant, "ratio"))
    else:
        run.measure(FORWARD, ["call"], peak=True)
        run.measure(MOVED, ["call"], peak=True)
        run.measure(STEPS, ["train"], peak=True)
        text = [
            report.kernels(run.ordered(), FORWARD, "call"),
            report.moved(run.ordered(), MOVED),
            report.kernels(run.ordered(), STEPS, "train"),
        ]
    if run.records:
        shown = "\n".join([run.heading(), *(table for table in text if table)])
        print(shown)
        if arguments.into:
            put(arguments.into, arguments.what.capitalize(), shown)
    for reason, names in run.notes.items():
        print(f"NOT MEASURED: {reason}: {', '.join(names)}")
    if run.failures or not run.records:
        sys.exit(1)


if __name__ == "__main__":
    main()
