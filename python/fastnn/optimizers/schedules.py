"""Schedules: the learning rate as a function of the step.

An optimizer takes a schedule in place of a number. It is evaluated, in Python, for all steps of a run before the run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from fastnn import object_forms
from fastnn.configurable import Configurable
from fastnn.ranges import check_range

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]


class LearningRateSchedule(Configurable):
    """Base class of all schedules: called with the number of steps taken, it returns the rate of the next step.

    The schedules of this module take arrays of steps too, to draw their curve.

    Example:
        >>> class Halving(fastnn.optimizers.schedules.LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.5 * 0.5 ** (step / 1000)
        >>> Halving()(1000)
        0.25
    """

    __fastnn_keras_module__ = "keras.optimizers.schedules"
    name: str

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate of the next step.

        Args:
            step: Number of steps taken.
        """
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, step), the learning rate")


class _Formula(LearningRateSchedule):
    """Base of the schedules here: a formula for one step, which arrays of steps are put through one by one.

    So a step has the same rate, to the last bit, wherever it stands.
    """

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate of the next step; for an array of steps an array of its shape.

        Args:
            step: Number of steps taken, or an array of such numbers.
        """
        steps = np.asarray(step)
        if steps.ndim == 0:
            return self._fastnn_at(steps.item())
        rates = [self._fastnn_at(one) for one in steps.ravel().tolist()]
        return np.array(rates, np.float64).reshape(steps.shape)

    def _fastnn_at(self, step: float) -> float:
        raise NotImplementedError


class ExponentialDecay(_Formula):
    """Exponential decay: initial_learning_rate * decay_rate ** (step / decay_steps).

    With `staircase` the exponent is rounded down, so the rate falls in steps.

    Args:
        initial_learning_rate: Learning rate of the first step.
        decay_steps: Number of steps in which the rate is multiplied by `decay_rate` once.
        decay_rate: Factor.
        staircase: Counts complete periods of `decay_steps` only, so that the rate falls in stairs.
        name: Name of the schedule.

    Raises:
        ValueError: `decay_steps` is not positive.

    Example:
        >>> schedule = fastnn.optimizers.schedules.ExponentialDecay(0.5, decay_steps=10, decay_rate=0.5)
        >>> schedule(0), schedule(10), schedule(20)
        (0.5, 0.25, 0.125)
    """

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float
    staircase: bool

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        _positive(self, decay_steps=decay_steps)

    def _fastnn_at(self, step: float) -> float:
        turns = step / self.decay_steps
        return self.initial_learning_rate * self.decay_rate ** (math.floor(turns) if self.staircase else turns)


class PiecewiseConstantDecay(_Formula):
    """Piecewise constant rate: values[0] up to and including step boundaries[0], then values[1], and so on.

    Args:
        boundaries: Steps, in ascending order.
        values: Learning rates, one more than boundaries.
        name: Name of the schedule.

    Raises:
        ValueError: There is not exactly one value more than boundaries, or they do not ascend.

    Example:
        >>> schedule = fastnn.optimizers.schedules.PiecewiseConstantDecay([10, 20], [0.5, 0.25, 0.125])
        >>> schedule(10), schedule(11), schedule(21)
        (0.5, 0.25, 0.125)
    """

    boundaries: Sequence[int]
    values: Sequence[float]

    def __init__(self, boundaries: Sequence[int], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"PiecewiseConstantDecay expects one value more than boundaries, got {len(values)} values and "
                f"{len(boundaries)} boundaries"
            )
        if any(later < earlier for earlier, later in pairwise(boundaries)):
            raise ValueError(f"PiecewiseConstantDecay expects boundaries in ascending order, got {boundaries!r}")

    def _fastnn_at(self, step: float) -> float:
        return self.values[int(np.searchsorted(self.boundaries, step, "left"))]


class PolynomialDecay(_Formula):
    """Polynomial decay: (initial - end) * (1 - step / decay_steps) ** power + end.

    From `decay_steps` on it stays at the end, or with `cycle` rises again, less each time.

    Args:
        initial_learning_rate: Learning rate of the first step.
        decay_steps: Number of steps of the decay.
        end_learning_rate: Learning rate at the end.
        power: Exponent; 1: linear decay.
        cycle: Starts again at the end, each time over a longer period, in place of staying at `end_learning_rate`.
        name: Name of the schedule.

    Raises:
        ValueError: `decay_steps` is not positive.

    Example:
        >>> schedule = fastnn.optimizers.schedules.PolynomialDecay(0.5, decay_steps=10, end_learning_rate=0.0)
        >>> schedule(0), schedule(5), schedule(20)
        (0.5, 0.25, 0.0)
    """

    initial_learning_rate: float
    decay_steps: int
    end_learning_rate: float
    power: float
    cycle: bool

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        _positive(self, decay_steps=decay_steps)

    def _fastnn_at(self, step: float) -> float:
        steps: float = self.decay_steps
        if self.cycle:
            steps *= 1.0 if step == 0 else math.ceil(step / steps)
        else:
            step = min(step, steps)
        span = self.initial_learning_rate - self.end_learning_rate
        return float(span * (1 - step / steps) ** self.power + self.end_learning_rate)


class InverseTimeDecay(_Formula):
    """Inverse time decay: initial_learning_rate / (1 + decay_rate * step / decay_steps). It falls more and more slowly.

    Args:
        initial_learning_rate: Learning rate of the first step.
        decay_steps: Number of steps after which `decay_rate` is added to the denominator once.
        decay_rate: Rate of the decay.
        staircase: Counts complete periods of `decay_steps` only, so that the rate falls in stairs.
        name: Name of the schedule.

    Raises:
        ValueError: `decay_steps` is not positive.

    Example:
        >>> schedule = fastnn.optimizers.schedules.InverseTimeDecay(0.5, decay_steps=10, decay_rate=1.0)
        >>> schedule(0), schedule(10), schedule(30)
        (0.5, 0.25, 0.125)
    """

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float
    staircase: bool

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        _positive(self, decay_steps=decay_steps)

    def _fastnn_at(self, step: float) -> float:
        turns = step / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * (math.floor(turns) if self.staircase else turns))


class CosineDecay(_Formula):
    """Cosine decay, after an optional linear warmup (Loshchilov and Hutter, 2016).

    The rate falls as initial * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha).

    Args:
        initial_learning_rate: Learning rate at the start of the warmup, or of the decay where there is no warmup.
        decay_steps: Number of steps of the decay.
        alpha: Fraction of the initial rate that remains at the end.
        name: Name of the schedule.
        warmup_target: Learning rate at the end of the warmup, where the decay starts; None: no warmup.
        warmup_steps: Number of steps of the warmup.

    Raises:
        ValueError: `decay_steps` is not positive, or `warmup_steps` is negative.

    Example:
        >>> schedule = fastnn.optimizers.schedules.CosineDecay(0.5, decay_steps=10)
        >>> schedule(0), schedule(5), schedule(10)
        (0.5, 0.25, 0.0)
    """

    initial_learning_rate: float
    decay_steps: int
    alpha: float
    warmup_target: float | None
    warmup_steps: int

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        _positive(self, decay_steps=decay_steps)
        check_range(self, "warmup_steps", warmup_steps, 0)

    def _fastnn_at(self, step: float) -> float:
        top = self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return top + (self.warmup_target - top) * step / self.warmup_steps
            top, step = self.warmup_target, step - self.warmup_steps
        wave = 0.5 * (1 + math.cos(math.pi * min(step, self.decay_steps) / self.decay_steps))
        return top * ((1 - self.alpha) * wave + self.alpha)


class CosineDecayRestarts(_Formula):
    """Cosine decay with warm restarts (Loshchilov and Hutter, 2016).

    Args:
        initial_learning_rate: Learning rate of the first step.
        first_decay_steps: Number of steps of the first period.
        t_mul: Factor by which each period is longer than the one before.
        m_mul: Factor by which the rate at the start of a period differs from that of the period before.
        alpha: Fraction of the initial rate that remains at the end of a period.
        name: Name of the schedule.

    Raises:
        ValueError: `first_decay_steps` is not positive.

    Example:
        >>> schedule = fastnn.optimizers.schedules.CosineDecayRestarts(0.5, first_decay_steps=10, m_mul=0.5)
        >>> schedule(0), schedule(5), schedule(10)
        (0.5, 0.25, 0.25)
    """

    initial_learning_rate: float
    first_decay_steps: int
    t_mul: float
    m_mul: float
    alpha: float

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        _positive(self, first_decay_steps=first_decay_steps)

    def _fastnn_at(self, step: float) -> float:
        turns = step / self.first_decay_steps
        if self.t_mul == 1.0:
            count = math.floor(turns)
            share = turns - count
        else:
            count = math.floor(math.log(1.0 - turns * (1.0 - self.t_mul)) / math.log(self.t_mul))
            before = (1.0 - self.t_mul**count) / (1.0 - self.t_mul)
            share = (turns - before) / self.t_mul**count
        wave = 0.5 * self.m_mul**count * (1 + math.cos(math.pi * share))
        return self.initial_learning_rate * ((1 - self.alpha) * wave + self.alpha)


def _positive(schedule: LearningRateSchedule, **counts: float) -> None:
    for name, value in counts.items():
        if value <= 0:
            raise ValueError(f"{type(schedule).__name__} expects {name} to be above 0, got {value!r}")


def serialize(learning_rate_schedule: Any) -> Any:
    """Returns a schedule as values of JSON, in the form of Keras' files.

    Args:
        learning_rate_schedule: The schedule, or a registered class or function.

    Returns:
        Dict with "module", "class_name", "config" and "registered_name".

    Example:
        >>> schedule = fastnn.optimizers.schedules.CosineDecay(0.5, 10)
        >>> fastnn.optimizers.schedules.serialize(schedule)["class_name"]
        'CosineDecay'
    """
    return object_forms.serialize(learning_rate_schedule)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the schedule that `serialize` described.

    Args:
        config: Dict with "class_name" and "config"; or a name.
        custom_objects: Classes and functions by the names that the config uses for them.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.

    Example:
        >>> schedule = fastnn.optimizers.schedules.CosineDecay(0.5, 10)
        >>> fastnn.optimizers.schedules.deserialize(fastnn.optimizers.schedules.serialize(schedule))
        CosineDecay(initial_learning_rate=0.5, decay_steps=10)
    """
    return object_forms.deserialize(config, custom_objects, "schedules")


def __dir__() -> list[str]:
    return __all__
