"""The base class of optimizers.

An object wraps an optimizer of the core, which owns the slots: one block for each weight, found by the weight. So
compiling again with the same object continues where it was.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastnn import _core, object_forms
from fastnn.configurable import Configurable, plain
from fastnn.optimizers import schedules
from fastnn.optimizers.applying import Application
from fastnn.optimizers.schedules import LearningRateSchedule
from fastnn.symbolic.scalar import Scalar
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
        >>> float(optimizer.learning_rate), int(optimizer.iterations)
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
        self._fastnn_applied: list[Variable] = []
        self._fastnn_applications: dict[tuple[int, ...], Application] = {}
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
    def learning_rate(self) -> Any:
        """Learning rate of the next step, as a variable; it may be set, unless a schedule determines it."""
        return Scalar(f"{self.name}/learning_rate", self._current_rate, self._set_rate)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._set_rate(value)

    lr = learning_rate

    def _current_rate(self) -> float:
        return self.handle.learning_rate if self._fastnn_schedule is None else self._rate_at(self.handle.iterations)

    def _set_rate(self, value: Any) -> None:
        schedule = None if isinstance(value, (Scalar, Variable)) else _schedule_of(value)
        if schedule is not None:
            self._fastnn_schedule = schedule
            return
        if self._fastnn_schedule is not None and not self._fastnn_storing:
            raise TypeError(
                f"{type(self).__name__}: the learning rate follows {self.schedule!r} and cannot be set; "
                "compile with a number as learning_rate"
            )
        self.handle.learning_rate = self._number("learning_rate", value)

    @property
    def iterations(self) -> Any:
        """Number of steps taken, as a variable."""
        return Scalar(f"{self.name}/iteration", lambda: self.handle.iterations, self._set_iterations, "int32")

    @iterations.setter
    def iterations(self, value: Any) -> None:
        self._set_iterations(value)

    def _set_iterations(self, value: Any) -> None:
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
        first = self.handle.iterations
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
        rate = self.handle.learning_rate if self._fastnn_schedule is None else plain(self._fastnn_schedule)
        return {**super().get_config(), "learning_rate": rate}

    def build(self, variables: Sequence[Variable]) -> None:
        """Adds slots for weights not seen before.

        Args:
            variables: The weights.
        """
        known = {id(handle) for handle in self._fastnn_weights}
        self._fastnn_applied = list(variables)
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
            "slots": slots, "rate": self.handle.learning_rate, "steps": self.handle.iterations,
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
    def built(self) -> bool:
        """True once there are slots."""
        return bool(self._fastnn_weights)

    @property
    def variables(self) -> list[Any]:
        """Number of steps, learning rate unless a schedule determines it, and the slots in the order of Keras."""
        numbers = [self.iterations] if self._fastnn_schedule is not None else [self.iterations, self.learning_rate]
        slots = [self.handle.slots(weight) for weight in self._fastnn_weights]
        count = len(slots[0]) if slots else 0
        groups = self.keras_slot_groups or (tuple(range(count)),)
        return numbers + [of_weight[i] for group in groups for of_weight in slots for i in group if i < count]

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Updates weights by their gradients, as one step.

        Args:
            grads: The gradient of each weight: an array of its shape, or None for a weight that stays as it is.
            trainable_variables: The weights; None: those that were given to `build`.

        Raises:
            ValueError: There is not one gradient of the right shape for each weight, or no gradient at all.

        Example:
            >>> weight = fastnn.Variable(np.array([1.0, 2.0]))
            >>> optimizer = fastnn.optimizers.SGD(0.5)
            >>> optimizer.apply([np.array([1.0, 0.0])], [weight])
            >>> weight.numpy()
            array([0.5, 2. ], dtype=float32)
        """
        if len(grads) == 0:
            return
        who = type(self).__name__
        if trainable_variables is None:
            if not self._fastnn_applied:
                raise ValueError(f"{who}: apply(grads) needs the weights; pass them, or call build(weights) before")
            trainable_variables = self._fastnn_applied
        if len(grads) != len(trainable_variables):
            raise ValueError(f"{who}: apply expects {len(trainable_variables)} gradients, got {len(grads)}")
        pairs = [(g, v) for g, v in zip(grads, trainable_variables, strict=True) if g is not None]
        if not pairs:
            raise ValueError(f"{who}: apply got no gradient for any weight")
        if len(pairs) < len(grads):
            missing = [v.path for g, v in zip(grads, trainable_variables, strict=True) if g is None]
            warnings.warn(f"{who}: no gradient for {', '.join(missing)}", stacklevel=2)
        arrays = [np.array(g, np.float32) for g, _ in pairs]
        for array, (_, variable) in zip(arrays, pairs, strict=True):
            if array.shape != variable.shape:
                raise ValueError(f"{who}: {variable.path} has shape {variable.shape}, its gradient {array.shape}")
        if not self._fastnn_applied:
            self.build(trainable_variables)
        variables = [variable for _, variable in pairs]
        key = tuple(id(variable.handle) for variable in variables)
        if key not in self._fastnn_applications:
            self._fastnn_applications[key] = Application(self.handle, variables)
        self._fastnn_applications[key].run(arrays, type(self).coming_rates(self, 1))

    def apply_gradients(self, grads_and_vars: Any) -> Any:
        """Updates weights by their gradients, as one step.

        Args:
            grads_and_vars: Pairs of a gradient and its weight.

        Returns:
            The number of steps taken.
        """
        gradients, variables = zip(*grads_and_vars, strict=True)
        self.apply(gradients, variables)
        return self.iterations

    def stateless_apply(
        self, optimizer_variables: Sequence[Any], grads: Sequence[Any], trainable_variables: Sequence[Any]
    ) -> tuple[list[Any], list[Any]]:
        """Returns the weights and the optimizer's variables after one step, which leaves both as they are.

        Args:
            optimizer_variables: Values in place of `variables`.
            grads: The gradient of each weight.
            trainable_variables: Values in place of the weights that were given to `build`.

        Raises:
            ValueError: The optimizer is not built, or the number of values differs.
        """
        own, weights = self.variables, self._fastnn_applied
        if not weights:
            raise ValueError(f"{type(self).__name__}: call build(weights) before stateless_apply")
        for name, given, expected in (
            ("optimizer_variables", optimizer_variables, own),
            ("trainable_variables", trainable_variables, weights),
        ):
            if len(given) != len(expected):
                raise ValueError(f"{type(self).__name__}: {name} expects {len(expected)} values, got {len(given)}")
        everything = [*weights, *own]
        before = [variable.numpy() for variable in everything]
        try:
            for variable, value in zip(everything, [*trainable_variables, *optimizer_variables], strict=True):
                variable.assign(np.asarray(value))
            self.apply(grads)
            after = [variable.numpy() for variable in everything]
        finally:
            for variable, value in zip(everything, before, strict=True):
                variable.assign(value)
        return after[: len(weights)], after[len(weights) :]

    def assign(self, variable: Any, value: Any) -> None:
        """Sets a variable."""
        variable.assign(value)

    def assign_add(self, variable: Any, value: Any) -> None:
        """Adds to a variable."""
        variable.assign(variable.numpy() + np.asarray(value))

    def assign_sub(self, variable: Any, value: Any) -> None:
        """Subtracts from a variable."""
        variable.assign(variable.numpy() - np.asarray(value))

    def scale_loss(self, loss: Any) -> Any:
        """Returns the loss as it is: float32 needs no scale."""
        return loss

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the optimizer's variables.

        Args:
            weights: Arrays in the order of `variables`.

        Raises:
            ValueError: The optimizer is not built, or a shape differs.
        """
        if not self.built:
            raise ValueError(f"{type(self).__name__}: call build(weights) before set_weights")
        for variable, value in zip(self.variables, weights, strict=False):
            if tuple(variable.shape) != np.shape(value):
                raise ValueError(
                    f"{type(self).__name__}: {variable.path} has shape {tuple(variable.shape)}, got {np.shape(value)}"
                )
            variable.assign(np.asarray(value, order="C"))

    def save_own_variables(self, store: Any) -> None:
        """Writes the optimizer's variables into a mapping, by their positions."""
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Reads what `save_own_variables` wrote; warns, and reads nothing, where the number of variables differs."""
        variables = self.variables
        if len(store) != len(variables):
            warnings.warn(
                f"{type(self).__name__} has {len(variables)} variables, the file {len(store)}; none is loaded",
                stacklevel=2,
            )
            return
        for i, variable in enumerate(variables):
            variable.assign(np.asarray(store[str(i)]))

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
