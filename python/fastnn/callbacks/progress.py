"""The callback that shows the progress of `fit`, `evaluate` and `predict`."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastnn import config, console
from fastnn.callbacks.callback import Callback, Logs
from fastnn.callbacks.progress_bar import Progbar, shown_number, shown_step_time


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
    return 2 if level == 1 and not (console.is_terminal() or console.in_notebook()) else level


class _NotebookBar:
    """One line of a notebook for a whole call of `fit`, `evaluate` or `predict`.

    Args:
        total: The number of steps of the call; None where it is not known.
    """

    def __init__(self, total: int | None) -> None:
        with warnings.catch_warnings():
            # Without ipywidgets tqdm warns and draws its bar of characters, which does as well.
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm
        self._begun = time.perf_counter()
        self._before = 0
        self._bar = tqdm(
            total=total,
            file=sys.stdout,
            unit="step",
            bar_format="{desc}{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
            if total
            else "{desc}{n_fmt} steps [{elapsed}{postfix}]",
        )
        # A notebook has no columns at which a line would be cut; tqdm may have found those of a terminal behind it.
        self._bar.ncols = None

    def begin_epoch(self, title: str) -> None:
        """Counts the steps of a further epoch."""
        self._before = self._bar.n
        if title:
            self._bar.set_description(title, refresh=False)

    def show(self, steps: int, numbers: Mapping[str, Any], refresh: bool = False) -> None:
        """Shows the steps of the epoch that are done, and their logs."""
        done = self._before + steps
        a_step = (time.perf_counter() - self._begun) / max(done, 1)
        shown = [shown_step_time(a_step), *(f"{name}: {shown_number(value)}" for name, value in numbers.items())]
        self._bar.set_postfix_str(" - ".join(shown), refresh=False)
        self._bar.update(done - self._bar.n)
        if refresh:
            self._bar.refresh()

    def close(self) -> None:
        """Ends the line; a call that was stopped is done with the steps that it has run."""
        if self._bar.total is not None and self._bar.n < self._bar.total:
            self._bar.total = self._bar.n
            self._bar.refresh()
        self._bar.close()


class ProgbarLogger(Callback):
    """Shows the progress of `fit`, `evaluate` and `predict` on standard output; `verbose` of the call says how.

    A terminal shows a bar for each epoch, a notebook one line for the whole call, everything else a line for each
    epoch.

    Example:
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile("sgd", "mse")
        >>> bar = fastnn.callbacks.ProgbarLogger()
        >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), verbose=2, callbacks=[bar])  # doctest: +ELLIPSIS
        1/1 - 0s - ...s/step - loss: 0.0000e+00
    """

    on_every_process = False

    __fastnn_shows_progress__ = True

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.target: int | None = None
        self.verbose = 1
        self.epochs = 1
        self.progbar: Progbar | None = None
        self._line: _NotebookBar | None = None
        self._training = False
        self._testing = False

    def __getstate__(self) -> dict[str, Any]:
        """Returns the state for a pickle, without what is being drawn."""
        return {**vars(self), "progbar": None, "_line": None}

    def set_params(self, params: dict[str, Any]) -> None:
        """Notes how the call prints, and how much there is to do."""
        super().set_params(params)
        verbose = params.get("verbose", 1)
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params.get("epochs", 1)
        self.target = params.get("steps")

    def __fastnn_advance__(self, steps: int, logs: Mapping[str, Any]) -> None:
        if self._training and self._testing:
            return
        self.seen = max(self.seen, steps)
        if self._line is not None:
            self._line.show(steps, logs)
        elif self.progbar is not None and self.verbose == 1:
            self.progbar.update(steps, list(logs.items()), finalize=False)

    def __fastnn_close__(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
        if self.progbar is not None:
            self.progbar.close()
            self.progbar = None
        self._training = self._testing = False

    def _open(self, epochs: int = 1, title: str = "") -> None:
        self.seen = 0
        if self.verbose == 1 and console.in_notebook():
            if self._line is None:
                self._line = _NotebookBar(self.target and self.target * epochs)
            self._line.begin_epoch(title)
            return
        if title and self.verbose:
            console.write(title)
        self.progbar = Progbar(self.target, verbose=self.verbose, stateless_metrics=())

    def _finish(self, logs: Mapping[str, Any]) -> None:
        numbers = {
            name: value for name, value in logs.items() if isinstance(value, (int, float, np.number, np.ndarray))
        }
        if self._line is not None:
            self._line.show(self.seen, numbers, refresh=True)
        elif self.progbar is not None:
            self.progbar.target = self.target = self.target or self.seen
            self.progbar.update(self.seen, list(numbers.items()), finalize=True)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Notes that `fit` runs: then validations are silent."""
        self._training = True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Shows the number of the epoch, and opens the bar."""
        self._open(self.epochs - epoch, f"Epoch {epoch + 1}/{self.epochs}" if self.epochs > 1 else "")

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
            self._open()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Shows the logs of `evaluate`."""
        self._testing = False
        if not self._training:
            self._finish(logs or {})

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Opens the bar of `predict`."""
        self._open()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Shows the time of `predict`."""
        self._finish({})
