"""The loop: a `Run` owns one call of `fit`; a pass of evaluation and one of prediction stand beside it.

Owns the arguments `epochs`, `initial_epoch`, `steps_per_epoch`, `validation_steps` and `validation_freq` of `fit`, and
the order in which callbacks are called. Rows come from a source in chunks. The core runs as many steps of a chunk as
fit into a short time, so that Python is needed only for the progress bar, for callbacks that ask for each batch, and
for the learning rates of a schedule.

What a step computes is the program's matter, and where its rows come from is the source's: a step of a user's own is
another `Program`, and a generator another `Source`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.callbacks.callback_list import CallbackList
from fastnn.data.arrays import ArraySource
from fastnn.data.source import Chunk, Shapes, Source, has_ended, warn_of_end, warn_of_exhaustion
from fastnn.symbolic.structure import Structure
from fastnn.training.compiled import Compiled
from fastnn.training.program import TIME_BUDGET, Program
from fastnn.training.programs import Programs
from fastnn.training.together import Alone

Hooks = Sequence[Callable[[int, dict[str, Any]], Any]]
"""Hooks of batches."""
_MOST_RATES = 1024
"""The number of steps for which a schedule is asked at once."""
_SHOWING = 0.05
"""Seconds between two updates of the progress bar, and of the logs that no callback asks for."""
_ALL = 2**62
"""Stands for a number of steps that is not known."""


class Stoppable(Protocol):
    """A model whose training a callback may stop."""

    stop_training: bool


class Validation(NamedTuple):
    """The validations of a run.

    Attributes:
        source: The rows.
        steps: The number of steps of one validation; None: all rows.
        frequency: Every how many epochs to validate, or after which epochs, counted from 1.
    """

    source: Source
    steps: int | None
    frequency: int | Sequence[int]

    def is_due(self, epoch: int) -> bool:
        """Returns whether to validate after an epoch, counted from 1."""
        return epoch % self.frequency == 0 if isinstance(self.frequency, int) else epoch in self.frequency


class Run:
    """One call of `fit`.

    Args:
        model: The model, whose `stop_training` ends the run.
        compiled: What `compile` was given.
        programs: The programs of the model.
        source: The rows.
        hooks: The callbacks.
        epochs: The epoch, counted from 1, after which the run ends.
        initial_epoch: The first epoch, counted from 0.
        steps: The number of steps of an epoch; None: those of a whole pass over the rows.
        optimizer: The optimizer of the program that trains.
        processes: The part of this process in the run.
        validation: The validations, or None.

    Attributes:
        epoch: The current epoch, counted from 0.
        step: The number of steps of the current epoch that were run.
        is_resumed: True where it goes on where an interrupted run was.
    """

    def __init__(
        self,
        model: Stoppable,
        compiled: Compiled,
        programs: Programs,
        source: Source,
        hooks: CallbackList,
        *,
        epochs: int,
        initial_epoch: int,
        steps: int | None,
        optimizer: Any,
        processes: Alone,
        validation: Validation | None = None,
    ) -> None:
        self.epoch = initial_epoch
        self.step = 0
        self.is_resumed = False
        self._model = model
        self._compiled = compiled
        self._programs = programs
        self._source = source
        self._hooks = hooks
        self._epochs = epochs
        self._steps = steps
        self._optimizer = optimizer
        self._processes = processes
        self._validation = validation
        self._sums: _Sums | None = None
        self._kept: Mapping[str, Any] | None = None
        # Seconds of an epoch that nobody watches.
        self._quick: float | None = None

    @property
    def position(self) -> int:
        """The number of steps of the current pass over the rows that were run; a pass may span several epochs."""
        return self._source.position

    @property
    def passes(self) -> Sequence[int]:
        """Counts from which data that draw at random make the current pass again."""
        return self._source.passes

    def sums(self) -> Mapping[str, Any] | None:
        """Returns the sums of losses and metrics over the steps of this epoch, as values of JSON; None before any."""
        return None if self._sums is None or self._sums.last is None else self._sums.last.sums()

    def resume(
        self, epoch: int, step: int, position: int, passes: Sequence[int] = (), sums: Mapping[str, Any] | None = None
    ) -> None:
        """Lets the run go on where an interrupted one was; for callbacks, in `on_train_begin`.

        Args:
            epoch: The epoch, counted from 0.
            step: The number of steps of this epoch that were run.
            position: The `position` of the interrupted run.
            passes: Its `passes`.
            sums: Its `sums`; None: those of the epoch begin with the steps that are left.
        """
        self.epoch, self.step = epoch, step
        self._kept = sums if step else None
        self.is_resumed = True
        self._source.resume(position, passes)

    def execute(self) -> None:
        """Runs all epochs, and tells the callbacks."""
        logs: dict[str, Any] = {}
        hooks, validation, optimizer = self._hooks, self._validation, self._optimizer
        steps = self._source.steps if self._steps is None else self._steps
        if steps is not None:
            optimizer.__fastnn_check_steps__(steps)
        hooks.set_run(self)
        self._model.stop_training = False
        try:
            hooks.tell("on_train_begin")
            self._processes.begin(self._model, self, hooks)
            epoch = self.epoch
            while epoch < self._epochs:
                self.epoch = epoch
                hooks.tell("on_epoch_begin", epoch)
                of_epoch = self._run_epoch()
                if of_epoch is None:
                    warn_of_exhaustion(epoch, self._epochs)
                    break
                logs = of_epoch
                self.step = 0
                self._source.on_epoch_end()
                if validation is not None and validation.is_due(epoch + 1):
                    measured = evaluate(
                        self._compiled, self._programs, validation.source, validation.steps, hooks, "validation_steps"
                    )
                    logs.update({f"val_{name}": value for name, value in sorted(measured.items())})
                hooks.tell("on_epoch_end", epoch, logs=logs)
                epoch += 1
                while not (ended := self._is_stopped()) and (further := self._run_unwatched(epoch)):
                    epoch += len(further["loss"])
                    self.epoch = epoch - 1
                    logs = {name: values[-1] for name, values in further.items()}
                if ended:
                    break
            optimizer.__fastnn_end_training__()
            hooks.tell("on_train_end", logs=logs)
        except KeyboardInterrupt:
            self._processes.lose_step()
            raise
        finally:
            hooks.close()

    def _is_stopped(self) -> bool:
        """Returns whether a callback, another process or the optimizer ends the run after an epoch."""
        return self._processes.any(self._model.stop_training) or self._optimizer.__fastnn_finished__()

    def _run_unwatched(self, epoch: int) -> Mapping[str, Sequence[float]]:
        """Runs epochs that nobody watches but a history, as many as fit into a short time, without Python between them.

        The history has those that have ended, also where an error or Ctrl-C ends a later one.

        Args:
            epoch: The first of them, counted from 0.

        Returns:
            For the name of each log its values, one for each epoch; nothing where none was run.
        """
        if self._quick is None:
            return {}
        assert isinstance(self._source, ArraySource) and self._sums is not None and self._sums.last is not None
        program = self._sums.last
        most = min(self._epochs - epoch, int(TIME_BUDGET / max(self._quick, 1e-6)))
        if most < 2 or not self._is_unwatched(program, program.rates(1)):
            return {}
        means: list[list[float]] = []
        begin = time.monotonic()
        try:
            self._source.run_passes(program, most, means)
        finally:
            values = self._record(epoch, program, means)
        self._quick = (time.monotonic() - begin) / len(means)
        return values

    def _record(self, epoch: int, program: Program, means: Sequence[Sequence[float]]) -> Mapping[str, Sequence[float]]:
        """Gives the history the epochs that the core has run; a Ctrl-C that comes meanwhile is heard after that."""
        try:
            values = program.values_of(means)
        except KeyboardInterrupt:
            self._hooks.record(epoch, program.values_of(means))
            raise
        self._hooks.record(epoch, values)
        return values

    def _is_unwatched(self, program: Program, rates: Any) -> bool:
        """Returns whether epochs like this one, which was a whole pass, need no Python between them."""
        return (
            rates is None
            and self._steps is None
            and self._validation is None
            and isinstance(self._source, ArraySource)
            and isinstance(program, Program)
            and program.runs_passes
            and not self._hooks.watches_epochs()
        )

    def _run_epoch(self) -> dict[str, Any] | None:
        """Runs the steps of one epoch that were not run yet.

        Returns:
            The logs of the epoch; None where the rows have ended for good before it.
        """
        source, hooks = self._source, self._hooks
        whole = self._steps is None
        source.begin_epoch(None if self._steps is None else self._steps - self.step, resumed=self.step > 0)
        steps = source.steps if self._steps is None else self._steps
        # A callback may take on hooks of batches when an epoch begins.
        batches = _Batches(hooks, "train")
        watch = batches.watching
        progress = _Progress(hooks)
        sums = self._sums = _Sums(self._programs.training, self._compiled, self._kept)
        self._kept = None
        first = self.step
        while steps is None or self.step < steps:
            # An epoch takes rows of one pass; the next epoch goes on with the rest of it, or begins a new one.
            ended = self.step > 0 and has_ended(source)
            # An epoch that is stopped before it begins has one step.
            most = 1 if self._model.stop_training else (steps or _ALL) - self.step
            chunk = None if ended else source.next_chunk(most)
            if chunk is None:
                if self.step == first == 0 and not source.repeats:
                    return None
                if not whole:
                    warn_of_end("steps_per_epoch", self.step, steps)
                break
            program = sums.program(chunk)
            if batches.watched:
                self._run_between_hooks(chunk, program, batches, progress)
            else:
                rates = program.rates(min(chunk.last - chunk.first, _MOST_RATES))
                begin = time.monotonic()
                ran = program.run(chunk, rates, until_invalid=bool(watch))
                source.advance(ran)
                self.step += ran
                if ran == steps and not watch and self._is_unwatched(program, rates):
                    self._quick = time.monotonic() - begin
                progress.note(self.step, program)
                if watch and not math.isfinite(program.loss()):
                    logs = progress.settle(self.step, program)
                    for hook in watch:
                        hook(self.step - 1, logs)
            if self._model.stop_training:
                break
        batches.finish()
        return progress.settle(self.step, sums.last)

    def _run_between_hooks(self, chunk: Chunk, program: Program, batches: _Batches, progress: _Progress) -> None:
        """Runs the steps of a chunk with the hooks of batches around them; itself it costs 2 us a step."""
        model, advance = self._model, self._source.advance
        step, end = chunk.first, chunk.last
        while step < end and not (model.stop_training and step > chunk.first):
            batches.begin(self.step)
            last = step + batches.most(end - step)
            ran = program.run(chunk, program.rates(last - step), span=(step, last))
            advance(ran)
            step += ran
            self.step += ran
            batches.end(ran, program.sorted_logs)
            progress.note(self.step, program)


class _Sums:
    """The program of each chunk of an epoch; where shapes change, the sums of losses and metrics go along.

    Args:
        made: `Programs.training` or `Programs.evaluation`.
        compiled: What `compile` was given.
        kept: Sums with which it begins; None: zeros.
    """

    def __init__(self, made: Callable[..., Program], compiled: Compiled, kept: Mapping[str, Any] | None = None) -> None:
        self.last: Program | None = None
        self._made = made
        self._compiled = compiled
        self._shapes: Any = None
        self._kept = kept

    def program(self, chunk: Chunk) -> Program:
        """Returns the program for a chunk; the sums of the first are set to those kept, or to zero."""
        shapes = chunk.x, chunk.y
        if self.last is None or shapes != self._shapes:
            program = self._made(self._compiled, chunk.x, chunk.y)
            if self.last is None:
                program.reset()
                if self._kept is not None:
                    program.take_kept(self._kept)
            elif program is not self.last:
                program.take_sums(self.last)
            self.last, self._shapes = program, shapes
        return self.last


class _Batches:
    """The hooks of batches, which are called once for each `steps_per_execution` steps of an epoch or pass.

    Args:
        hooks: The callbacks.
        mode: "train", "test" or "predict".

    Attributes:
        watched: True where some callback asks for each batch.
        watching: The hooks that are asked for where the loss is not finite.
    """

    def __init__(self, hooks: CallbackList, mode: str) -> None:
        self._begin, self._end, self.watching = hooks.batch_hooks(mode)
        self.watched = bool(self._begin or self._end)
        self._size = max(1, hooks.model.steps_per_execution)
        self._first = self._ran = 0
        self._logs: Callable[[], dict[str, Any]] = dict

    def most(self, left: int) -> int:
        """Returns how many of the steps that are left may be run before a hook is due."""
        return min(self._size - self._ran, left) if self.watched else left

    def begin(self, step: int) -> None:
        """Called before steps are run."""
        if not self._ran:
            self._first = step
            empty: dict[str, Any] = {}
            for hook in self._begin:
                hook(step, empty)

    def end(self, ran: int, logs: Callable[[], dict[str, Any]]) -> None:
        """Called after steps were run, with what gives the hooks their logs, sorted by name."""
        self._ran += ran
        self._logs = logs
        if self._ran >= self._size:
            self.finish()

    def finish(self) -> None:
        """Tells the hooks of a batch's end; the last of them may have fewer steps, and counts as many, as in Keras."""
        if self._ran and self._end:
            logs = self._logs()
            for hook in self._end:
                hook(self._first + self._size - 1, logs)
        self._ran = 0


