"""A program: a trainer of the core for samples of some shapes, and the names of its results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.data.source import Chunk
from fastnn.metrics.reduction import Mean, kept_mean
from fastnn.training.compiled import Measure

TIME_BUDGET = 0.05
"""Seconds of steps between two updates of the progress bar."""


class Program:
    """A trainer of the core, and the names of its results.

    Attributes:
        trainer: The trainer.
        optimizer: The optimizer of a program that trains.

    Args:
        trainer: The trainer.
        terms: The number of terms of the loss, penalties among them.
        losses: The names of the losses of single outputs.
        measures: The metrics.
        in_core: For each metric whether the trainer keeps its sums; otherwise the metric itself does.
        tracker: The mean of the whole loss.
        optimizer: The optimizer of a program that trains.
        whole_steps: Returns the context in which steps run that other processes share; None: they share none.
    """

    def __init__(
        self,
        trainer: _core.Trainer,
        terms: int,
        losses: list[str],
        measures: list[Measure],
        in_core: list[bool],
        tracker: Mean,
        optimizer: Any = None,
        whole_steps: Callable[[], AbstractContextManager[None]] | None = None,
    ) -> None:
        self.trainer = trainer
        self._whole_steps = whole_steps
        self.optimizer = optimizer
        self._losses = losses
        self._measures = measures
        self._outside = [measure.metric for measure, inside in zip(measures, in_core, strict=True) if not inside]
        # For each metric the number of its mean among those that the core keeps; None: it is asked for its result.
        self._kept: list[int | None] = []
        means = [(tracker, 0)]
        place = terms
        for measure, inside in zip(measures, in_core, strict=True):
            place += inside
            kept = None
            if inside and isinstance(measure.metric, Mean):
                means.append((measure.metric, place))
                # The variables hold 48 bits of the sum; the mean is that of all bits.
                kept = len(means) - 1 if type(measure.metric).result is Mean.result else None
            self._kept.append(kept)
        trainer.keep([kept_mean(metric, [(number, None)]) for metric, number in means])
        # The names of the logs, where these are the kept means and nothing else.
        plain = not losses and None not in self._kept
        self._names = ["loss", *(measure.name for measure in measures)] if plain else None
        # The same sorted, each with the number of its mean.
        self._sorted_names = sorted((name, number) for number, name in enumerate(self._names or ()))

    def rates(self, steps: int) -> NDArray[np.float64] | None:
        """Returns the learning rates of the coming steps, where a schedule gives them."""
        rates: NDArray[np.float64] | None = self.optimizer.__fastnn_rates__(steps)
        return rates

    def run(
        self,
        chunk: Chunk,
        rates: NDArray[np.float64] | None,
        budget: float = TIME_BUDGET,
        until_invalid: bool = False,
        span: tuple[int, int] | None = None,
    ) -> int:
        """Runs steps of a chunk until they are done or the time is up; returns how many were run.

        Args:
            chunk: The rows.
            rates: The learning rate of each step, where a schedule gives it.
            budget: Seconds after which no further step begins; 0: one step.
            until_invalid: True to stop after a step that makes the loss infinite or NaN.
            span: The first step and that after the last one; None: those of the chunk.
        """
        first, last = span or (chunk.first, chunk.last)
        last = last if rates is None else first + len(rates)
        given = chunk.columns, chunk.order, chunk.batch_size, first, last, budget, rates, until_invalid
        if self._whole_steps is None:
            return self.trainer.run(*given)
        with self._whole_steps():
            return self.trainer.run(*given)

    @property
    def runs_passes(self) -> bool:
        """True where whole passes need nothing of Python: the core keeps all sums, and steps are of this process."""
        return self._names is not None and not self._outside and self._whole_steps is None

    def run_passes(
        self, columns: _core.Columns, orders: Sequence[_core.Order | None], batch_size: int, means: list[list[float]]
    ) -> None:
        """Runs passes over all rows until they are done or the time is up, at least one.

        Args:
            columns: The arrays.
            orders: The order of the rows of each pass, or None.
            batch_size: The number of rows of a step.
            means: Gets the means of each pass that has ended, also where a later one raises an error.
        """
        self.trainer.run_passes(columns, orders, batch_size, TIME_BUDGET, means)

    def values_of(self, means: Sequence[Sequence[float]]) -> dict[str, list[float]]:
        """Returns for the name of each log, sorted, its value in each of the passes of `run_passes`."""
        return {name: [of_pass[number] for of_pass in means] for name, number in self._sorted_names}

    def loss(self) -> float:
        """Returns the mean of the whole loss since the sums were set to zero."""
        return self.trainer.loss()

    def take_sums(self, other: Program) -> None:
        """Goes on from the sums of another program of the same losses and metrics."""
        self.trainer.take_sums(other.trainer)

    def sums(self) -> dict[str, Any]:
        """Returns all sums, as values of JSON."""
        return kept_sums(self.trainer, self._outside)

    def take_kept(self, sums: Mapping[str, Any]) -> None:
        """Goes on from the `sums` of an interrupted run.

        Args:
            sums: What `sums` returned.

        Raises:
            ValueError: They are those of other losses or metrics.
        """
        take_kept_sums(self.trainer, self._outside, sums)

    def reset(self) -> None:
        """Sets all sums to zero."""
        self.trainer.reset()
        for metric in self._outside:
            metric.reset_state()

    def logs(self) -> dict[str, Any]:
        """Returns the means since the sums were set to zero, in the order in which `evaluate` returns them."""
        means = self.trainer.settle()
        if self._names is not None:
            return dict(zip(self._names, means, strict=True))
        logs: dict[str, Any] = {"loss": means[0]}
        if self._losses:
            for name, (total, count) in zip(self._losses, self.trainer.results()[1:], strict=False):
                logs[name] = total / count if count else 0.0
        for measure, kept in zip(self._measures, self._kept, strict=True):
            logs[measure.name] = means[kept] if kept is not None else _number(measure.metric.result())
        return logs

    def sorted_logs(self) -> dict[str, Any]:
        """Returns the means since the sums were set to zero, sorted by name, as callbacks are given them."""
        if self._names is None:
            return dict(sorted(self.logs().items()))
        means = self.trainer.settle()
        return {name: means[number] for name, number in self._sorted_names}


def kept_sums(trainer: _core.Trainer, metrics: Sequence[Any]) -> dict[str, Any]:
    """Returns the sums of a trainer and the variables of metrics, as values of JSON."""
    variables = [variable.numpy().tolist() for metric in metrics for variable in metric.variables]
    return {"results": trainer.results(), "variables": variables}


def take_kept_sums(trainer: _core.Trainer, metrics: Sequence[Any], sums: Mapping[str, Any]) -> None:
    """Goes on from what `kept_sums` returned.

    Raises:
        ValueError: It is of other losses or metrics.
    """
    variables = [variable for metric in metrics for variable in metric.variables]
    try:
        values = [np.asarray(value, np.float32) for value in sums["variables"]]
        if [value.shape for value in values] != [tuple(variable.shape) for variable in variables]:
            raise ValueError("the metrics have other variables")
        trainer.take_results([(float(total), float(count)) for total, count in sums["results"]])
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the sums of the interrupted epoch are those of other losses or metrics: {error}") from error


def _number(result: Any) -> Any:
    """Returns the result of a metric as a float, or as an array where it has dimensions."""
    result = np.asarray(result)
    return float(result) if result.ndim == 0 else result
