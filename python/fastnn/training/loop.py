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
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.callbacks.callback_list import CallbackList
from fastnn.data.source import Source, has_ended, warn_of_end
from fastnn.symbolic.structure import Structure
from fastnn.training.compiled import Compiled
from fastnn.training.programs import Program, Programs

_MOST_RATES = 1024
"""The number of steps for which a schedule is asked at once."""


class Stoppable(Protocol):
    """A model whose training a callback may stop."""

    stop_training: bool


class Validation(NamedTuple):
    """The validations of a run.

    Attributes:
        source: The rows.
        steps: The number of steps of one validation.
        frequency: Every how many epochs to validate, or after which epochs, counted from 1.
    """

    source: Source
    steps: int
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
        steps: The number of steps of an epoch.
        validation: The validations, or None.

    Attributes:
        epoch: The current epoch, counted from 0.
        step: The number of steps of the current epoch that were run.
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
        steps: int,
        validation: Validation | None = None,
    ) -> None:
        self.epoch = initial_epoch
        self.step = 0
        self._model = model
        self._compiled = compiled
        self._programs = programs
        self._source = source
        self._hooks = hooks
        self._epochs = epochs
        self._steps = steps
        self._validation = validation

    @property
    def position(self) -> int:
        """The number of steps of the current pass over the rows that were run; a pass may span several epochs."""
        return self._source.position

    def resume(self, epoch: int, step: int, position: int) -> None:
        """Lets the run go on where an interrupted one was; for callbacks, in `on_train_begin`.

        Args:
            epoch: The epoch, counted from 0.
            step: The number of steps of this epoch that were run.
            position: The `position` of the interrupted run.
        """
        self.epoch, self.step = epoch, step
        self._source.resume(position)

    def execute(self) -> None:
        """Runs all epochs, and tells the callbacks."""
        logs: dict[str, Any] = {}
        hooks, validation = self._hooks, self._validation
        hooks.set_run(self)
        self._model.stop_training = False
        try:
            hooks.tell("on_train_begin")
            for epoch in range(self.epoch, self._epochs):
                self.epoch = epoch
                hooks.tell("on_epoch_begin", epoch)
                logs = self._run_epoch()
                self.step = 0
                self._source.on_epoch_end()
                if validation is not None and validation.is_due(epoch + 1):
                    measured = evaluate(
                        self._compiled, self._programs, validation.source, validation.steps, hooks, "validation_steps"
                    )
                    logs.update({f"val_{name}": value for name, value in sorted(measured.items())})
                hooks.tell("on_epoch_end", epoch, logs=logs)
                if self._model.stop_training:
                    break
            hooks.tell("on_train_end", logs=logs)
        finally:
            hooks.close()

    def _run_epoch(self) -> dict[str, Any]:
        """Runs the steps of one epoch that were not run yet; returns its logs."""
        program: Program | None = None
        each = self._hooks.wants_batches("train")
        logs: dict[str, Any] = {}
        while self.step < self._steps:
            # An epoch takes rows of one pass; the next epoch goes on with the rest of it, or begins a new one.
            ended = self.step > 0 and has_ended(self._source)
            one_by_one = each or self._model.stop_training  # what is stopped before it begins runs one step
            chunk = None if ended else self._source.next_chunk(1 if one_by_one else self._steps - self.step)
            if chunk is None:
                warn_of_end("steps_per_epoch", self.step, self._steps)
                break
            if program is None:
                program = self._programs.training(self._compiled, chunk.x, chunk.y)
                program.reset()
            if each:
                self._hooks.tell("on_train_batch_begin", self.step)
            optimizer = self._compiled.optimizer
            rates = type(optimizer).coming_rates(optimizer, min(chunk.last - chunk.first, _MOST_RATES))
            ran = program.run(chunk, rates)
            self._source.advance(ran)
            self.step += ran
            logs = dict(sorted(program.logs().items()))
            if each:
                self._hooks.tell("on_train_batch_end", self.step - 1, logs=logs)
            self._hooks.advance(self.step, logs)
            if self._model.stop_training:
                break
        return logs


def evaluate(
    compiled: Compiled, programs: Programs, source: Source, steps: int, hooks: CallbackList, argument: str = "steps"
) -> dict[str, Any]:
    """Runs one pass of evaluation; returns its logs, in the order in which `evaluate` returns them.

    Args:
        compiled: What `compile` was given.
        programs: The programs of the model.
        source: The rows.
        steps: The number of steps; where the rows end before, the pass ends with a warning.
        hooks: The callbacks.
        argument: The argument that gave the number of steps, for the warning.
    """
    program: Program | None = None
    each = hooks.wants_batches("test")
    logs: dict[str, Any] = {}
    done = 0
    source.restart()
    hooks.model.stop_evaluating = False
    hooks.tell("on_test_begin")
    while done < steps:
        chunk = None if done and has_ended(source) else source.next_chunk(1 if each else steps - done)
        if chunk is None:
            warn_of_end(argument, done, steps)
            break
        if program is None:
            program = programs.evaluation(compiled, chunk.x, chunk.y)
            program.reset()
        if each:
            hooks.tell("on_test_batch_begin", done)
        ran = program.run(chunk, None)
        source.advance(ran)
        done += ran
        logs = program.logs()
        if each:
            hooks.tell("on_test_batch_end", done - 1, logs=dict(sorted(logs.items())))
        hooks.advance(done, logs)
        if hooks.model.stop_evaluating:
            break
    hooks.tell("on_test_end", logs=dict(sorted(logs.items())))
    return logs


def predict(
    predictor: _core.Predictor,
    xs: Sequence[NDArray[Any]],
    rows: int,
    batch_size: int,
    hooks: CallbackList,
    made: Structure,
    shows_bar: bool,
) -> Any:
    """Runs one pass of prediction; returns the outputs, put together as the model makes them.

    Args:
        predictor: The program.
        xs: The inputs.
        rows: The number of rows.
        batch_size: The number of rows of a batch.
        hooks: The callbacks.
        made: The structure of the outputs.
        shows_bar: True where a bar shows the progress within the pass.
    """
    # Outputs that do not have one row per sample are made batch by batch, and joined.
    plain = predictor.plain()
    outputs = [
        np.empty([rows, *(size or 0 for size in shape[1:])], dtype=dtype) for shape, dtype in predictor.outputs()
    ]
    parts = []
    each = hooks.wants_batches("predict")
    total = math.ceil(rows / batch_size)
    stride = batch_size if each or not plain else batch_size * max(1, total // 100) if shows_bar else rows
    hooks.model.stop_predicting = False
    done = 0
    try:
        hooks.tell("on_predict_begin")
        for begin in range(0, rows, stride):
            done = end = min(rows, begin + stride)
            if each:
                hooks.tell("on_predict_batch_begin", begin // batch_size)
            if plain:
                predictor.run(xs, begin, end, batch_size, outputs)
            else:
                parts.append(predictor([x[begin:end] for x in xs]))
            if each:
                batch = made.pack([array[begin:end] for array in outputs] if plain else parts[-1])
                logs = batch if isinstance(batch, dict) else {"outputs": batch}
                hooks.tell("on_predict_batch_end", begin // batch_size, logs=logs)
            hooks.advance(math.ceil(end / batch_size), {})
            if hooks.model.stop_predicting:
                break
        hooks.tell("on_predict_end")
    finally:
        hooks.close()
    if not plain:
        return made.pack([_joined(of_one) for of_one in zip(*parts, strict=True)])
    return made.pack([array[:done] for array in outputs] if done < rows else outputs)


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
