"""Steps of a user's own: `train_step`, `test_step` and functions with a tape, each traced once into a program.

The core runs such a program as it runs a step of fastnn's own: hundreds of steps without Python. A step that moves
weights more than once commits in between, so that what follows reads the weights that were moved. An interruption is
heard before its first commit alone, and sizes are checked before the first step, so a step is done as a whole or not at
all. Data keep the structure in which they were given; arrays of the same length as the first are rows of a batch.
"""

from __future__ import annotations

import contextlib
import linecache
import os
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastnn import _core, config
from fastnn.caller import warn
from fastnn.data.arrays import Feed
from fastnn.data.batches import Batch
from fastnn.data.source import Chunk
from fastnn.engine.arrays import edge_dtype, numeric
from fastnn.engine.ownership import floats_of
from fastnn.engine.step_trace import Later, StepTrace
from fastnn.metrics.reduction import kept_mean
from fastnn.ops.node import tensor
from fastnn.precision import floatx, largest_in
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import KerasTensor, Spec
from fastnn.symbolic.variable import Variable
from fastnn.training.program import TIME_BUDGET, kept_sums, take_kept_sums

Array = NDArray[Any]


class Sample(tuple[tuple[tuple[int, ...], str], ...]):
    """Shapes and element types of the rows of data, which keeps their structure; equal ones have equal programs.

    Args:
        structure: The structure of the data.
        specs: For each array the shape of one row and the element type.
        rows: The number of rows of a whole batch, for a step that can be traced for this number alone.
    """

    structure: Structure
    rows: int

    def __new__(cls, structure: Structure, specs: Sequence[tuple[tuple[int, ...], str]], rows: int) -> Sample:
        """Returns the specs as a tuple that has a structure."""
        made = super().__new__(cls, tuple(specs))
        made.structure, made.rows = structure, rows
        return made

    @property
    def key(self) -> Any:
        """What tells programs apart."""
        return tuple(self), repr(self.structure.pack([None] * self.structure.count))

    def inputs(self) -> tuple[Structure, list[Spec]]:
        """Returns the structure of the samples, without targets and weights, and their specs."""
        data = self.structure.pack(range(len(self)))
        x = data[0] if isinstance(data, (list, tuple)) and len(data) else data
        given = Structure(x)
        return given, [((None, *self[i][0]), self[i][1]) for i in given.flat(x)]

    def targets(self) -> tuple[tuple[int, ...], ...]:
        """Returns the shapes of one row of the targets."""
        data = self.structure.pack(range(len(self)))
        if not isinstance(data, (list, tuple)) or len(data) < 2:
            return ()
        return tuple(self[i][0] for i in Structure(data[1]).flat(data[1]))


def given_data(batch: Batch) -> Any:
    """Returns the data of a step as Keras hands them over: x, (x, y) or (x, y, sample_weight)."""
    if batch.sample_weight is not None:
        return batch.x, batch.y, batch.sample_weight
    if batch.y is not None:
        return batch.x, batch.y
    return (batch.x,) if isinstance(batch.x, (list, tuple)) else batch.x


def feed_of(who: str, data: Any, check_nan: bool, rows_of_step: Callable[[int], int]) -> Feed:
    """Returns the arrays of data in any structure, checked.

    Args:
        who: The name of the model in messages.
        data: The data.
        rows_of_step: Returns the number of rows of a step for that of the data.
        check_nan: True to refuse NaN and infinity, unless the configuration lifts the check.

    Raises:
        ValueError: The arrays differ in length, or hold NaN.
        TypeError: They do not hold numbers.
    """
    data = _as_arrays(data)
    structure = Structure(data)
    arrays = [numeric(one, f"{who}: the data") for one in structure.flat(data)]
    if not arrays or any(array.ndim == 0 for array in arrays):
        raise ValueError(f"{who} expects arrays of shape (batch, ...) as data, got a single number")
    rows = len(arrays[0])
    for array in arrays:
        if len(array) != rows:
            raise ValueError(f"{who}: the arrays of the data have {rows} and {len(array)} rows; they must be equal")
    if rows == 0:
        raise ValueError(f"{who}: the data are empty, of shape {arrays[0].shape}; at least one row is needed")
    for array in arrays if check_nan and config.check_nan() else []:
        largest = largest_in(array, floatx()) if array.dtype.kind == "f" else 0.0
        row = _core.first_beyond(array, -largest, largest) if array.dtype.kind == "f" else -1
        if row >= 0:
            raise ValueError(
                f"{who}: the data hold a NaN or infinity in row {row}, which would destroy the weights; remove or "
                "replace it (np.nan_to_num), or lift this check with fastnn.config.set_check_nan(False)"
            )
    specs = [(array.shape[1:], edge_dtype(array.dtype, who)) for array in arrays]
    return Feed(_core.Columns(arrays), Sample(structure, specs, min(rows, rows_of_step(rows))), (), arrays)


