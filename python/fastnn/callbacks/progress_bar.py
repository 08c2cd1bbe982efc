"""The progress bar: steps, time, time a step and values on one line that fits the terminal."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fastnn import console


def shown_number(value: Any) -> str:
    """Returns a value of the logs with four digits; a mean where it is an array."""
    number = float(np.mean(value))
    return f"{number:.4f}" if abs(number) > 1e-3 or math.isnan(number) else f"{number:.4e}"


def shown_step_time(seconds: float, unit: str = "step") -> str:
    """Returns the time of a step: "3ms/step"."""
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/{unit}"
    return f"{seconds * 1e3:.0f}ms/{unit}" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/{unit}"


def shown_time_left(seconds: float) -> str:
    """Returns a time: "59s", "1:01" or "1:00:00"."""
    whole = int(seconds)
    if whole > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"
    return f"{whole // 60}:{whole % 60:02}" if whole > 60 else f"{whole}s"


class Progbar:
    """Progress bar on standard output.

    On a terminal the bar stays on one line, however narrow: the bar itself gives way first, then the values at the
    right. Elsewhere each update is a line.

    Args:
        target: The number of steps; None where it is not known: then the bar counts up.
        width: The number of characters of the bar itself.
        verbose: 0: silent; 1: a bar; 2: a line at the end.
        interval: The least time in seconds between two updates.
        stateful_metrics: The names of the values that are shown as they come; all others are averaged over the
            updates.
        stateless_metrics: The names of the values that are averaged; all others are shown as they come. Give one of
            the two at most.
        unit_name: What is counted: "step" or "sample".

    Raises:
        ValueError: Both lists of names are given.

    Example:
        >>> bar = fastnn.utils.Progbar(2, verbose=2)
        >>> bar.update(1, [("loss", 1.0)])
        >>> bar.update(2, [("loss", 0.5)])  # doctest: +ELLIPSIS
        2/2 - 0s - .../step - loss: 0.5000
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Progbar expects stateful_metrics or stateless_metrics, got both")
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self.stateful_metrics = None if stateless_metrics is not None else set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self._dynamic = console.is_terminal() or console.in_notebook()
        self._marks = "━" if console.encodes("━") else "="
        self._seen = 0
        self._sums: dict[str, tuple[Any, int]] = {}
        self._begun = time.perf_counter()
        self._after_first: float | None = None
        self._updated = -math.inf
        self._shown = 0

    def update(
        self, current: int, values: Sequence[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Shows how far the steps have come.

        Args:
            current: The number of steps that are done.
            values: Pairs of names and values.
            finalize: True for the last update, which ends the line; None: where `current` reaches `target`.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or ():
            self._take(name, value, max(current - self._seen, 1), finalize)
        self._seen = current
        now = time.perf_counter()
        a_step = self._time_of_step(current, now)
        if self.verbose == 1 and (finalize or now - self._updated >= self.interval):
            self._draw(current, now, a_step, finalize)
            self._updated = now
        elif self.verbose == 2 and finalize:
            total = current if self.target is None else self.target
            parts = [f"{current:{len(str(total))}}/{total}", f"{now - self._begun:.0f}s"]
            console.write(" - ".join([*parts, shown_step_time(a_step, self.unit_name), *self._numbers()]))

    def add(self, n: int, values: Sequence[tuple[str, Any]] | None = None) -> None:
        """Shows that further steps are done.

        Args:
            n: The number of further steps.
            values: As in `update`.
        """
        self.update(self._seen + n, values)

    def close(self) -> None:
        """Ends a line that was begun and not finished."""
        if self._shown and self._dynamic:
            console.write("")
        self._shown = 0

    def _take(self, name: str, value: Any, steps: int, last: bool) -> None:
        averaged = name in self.stateless_metrics if self.stateless_metrics is not None else True
        if self.stateful_metrics is not None:
            averaged = name not in self.stateful_metrics
        if not averaged or last or isinstance(value, str):
            self._sums[name] = (value, 1)
        else:
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + np.mean(value) * steps, count + steps)

    def _numbers(self) -> list[str]:
        return [
            f"{name}: {total if isinstance(total, str) else shown_number(float(np.mean(total)) / count)}"
            for name, (total, count) in self._sums.items()
        ]

    def _time_of_step(self, current: int, now: float) -> float:
        """Returns the time of a step, without the first, which prepares what the others use."""
        if not current:
            return 0.0
        if current > 1 and self._after_first is not None:
            return (now - self._after_first) / (current - 1)
        if current == 1:
            self._after_first = now
        return (now - self._begun) / current

    def _draw(self, current: int, now: float, a_step: float, last: bool) -> None:
        known = self.target is not None and self.target > 0
        count = f"{current:{len(str(self.target))}}/{self.target}" if known else f"{current:7}/Unknown"
        left = a_step * ((self.target or 0) - current)
        clock = shown_time_left(left) if known and not last else f"{now - self._begun:.0f}s"
        text = f" {shown_step_time(a_step, self.unit_name)}"
        # The last state is written in full; before, a line that wraps could not be drawn over.
        space = console.columns() - 1 if self._dynamic and not last else 1 << 30
        space -= len(count) + len(clock) + 2
        whole = text + "".join(f" - {number}" for number in self._numbers())
        width = self.width if known else 0
        if len(whole) > space - width:
            width = max(min(width, 4), space - len(whole))
        for number in self._numbers():
            if len(text) + len(number) + 3 <= space - width:
                text += f" - {number}"
        done = min(width, int(width * current / (self.target or 1))) if known else 0
        bar = f"\x1b[32m{self._marks * done}\x1b[37m{self._marks * (width - done)}\x1b[0m " if width > 0 else ""
        shown = len(count) + 1 + (width + 1 if width > 0 else 0) + len(clock) + len(text)
        line = f"\x1b[1m{count}\x1b[0m {bar}\x1b[1m{clock}\x1b[0m{text}"
        if not self._dynamic:
            line = f"{count} {self._marks * done}{'-' * (width - done)} {clock}{text}"
        padding = " " * max(self._shown - shown, 0)
        console.write(f"\r{line}{padding}" if self._dynamic else line, "\n" if last or not self._dynamic else "")
        self._shown = 0 if last else shown
