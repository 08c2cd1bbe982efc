"""Callback that measures where the time of some steps of training goes."""

from __future__ import annotations

from os import PathLike

from fastnn import console
from fastnn.callbacks.callback import Callback, Logs
from fastnn.ranges import check_count
from fastnn.signatures import checked
from fastnn.utils.profiling import Profile, discard_recording, start_recording, stop_recording


class ProfileSteps(Callback):
    """Measures some steps of `fit`, layer by layer, and prints a table of them; see `fastnn.utils.profile`.

    Its hooks of batches bring each step of `fit` back to Python, which takes some microseconds; the steps that are not
    measured take no other time.

    Args:
        start: The number of steps before those that are measured: the first ones also make programs and fill caches.
        steps: The number of steps that are measured, also from one epoch to the next.
        batch_size: That of `fit`, for the arithmetic a second.
        trace: A file for the trace of these steps, which Chrome (chrome://tracing) and Perfetto show, or None.
        verbose: 0: nothing is printed.

    Attributes:
        profile: The `fastnn.utils.Profile`, once the steps are done; None before.

    Raises:
        ValueError: A number is out of its range.

    Example:
        >>> model = fastnn.Sequential([layers.Input((8,)), layers.Dense(16, activation="relu"), layers.Dense(1)])
        >>> model.compile("adam", "mse")
        >>> measure = fastnn.utils.ProfileSteps(start=2, steps=3, verbose=0)
        >>> history = model.fit(np.ones((256, 8)), np.ones((256, 1)), verbose=0, callbacks=[measure])
        >>> measure.profile.steps, [row.name for row in measure.profile.rows][:2]
        (3, ['data', 'dense'])
    """

    profile: Profile | None

    @checked
    def __init__(
        self,
        start: int = 10,
        steps: int = 10,
        batch_size: int = 32,
        trace: str | PathLike[str] | None = None,
        verbose: int = 1,
    ) -> None:
        super().__init__()
        for name, value, least in (("start", start, 0), ("steps", steps, 1), ("batch_size", batch_size, 1)):
            check_count(self, name, value, least)
        self.start, self.steps, self.batch_size = start, steps, batch_size
        self.trace, self.verbose = trace, verbose
        self.profile = None
        self._seen = 0
        self._recording: list[object] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forgets what was measured before, also by a training that was interrupted."""
        if self._recording:
            self._end(0)
        self.profile, self._seen = None, 0

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Begins to measure where the steps before are done."""
        if self._seen == self.start:
            self._recording = start_recording(self.model)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Ends the measurement after its last step."""
        self._seen += 1
        if self._seen == self.start + self.steps:
            self._end(self.steps)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Ends a measurement for which training had too few steps."""
        if self._recording:
            self._end(self._seen - self.start)
        elif self.profile is None:
            console.write(f"ProfileSteps: training had {self._seen} steps, start={self.start} come before the first")

    def _end(self, steps: int) -> None:
        recording, self._recording = self._recording, []
        if not steps:
            discard_recording(recording)
            return
        self.profile = stop_recording(recording, steps, self.batch_size)
        if self.trace is not None:
            self.profile.save_trace(self.trace)
        if self.verbose:
            console.write(str(self.profile))
