"""Where the time of a step goes, layer by layer.

The core records spans of time of the nodes of a graph while it is asked to. The nodes of one layer, such as a product
and the softmax after it, are one row of the table.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.saving.position import position_of, restore_position

_PREPARE, _FORWARD, _BACKWARD = range(3)
_OTHER_PARTS = {3: "data", 4: "losses and metrics", 5: "sum of the pieces", 6: "optimizer"}
_PART_NAMES = {_PREPARE: "prepare", _FORWARD: "forward", _BACKWARD: "backward", **_OTHER_PARTS}


class ProfileRow(NamedTuple):
    """Time of one layer, or of a part of a step that belongs to no layer.

    Args:
        name: The name of the layer, or of the part.
        kind: What the layer computes, with the activation that is fused into it; empty for a part.
        algorithm: The algorithm, where there is a choice: "winograd" or "direct".
        forward: Seconds of the forward pass in a step.
        backward: Seconds of the backward pass in a step.
        prepare: Seconds in a step that bring weights into the form in which the layer reads them.
        share: Fraction of the time of all rows.
        gflops: Multiply-adds of the forward pass times 2, in 1e9 a second; 0 for a layer without products.
        gbytes: Inputs, outputs and weights of the forward pass, in 1e9 bytes a second.
        backward_gflops: Multiply-adds of the backward pass times 2, in 1e9 a second; 0 without gradients of products.
    """

    name: str
    kind: str
    algorithm: str
    forward: float
    backward: float
    prepare: float
    share: float
    gflops: float
    gbytes: float
    backward_gflops: float = 0.0

    @property
    def seconds(self) -> float:
        """Seconds in a step."""
        return self.forward + self.backward + self.prepare


@dataclass(frozen=True)
class Profile:
    """Table of where the time of a model's steps went. `print()` shows it.

    Args:
        rows: The rows, in the order in which the model computes.
        seconds: Seconds of a step.
        steps: The number of steps that were measured.
        batch_size: The number of rows of a step.
        threads: The number of threads.
        peak_gflops: The measured peak of multiply-adds on these threads.
        memory: Bytes that hold activations, gradients and packed weights.
        packed: Bytes of these that hold packed weights.
        in_pieces: True where a batch is processed in pieces, each on one thread.
        events: The spans, as events of a trace.
    """

    rows: list[ProfileRow]
    seconds: float
    steps: int
    batch_size: int
    threads: int
    peak_gflops: float
    memory: int
    packed: int
    in_pieces: bool
    events: list[dict[str, Any]]

    def __str__(self) -> str:
        heads = ["layer", "kind", "forward", "backward", "prepare", "share"]
        heads += ["GFLOP/s", "of peak", "backward GFLOP/s", "of peak", "GB/s", "algorithm"]
        cells = [
            [
                row.name,
                row.kind,
                *(_in_milliseconds(s) for s in (row.forward, row.backward, row.prepare)),
                f"{row.share:.1%}",
                *self._of_peak(row.gflops),
                *self._of_peak(row.backward_gflops),
                f"{row.gbytes:.1f}" if row.gbytes else "",
                row.algorithm,
            ]
            for row in self.rows
        ]
        widths = [max(len(line[i]) for line in [heads, *cells]) for i in range(len(heads))]
        sides = ["<" if head in {"layer", "kind", "algorithm"} else ">" for head in heads]
        forms = [f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True)]
        lines = ["  ".join(forms).format(*line) for line in [heads, *cells]]
        how = "each piece of a batch on one thread" if self.in_pieces else "whole batches"
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        about = (
            f"{self.seconds * 1e3:.3f} ms a step of {self.batch_size} rows, mean of {self.steps}; "
            f"{threads}, {how}; peak {self.peak_gflops:.0f} GFLOP/s; memory "
            f"{self.memory / 2**20:.1f} MiB, {self.packed / 2**20:.1f} MiB of them packed weights"
        )
        return "\n".join([*(line.rstrip() for line in lines), about])

    def _of_peak(self, gflops: float) -> tuple[str, str]:
        """Returns a rate, and its share of the peak, as they are shown."""
        return (
            f"{gflops:.1f}" if gflops else "",
            f"{gflops / self.peak_gflops:.0%}" if gflops and self.peak_gflops else "",
        )

    def save_trace(self, path: str | PathLike[str]) -> None:
        """Writes the spans of all steps as a trace, for `chrome://tracing` or https://ui.perfetto.dev.

        Args:
            path: The file, of JSON in Chrome's Trace Event Format.
        """
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"traceEvents": self.events, "displayTimeUnit": "ms"}, file)


def _in_milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.3f}" if seconds else ""


@contextmanager
def _unchanged(model: Any) -> Iterator[None]:
    """Gives the variables and random streams of a model and its optimizer back the values that they had."""
    variables = list(model.variables)
    optimizer = getattr(model, "optimizer", None)
    variables += list(optimizer.variables) if optimizer is not None else []
    before = [variable.numpy().copy() for variable in variables]
    position = position_of(model)
    try:
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
        restore_position(model, position)
        model.reset_metrics()


def profile(model: Any, x: Any, y: Any = None, *, batch_size: int = 32, steps: int = 10, warm_up: int = 2) -> Profile:
    """Measures where the time of a model's steps goes: layer by layer, forward and backward.

    With targets, steps of training are measured, as `fit` runs them; without, predictions. The model, its optimizer and
    its metrics are afterwards as they were. Outside of this function nothing is measured and nothing costs time.

    Args:
        model: A model; with `y`, a compiled one.
        x: Array of inputs of at least `batch_size` rows, or a list or dict of arrays.
        y: Targets; None: predictions are measured.
        batch_size: The number of rows of a step.
        steps: The number of steps that are measured. Rows are used again where `x` has fewer.
        warm_up: The number of steps before, which are not measured.

    Returns:
        The `Profile`: a table for `print()`, rows to compute with, and a trace to look at.

    Raises:
        ValueError: A number is not positive, there are too few rows, or the model is not compiled.

    Example:
        >>> model = fastnn.Sequential([layers.Input((8,)), layers.Dense(16, activation="relu"), layers.Dense(1)])
        >>> model.compile("adam", "mse")
        >>> profile = fastnn.utils.profile(model, np.ones((64, 8)), np.ones((64, 1)), steps=3)
        >>> [row.name for row in profile.rows][:2]
        ['data', 'dense']
        >>> profile.steps, profile.batch_size
        (3, 32)
    """
    for name, value, least in (("batch_size", batch_size, 1), ("steps", steps, 1), ("warm_up", warm_up, 0)):
        if not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"profile: {name} expects an integer of at least {least}, got {value!r}")
    x, y = _first_rows(x, batch_size), _first_rows(y, batch_size)

    def run() -> None:
        if y is None:
            model.predict(x, batch_size=batch_size, verbose=0)
        else:
            model.train_on_batch(x, y)

    with _unchanged(model):
        for _ in range(max(1, warm_up)):
            run()
        programs = start_recording(model, training=y is not None)
        try:
            for _ in range(steps):
                run()
            return stop_recording(programs, steps, batch_size)
        finally:
            discard_recording(programs)


def start_recording(model: Any, training: bool = True) -> list[Any]:
    """Lets the programs of a model record where their time goes; returns them for `stop_recording`.

    Args:
        model: The model, which has run at least once.
        training: Those of steps; False: those of predictions.
    """
    programs = list(model.__fastnn_training__.programs.recorders(training))
    for program in programs:
        program.record(True)
    return programs


def stop_recording(programs: Sequence[Any], steps: int, batch_size: int) -> Profile:
    """Returns what programs have recorded, and lets them record no more.

    Args:
        programs: What `start_recording` returned.
        steps: The number of steps since.
        batch_size: The number of rows of a step.
    """
    recorded = [phase for program in programs for phase in _phases(program.recorded())]
    discard_recording(programs)
    return _profile_of(recorded, steps, batch_size)


def discard_recording(programs: Sequence[Any]) -> None:
    """Lets programs record no more and forget what they have recorded.

    Args:
        programs: What `start_recording` returned.
    """
    for program in programs:
        program.record(False)


def _phases(recorded: Any) -> list[Any]:
    """Returns what each phase of a program has recorded; a predictor has one."""
    return list(recorded) if isinstance(recorded, list) else [recorded]


def _first_rows(data: Any, count: int) -> Any:
    if data is None:
        return None
    if isinstance(data, dict):
        return {key: _first_rows(value, count) for key, value in data.items()}
    if isinstance(data, list | tuple) and data and hasattr(data[0], "shape"):
        return [_first_rows(value, count) for value in data]
    array = np.asarray(data)
    if array.ndim == 0 or len(array) < count:
        rows = len(array) if array.ndim else 0
        raise ValueError(f"profile expects arrays of at least batch_size={count} rows, got {rows}")
    return array[:count]


def _profile_of(recorded: list[Any], steps: int, batch_size: int) -> Profile:
    events: list[dict[str, Any]] = []
    rows: list[ProfileRow] = []
    found: dict[tuple[int, str], _Measured] = {}
    others: dict[int, float] = defaultdict(float)
    memory = packed = lost = 0
    in_pieces = False
    for phase, (nodes, (spans, missing, bytes_of_all, bytes_packed)) in enumerate(recorded):
        lost, memory, packed = lost + missing, memory + bytes_of_all, packed + bytes_packed
        if not len(spans):
            continue
        in_pieces = in_pieces or bool(spans[:, 2].any())
        times: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for node, part, _, begin, end in spans:
            if node < 0:
                others[int(part)] += end - begin
            else:
                times[int(node)][int(part)] += end - begin
        for node in sorted(times):
            found.setdefault((phase, nodes[node][0]), _Measured()).add(nodes[node], times[node])
        events += _events_of(nodes, spans)
    if not found and not others:
        raise ValueError("profile: the model runs no program of the core: nothing was recorded")
    if lost:
        raise ValueError(f"profile: {lost} spans of time were too many to keep; give fewer steps")
    # In pieces the threads work side by side, so their times add up to as many steps at once.
    threads = _core.num_threads()
    side_by_side = threads if in_pieces else 1
    unit = steps * side_by_side
    total = sum(one.seconds for one in found.values()) + sum(others.values())
    rows += [_row_of_part(part, others[part], unit, total) for part in (3,) if part in others]
    rows += [one.row(name, unit, total, batch_size) for (_, name), one in found.items()]
    rows += [_row_of_part(part, others[part], unit, total) for part in (4, 5, 6) if part in others]
    seconds = sum(row.seconds for row in rows)
    peak = _core.peak_gflops(0.05)
    return Profile(rows, seconds, steps, batch_size, threads, peak, memory, packed, in_pieces, events)


def _row_of_part(part: int, seconds: float, unit: int, total: float) -> ProfileRow:
    return ProfileRow(_OTHER_PARTS[part], "", "", seconds / unit, 0.0, 0.0, seconds / total, 0.0, 0.0)


class _Measured:
    """What the nodes of one layer took."""

    def __init__(self) -> None:
        self._kinds: list[str] = []
        self._algorithms: list[str] = []
        self._times: dict[int, float] = defaultdict(float)
        self._multiply_adds = self._of_gradients = self._of_row = self._of_weights = 0.0

    @property
    def seconds(self) -> float:
        return sum(self._times.values())

    def add(self, node: _core.RecordedNode, times: dict[int, float]) -> None:
        _, kind, fused, algorithm, multiply_adds, of_gradients, of_row, of_weights = node
        self._kinds += [kind, fused] if fused else [kind]
        self._algorithms += [algorithm] if algorithm else []
        for part, seconds in times.items():
            self._times[part] += seconds
        self._multiply_adds += multiply_adds
        self._of_gradients += of_gradients
        self._of_row += of_row
        self._of_weights += of_weights

    def row(self, name: str, unit: int, total: float, batch_size: int) -> ProfileRow:
        forward, backward, prepare = (self._times[part] / unit for part in (_FORWARD, _BACKWARD, _PREPARE))
        rate = 1e-9 / forward if forward else 0.0
        return ProfileRow(
            name,
            _short(self._kinds),
            _short(self._algorithms),
            forward,
            backward,
            prepare,
            self.seconds / total,
            2 * self._multiply_adds * batch_size * rate,
            (self._of_row * batch_size + self._of_weights) * rate,
            2 * self._of_gradients * batch_size * 1e-9 / backward if backward else 0.0,
        )


def _short(words: list[str]) -> str:
    """Returns different words, at most three of them."""
    different = list(dict.fromkeys(words))
    return " + ".join(different[:3]) + (" + ..." if len(different) > 3 else "")


def _events_of(nodes: list[_core.RecordedNode], spans: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Returns the spans as complete events of a trace, in microseconds."""
    return [
        {
            "name": _PART_NAMES[int(part)] if node < 0 else nodes[int(node)][0],
            "cat": _PART_NAMES[int(part)],
            "ph": "X",
            "ts": begin * 1e6,
            "dur": (end - begin) * 1e6,
            "pid": 0,
            "tid": int(thread),
            "args": {} if node < 0 else {"kind": nodes[int(node)][1]},
        }
        for node, part, thread, begin, end in spans
    ]
