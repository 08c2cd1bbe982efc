"""`python -m bench.versions OLD_PYTHON NEW_PYTHON`: two versions of fastnn, each in an environment of its own.

They take turns, each in a process of its own, on the networks of `bench/workloads.py`, from the same weights; their
losses and outputs are compared first. The table has the old time over the new one for each measure: above 1 the new
version is faster. The exit status is 1 where it is slower by more than the tolerance in the median, and so in all
rounds but one: less than that is noise.
"""

from __future__ import annotations

import argparse
import sys

from bench.runner import Contest, Contestant, Record, Settings, usable_processors
from bench.workloads import WORKLOADS, Missing

MEASURES = ("train", "predict", "predict_row", "call_row")


def is_slower(old: Record, measure: str, tolerance: float) -> bool:
    """Returns whether the new version is slower than the old one beyond the noise."""
    ratios = sorted(old[measure]["ratios"])
    return old[measure]["ratio"] < 1 - tolerance and (len(ratios) < 3 or ratios[-2] < 1 - tolerance)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.versions", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", help="the interpreter that has the old version")
    parser.add_argument("new", help="the interpreter that has the new one")
    parser.add_argument("--only", nargs="+", metavar="WORKLOAD", choices=[workload.name for workload in WORKLOADS])
    parser.add_argument("--threads", type=int, default=usable_processors())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--turn", type=float, default=0.6, help="seconds of a turn")
    parser.add_argument("--tolerance", type=float, default=0.05)
    arguments = parser.parse_args()
    contestants = [Contestant(n, "fastnn", arguments.threads, getattr(arguments, n)) for n in ("new", "old")]
    slower, missing = [], []
    print(f"| old time / new time | {' | '.join(MEASURES)} |\n|---|{'---|' * len(MEASURES)}")
    for workload in WORKLOADS:
        if arguments.only and workload.name not in arguments.only:
            continue
        try:
            records = Contest(workload, contestants, Settings(arguments.rounds, arguments.turn)).records(MEASURES)
        except Missing as reason:
            missing.append(f"{workload.name}: {reason}")
            continue
        if len(records) < 2:
            missing.append(f"{workload.name}: one of the versions failed, or their answers differ")
            continue
        new, old = records
        cells = []
        for measure in MEASURES:
            marked = is_slower(old, measure, arguments.tolerance)
            slower += [f"{workload.name}: {measure}"] if marked else []
            cells.append(f"{'**' if marked else ''}{old[measure]['ratio']:.2f}{'**' if marked else ''} "
                         f"({new[measure]['median'] * 1e6:.4g} us)")  # fmt: skip
        print(f"| {workload.name} | {' | '.join(cells)} |", flush=True)
    for one in missing:
        print(f"NOT MEASURED: {one}")
    for one in slower:
        print(f"SLOWER: {one}")
    sys.exit(1 if slower or missing else 0)


if __name__ == "__main__":
    main()