class _Progress:
    """The logs of an epoch, and when they are shown.

    Args:
        hooks: The callbacks.
    """

    def __init__(self, hooks: CallbackList) -> None:
        self.logs: dict[str, Any] = {}
        self._hooks = hooks
        self._due = time.monotonic() + _SHOWING

    def note(self, step: int, program: Program) -> None:
        """Called after steps were run."""
        if time.monotonic() >= self._due:
            self.settle(step, program)

    def settle(self, step: int, program: Program | None) -> dict[str, Any]:
        """Shows how far the epoch has come; returns its logs, sorted by name."""
        if program is not None:
            self.logs = program.logs()
            self._hooks.advance(step, dict(sorted(self.logs.items())))
        self._due = time.monotonic() + _SHOWING
        return dict(sorted(self.logs.items()))


def evaluate(
    compiled: Compiled,
    programs: Programs,
    source: Source,
    steps: int | None,
    hooks: CallbackList,
    argument: str = "steps",
) -> dict[str, Any]:
    """Runs one pass of evaluation; returns its logs, in the order in which `evaluate` returns them.

    Args:
        compiled: What `compile` was given.
        programs: The programs of the model.
        source: The rows.
        steps: The number of steps, or None for all; where the rows end before, the pass ends with a warning.
        hooks: The callbacks.
        argument: The argument that gave the number of steps, for the warning.
    """
    batches = _Batches(hooks, "test")
    progress = _Progress(hooks)
    sums = _Sums(programs.evaluation, compiled)
    done = 0
    source.restart()
    hooks.model.stop_evaluating = False
    hooks.tell("on_test_begin")
    source.begin_epoch(steps)
    most = source.steps if steps is None else steps
    while most is None or done < most:
        chunk = None
        if not (done and has_ended(source)):
            chunk = source.next_chunk(batches.most((most or _ALL) - done))
        if chunk is None:
            if steps is not None:
                warn_of_end(argument, done, steps)
            break
        program = sums.program(chunk)
        batches.begin(done)
        ran = program.run(chunk, None)
        source.advance(ran)
        done += ran
        batches.end(ran, program.sorted_logs)
        progress.note(done, program)
        if hooks.model.stop_evaluating:
            break
    batches.finish()
    source.on_epoch_end()
    progress.settle(done, sums.last)
    logs = progress.logs
    hooks.tell("on_test_end", logs=dict(sorted(logs.items())))
    return logs