def _as_arrays(data: Any) -> Any:
    """Returns data whose lists of numbers are arrays."""
    if isinstance(data, Mapping):
        return {name: _as_arrays(one) for name, one in data.items()}
    if isinstance(data, tuple):
        return tuple(_as_arrays(one) for one in data)
    if isinstance(data, list) and data and not np.isscalar(data[0]) and hasattr(data[0], "shape"):
        return [_as_arrays(one) for one in data]
    return data if isinstance(data, np.ndarray) else np.asarray(data)


class Traced(NamedTuple):
    """A step that was traced.

    Attributes:
        step: Its graph and what it does.
        structure: The structure of what its code returned.
        leaves: What it returned, one by one: tensors, values that are read after the step, and plain values.
    """

    step: StepTrace
    structure: Structure
    leaves: list[Any]


def traced(who: str, code: Callable[[StepTrace], Any], floats: str = "float32") -> Traced:
    """Runs the code of a step once.

    Args:
        who: The name of the step in messages.
        code: Makes the inputs of the step and returns what the step returns.
        floats: The type of floats in which it computes.

    Raises:
        TypeError: The code cannot be traced; the message ends with the line of the user's file.
    """
    step = StepTrace(who, floats)

    def run() -> Traced:
        result = code(step)
        structure = Structure(result)
        leaves = [
            leaf if leaf is None or isinstance(leaf, (Later, str)) else _as_tensor(step, leaf)
            for leaf in structure.flat(result)
        ]
        return Traced(step, structure, leaves)

    with explained_by_line():
        return step.run(run)


def _as_tensor(step: StepTrace, leaf: Any) -> Any:
    if isinstance(leaf, (KerasTensor, Variable)):
        leaf = tensor(leaf)
        step.edge(leaf)
    return leaf


