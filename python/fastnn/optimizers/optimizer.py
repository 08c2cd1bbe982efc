"""The base class of optimizers.

An object wraps an optimizer of the core, which owns the slots: one block for each weight, found by the weight. So
compiling again with the same object continues where it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastnn import _core, object_forms
from fastnn.configurable import Configurable, plain
from fastnn.optimizers import schedules
from fastnn.optimizers.schedules import LearningRateSchedule
from fastnn.symbolic.variable import Variable


class Optimizer(Configurable):
    """Base class of all optimizers.

    Common arguments are `learning_rate`, a number, a schedule of `fastnn.optimizers.schedules`, or a function without
    arguments that is called before each run of steps; `weight_decay`, the fraction of each weight, times the learning
    rate, that is subtracted at each step; `clipnorm` (largest norm of the gradient of one weight), `clipvalue` (largest
    absolute value of an element) or `global_clipnorm` (largest norm of all gradients together), of which one may be
    given; and `name`.

    Attributes:
        handle: The optimizer of the core.

    Example:
        >>> optimizer = fastnn.optimizers.Adam(learning_rate=0.5)
        >>> optimizer.learning_rate = 0.25
        >>> optimizer.learning_rate, optimizer.iterations
        (0.25, 0)
    """

    keras_module = "keras.optimizers"
    keras_ignored_arguments = {
        "use_ema": False, "ema_momentum": ..., "ema_overwrite_frequency": ..., "jit_compile": ...,
        "is_legacy_optimizer": ..., "decay": 0.0,
    }  # fmt: skip
    keras_slot_groups: ClassVar[tuple[tuple[int, ...], ...] | None] = None
    """Order of the slots in Keras' files: groups of slots, each written for all weights; None: weight by weight."""
    kind: ClassVar[str] = ""
    """Name of the update rule in the core."""
    flags: ClassVar[tuple[str, ...]] = ()
    """Arguments that are booleans; all others but `name` are numbers."""
    name: str
    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    renamed: ClassVar[Mapping[str, str]] = {"lr": "learning_rate"}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Returns a new optimizer with the arguments that `get_config` returned.

        Args:
            config: The arguments.
            custom_objects: Classes of schedules by the names that the config uses for them.
        """
        rate = config.get("learning_rate")
        if isinstance(rate, Mapping):
            config = {**config, "learning_rate": object_forms.deserialize(rate, custom_objects, "schedules")}
        return super().from_config(config)

    def store_arguments(self, arguments: dict[str, Any]) -> None:
        """Checks the arguments and keeps them as attributes."""
        clips = [name for name in ("clipnorm", "clipvalue", "global_clipnorm") if arguments.get(name) is not None]
        if len(clips) > 1:
            raise ValueError(
                f"{type(self).__name__}: only one of clipnorm, clipvalue and global_clipnorm can be set, got "
                f"{', '.join(f'{name}={arguments[name]}' for name in clips)}"
            )
        self._fastnn_schedule = _schedule_of(arguments["learning_rate"])
        if self._fastnn_schedule is not None:
            arguments = {**arguments, "learning_rate": self._rate_at(0)}
        for name, value in arguments.items():
            if name in self.flags:
                arguments[name] = bool(value)
            elif name != "name" and value is not None:
                arguments[name] = self._number(name, value)
        rate = arguments["learning_rate"]
        config = {name: value for name, value in arguments.items() if name not in ("name", "learning_rate")}
        self.handle = _core.Optimizer(self.kind, {"learning_rate": rate, **config})
        self._fastnn_undecayed: list[Variable] = []
        self._fastnn_undecayed_names: list[str] = []
        self._fastnn_weights: list[_core.Variable] = []
        self._fastnn_storing = True
        super().store_arguments(arguments)
        self._fastnn_storing = False

    def _number(self, name: str, value: Any) -> float:
        if callable(value):
            raise TypeError(f"{type(self).__name__}: {name} expects a number, got {value!r}")
        if isinstance(value, (bool, str)) or np.ndim(value) != 0:
            raise TypeError(f"{type(self).__name__} expects {name} to be a number, got {value!r}")
        number = float(value)
        if not 0 <= number < np.inf:
            raise ValueError(f"{type(self).__name__} expects {name} to be a number of at least 0, got {value!r}")
        return number

    @property
    def learning_rate(self) -> float:
        """Learning rate of the next step; it may be set at any time, unless a schedule determines it."""
        return self.handle.learning_rate if self._fastnn_schedule is None else self._rate_at(self.iterations)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if self._fastnn_schedule is not None and not self._fastnn_storing:
            raise TypeError(
                f"{type(self).__name__}: the learning rate follows {self.schedule!r} and cannot be set; "
                "compile with a number as learning_rate"
            )
        self.handle.learning_rate = self._number("learning_rate", value)

    lr = learning_rate

    @property
    def iterations(self) -> int:
        """Number of steps taken."""
        return self.handle.iterations

    @iterations.setter
    def iterations(self, value: int) -> None:
        self.handle.iterations = int(value)

    @property
    def schedule(self) -> Any:
        """Schedule or function that determines the learning rate; None where it is a number."""
        return self._fastnn_schedule

    def coming_rates(self, steps: int) -> NDArray[np.float64] | None:
        """Returns the learning rates of the next steps, or None where no schedule determines them.

        Args:
            steps: Number of steps.

        Returns:
            Learning rates, of shape `(steps,)`.
        """
        if self._fastnn_schedule is None:
            return None
        first = self.iterations
        return np.array([self._rate_at(step) for step in range(first, first + steps)])

    def _rate_at(self, step: int) -> float:
        assert self._fastnn_schedule is not None
        rate = (
            self._fastnn_schedule(step)
            if isinstance(self._fastnn_schedule, LearningRateSchedule)
            else self._fastnn_schedule()
        )
        return self._number("learning_rate", np.asarray(rate).item())

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, as plain values, from which `from_config` makes an equal optimizer without slots."""
        config = super().get_config()
        return config if self._fastnn_schedule is None else {**config, "learning_rate": plain(self._fastnn_schedule)}

    def build(self, variables: Sequence[Variable]) -> None:
        """Adds slots for weights not seen before.

        Args:
            variables: The weights.
        """
        known = {id(handle) for handle in self._fastnn_weights}
        self._fastnn_weights += [variable.handle for variable in variables if id(variable.handle) not in known]
        self.handle.build([variable.handle for variable in variables])
        excluded = [variable.handle for variable in self._fastnn_undecayed]
        for name in self._fastnn_undecayed_names:
            excluded += [variable.handle for variable in variables if re.search(name, variable.path)]
        if excluded:
            self.handle.exclude_from_weight_decay(excluded)

    def __reduce__(self) -> Any:
        slots = [(weight, [slot.numpy() for slot in self.handle.slots(weight)]) for weight in self._fastnn_weights]
        state = {
            "slots": slots, "rate": self.handle.learning_rate, "steps": self.iterations,
            "undecayed": self._fastnn_undecayed, "undecayed_names": self._fastnn_undecayed_names,
        }  # fmt: skip
        return _revived, (type(self), self.get_config()), state

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self._fastnn_undecayed, self._fastnn_undecayed_names = state["undecayed"], state["undecayed_names"]
        self._fastnn_weights = [weight for weight, _ in state["slots"]]
        self.handle.build(self._fastnn_weights)
        for weight, arrays in state["slots"]:
            for slot, array in zip(self.handle.slots(weight), arrays, strict=True):
                slot.assign(array)
        self.handle.learning_rate, self.iterations = state["rate"], state["steps"]

    @property
    def variables(self) -> list[_core.Variable]:
        """Slots, weight by weight."""
        return [slot for weight in self._fastnn_weights for slot in self.handle.slots(weight)]

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Excludes weights from `weight_decay`.

        Args:
            var_list: The weights.
            var_names: Regular expressions, such as "bias"; a weight whose path matches one of them is excluded.
        """
        self._fastnn_undecayed += list(var_list or ())
        self._fastnn_undecayed_names += list(var_names or ())
        if var_list:
            self.handle.exclude_from_weight_decay([variable.handle for variable in var_list])


def _revived(cls: type[Optimizer], config: Mapping[str, Any]) -> Optimizer:
    made: Optimizer = cls.from_config(config)
    return made


def _schedule_of(rate: Any) -> Any:
    """Returns the schedule or function in place of a number, or None."""
    if isinstance(rate, Mapping):
        return schedules.deserialize(rate)
    return rate if callable(rate) else None
