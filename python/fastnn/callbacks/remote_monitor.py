"""Callback that sends the logs of each epoch to a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastnn.callbacks.callback import Callback, Logs
from fastnn.caller import warn


class RemoteMonitor(Callback):
    """Sends the logs of each epoch to a server, by HTTP POST; an unreachable server is warned of.

    Args:
        root: The address of the server.
        path: The path to which the logs are sent.
        field: The field of the form that holds the logs as JSON; not used with `send_as_json`.
        headers: Further headers of HTTP.
        send_as_json: True to send the logs as "application/json", not as a form.

    Example:
        >>> monitor = fastnn.callbacks.RemoteMonitor("http://localhost:9000", send_as_json=True)
        >>> monitor.root + monitor.path
        'http://localhost:9000/publish/epoch/end/'
    """

    on_every_process = False

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Sends the logs and the number of the epoch."""
        sent = {"epoch": epoch, **{name: _plain(value) for name, value in (logs or {}).items()}}
        # Loaded here: they bring all of the standard library's mail and HTTP.
        import json
        import urllib.error
        import urllib.parse
        import urllib.request

        text = json.dumps(sent)
        kind = "application/json" if self.send_as_json else "application/x-www-form-urlencoded"
        body = text if self.send_as_json else urllib.parse.urlencode({self.field: text})
        request = urllib.request.Request(
            self.root + self.path, body.encode(), {"Content-Type": kind, **(self.headers or {})}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=10):
                pass
        except urllib.error.HTTPError:
            pass  # it was reached; what it makes of the logs is its matter
        except OSError as error:
            warn(f"RemoteMonitor could not reach {self.root}: {error}")


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
