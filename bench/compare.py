"""`python -m bench.compare OLD.jsonl NEW.jsonl`: fails where the lead over a peer fell by more than the noise.

Both files are records of `python -m bench --records`, from one machine or from two: what is compared is the ratio of a
peer's time to that of fastnn, which the speed of the machine hardly changes. A ratio fell where its median in the new
file is below that in the old one by the tolerance, and no round of the new file reaches the worst round of the old one.
Peers of other versions are not compared.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.report import MEASURES, earlier, markdown, times
from bench.runner import Record

Key = tuple[str, str]


def has_fallen(old: Record, new: Record, tolerance: float) -> bool:
    """Returns whether the time of a peer over that of fastnn fell from one record of figures to another."""
    return bool(new["ratio"] < (1 - tolerance) * old["ratio"] and max(new["ratios"]) < min(old["ratios"]))


def compared(
    old: Sequence[Record], new: Sequence[Record], tolerance: float
) -> tuple[list[list[str]], list[str], list[str]]:
    """Returns the rows of the table, what fell, and what could not be compared."""
    before = {(record["workload"], record["name"]): record for record in old}
    after: dict[Key, Record] = {(record["workload"], record["name"]): record for record in new}
    rows, fallen, left_out = [], [], []
    for (workload, name), was in before.items():
        is_now = after.get((workload, name))
        if name == "fastnn":
            continue
        if is_now is None or was.get("version") != is_now.get("version"):
            there = "is not in the new file" if is_now is None else f"was {was['version']} and is {is_now['version']}"
            left_out.append(f"{workload}: {name} {there}")
            continue
        for measure in MEASURES:
            if measure not in was or measure not in is_now:
                continue
            fell = has_fallen(was[measure], is_now[measure], tolerance)
            fallen += [f"{workload}, {name}, {measure}"] if fell else []
            ratios = times(was[measure]["ratio"]), times(is_now[measure]["ratio"])
            rows.append([workload, name, measure, *ratios, "**fell**" if fell else ""])
    return rows, fallen, left_out


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", type=Path, help="the records to compare with")
    parser.add_argument("new", type=Path, help="the records to judge")
    parser.add_argument("--tolerance", type=float, default=0.1, help="default: %(default)s")
    arguments = parser.parse_args()
    rows, fallen, left_out = compared(earlier(arguments.old), earlier(arguments.new), arguments.tolerance)
    print(markdown(["workload", "peer", "measure", "peer / fastnn, old", "new", ""], rows))
    for one in left_out:
        print(f"NOT COMPARED: {one}")
    if not rows:
        sys.exit("the files have no workload and peer in common")
    if fallen:
        sys.exit(f"{len(fallen)} of {len(rows)} ratios fell: {'; '.join(fallen)}")


if __name__ == "__main__":
    main()
