"""Two hosts on one machine: network namespaces, joined by a cable of a given rate.

Needs Linux, root and the programs ip and tc. A script runs as two processes, one on each host:

    python two_hosts.py RATE SCRIPT [ARGUMENTS...]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOSTS = {"10.77.0.1": "fastnn-one", "10.77.0.2": "fastnn-two"}
DEVICE = "cable"

# What mpiexec calls in the place of ssh: options, a host and a command.
LAUNCHER = """#!/bin/bash
while [[ $1 == -* ]]; do shift; done
declare -A namespaces=({namespaces})
host=$1
shift
exec ip netns exec "${{namespaces[$host]}}" bash -c "$*"
"""


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


def _await_cable(name: str) -> None:
    """Returns when a host sees that its cable is plugged in at both ends."""
    end = time.monotonic() + 10
    while True:
        seen = subprocess.run(["ip", "-n", name, "link", "show", DEVICE], capture_output=True, text=True, check=True)
        if "state UP" in seen.stdout:
            return
        if time.monotonic() > end:
            raise OSError(f"the cable of {name} does not come up: {seen.stdout}")
        time.sleep(0.01)


@contextmanager
def two_hosts(rate: str) -> Iterator[Path]:
    """Yields the launcher for mpiexec while the hosts are there.

    Args:
        rate: The rate of the cable, as tc writes it: "100mbit".

    Raises:
        OSError: A program is missing.
        subprocess.CalledProcessError: The system does not let this process make them.
    """
    made = []
    try:
        for name in HOSTS.values():
            _ip("netns", "add", name)
            made.append(name)
        one, two = made
        _ip("link", "add", DEVICE, "netns", one, "type", "veth", "peer", "name", DEVICE, "netns", two)
        for address, name in HOSTS.items():
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", DEVICE)
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "link", "set", DEVICE, "up")
            limit = ["root", "tbf", "rate", rate, "burst", "256kbit", "latency", "50ms"]
            _ip("netns", "exec", name, "tc", "qdisc", "add", "dev", DEVICE, *limit)
        for name in made:
            _await_cable(name)
        with tempfile.TemporaryDirectory() as folder:
            launcher = Path(folder) / "launch"
            pairs = " ".join(f"[{address}]={name}" for address, name in HOSTS.items())
            launcher.write_text(LAUNCHER.format(namespaces=pairs))
            launcher.chmod(0o755)
            yield launcher
    finally:
        for name in made:
            subprocess.run(["ip", "netns", "del", name], check=False)


def run(launcher: Path, mpiexec: str, command: list[str], timeout: float) -> subprocess.CompletedProcess[str]:
    """Runs a command by two processes, one on each host, and returns how it ended."""
    # Memory that both could share, as processes of one machine, is left aside.
    network = {"MPIR_CVAR_NOLOCAL": "1", "UCX_TLS": "tcp", "UCX_NET_DEVICES": DEVICE, "FI_TCP_IFACE": DEVICE}
    inside = ["ip", "netns", "exec", next(iter(HOSTS.values()))]
    hosts = ["-launcher", "ssh", "-launcher-exec", str(launcher), "-iface", DEVICE, "-hosts", ",".join(HOSTS)]
    return subprocess.run(
        [*inside, mpiexec, *hosts, "-n", "2", *command],
        env={**os.environ, **network}, text=True, capture_output=True, timeout=timeout,
    )  # fmt: skip


def main() -> None:
    rate, *command = sys.argv[1:]
    mpiexec = Path(sys.executable).with_name("mpiexec")
    with two_hosts(rate) as launcher:
        ended = run(launcher, str(mpiexec) if mpiexec.exists() else "mpiexec", [sys.executable, *command], 600)
    print(ended.stdout, ended.stderr, sep="", end="")
    raise SystemExit(ended.returncode)


if __name__ == "__main__":
    main()