def evaluate_unwatched(program: Program, source: ArraySource) -> dict[str, Any]:
    """Runs one pass of evaluation over arrays for nobody who watches; returns its logs, as `evaluate` does.

    Args:
        program: The program of the evaluation.
        source: The rows.
    """
    program.reset()
    source.restart()
    done = 0
    while done < source.steps:
        ran = program.run(source.next_chunk(source.steps - done), None)
        source.advance(ran)
        done += ran
    return program.logs()


def predict(
    predictor_for: Callable[[Shapes], _core.Predictor],
    source: Source,
    steps: int | None,
    hooks: CallbackList,
    made: Structure,
) -> Any:
    """Runs one pass of prediction; returns the outputs, put together as the model makes them.

    Args:
        predictor_for: Returns the program for samples of some shapes.
        source: The rows.
        steps: The number of steps, or None for all; where the rows end before, the pass ends with a warning.
        hooks: The callbacks.
        made: The structure of the outputs.
    """
    batches = _Batches(hooks, "predict")
    hooks.model.stop_predicting = False
    hooks.tell("on_predict_begin")
    source.begin_epoch(steps)
    most = source.steps if steps is None else steps
    at_once = max(1, (most or 1) // 100) if hooks.shows_progress else _ALL
    pieces: list[list[NDArray[Any]]] = []
    shown: list[list[NDArray[Any]]] = []
    read: Sequence[NDArray[Any]] | None = None
    row = until = done = 0
    while most is None or done < most:
        left = _ALL if most is None else most - done
        chunk = None if done and has_ended(source) else source.next_chunk(batches.most(min(at_once, left)))
        if chunk is None:
            if steps is not None:
                warn_of_end("steps", done, steps)
            break
        predictor = predictor_for(chunk.x)
        row = chunk.first * chunk.batch_size
        ran = chunk.last - chunk.first
        # Outputs that do not have one row for each sample are made batch by batch.
        plain = predictor.plain()
        if not plain:
            read, ran = None, 1
        elif chunk.inputs is not read:
            read = chunk.inputs
            rows = min(len(read[0]), row + left * chunk.batch_size)
            pieces.append(
                [np.empty([rows, *(n or 0 for n in shape[1:])], dtype) for shape, dtype in predictor.outputs()]
            )
        until = min(row + ran * chunk.batch_size, len(chunk.inputs[0]))
        batches.begin(done)
        if plain:
            predictor.run(chunk.inputs, row, until, chunk.batch_size, pieces[-1])
        else:
            pieces.append(predictor([x[row:until] for x in chunk.inputs]))
        source.advance(ran)
        done += ran
        if batches.watched:
            shown.append([array[row:until] for array in pieces[-1]] if plain else pieces[-1])
            batches.end(ran, lambda: _outputs_shown(shown, made))
        hooks.advance(done, {})
        if hooks.model.stop_predicting:
            pieces[-1] = [array[:until] for array in pieces[-1]] if plain else pieces[-1]
            break
    batches.finish()
    source.on_epoch_end()
    hooks.tell("on_predict_end")
    return made.pack(_all(pieces))


def _outputs_shown(shown: list[list[NDArray[Any]]], made: Structure) -> dict[str, Any]:
    """Returns the outputs of the last steps, as callbacks are given them, and forgets them."""
    outputs = made.pack(_all(shown))
    shown.clear()
    return dict(sorted(outputs.items())) if isinstance(outputs, dict) else {"outputs": outputs}


def _all(pieces: Sequence[list[NDArray[Any]]]) -> list[NDArray[Any]]:
    return pieces[0] if len(pieces) == 1 else [_joined(arrays) for arrays in zip(*pieces, strict=True)]


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Returns the outputs of batches as one array.

    Raises:
        ValueError: Their shapes differ beyond the first axis.
    """
    for one in parts:
        if one.shape[1:] != parts[0].shape[1:] or not one.ndim:
            raise ValueError(
                f"predict() cannot join outputs of shape {parts[0].shape} and {one.shape} from its batches; give it "
                "batch_size=len(x), or call the model on x"
            )
    return np.concatenate(parts)