@contextlib.contextmanager
def explained_by_line() -> Iterator[None]:
    """Lets errors say in which line of the user's file they occurred."""
    try:
        yield
    except (AttributeError, IndexError, NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        frames = traceback.extract_tb(error.__traceback__)
        package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        outside = [frame for frame in frames if not os.path.abspath(frame.filename).startswith(package + os.sep)]
        # The last frame of a user's: what called fastnn there.
        outside = [frame for frame in outside if "site-packages" not in frame.filename and frame.lineno]
        if not outside or getattr(error, "__fastnn_line__", None):
            raise
        last = outside[-1]
        code = (linecache.getline(last.filename, last.lineno or 0) or last.line or "").strip()
        unsized = "NoneType" in str(error) and ".shape" in code
        mend = ": the size of a batch is None in a step; write ops.shape(x)[0]" if unsized else ""
        if "the batch matches no fixed size but 1" in str(error):
            mend = "; for as many rows as the batch has, write ops.shape(x)[0] in place of a number"
        place = f"in line {last.lineno} of {os.path.basename(last.filename)}: {code}"
        try:
            told = type(error)(f"{error}{mend} ({place})")
        except TypeError:
            raise error from None
        told.__fastnn_line__ = place  # type: ignore[union-attr]
        raise told.with_traceback(error.__traceback__) from None


_Made = TypeVar("_Made")


def made_either(first: Callable[[], _Made], second: Callable[[], _Made], tells_of_first: bool) -> tuple[_Made, bool]:
    """Traces code in one way, or in a second one where the first cannot be; returns True beside what the second made.

    Args:
        first: The one way.
        second: The other way.
        tells_of_first: True to raise the error of the first way where both end in the same line.

    Raises:
        TypeError: Neither can.
        ValueError: As TypeError.
    """
    try:
        return first(), False
    except (TypeError, ValueError) as error:
        of_first = error
    try:
        return second(), True
    except (TypeError, ValueError) as error:
        lines = [getattr(one, "__fastnn_line__", None) for one in (error, of_first)]
        if not tells_of_first or lines[0] != lines[1]:
            raise error from None
    raise of_first


class StepProgram:
    """A traced step as a program of the core; what `loop.Run` asks of a program, it answers.

    Args:
        made: The traced step.

    Attributes:
        trainer: The program of the core.
        optimizer: The optimizers of the step.
        metrics: The metrics that the step updates.
        measures: True where the core keeps sums of metrics.
        rows: The number of rows that every batch has; 0: any number.
    """

    def __init__(self, made: Traced) -> None:
        self._step, self._structure, self._leaves = made
        edges = [self._step.edge(leaf) for leaf in self._tensors()]
        measured: list[int] = []
        means = []
        for metric, terms in self._step.measured.items():
            places: list[tuple[int, int | None]] = []
            for total, count in terms:
                places.append((len(measured) + 1, None if count is None else len(measured) + 2))
                measured += [total] if count is None else [total, count]
            means.append(kept_mean(metric, places))
        shares = [(part, [variable.handle for variable in weights]) for part, weights in self._step.shares]
        self.trainer = self._step.emission.core.Trainer.program(self._step.graph, measured, shares, edges, True)
        self.trainer.keep(means)
        self.measures = bool(means)
        self._alone = self._structure.alone and type(self._leaves[0]) is KerasTensor
        self._updates = _updates_by_optimizer(self._step.updates)
        self.optimizer = StepOptimizers(dict.fromkeys(optimizer for optimizer, _ in self._step.updates))
        self.metrics = list(self._step.metrics)
        self.rows = self._step.graph.input_rows()

    @property
    def moves(self) -> bool:
        """True where an optimizer moves weights, or a variable that is not of a metric is assigned to."""
        of_metrics = {variable for metric in self.metrics for variable in metric.variables}
        assigned = {one for noted in self._step.noted if noted.kind == "Assign" for one in noted.weights}
        return bool(self._step.shares or assigned - of_metrics)

    def _tensors(self) -> list[KerasTensor]:
        return [leaf for leaf in self._leaves if isinstance(leaf, KerasTensor) and not isinstance(leaf, Later)]

    def rates(self, steps: int) -> NDArray[np.float64] | None:
        """Returns the learning rates of the coming steps, one for each optimizer of each update; None: unchanged."""
        made = None
        for optimizer, applied in self._updates:
            rates = optimizer.__fastnn_rates__(steps * len(applied))
            if rates is None:
                continue
            made = np.full((steps, len(self._step.updates)), np.nan) if made is None else made
            for k, places in enumerate(applied):
                for number, index in places:
                    made[:, number] = rates[k :: len(applied), index]
        return made

    def run(
        self,
        chunk: Chunk,
        rates: NDArray[np.float64] | None,
        budget: float = TIME_BUDGET,
        until_invalid: bool = False,
        span: tuple[int, int] | None = None,
    ) -> int:
        """Runs steps of a chunk until they are done or the time is up; returns how many were run; see `Program.run`."""
        first, last = span or (chunk.first, chunk.last)
        last = last if rates is None else first + len(rates)
        try:
            ran: int = self.trainer.run(
                chunk.columns, chunk.order, chunk.batch_size, first, last, budget, rates, until_invalid
            )
        except ValueError as error:
            if not self.rows:
                raise
            raise ValueError(
                f"{self._step.who}: {error}. Its code has a number for the rows of a batch, so all need as many: "
                "leave out a smaller last one, as batch(..., drop_remainder=True) does, or write ops.shape(x)[0] in "
                "place of the number"
            ) from None
        return ran

    def once(self, arrays: Sequence[Array], rows: int) -> Any:
        """Runs one step on all rows of some arrays; returns what its code returns, and adds to its metrics."""
        trainer, measures = self.trainer, self.measures
        if measures:
            trainer.reset()
        trainer.run(_core.Columns(arrays), None, rows, 0, 1, 0.0, self.rates(1))
        if measures:
            trainer.settle(True)
        return self.result()

    def loss(self) -> float:
        """Returns a number that is infinite or NaN where a value of the last step is."""
        sums = [total for total, _ in self.trainer.results()[1:]]
        values = [float(np.sum(value)) for value in self.trainer.values() if value.dtype.kind == "f"]
        return float(sum(sums) + sum(values))

    def take_sums(self, other: StepProgram) -> None:
        """Goes on from the sums of the program of the same step for other sizes."""
        self.trainer.take_sums(other.trainer)

    def sums(self) -> dict[str, Any]:
        """Returns the sums of the metrics, as values of JSON."""
        self.settle()
        return kept_sums(self.trainer, self.metrics)

    def take_kept(self, sums: Mapping[str, Any]) -> None:
        """Goes on from the `sums` of an interrupted run; see `Program.take_kept`."""
        take_kept_sums(self.trainer, self.metrics, sums)

    def reset(self) -> None:
        """Sets the sums of the metrics to zero."""
        self.trainer.reset()
        for metric in self.metrics:
            metric.reset_state()

    def settle(self, add: bool = False) -> None:
        """Writes the sums of means into their variables.

        Args:
            add: True to add them to what the variables hold.
        """
        self.trainer.settle(add)

    def result(self) -> Any:
        """Returns what the code of the step returned, with the values of the last step."""
        found = self.trainer.values()
        if self._alone:
            return found[0]
        if len(found) == len(self._leaves):
            return self._structure.pack(found)
        values = iter(found)
        leaves = [
            leaf.read() if isinstance(leaf, Later) else next(values) if isinstance(leaf, KerasTensor) else leaf
            for leaf in self._leaves
        ]
        return self._structure.pack(leaves)

    def logs(self) -> dict[str, Any]:
        """Returns the dict that the step returned, with the values of the last step."""
        self.settle()
        return {name: _number(value) for name, value in self.result().items()}

    def sorted_logs(self) -> dict[str, Any]:
        """Returns the logs sorted by name, as callbacks are given them."""
        return dict(sorted(self.logs().items()))


def _updates_by_optimizer(updates: Iterable[tuple[Any, int]]) -> list[tuple[Any, list[list[tuple[int, int]]]]]:
    """Returns each optimizer with the updates that it makes in a step: their numbers, each with the part that moves."""
    groups: dict[Any, list[list[tuple[int, int]]]] = {}
    for number, (optimizer, index) in enumerate(updates):
        of_optimizer = groups.setdefault(optimizer, [])
        if index == 0:
            of_optimizer.append([])
        of_optimizer[-1].append((number, index))
    return list(groups.items())


def _number(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _number(one) for name, one in value.items()}
    array = np.asarray(value)
    return float(array) if array.ndim == 0 and array.dtype.kind in "fiub" else value


def step_of_model(model: Any, method: str, sample: Sample) -> StepProgram:
    """Returns the program of a `train_step` or `test_step` for rows of some shapes.

    Code that cannot be traced for batches of any size, because a number stands in it for the rows, is traced for
    batches of the size that the data have.

    Raises:
        TypeError: The step returns no dict.
    """
    who = f"{type(model).__name__}.{method}"
    floats = floats_of(model)

    def code(step: StepTrace, rows: int | None) -> Any:
        result = getattr(model, method)(_inputs(step, sample, rows))
        if not isinstance(result, Mapping):
            raise TypeError(
                f'{who} returned {type(result).__name__}, expected a dict of values to log, such as {{"loss": loss}}'
            )
        return dict(result)

    made, _ = made_either(
        lambda: StepProgram(traced(who, lambda step: code(step, None), floats)),
        lambda: StepProgram(traced(who, lambda step: code(step, sample.rows), floats)),
        tells_of_first=True,
    )
    if method == "train_step" and not made.moves:
        warn(f"{who} applies no gradient, so the model does not learn; call self.optimizer.apply(gradients, variables)")
    return made


def prediction_of_model(model: Any, sample: Sample) -> tuple[_core.Predictor, Structure]:
    """Returns the predictor of a `predict_step` for rows of some shapes, and the structure of what it returns.

    Raises:
        TypeError: It returns something else than tensors, or changes variables.
    """
    who = f"{type(model).__name__}.predict_step"
    made = traced(who, lambda step: model.predict_step(_inputs(step, sample)), floats_of(model))
    if made.step.shares or any(not isinstance(leaf, KerasTensor) or isinstance(leaf, Later) for leaf in made.leaves):
        raise TypeError(f"{who} expects to return what it computed, and to train nothing")
    edges = [made.step.edge(leaf) for leaf in made.leaves]
    return made.step.emission.core.Predictor(
        made.step.graph, edges, training=made.step.emission.is_random
    ), made.structure


def _inputs(step: StepTrace, sample: Sample, rows: int | None = None) -> Any:
    """Returns the data of a step as tensors, in their structure; rows: the number of them, None for any."""
    names = ["data"] if len(sample) == 1 else [f"data_{i}" for i in range(len(sample))]
    inputs = [step.input((rows, *shape), dtype, name) for (shape, dtype), name in zip(sample, names, strict=True)]
    return sample.structure.pack(inputs)


class StepOptimizers:
    """The optimizers of a step, of which `loop.Run` asks what it asks of one.

    Args:
        optimizers: The optimizers.
    """

    def __init__(self, optimizers: Iterable[Any]) -> None:
        self._optimizers = list(optimizers)

    def __fastnn_check_steps__(self, steps: int) -> None:
        for optimizer in self._optimizers:
            optimizer.__fastnn_check_steps__(steps)

    def __fastnn_finished__(self) -> bool:
        return False

    def __fastnn_end_training__(self) -> None:
        for optimizer in self._optimizers:
            optimizer.__fastnn_end_training__()
