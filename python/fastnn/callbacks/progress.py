"""Progress bars and lines."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastnn import config
from fastnn.callbacks.callback import Callback, Logs


def _in_notebook() -> bool:
    return type(sys.stdout).__module__.startswith("ipykernel")


def settled_verbosity(verbose: str | int | bool) -> int:
    """Returns 0, 1 or 2 for the argument `verbose`; 1 becomes 2 where standard output is no terminal or notebook.

    Where the configuration switches printing off, it returns 0.

    Args:
        verbose: "auto", 0, 1 or 2.

    Raises:
        ValueError: It is something else.
    """
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(f"verbose expects 'auto', 0, 1 or 2, got {verbose!r}")
    if not config.is_interactive_logging_enabled():
        return 0
    level = 1 if verbose == "auto" else int(verbose)
    if level == 1 and not (sys.stdout.isatty() or _in_notebook()):
        return 2
    return level


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) > 1e-3 or math.isnan(value) else f"{value:.4e}"


def _a_step(seconds: float) -> str:
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/step"
    return f"{seconds * 1e3:.0f}ms/step" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/step"


class ProgbarLogger(Callback):
    """Shows the progress of `fit`, `evaluate` and `predict` on standard output.

    Args:
        verbose: 1: a progress bar; 2: a line.

    Example:
        >>> bar = fastnn.callbacks.ProgbarLogger(verbose=2)
        >>> bar.shows_progress
        True
    """

    shows_progress = True

    def __init__(self, verbose: int = 1) -> None:
        super().__init__()
        self._verbose = verbose
        self._bar: Any = None
        self._begun = 0.0
        self._steps = 0
        self._training = False
        self._testing = False

    def advance(self, steps: int, logs: Mapping[str, Any]) -> None:
        """Updates the bar.

        Args:
            steps: The number of steps that are done.
            logs: The means up to here.
        """
        if self._bar is None:
            self._steps = max(self._steps, steps)
        elif not (self._training and self._testing):
            self._bar.set_postfix({name: _number(value) for name, value in logs.items()}, refresh=False)
            self._bar.update(steps - self._bar.n)

    def close(self) -> None:
        """Closes the bar, also after an error, so that the terminal is left in order."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _open(self, title: str) -> None:
        self._begun = time.perf_counter()
        self._steps = 0
        if self._verbose == 1:
            import shutil

            from tqdm import tqdm

            self.close()
            # Some terminals, and all notebooks, report a size of 0: tqdm would draw a bar of no width.
            columns, lines = shutil.get_terminal_size((100, 24))
            self._bar = tqdm(
                total=self.params.get("steps"),
                desc=title or None,
                file=sys.stdout,
                unit="step",
                bar_format="{desc} {n_fmt}/{total_fmt} |{bar}| {elapsed}{postfix}",
                ncols=columns,
                nrows=lines,
            )

    def _finish(self, logs: Mapping[str, Any]) -> None:
        steps = self.params.get("steps") or 1
        numbers = {name: value for name, value in logs.items() if isinstance(value, (int, float, np.number))}
        if self._bar is not None:
            self._bar.update(steps - self._bar.n)
            # The last state is written in full, however narrow the terminal.
            self._bar.ncols = None
            self._bar.set_postfix({name: _number(float(value)) for name, value in numbers.items()})
            self.close()
            return
        seconds = time.perf_counter() - self._begun
        shown = [f"{steps}/{steps}", f"{seconds:.0f}s", _a_step(seconds / steps)]
        shown += [f"{name}: {_number(float(value))}" for name, value in numbers.items()]
        print(" - ".join(shown), file=sys.stdout, flush=True)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Notes that `fit` runs."""
        self._training = True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Shows the number of the epoch, and opens the bar."""
        epochs = self.params.get("epochs", 1)
        title = f"Epoch {epoch + 1}/{epochs}" if epochs > 1 else ""
        if title and self._verbose == 2:
            print(title, file=sys.stdout, flush=True)
        self._open(title)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Shows the logs of the epoch."""
        self._finish(logs or {})

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Notes that `fit` has ended."""
        self._training = False

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Opens the bar of `evaluate`."""
        self._testing = True
        if not self._training:
            self._open("")

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Shows the logs of `evaluate`."""
        self._testing = False
        if not self._training:
            self._finish(logs or {})

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Opens the bar of `predict`."""
        self._open("")

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Shows the time of `predict`."""
        self._finish({})
