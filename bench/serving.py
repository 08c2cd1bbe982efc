"""`python -m bench.serving > bench/SERVING.md`: requests a second of the service of `docs/guides/service.py`.

Uvicorn serves a small network in one process with one thread; clients with open connections ask for one row a request.
Server and clients each have a processor of their own where there are two. Needs `pip install fastapi uvicorn`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import numpy as np

import fastnn
from bench.report import in_words, markdown
from bench.runner import ROOT, commit, machine
from fastnn import Sequential, layers

ROW = [0.1, 0.2, 0.3, 0.4]
PROCESSORS = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def network() -> Sequential:
    fastnn.utils.set_random_seed(1)
    return Sequential([layers.Input((4,)), layers.Dense(16, activation="relu"), layers.Dense(3, activation="softmax")])


def pin(processor: int) -> None:
    if len(PROCESSORS) > 1:
        os.sched_setaffinity(0, {processor})


@contextmanager
def served(path: Path) -> Iterator[int]:
    """Runs the service of a model file while the block runs, and yields its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "service:app", "--port", str(port), "--log-level", "warning"],
        cwd=ROOT / "docs" / "guides",
        env={**os.environ, "FASTNN_MODEL": str(path), "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: pin(PROCESSORS[0]) if PROCESSORS else None,
    )
    try:
        for _ in range(600):
            if server.poll() is not None:
                sys.exit("the server ended before its first request")
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait()


async def client(port: int, end: float) -> list[float]:
    """Asks for one row after the other until a time; returns the seconds that each answer took."""
    body = json.dumps({"rows": [ROW]}).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    request = head.encode() + b"\r\n\r\n" + body
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    taken = []
    while (begin := time.perf_counter()) < end:
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200"):
            sys.exit(f"the service answers {answer.splitlines()[0]!r}")
        length = answer.lower().split(b"content-length:")[1].split(b"\r\n")[0]
        await reader.readexactly(int(length))
        taken.append(time.perf_counter() - begin)
    writer.close()
    return taken


async def asked(port: int, connections: int, seconds: float) -> list[float]:
    end = time.perf_counter() + seconds
    found = await asyncio.gather(*(client(port, end) for _ in range(connections)))
    return [one for taken in found for one in taken]


def direct(model: Sequential, seconds: float) -> list[float]:
    """Returns the seconds of calls of `predict` without a service."""
    x = np.array([ROW], dtype="float32")
    taken, end = [], time.perf_counter() + seconds
    while (begin := time.perf_counter()) < end:
        model.predict(x, verbose=0)
        taken.append(time.perf_counter() - begin)
    return taken


def line(name: str, taken: list[float], seconds: float) -> list[str]:
    median, slow = np.percentile(taken, [50, 99])
    return [name, f"{len(taken) / seconds:,.0f}", in_words(median), in_words(slow)]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.serving", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="of each row of the table (default: %(default)s)")
    seconds = parser.parse_args().seconds
    fastnn.config.set_num_threads(1)
    model = network()
    here = machine()  # before this process is bound to one processor
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        with served(path) as port:
            pin(PROCESSORS[-1] if PROCESSORS else 0)
            asyncio.run(asked(port, 1, 1.0))
            rows = [
                line(name, asyncio.run(asked(port, connections, seconds)), seconds)
                for name, connections in (("one connection", 1), ("eight connections", 8))
            ]
    rows.append(line("`model.predict` itself, without HTTP", direct(model, seconds), seconds))
    packages = ", ".join(f"{name} {version(name)}" for name in ("fastapi", "uvicorn"))
    print(
        f"{here['processor']}, {here['processors']} processors, commit {commit()}, Python "
        f"{sys.version.split()[0]}, {packages}:\n"
    )
    print(markdown(["", "requests a second", "median", "99 % below"], rows))


if __name__ == "__main__":
    main()
