"""The watch over processes: each hears twice a second of all others, through process 0, and ends where one has failed.

Messages go over connections of their own, made in threads, so that a process which is stopped, whose host is gone or
which waits in MPI is noticed within seconds. A process that raises says what, and ends the others.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import sys
import threading
import time
import traceback
from types import TracebackType
from typing import Any

_BEAT, _SILENCE = 0.5, 5.0
"""Seconds between two signs of life, and after which a process that gives none has failed."""
_FIRST, _ANSWER = 60.0, 5.0
"""Seconds within which all processes have to connect at the beginning, and for which one waits for an answer then."""
_WELCOME = b'{"welcome": true}\n'
_LEFT = 2.0
"""Seconds for which a wait goes on after another process has ended its script."""


class Watch:
    """The watch of one process over the others.

    Args:
        comm: The communicator.
    """

    def __init__(self, comm: Any) -> None:
        self._rank, self._size = comm.Get_rank(), comm.Get_size()
        self._lock = threading.Lock()
        self._failed = ""
        self._ended: set[int] = set()
        self._closing = False
        self._heard: dict[int, float] = {}
        listener = None
        address = None
        if self._rank == 0:
            listener = socket.create_server(("", 0), backlog=self._size)
            address = [_addresses(), listener.getsockname()[1], os.urandom(16).hex()]
        names, port, secret = comm.bcast(address)
        self._links: dict[int, socket.socket] = {}
        if listener is None:
            self._links[0] = _connected(names, port, {"secret": secret, "rank": self._rank})
        else:
            self._accept(listener, secret, names)
        comm.Barrier()
        for rank, link in self._links.items():
            self._heard[rank] = time.monotonic()
            threading.Thread(target=self._listen, args=(rank, link), name="fastnn-watch", daemon=True).start()
        threading.Thread(target=self._beat, name="fastnn-beat", daemon=True).start()
        self._hook = sys.excepthook
        sys.excepthook = self._raised
        atexit.register(self._end)

    def _accept(self, listener: socket.socket, secret: str, names: list[str]) -> None:
        """Waits for the connections of all other processes."""
        end = time.monotonic() + _FIRST
        with listener:
            while len(self._links) < self._size - 1:
                listener.settimeout(max(end - time.monotonic(), 0.01))
                try:
                    link, _ = listener.accept()
                except TimeoutError:
                    missing = ", ".join(str(rank) for rank in range(1, self._size) if rank not in self._links)
                    raise RuntimeError(
                        f"process 0 of {self._size} has not heard of process {missing} for {_FIRST:.0f} seconds; hosts "
                        f"have to reach one another by TCP, and this one by one of {', '.join(names)}"
                    ) from None
                link.settimeout(_ANSWER)
                try:
                    hello = json.loads(link.makefile("r", encoding="utf-8").readline())
                    known = hello.get("secret") == secret
                    if known:
                        link.sendall(_WELCOME)
                except (OSError, ValueError):
                    known = False
                if known:
                    self._links[int(hello["rank"])] = link
                else:
                    link.close()

    def _send(self, rank: int, message: dict[str, Any]) -> None:
        try:
            with self._lock:
                self._links[rank].sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            pass  # the thread that listens finds out

    def _tell(self, message: dict[str, Any], but: int = -1) -> None:
        for rank in self._links:
            if rank != but:
                self._send(rank, message)

    def _beat(self) -> None:
        while not self._closing:
            time.sleep(_BEAT)
            self._tell({"beat": True})
            for rank, heard in self._heard.items():
                silence = time.monotonic() - heard
                if silence > _SILENCE and rank not in self._ended and not self._closing:
                    self._fail(
                        f"process {rank} of {self._size} gives no sign of life: it is stopped, or its host is gone"
                    )

    def _listen(self, rank: int, link: socket.socket) -> None:
        link.settimeout(None)
        try:
            for line in link.makefile("r", encoding="utf-8"):
                self._heard[rank] = time.monotonic()
                message = json.loads(line)
                if "failed" in message:
                    self._fail(message["failed"], rank)
                if "ended" in message:
                    self._ended.add(message["ended"])
                    if self._rank == 0:
                        self._tell(message, rank)
        except (OSError, ValueError):
            pass
        if rank not in self._ended and not self._closing:
            self._fail(f"process {rank} of {self._size} has died")

    def _fail(self, why: str, told_by: int = -1) -> None:
        """Ends this process, and tells the others why."""
        with self._lock:
            if self._failed:
                return
            self._failed = why
        self._tell({"failed": why}, told_by)
        if self._rank == 0 or told_by == -1:
            print(f"fastnn: {why}; process {self._rank} ends", file=sys.stderr, flush=True)
        time.sleep(0.5)  # for the messages to arrive before the launcher ends all
        os._exit(1)

    def _raised(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Prints an error that ends the script, and ends the other processes."""
        text = "".join(traceback.format_exception_only(kind, error)).strip()
        print(f"fastnn: process {self._rank} of {self._size} has raised an error", file=sys.stderr)
        self._hook(kind, error, trace)
        sys.stderr.flush()
        with self._lock:
            self._failed = text
        self._tell({"failed": f"process {self._rank} of {self._size} has raised {text}"})
        time.sleep(0.5)
        os._exit(1)

    def check(self, waited: float) -> None:
        """Called within a wait; raises where the wait is in vain.

        Args:
            waited: Seconds since it began.

        Raises:
            RuntimeError: Another process has ended its script.
        """
        if waited > _LEFT and self._ended:
            gone = ", ".join(map(str, sorted(self._ended)))
            raise RuntimeError(
                f"process {self._rank} of {self._size} waits for process {gone}, which has ended its script; all "
                "processes have to make the same calls of fit, evaluate and predict"
            )

    def _end(self) -> None:
        self._closing = True
        self._tell({"ended": self._rank})


def _addresses() -> list[str]:
    """Returns names and addresses by which other hosts may reach this one."""
    found = [*_of_interfaces(), socket.gethostname(), socket.getfqdn()]
    try:
        # No packet is sent: the system tells by which address it would reach others.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))
            found.insert(0, probe.getsockname()[0])
    except OSError:
        pass
    return list(dict.fromkeys([*found, "127.0.0.1"]))


def _of_interfaces() -> list[str]:
    """Returns the addresses of the network interfaces on Linux: hosts may share a network that leads nowhere else."""
    if not sys.platform.startswith("linux"):
        return []
    import fcntl

    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(probe, _SIOCGIFADDR, name.encode()[:15].ljust(256, b"\0"))
            except OSError:
                continue  # it has none
            found.append(socket.inet_ntoa(answer[20:24]))
    return [one for one in found if not one.startswith("127.")]


_SIOCGIFADDR = 0x8915
"""The request to Linux for the address of an interface, from linux/sockios.h."""


def _connected(names: list[str], port: int, hello: dict[str, Any]) -> socket.socket:
    """Returns a connection to process 0, which has answered: a name may lead to another host than it does there."""
    problem: OSError | None = None
    for name in names:
        try:
            link = socket.create_connection((name, port), timeout=_ANSWER)
        except OSError as error:
            problem = error
            continue
        try:
            link.sendall(json.dumps(hello).encode() + b"\n")
            answer = b""
            while len(answer) < len(_WELCOME) and (part := link.recv(len(_WELCOME) - len(answer))):
                answer += part
            if answer == _WELCOME:
                return link
            problem = OSError(f"what answers at {name} is not process 0")
        except OSError as error:
            problem = error
        link.close()
    raise RuntimeError(f"process 0 cannot be reached at port {port} of {', '.join(names)}: {problem}")
