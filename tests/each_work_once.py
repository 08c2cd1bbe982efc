"""Runs each of the small works once, for tools that watch a process; .ci/full runs it under valgrind.

    PYTHONMALLOC=malloc FASTNN_ISA=avx2 valgrind --error-limit=no --log-file=valgrind.log python tests/each_work_once.py
    python tests/each_work_once.py --read valgrind.log

The second tells the errors in whose stack a frame of the core stands.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path


def ours(log: str) -> list[str]:
    """Returns the errors of valgrind that have a frame of the core in their stack."""
    errors = re.split(r"(?m)^==\d+== *$", log)
    found = []
    for error in errors:
        if re.search(r"(?m)^==\d+== +(?:at|by) 0x[0-9A-F]+: .*(_native(?:64)?\.|_kernels(?:64)?_|fastnn)", error):
            found.append(error.strip())
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        log = Path(sys.argv[2]).read_text()
        assert "ERROR SUMMARY" in log, "valgrind did not end"
        found = ours(log)
        print(*found, f"{len(found)} errors in the core", sep="\n\n")
        sys.exit(bool(found))
    import fastnn
    from small_works import WORKS, model_for

    fastnn.config.set_num_threads(2)
    for name, work in WORKS.items():
        work(model_for(name))
        print(name, flush=True)
