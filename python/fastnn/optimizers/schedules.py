"""Schedules: the learning rate as a function of the step.

An optimizer is given one in place of a number. It is asked, in Python, for the steps of a run before the run starts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastnn.configurable import Configurable
from fastnn.naming import lookup, snake_case


class LearningRateSchedule(Configurable):
    """Base of all schedules: called with the number of steps taken, it returns the learning rate of the next.

    Example:
        >>> class Halving(fastnn.optimizers.schedules.LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.1 * 0.5 ** (step / 1000)
    """

    keras_module = "keras.optimizers.schedules"

    def __call__(self, step: Any) -> Any:
        """The learning rate.

        Args:
            step: How many steps were taken.
        """
        raise NotImplementedError(f"{type(self).__name__} says in __call__(self, step) what the learning rate is")


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate * decay_rate ** (step / decay_steps).

    Args:
        initial_learning_rate: At the first step.
        decay_steps: After so many steps it has been multiplied by
        decay_rate: this.
        staircase: Whether it falls in whole steps of `decay_steps` only.
        name: Its name.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        _positive(self, decay_steps=decay_steps)

    def __call__(self, step: Any) -> Any:
        turns = step / self.decay_steps
        return self.initial_learning_rate * self.decay_rate ** (math.floor(turns) if self.staircase else turns)


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to and including step boundaries[0], then values[1], and so on.

    Args:
        boundaries: Steps, ascending.
        values: One more learning rate than there are boundaries.
        name: Its name.

    Raises:
        ValueError: Their numbers do not go together.
    """

    def __init__(self, boundaries: Sequence[int], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"PiecewiseConstantDecay expects one value more than boundaries, got {len(values)} values and "
                f"{len(boundaries)} boundaries"
            )

    def __call__(self, step: Any) -> Any:
        return self.values[int(np.searchsorted(self.boundaries, step, "left"))]


class PolynomialDecay(LearningRateSchedule):
    """From the first learning rate to the last along (1 - step / decay_steps) ** power.

    Args:
        initial_learning_rate: At the first step.
        decay_steps: How many steps it takes.
        end_learning_rate: Where it ends.
        power: 1: a straight line.
        cycle: Whether it begins anew, over more steps each time, instead of staying at the end.
        name: Its name.
    """

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

    def __call__(self, step: Any) -> Any:
        steps = self.decay_steps
        if self.cycle:
            steps *= 1.0 if step == 0 else math.ceil(step / steps)
        else:
            step = min(step, steps)
        span = self.initial_learning_rate - self.end_learning_rate
        return span * (1 - step / steps) ** self.power + self.end_learning_rate


class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps).

    Args:
        initial_learning_rate: At the first step.
        decay_steps: How often the decay counts.
        decay_rate: How much.
        staircase: Whether it falls in whole steps of `decay_steps` only.
        name: Its name.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        _positive(self, decay_steps=decay_steps)

    def __call__(self, step: Any) -> Any:
        turns = step / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * (math.floor(turns) if self.staircase else turns))


class CosineDecay(LearningRateSchedule):
    """Half a wave of a cosine from the first learning rate down to alpha times it, after a straight rise where asked
    for (Loshchilov and Hutter, 2016, "SGDR: Stochastic gradient descent with warm restarts").

    Args:
        initial_learning_rate: Where the rise begins; without one, where the fall begins.
        decay_steps: How many steps the fall takes.
        alpha: The share that is left.
        name: Its name.
        warmup_target: Where the rise ends and the fall begins; None: no rise.
        warmup_steps: How many steps the rise takes.
    """

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

    def __call__(self, step: Any) -> Any:
        top = self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return top + (self.warmup_target - top) * step / self.warmup_steps
            top, step = self.warmup_target, step - self.warmup_steps
        wave = 0.5 * (1 + math.cos(math.pi * min(step, self.decay_steps) / self.decay_steps))
        return top * ((1 - self.alpha) * wave + self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """`CosineDecay` again and again, each time over more steps and from a lower start (Loshchilov and Hutter, 2016).

    Args:
        initial_learning_rate: At the first step.
        first_decay_steps: How many steps the first fall takes.
        t_mul: How many times as long each next one is.
        m_mul: From how many times as high it starts.
        alpha: The share of the start that is left.
        name: Its name.
    """

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

    def __call__(self, step: Any) -> Any:
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


_classes: dict[str, Any] = {
    name: cls
    for cls in (
        ExponentialDecay, PiecewiseConstantDecay, PolynomialDecay, InverseTimeDecay, CosineDecay, CosineDecayRestarts,
    )
    for name in (cls.__name__, snake_case(cls.__name__))
}  # fmt: skip


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """Class and config, from which `deserialize` makes an equal schedule."""
    return {"class_name": type(learning_rate_schedule).__name__, "config": learning_rate_schedule.get_config()}


def deserialize(config: Mapping[str, Any]) -> LearningRateSchedule:
    """The schedule that `serialize` described.

    Raises:
        ValueError: No schedule has this name.
    """
    made: LearningRateSchedule = lookup("schedule", config["class_name"], _classes).from_config(config["config"])
    return made
