"""Contestants and their processes: one for each framework and network, checked first, then measured in turns.

All processes of a network stay alive and wait while one of them works, so other load of the machine affects all of
them, and a ratio compares turns close in time. The records are printed by `report.py`.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO, Any

import numpy as np

from bench.workloads import Workload, initial_weights

ROOT = Path(__file__).parents[1]
THREAD_VARIABLES = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NPROC",  # XLA's pool
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
]
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
HELD_TO_AVX2 = {
    "FASTNN_ISA": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "ATEN_CPU_CAPABILITY": "avx2",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
}
OUTPUT_TOLERANCE, LOSS_TOLERANCE = 1e-4, 2e-3
PAUSE = 0.3  # seconds between turns, in which threads that spin for more work go to sleep
FAR_BEHIND = 4  # a peer slower by this factor in the first two rounds is left out of the others

Record = dict[str, Any]


class Failed(Exception):
    """Error of a worker that ended; the message is the last line that it wrote to standard error."""


@dataclass(frozen=True)
class Contestant:
    """Framework (as `module-variant`) with its settings.

    Attributes:
        name: Name in the tables.
        framework: Name of the adapter, and after a dash that of its variant.
        threads: Number of threads of BLAS, OpenMP and the framework.
        python: Path of its interpreter.
        avx2: Limits its libraries to AVX2.
    """

    name: str
    framework: str
    threads: int
    python: str
    avx2: bool = False


class Process:
    """A worker and the pipe to it."""

    def __init__(self, contestant: Contestant, errors: IO[str]) -> None:
        threads = str(contestant.threads)
        environment = {**os.environ, **QUIET, **dict.fromkeys(THREAD_VARIABLES, threads)}
        environment |= HELD_TO_AVX2 if contestant.avx2 else {}
        self.errors, self.contestant = errors, contestant
        self.process = subprocess.Popen(
            [contestant.python, "-m", "bench.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
            cwd=ROOT,
        )

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(json.dumps({"do": do, **request}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the reason is on standard error
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.errors.seek(0)
            told = self.errors.read()
            print(told, file=sys.stderr)
            last = (told.strip().splitlines() or ["it said nothing"])[-1]
            raise Failed(f"{do}: {last}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@contextmanager
def started(contestant: Contestant) -> Iterator[Process]:
    with tempfile.TemporaryFile("w+") as errors:
        process = Process(contestant, errors)
        try:
            yield process
        except BaseException:
            process.process.kill()
            raise
        finally:
            process.close()


@contextmanager
def competing(count: int) -> Iterator[None]:
    """Keeps `count` processes computing meanwhile, of the same priority."""
    # They end with this process, however it ends.
    code = f"import os\nwhile os.getppid() == {os.getpid()}: sum(range(10**6))"
    others = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def usable_processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> dict[str, Any]:
    """Returns what the measured times depend on besides the code."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    return {
        "processor": model,
        "processors": usable_processors(),
        "system": f"{platform.system()} {platform.release()}",
    }


def commit() -> str:
    """Returns the commit of the working tree, with a plus where files differ from it."""
    git = ["git", "-C", str(ROOT)]
    try:
        head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout
        changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.strip() + ("+" if changed.strip() else "")


def difference(answer: dict[str, Any], reference: dict[str, Any]) -> str:
    """Returns the reason not to time this one; empty where its results agree with the reference."""
    expected, outputs = np.array(reference["outputs"]), np.array(answer["outputs"])
    if outputs.shape != expected.shape:
        return f"outputs of shape {outputs.shape} instead of {expected.shape}"
    error = np.abs(outputs - expected).max() / np.abs(expected).max()
    if not error <= OUTPUT_TOLERANCE:
        return f"outputs differ by {error:.2e}"
    if reference["loss"] is not None and not abs(answer["loss"] / reference["loss"] - 1) <= LOSS_TOLERANCE:
        return f"loss {answer['loss']:.6f} instead of {reference['loss']:.6f}"
    return ""


@dataclass
class Settings:
    """Amount of measurement: rounds, seconds of a turn, largest number of rows (0: all)."""

    rounds: int
    turn: float
    rows: int = 0


