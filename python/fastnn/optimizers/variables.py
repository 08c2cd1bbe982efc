"""Variables of an optimizer: learning rate, number of steps, slots, and those that a user's subclass adds.

Owns what `Optimizer.variables` holds, and how it is read and set. The steps are those of `optimizer.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from fastnn.caller import warn
from fastnn.configurable import Configurable, is_foreign
from fastnn.optimizers import schedules
from fastnn.optimizers.schedules import LearningRateSchedule
from fastnn.optimizers.shared_arguments import with_shared_descriptions
from fastnn.optimizers.state import State
from fastnn.precision import computed
from fastnn.symbolic.moment import steps_of
from fastnn.symbolic.scalar import Scalar
from fastnn.symbolic.variable import Variable


class OptimizerVariables(Configurable):
    """Base of `Optimizer`: its variables."""

    _fastnn_slot_groups: ClassVar[tuple[tuple[int, ...], ...] | None] = None
    """Order of the slots in Keras' files: groups of slots, each written for all weights; None: weight by weight."""
    _fastnn_state: State

    name: str
    built: bool
    gradient_accumulation_steps: int | None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.__doc__ = with_shared_descriptions(cls.__doc__, cls.__mro__[1].__doc__)

    @property
    def learning_rate(self) -> Any:
        """Learning rate of the next step, as a variable; it may be set, unless a schedule determines it."""
        rule = self._fastnn_state.rule
        if rule is not None and rule.inputs is not None:
            return rule.inputs[0]
        return Scalar(f"{self.name}/learning_rate", self._fastnn_rate, self._fastnn_set_rate)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._fastnn_set_rate(value)

    lr = learning_rate

    def _fastnn_rate(self) -> float:
        state = self._fastnn_state
        if state.schedule is None:
            return state.handle.learning_rate
        return rate_at(self, state.schedule, steps_of(state.handle))

    def _fastnn_set_rate(self, value: Any) -> None:
        state = self._fastnn_state
        schedule = None if isinstance(value, (Scalar, Variable)) else schedule_of(value)
        if schedule is not None:
            state.schedule = schedule
            return
        if state.schedule is not None:
            raise TypeError(
                f"{type(self).__name__}: the learning rate follows {state.schedule!r} and cannot be set; "
                "compile with a number as learning_rate"
            )
        state.handle.learning_rate = checked_number(self, "learning_rate", value)

    @property
    def iterations(self) -> Any:
        """Number of steps taken, as a variable; with `gradient_accumulation_steps` those that moved the weights."""
        state = self._fastnn_state
        if state.rule is not None and state.rule.inputs is not None:
            return state.rule.inputs[1]
        share = self.gradient_accumulation_steps or 1

        def write(value: Any) -> None:
            state.handle.iterations = int(value) * share

        return Scalar(f"{self.name}/iteration", lambda: steps_of(state.handle) // share, write, "int32", state.handle)

    @iterations.setter
    def iterations(self, value: Any) -> None:
        self.iterations.assign(value)

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str | None = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Adds a variable to the optimizer, which files keep.

        Args:
            shape: Its shape.
            initializer: A name or an object of `fastnn.initializers`.
            dtype: Its element type; None: that of the weights.
            aggregation: Accepted for Keras compatibility; ignored.
            layout: Accepted for Keras compatibility; ignored.
            name: Its name.

        Returns:
            The variable.

        Raises:
            RuntimeError: The constructor of the subclass does not call `super().__init__()`.
        """
        state: State | None = vars(self).get("_fastnn_state")
        if state is None:
            raise RuntimeError(f"{type(self).__name__}: call super().__init__(learning_rate=...) in __init__ first")
        variable = Variable(
            initializer,
            tuple(shape),
            dtype or self._fastnn_floats(),
            trainable=False,
            name=f"{self.name}/{name or 'variable'}",
        )
        state.own.append(variable)
        return variable

    def _fastnn_floats(self) -> str:
        """Returns the type of floats of the weights for which it was built."""
        weights = self._fastnn_state.weights
        return weights[0].floats if weights else "float32"

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Adds a variable of the shape of a weight.

        Args:
            reference_variable: The weight.
            name: Its name, which is put after that of the weight.
            initializer: A name or an object of `fastnn.initializers`.

        Returns:
            The variable.
        """
        path = f"{reference_variable.path.replace('/', '_')}_{name or 'var'}"
        dtype = computed(reference_variable.dtype)
        return self.add_variable(reference_variable.shape, initializer, dtype, name=path)

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: str | Sequence[str], initializer: Any = "zeros"
    ) -> Any:
        """Adds variables for each weight.

        Args:
            trainable_variables: The weights.
            name: The name of the variables, or several names.
            initializer: A name or an object of `fastnn.initializers`, or one for each name.

        Returns:
            A list with a variable for each weight; for several names a tuple of such lists.

        Raises:
            ValueError: There is not one initializer for each name.
        """
        names = [name] if isinstance(name, str) else list(name)
        initializers = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        if len(names) != len(initializers):
            raise ValueError(
                f"{type(self).__name__}: add_optimizer_variables expects one initializer for each of {len(names)} "
                f"names, got {len(initializers)}"
            )
        made: tuple[list[Variable], ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for found, one, first in zip(made, names, initializers, strict=True):
                found.append(self.add_variable_from_reference(variable, one, first))
        return made[0] if isinstance(name, str) else made

    def _get_variable_index(self, variable: Variable) -> int:
        """Returns the position of a weight among those of `build`; Keras' guide calls it so."""
        for i, known in enumerate(self._fastnn_state.current):
            if known is variable:
                return i
        raise ValueError(f"{type(self).__name__} was built for other weights than {variable.path}")

    @property
    def variables(self) -> list[Any]:
        """Number of steps, learning rate unless a schedule determines it, and the slots in the order of Keras."""
        return [
            Variable.__fastnn_around__(one) if not isinstance(one, (Variable, Scalar)) else one
            for one in self.__fastnn_variables__(self._fastnn_state.weights)
        ]

    def __fastnn_weights__(self) -> list[Variable]:
        """Returns the weights for which it was built."""
        return list(self._fastnn_state.weights)

    def __fastnn_variables__(self, weights: Sequence[Variable]) -> list[Any]:
        """Returns `variables` with the slots of these weights, in their order."""
        state = self._fastnn_state
        steps = Scalar(
            f"{self.name}/iteration", lambda: steps_of(state.handle), self._fastnn_set_steps, "int32", state.handle
        )
        numbers = [steps]
        if state.schedule is None:
            numbers.append(Scalar(f"{self.name}/learning_rate", self._fastnn_rate, self._fastnn_set_rate))
        own = list(state.own)
        taken = {id(variable) for variable in [*own, *weights]}
        own += [value for value in vars(self).values() if isinstance(value, Variable) and id(value) not in taken]
        return [*numbers, *state.slots(weights, self._fastnn_slot_groups), *own]

    def _fastnn_set_steps(self, value: Any) -> None:
        self._fastnn_state.handle.iterations = int(value)

    def assign(self, variable: Any, value: Any) -> None:
        """Sets a variable.

        Args:
            variable: A weight or a variable of the optimizer.
            value: The new values.
        """
        variable.assign(value)

    def assign_add(self, variable: Any, value: Any) -> None:
        """Adds to a variable.

        Args:
            variable: A weight or a variable of the optimizer.
            value: What is added to it.
        """
        _plainly(variable).assign_add(value)

    def assign_sub(self, variable: Any, value: Any) -> None:
        """Subtracts from a variable.

        Args:
            variable: A weight or a variable of the optimizer.
            value: What is subtracted from it.
        """
        _plainly(variable).assign_sub(value)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the optimizer's variables.

        Args:
            weights: Arrays, or the variables of another optimizer, in the order of `variables`.

        Raises:
            ValueError: The optimizer is not built, or a shape differs.
        """
        if not self.built:
            raise ValueError(f"{type(self).__name__}: call build(weights) before set_weights")
        for variable, given in zip(self.variables, weights, strict=False):
            value = np.asarray(given)
            if tuple(variable.shape) != np.shape(value):
                raise ValueError(
                    f"{type(self).__name__}: {variable.path} has shape {tuple(variable.shape)}, got {np.shape(value)}"
                )
            variable.assign(np.asarray(value, order="C"))

    def save_own_variables(self, store: Any) -> None:
        """Writes the optimizer's variables into a mapping, by their positions.

        Args:
            store: The mapping: "0", "1" and so on become the keys of arrays.
        """
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Reads what `save_own_variables` wrote; warns, and reads nothing, where the number of variables differs.

        Args:
            store: The mapping of arrays.
        """
        variables = self.variables
        if len(store) != len(variables):
            warn(f"{type(self).__name__} has {len(variables)} variables, the file {len(store)}; none is loaded")
            return
        for i, variable in enumerate(variables):
            variable.assign(np.asarray(store[str(i)]))


def _plainly(variable: Any) -> Any:
    """Returns a variable, or one that has `assign_add` around a slot of the core."""
    if hasattr(variable, "assign_add"):
        return variable
    return Scalar(variable.path, variable.numpy, variable.assign)


def checked_number(optimizer: OptimizerVariables, name: str, value: Any, signed: bool = False) -> float:
    """Returns an argument as a number.

    Args:
        optimizer: The optimizer.
        name: The name of the argument.
        value: Its value.
        signed: Whether it may be below 0.

    Raises:
        TypeError: It is no number.
        ValueError: It is not finite, or below 0.
    """
    who = type(optimizer).__name__
    if callable(value):
        raise TypeError(f"{who}: {name} expects a number, got {value!r}")
    if isinstance(value, (bool, str)) or np.ndim(value) != 0:
        raise TypeError(f"{who} expects {name} to be a number, got {value!r}")
    number = float(value)
    if not (0 <= number < np.inf or (signed and np.isfinite(number))):
        wanted = "a finite number" if signed else "a number of at least 0"
        raise ValueError(f"{who} expects {name} to be {wanted}, got {value!r}")
    return number


def rate_at(optimizer: OptimizerVariables, schedule: Any, step: int) -> float:
    """Returns the learning rate of the step after `step` steps."""
    if not isinstance(schedule, LearningRateSchedule):
        rate = schedule()
    elif not is_foreign(type(schedule)):
        rate = schedule(step)
    else:
        # Code written for tensors: step ** -0.5 at step 0 is infinite there, and no error.
        with np.errstate(divide="ignore"):
            rate = schedule(np.int64(step))
    return checked_number(optimizer, "learning_rate", np.asarray(rate).item())


def schedule_of(rate: Any) -> Any:
    """Returns the schedule or function in place of a number, or None."""
    if isinstance(rate, Mapping):
        return schedules.deserialize(rate)
    return rate if callable(rate) else None
