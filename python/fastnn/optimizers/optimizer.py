"""The base class of optimizers.

An object wraps an optimizer of the core, which owns the slots: one block for each weight, found by the weight. So
compiling again with the same object continues where it was. A subclass of a user writes its rule in `update_step`,
which is traced once for each weight (`tracing.py`); its attributes may have any name, because all that is kept here
stands in one slot, `_fastnn_state`, and the hooks of this package are dunder methods.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastnn import _core, object_forms
from fastnn.caller import warn
from fastnn.configurable import given_arguments, has_own_config, is_foreign, plain
from fastnn.engine.step_trace import StepTrace
from fastnn.naming import snake_case
from fastnn.optimizers.applying import Application, check_moved, update_in_step
from fastnn.optimizers.shared_arguments import SharedArguments, with_shared_arguments
from fastnn.optimizers.state import State
from fastnn.optimizers.tracing import TracedRule
from fastnn.optimizers.variables import OptimizerVariables, checked_number, rate_at, schedule_of
from fastnn.symbolic.scalar import Scalar
from fastnn.symbolic.tensors import is_symbolic
from fastnn.symbolic.variable import Variable

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Optimizer(OptimizerVariables):
    """Base class of all optimizers, and of those that a user writes.

    A subclass makes its variables in `build` and writes its rule in `update_step`, with the functions of
    `fastnn.ops`. The rule is run once for each weight, on symbolic tensors, when the optimizer is built; the core
    then runs what it computed. Numbers that the rule reads from attributes stay what they were at that time.

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        weight_decay: Fraction of each weight, times the learning rate, that is subtracted at each step; None: none.
        clipnorm: Largest norm of the gradient of one weight; longer gradients are scaled down. None: no limit.
        clipvalue: Largest absolute value of an element of a gradient. None: no limit.
        global_clipnorm: Largest norm of all gradients together. None: no limit.
        use_ema: Keeps an exponential moving average of the weights, which takes their place at the end of `fit`.
        ema_momentum: Momentum m of the average: average = m * average + (1 - m) * weight after each step.
        ema_overwrite_frequency: Number of steps after which the average takes the place of the weights; None: only at
            the end of `fit`.
        loss_scale_factor: Factor of the loss whose gradients are given to `apply`, which divides them by it. `fit`
            computes in float32 and needs no scale.
        gradient_accumulation_steps: Number of steps whose mean gradient moves the weights once; None: each step does.
        name: Name of the optimizer; None: that of the class in snake case.

    Raises:
        ValueError: A number is out of its range, or more than one kind of clipping is given.
        TypeError: An argument is not a number.

    Example:
        >>> class Momentum(fastnn.optimizers.Optimizer):
        ...     def __init__(self, learning_rate=0.5, momentum=0.5, **kwargs):
        ...         super().__init__(learning_rate=learning_rate, **kwargs)
        ...         self.momentum = momentum
        ...
        ...     def build(self, variables):
        ...         super().build(variables)
        ...         self.velocities = self.add_optimizer_variables(variables, "velocity")
        ...
        ...     def update_step(self, gradient, variable, learning_rate):
        ...         velocity = self.velocities[self._get_variable_index(variable)]
        ...         self.assign(velocity, velocity * self.momentum - gradient * learning_rate)
        ...         self.assign_add(variable, velocity)
        >>> weight = fastnn.Variable(np.array([1.0, 2.0]))
        >>> optimizer = Momentum()
        >>> for _ in range(2):
        ...     optimizer.apply([np.array([1.0, 0.0])], [weight])
        >>> weight.numpy()
        array([-0.25,  2.  ], dtype=float32)
    """

    __fastnn_keras_module__ = "keras.optimizers"
    __fastnn_keras_newer_arguments__ = {"loss_scale_factor": None, "gradient_accumulation_steps": None}
    __fastnn_keras_ignored_arguments__ = {"jit_compile": ..., "is_legacy_optimizer": ..., "decay": 0.0}
    __fastnn_renamed__: ClassVar[Mapping[str, str]] = {"lr": "learning_rate"}

    _fastnn_kind: ClassVar[str] = "traced"
    """Name of the update rule in the core; "traced": the rule is written in Python."""
    _fastnn_flags: ClassVar[tuple[str, ...]] = ("use_ema",)
    """Arguments that are booleans."""
    _fastnn_counts: ClassVar[tuple[str, ...]] = ("ema_overwrite_frequency", "gradient_accumulation_steps")
    """Arguments that are positive integers."""
    _fastnn_signed: ClassVar[tuple[str, ...]] = ()
    """Arguments that are numbers of any sign; those that no tuple names are numbers of at least 0."""
    _fastnn_outside_core: ClassVar[tuple[str, ...]] = ("name", "learning_rate", "loss_scale_factor")
    """Arguments that the core is not given."""
    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None

    @with_shared_arguments
    def __init__(self, learning_rate: Any, **kwargs: Unpack[SharedArguments]) -> None:
        pass

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

    @classmethod
    def __fastnn_convert_argument__(cls, name: str, value: Any) -> Any:
        """Returns an argument in the form in which it is stored: a missing name is that of the class."""
        if name == "name" and value is None:
            return snake_case(cls.__name__)
        return super().__fastnn_convert_argument__(name, value)

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Checks the arguments, keeps them as attributes and makes the optimizer of the core."""
        arguments = dict(arguments)
        clips = [name for name in ("clipnorm", "clipvalue", "global_clipnorm") if arguments.get(name) is not None]
        if len(clips) > 1:
            raise ValueError(
                f"{type(self).__name__}: only one of clipnorm, clipvalue and global_clipnorm can be set, got "
                f"{', '.join(f'{name}={arguments[name]}' for name in clips)}"
            )
        given = arguments.pop("learning_rate", 0.0)
        schedule = schedule_of(given)
        rate = rate_at(self, schedule, 0) if schedule is not None else checked_number(self, "learning_rate", given)
        for name, value in arguments.items():
            arguments[name] = self._fastnn_checked(name, value)
        config = {name: value for name, value in arguments.items() if name not in self._fastnn_outside_core}
        kind = "traced" if _has_own_rule(type(self)) else self._fastnn_kind
        self._fastnn_state = State(kind, {"learning_rate": rate, **config}, schedule)
        self.built = False
        super().__fastnn_store_arguments__(arguments)

    def _fastnn_checked(self, name: str, value: Any) -> Any:
        """Returns an argument in the form in which it is stored."""
        if name in self._fastnn_flags:
            return bool(value)
        if name == "name" or value is None:
            return value
        if name in self._fastnn_counts:
            least = 2 if name == "gradient_accumulation_steps" else 1
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
                raise ValueError(
                    f"{type(self).__name__} expects {name} to be an integer of at least {least}, got {value!r}"
                )
            return int(value)
        number = checked_number(self, name, value, name in self._fastnn_signed)
        if name in ("ema_momentum", "momentum") and number > 1:
            raise ValueError(f"{type(self).__name__} expects {name} from 0 to 1, got {value!r}")
        if name in ("loss_scale_factor", "initial_scale") and number == 0:
            raise ValueError(f"{type(self).__name__} expects {name} above 0, got {value!r}")
        return number

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, as plain values, from which `from_config` makes an equal optimizer without slots."""
        config = super().get_config()
        state = self._fastnn_state
        rate = state.handle.learning_rate if state.schedule is None else plain(state.schedule)
        # The arguments of a user's constructor are its own matter.
        known = "learning_rate" in config or given_arguments(self) is None or has_own_config(type(self))
        return {**({"learning_rate": rate} if known else {}), **config, **({"learning_rate": rate} if known else {})}

    def __fastnn_live__(self, name: str) -> Any:
        """Returns the object behind an argument of the config; the schedule of a learning rate.

        Args:
            name: The argument.
        """
        return self._fastnn_state.schedule if name == "learning_rate" else getattr(self, name, None)

    def build(self, variables: Sequence[Variable]) -> None:
        """Adds slots for weights not seen before.

        A subclass calls `super().build(variables)` and then adds its own variables.

        Args:
            variables: The weights.
        """
        if self._fastnn_state.rule is None and _has_own_rule(type(self)):
            self._fastnn_state.rule = TracedRule()
        self._fastnn_state.add_weights(list(variables))
        self.built = True

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Writes the rule of a subclass: assigns to a weight and to the variables of the optimizer.

        Args:
            gradient: The gradient of the weight, after penalties and clipping.
            variable: The weight, after its decay.
            learning_rate: The learning rate of the step.

        Raises:
            NotImplementedError: The class does not define it.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must define update_step(self, gradient, variable, learning_rate), which assigns to "
            "the variable; the optimizers of fastnn have their rules in the core"
        )

    def __fastnn_build__(self, variables: Sequence[Variable]) -> None:
        """Builds the optimizer for weights, unless that was done before.

        Args:
            variables: The weights.

        Raises:
            ValueError: An optimizer with a rule of its own was built for other weights.
            RuntimeError: Its `build` does not call that of the base class.
        """
        if not _has_own_rule(type(self)):
            if self._fastnn_kind == "traced":
                self.update_step(None, variables[0], None)
            self.build(list(variables))
            return
        if not self.built:
            self.build(list(variables))
        if self._fastnn_state.rule is None:
            raise RuntimeError(f"{type(self).__name__}.build must call super().build(variables)")
        for variable in variables:
            self._get_variable_index(variable)

    def __fastnn_commits__(self, variables: Sequence[Variable]) -> _core.Optimizers:
        """Returns the optimizers of the core that take part in a step, each with its weights; builds before.

        Args:
            variables: The weights that the step moves.
        """
        self.__fastnn_build__(variables)
        state = self._fastnn_state
        if state.rule is not None:
            for variable in variables:
                state.rule.trace(self, state.handle, variable)
        return [(state.handle, None)]

    def __fastnn_rates__(self, steps: int) -> NDArray[np.float64] | None:
        """Returns the learning rates of the coming steps, (steps, optimizers of the core); None: they do not change."""
        state = self._fastnn_state
        if state.schedule is None:
            return None
        first = state.handle.iterations
        return np.array([[rate_at(self, state.schedule, step)] for step in range(first, first + steps)])

    def __fastnn_rates_to_keep__(self) -> list[Callable[..., float]]:
        """Returns, for each learning rate that may be set, a function that returns it, or sets the one given."""

        def rate(value: float | None = None) -> float:
            if value is not None:
                self._fastnn_set_rate(value)
            return self._fastnn_state.handle.learning_rate

        return [] if self._fastnn_state.schedule is not None else [rate]

    def __fastnn_check_steps__(self, steps: int) -> None:
        """Raises where the optimizer cannot train with this number of steps in an epoch.

        Args:
            steps: The number of steps.
        """

    def __fastnn_batch_size__(self, rows: int) -> int:
        """Returns the number of rows of a step where `fit` is not told.

        Args:
            rows: The number of rows of the data.
        """
        return 32

    def __fastnn_end_training__(self) -> None:
        """Gives the weights their final values, at the end of `fit`."""
        self.finalize_variable_values(self._fastnn_state.current)

    def __fastnn_finished__(self) -> bool:
        """Returns whether further steps on the same data would not move the weights."""
        return self._fastnn_state.handle.finished

    def __reduce__(self) -> Any:
        state = self._fastnn_state
        kept = {
            "weights": state.weights, "current": len(state.current), "values": [v.numpy() for v in self.variables],
            "rate": state.handle.learning_rate, "steps": state.handle.iterations,
            "undecayed": state.undecayed, "undecayed_names": state.undecayed_names,
        }  # fmt: skip
        return _revived, (type(self), self.get_config()), kept

    def __setstate__(self, kept: Mapping[str, Any]) -> None:
        state = self._fastnn_state
        state.undecayed, state.undecayed_names = kept["undecayed"], kept["undecayed_names"]
        if kept["weights"]:
            self.build(kept["weights"])
            for variable, value in zip(self.variables, kept["values"], strict=True):
                if not isinstance(variable, Scalar):
                    variable.assign(value)
        state.handle.learning_rate, state.handle.iterations = kept["rate"], kept["steps"]

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Updates weights by their gradients, as one step.

        Args:
            grads: The gradient of each weight: an array of its shape, or None for a weight that stays as it is.
            trainable_variables: The weights; None: those that were given to `build`.

        Raises:
            ValueError: There is not one gradient of the right shape for each weight, or no gradient at all; in a step,
                the optimizer was built for other weights.

        Example:
            >>> weight = fastnn.Variable(np.array([1.0, 2.0]))
            >>> optimizer = fastnn.optimizers.SGD(0.5)
            >>> optimizer.apply([np.array([1.0, 0.0])], [weight])
            >>> weight.numpy()
            array([0.5, 2. ], dtype=float32)
        """
        if len(grads) == 0:
            return
        who, state = type(self).__name__, self._fastnn_state
        step = StepTrace.running()
        if trainable_variables is None:
            if not state.current:
                raise ValueError(f"{who}: apply(grads) needs the weights; pass them, or call build(weights) before")
            trainable_variables = state.current
        if len(grads) != len(trainable_variables):
            raise ValueError(f"{who}: apply expects {len(trainable_variables)} gradients, got {len(grads)}")
        for variable in trainable_variables:
            check_moved(who, variable)
        pairs = [(g, v) for g, v in zip(grads, trainable_variables, strict=True) if g is not None]
        if not pairs:
            raise ValueError(
                f"{who}: apply got no gradient for any weight, each is None; compute the loss from these weights "
                "within `with GradientTape() as tape:`, without argmax, round and comparisons, which have no gradient"
            )
        if len(pairs) < len(grads):
            missing = [v.path for g, v in zip(grads, trainable_variables, strict=True) if g is None]
            warn(f"{who}: no gradient for {', '.join(missing)}")
        if step is not None:
            if not state.current:
                self.build(list(trainable_variables))
            current = state.current
            update_in_step(step, self, pairs, current)
            state.current = current
            return
        if is_symbolic([g for g, _ in pairs]):
            raise TypeError(f"{who}: apply expects arrays, or gradients of the step that is running, got a tensor")
        arrays = [np.array(g, v.floats) for g, v in pairs]
        for array, (_, variable) in zip(arrays, pairs, strict=True):
            if array.shape != variable.shape:
                raise ValueError(f"{who}: {variable.path} has shape {variable.shape}, its gradient {array.shape}")
        if self.loss_scale_factor is not None:
            arrays = [array / array.dtype.type(self.loss_scale_factor) for array in arrays]
        if not state.current:
            self.build(list(trainable_variables))
        variables = [variable for _, variable in pairs]
        key = tuple(id(variable.handle) for variable in variables)
        if key not in state.applications:
            current = state.current
            state.applications[key] = Application(self.__fastnn_commits__(variables), variables)
            state.current = current
        state.applications[key].run(arrays, self.__fastnn_rates__(1))

    def apply_gradients(self, grads_and_vars: Any) -> Any:
        """Updates weights by their gradients, as one step.

        Args:
            grads_and_vars: Pairs of a gradient and its weight.

        Returns:
            The number of steps taken.
        """
        who, pairs = type(self).__name__, list(grads_and_vars)
        if any(not isinstance(pair, (tuple, list)) or len(pair) != 2 for pair in pairs):
            raise TypeError(
                f"{who}: apply_gradients expects pairs, as zip(gradients, variables) makes them, got "
                f"{type(pairs[0]).__name__}; write apply_gradients(zip(gradients, variables))"
            )
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self.iterations

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Raises the error for an attribute that is not there."""
            if name == "minimize":
                raise AttributeError(
                    f"{type(self).__name__}.minimize is gone from Keras 3; write gradients = tape.gradient(loss, "
                    "variables) and optimizer.apply(gradients, variables)"
                )
            return object.__getattribute__(self, name)

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
        own, weights = self.variables, self._fastnn_state.current
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

    def __fastnn_average__(self, variable: Variable) -> Any:
        """Returns the slot with the average of a weight, which has `numpy` and `assign`; None without `use_ema`.

        Args:
            variable: The weight.
        """
        return self._fastnn_state.handle.slots(variable.handle)[0]

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Gives weights their final values: with `use_ema` their averages. `fit` calls it at its end.

        Args:
            var_list: The weights.
        """
        for variable in var_list if self.use_ema else ():
            average = self.__fastnn_average__(variable)
            if average is not None:
                variable.assign(average.numpy())

    def scale_loss(self, loss: Any) -> Any:
        """Returns the loss times `loss_scale_factor`, whose gradients `apply` expects.

        Args:
            loss: A number or tensor.
        """
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Excludes weights from `weight_decay`.

        Args:
            var_list: The weights.
            var_names: Regular expressions, such as "bias"; a weight whose name matches one of them is excluded.
        """
        state = self._fastnn_state
        state.undecayed += list(var_list or ())
        state.undecayed_names += list(var_names or ())
        if self.built:
            state.add_weights(state.current)


def _has_own_rule(cls: type[Optimizer]) -> bool:
    """Returns whether a class outside fastnn defines `update_step`."""
    return is_foreign(next(base for base in cls.__mro__ if "update_step" in vars(base)))


def _revived(cls: type[Optimizer], config: Mapping[str, Any]) -> Optimizer:
    made: Optimizer = cls.from_config(config)
    return made