class Contest:
    """One network and the contestants that support it; `notes` has the reasons for all others."""

    def __init__(self, workload: Workload, contestants: Sequence[Contestant], settings: Settings) -> None:
        self.workload, self.contestants, self.settings = workload, list(contestants), settings
        self.notes: list[str] = []
        self.failures = 0
        x, _ = workload.data()
        self.shape = x.shape[1:]
        self.rows = min(len(x), settings.rows or len(x))

    def note(self, contestant: Contestant, text: str, failure: bool = False) -> None:
        self.failures += failure
        self.notes.append(f"{contestant.name} {text}")
        print(f"NOT MEASURED: {self.workload.name}: {self.notes[-1]}", file=sys.stderr)

    def open(self, process: Process, weights: Path, check: bool) -> dict[str, Any]:
        framework, _, variant = process.contestant.framework.partition("-")
        request = {"workload": self.workload.name, "rows": self.rows, "weights": str(weights), "check": check}
        threads = process.contestant.threads
        return process.ask("open", framework=framework, variant=variant, threads=threads, **request)

    def checked(self, weights: Path, training: bool) -> list[Contestant]:
        """Returns the contestants whose results agree with the first, each checked in a process that is not timed."""
        agreed: list[Contestant] = []
        reference: dict[str, Any] = {}
        for contestant in self.contestants:
            try:
                with started(contestant) as process:
                    opened = self.open(process, weights, check=True)
                    if "missing" in opened:
                        self.note(contestant, f"is not installed ({opened['missing']})")
                    elif "unsupported" in opened:
                        self.note(contestant, f"cannot do it ({opened['unsupported']})")
                    else:
                        answer = process.ask("check", training=training)
                        wrong = difference(answer, reference) if reference and opened["comparable"] else ""
                        reference = reference or answer
                        if wrong:
                            self.note(contestant, f"computes something else: {wrong}", failure=True)
                        else:
                            agreed.append(contestant)
            except (Failed, OSError) as error:
                self.note(contestant, f"failed: {error}", failure=True)
            if not agreed:
                break  # nothing to compare with
        return agreed

    def records(self, measures: Sequence[str], peak: bool = False) -> list[Record]:
        """Runs the rounds of turns and returns a record for each contestant, that of the first one first."""
        with tempfile.TemporaryDirectory() as folder, ExitStack() as alive:
            weights = Path(folder) / "weights.npz"
            arrays = {f"{i:03d}": w for i, w in enumerate(initial_weights(self.workload, self.shape))}
            np.savez(weights, **arrays)  # type: ignore[arg-type]
            agreed = self.checked(weights, "train" in measures)
            names = ", ".join(contestant.name for contestant in agreed)
            print(f"{self.workload.name}: answers agree ({names}); timing", file=sys.stderr)
            processes: dict[str, Process] = {}
            found: dict[str, Record] = {}
            for contestant in agreed:
                process = alive.enter_context(started(contestant))
                try:
                    opened = self.open(process, weights, check=False)
                    warm = process.ask("warm_up", measures=measures)
                except Failed as error:
                    self.note(contestant, f"failed: {error}", failure=True)
                    continue
                processes[contestant.name] = process
                found[contestant.name] = {**self.about(contestant), **opened, **warm}
            turns: dict[str, list[dict[str, Any]]] = {name: [] for name in processes}
            peaks = []
            for i in range(self.settings.rounds):
                if peak:
                    peaks.append(next(iter(processes.values())).ask("peak", seconds=0.3)["gflops"])
                for name in list(processes) if i % 2 == 0 else list(reversed(processes)):
                    if i >= 2 and all(self.behind(turns, name, m) for m in measures):
                        continue
                    time.sleep(PAUSE)
                    turn = {m: processes[name].ask(m, seconds=self.settings.turn) for m in measures}
                    turns[name].append({"round": i, **turn})
        for name, record in found.items():
            for measure in measures:
                record[measure] = self.summary(turns, name, measure)
            if peaks:
                record["peak_gflops"] = max(peaks)
        return list(found.values())

    @staticmethod
    def behind(turns: dict[str, list[dict[str, Any]]], name: str, measure: str) -> bool:
        first = next(iter(turns.values()))
        pairs = zip(turns[name][:2], first[:2], strict=True)
        return all(mine[measure]["median"] > FAR_BEHIND * reference[measure]["median"] for mine, reference in pairs)

    @staticmethod
    def summary(turns: dict[str, list[dict[str, Any]]], name: str, measure: str) -> Record:
        """Returns minimum, median, and for each round the ratio to the turn of the first contestant."""
        reference = {turn["round"]: turn[measure]["median"] for turn in next(iter(turns.values()))}
        mine = turns[name]
        medians = [turn[measure]["median"] for turn in mine]
        ratios = [seconds / reference[turn["round"]] for turn, seconds in zip(mine, medians, strict=True)]
        return {
            "min": min(turn[measure]["min"] for turn in mine),
            "median": median(medians),
            "count": sum(turn[measure]["count"] for turn in mine),
            "ratio": median(ratios),
            "ratios": ratios,
        }

    def about(self, contestant: Contestant) -> Record:
        return {
            "workload": self.workload.name,
            "name": contestant.name,
            "framework": contestant.framework,
            "threads": contestant.threads,
            "held_to_avx2": contestant.avx2,
            "rows": self.rows,
            "batch_size": self.workload.batch_size,
            "rounds": self.settings.rounds,
            "machine": machine(),
            "commit": commit(),
            "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        }
