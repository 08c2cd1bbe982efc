"""Ownership: the weights and layers of a part, those it made and those among its attributes or members."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn.configurable import are_atoms, is_atom
from fastnn.engine.contract import Part, attributes, computation_of, state_of, title
from fastnn.precision import BFLOAT16, ROUNDING, as_floats, floatx, is_float, using
from fastnn.symbolic.moment import values_of
from fastnn.symbolic.tensors import Trace, is_symbolic
from fastnn.symbolic.variable import Variable, assign_at_once

_initial_values: contextvars.ContextVar[Callable[[tuple[int, ...], bool], ArrayLike] | None] = contextvars.ContextVar(
    "fastnn_initial_values", default=None
)


@contextmanager
def initial_values(make: Callable[[tuple[int, ...], bool], ArrayLike]) -> Iterator[None]:
    """Lets weights that are made in the block begin with given values, whatever their initializers are.

    Args:
        make: (shape, whether files hold the values) -> values. It may raise; then the weight is not made.
    """
    token = _initial_values.set(make)
    try:
        yield
    finally:
        _initial_values.reset(token)


def once(variables: Iterable[Variable]) -> list[Variable]:
    """Returns each variable at its first place."""
    return list({id(variable): variable for variable in variables}.values())


def sublayers(part: Part) -> list[Any]:
    """Returns the layers of a part: its members, and those among its attributes, also within lists and dicts."""
    members = state_of(part).members or ()
    if not computation_of(part).owns_attributes:
        return list(members)
    found: dict[int, Part] = {id(one): one for one in members}
    for value in attributes(part).values():
        for one in parts_within(value):
            found.setdefault(id(one), one)
    return list(found.values())


def own_variables(part: Part) -> list[Variable]:
    """Returns the variables of `add_weight` and of the node, and other variables among the attributes."""
    state = state_of(part)
    if not computation_of(part).owns_attributes:
        return state.variables
    return once([*state.variables, *(value for value in attributes(part).values() if isinstance(value, Variable))])


def own_learned(part: Part) -> list[Variable]:
    """Returns those of a part's own variables that were made trainable."""
    state = state_of(part)
    if not computation_of(part).owns_attributes:
        return state.learned
    learned = {id(variable) for variable in state.learned}
    given = {id(variable) for variable in state.variables}
    return [v for v in own_variables(part) if id(v) in learned or (id(v) not in given and v.learned)]


def floats_of(part: Part) -> str:
    """Returns the type of floats in which a part computes, with all that is within it.

    Raises:
        ValueError: There is more than one.
    """
    found: dict[str, Part] = {}
    for one, _ in walk(part):
        dtype = getattr(one, "dtype", None)
        if is_float(dtype):
            found.setdefault(str(dtype), one)
    if len(found) > 1:
        raise ValueError(
            f"{title(part)} holds {title(found['float32'])} of float32 and {title(found['float64'])} of float64; a "
            "model has one type of floats: give all layers the same dtype, or call "
            "fastnn.config.set_floatx('float64') before they are made"
        )
    return next(iter(found), floatx())


def own_floats(part: Part) -> str:
    """Returns the type of floats of what a part itself computes."""
    dtype = getattr(part, "dtype", None)
    return str(dtype) if is_float(dtype) else floatx()


def policy_of(part: Part) -> str:
    """Returns the name of the policy of what a part makes: its own one, or the type of floats in which it computes."""
    policy = getattr(part, "dtype_policy", None)
    return policy.name if policy is not None and policy.name in ROUNDING else own_floats(part)


def floats_for_integers(got: int, variables: Sequence[Variable]) -> str:
    """Returns the end of an error for weights of float32 that a quantized part is given; "" for other errors."""
    if got >= len(variables) or not any(variable.dtype == "int8" for variable in variables):
        return ""
    return "; it is quantized, and they are not: give it weights of float32 first, then quantize it"


def refuse_float64(part: Part, because: str) -> None:
    """Refuses a part that computes in float64.

    Args:
        part: The part.
        because: What needs float32, for the error: "export writes float32".

    Raises:
        ValueError: It does.
    """
    if floats_of(part) == "float64":
        raise ValueError(
            f"{title(part)} computes in float64, and {because}; make it anew with floatx 'float32' and give it the "
            "weights: set_weights(model.get_weights())"
        )


def walk(part: Part, trained: bool = True) -> Iterator[tuple[Any, bool]]:
    """Yields a part and those within it that compute, each with whether it is trained.

    A model made of members computes nothing itself, nor does a layer that only stands for an input.

    Args:
        part: Where to begin.
        trained: Whether what is around the part is trained.
    """
    trained = trained and part.trainable
    if state_of(part).members is None and not type(part).__fastnn_is_entry__:
        yield part, trained
    for layer in sublayers(part):
        yield from walk(layer, trained)


def new_variable(
    owner: Part,
    role: str,
    shape: tuple[int, ...],
    initializer: Any,
    learned: bool,
    regularizer: Any,
    constraint: Any,
    in_files: bool = True,
    held: str | None = None,
) -> Variable:
    """Returns a variable for a part, which does not keep it yet.

    States of a batch are not in files. A variable of float32 may be held in "bfloat16"; others have the type of all.
    """
    make = _initial_values.get()
    floats = own_floats(owner)
    with using(floats):
        value = as_floats(initializer(shape) if make is None else make(shape, in_files))
    if value.shape != shape:
        raise ValueError(f"{title(owner)}: {role}_initializer returned shape {value.shape}, expected {shape}")
    trainable = learned and state_of(owner).trainable
    path = f"{owner.name}/{role}"
    dtype = BFLOAT16 if held == BFLOAT16 and floats == "float32" else floats
    return Variable(value, dtype=dtype, trainable=trainable, name=path, regularizer=regularizer, constraint=constraint)


def keep_variable(owner: Part, variable: Variable, learned: bool) -> None:
    """Makes a variable one of a part's own."""
    state = state_of(owner)
    state.variables.append(variable)
    if learned:
        state.learned.append(variable)


def parts_within(value: Any, around: tuple[Any, ...] = ()) -> Iterator[Part]:
    """Yields the parts in nested lists, tuples and dicts, in order.

    Args:
        value: A part, a list, tuple or dict, or anything else, which holds none.
        around: The lists and dicts that it is in, which it may hold itself.
    """
    return objects_within(value, Part, around)


def holds_parts(value: Any) -> bool:
    """Returns whether a value is a part, or a list, tuple or dict with one in it."""
    # Most attributes are numbers and words, for which no generator has to be made.
    return not is_atom(value) and next(parts_within(value), None) is not None


def objects_within(value: Any, kinds: Any, around: tuple[Any, ...] = ()) -> Iterator[Any]:
    """Yields the objects of some classes in nested lists, tuples and dicts, in order; see `parts_within`.

    Args:
        value: Where they are sought.
        kinds: The class, or a tuple of classes; no numbers or strings.
        around: The lists and dicts that it is in.
    """
    if isinstance(value, kinds):
        yield value
    elif isinstance(value, (list, tuple, Mapping)) and not any(value is one for one in around):
        items = value.values() if isinstance(value, Mapping) else value
        for item in () if are_atoms(items) else items:
            yield from objects_within(item, kinds, (*around, value))


class LayerChanges:
    """Counts changes of the layers of any model, so that a program knows when to compare its own.

    Attributes:
        count: The number of all changes.
        revisions: The number of those after which a layer computes something else than before.
    """

    count = 0
    revisions = 0

    @classmethod
    def add(cls) -> None:
        """Notes that a model has gained or lost a layer."""
        cls.count += 1

    @classmethod
    def revise(cls) -> None:
        """Notes that a layer computes something else than before: all programs are made anew."""
        cls.count += 1
        cls.revisions += 1


class TrainableChanges:
    """Counts the assignments to `trainable` of any part: a training graph made before one may be outdated."""

    count = 0


def _in_file_order(part: Part) -> list[Variable]:
    """Returns a part's own variables, without those of layers within it, trained ones first."""
    within = {id(variable) for layer in sublayers(part) for variable in layer.weights}
    learned = {id(variable) for variable in own_learned(part)}
    own = [variable for variable in own_variables(part) if id(variable) not in within]
    return sorted(own, key=lambda variable: id(variable) not in learned)


class WeightOwner(Part):
    """Base of parts that have weights, of their own or of layers within."""

    @property
    def trainable(self) -> bool:
        """True if training may change the weights, those of layers within too; a model reads it at `compile`."""
        return state_of(self).trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        state_of(self).trainable = bool(value)
        TrainableChanges.count += 1
        for variable in own_learned(self):
            variable.trainable = bool(value)
        for layer in sublayers(self):
            layer.trainable = value

    @property
    def weights(self) -> list[Variable]:
        """All variables, in the order of `get_weights`: its own, trained ones first, then those of layers within."""
        own = own_variables(self)
        if computation_of(self).owns_attributes:
            learned = {id(variable) for variable in own_learned(self)}
            own = sorted(own, key=lambda variable: id(variable) not in learned)
        return once([*own, *(variable for layer in sublayers(self) for variable in layer.weights)])

    @property
    def variables(self) -> list[Variable]:
        """All variables."""
        return self.weights

    def save_own_variables(self, store: Any) -> None:
        """Writes the values of the layer's own variables, without those of layers within, for a file of weights.

        A layer of your own may write other values under other names, which its `load_own_variables` reads.

        Args:
            store: A mapping; the values are written under the keys "0", "1"..., trained variables first.

        Example:
            >>> layer, values = layers.Dense(1), {}
            >>> layer.build((None, 3))
            >>> layer.save_own_variables(values)
            >>> {name: value.shape for name, value in values.items()}
            {'0': (3, 1), '1': (1,)}
        """
        for i, variable in enumerate(_in_file_order(self)):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Reads the values that `save_own_variables` wrote.

        Args:
            store: A mapping with the values.

        Raises:
            ValueError: It has another number of values, or a value of another shape.
        """
        variables = _in_file_order(self)
        if len(store) != len(variables):
            hint = "" if self.built else "; it is not built"
            raise ValueError(f"{title(self)} expects {len(variables)} variables, got {len(store)}{hint}")
        for i, variable in enumerate(variables):
            variable.assign(np.asarray(store[str(i)]))

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that gradients change."""
        if not state_of(self).trainable:
            return []
        own = [variable for variable in own_learned(self) if variable.trainable]
        return once([*own, *(variable for layer in sublayers(self) for variable in layer.trainable_weights)])

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that gradients change."""
        return self.trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that training leaves unchanged, or changes without gradients (moving statistics)."""
        trained = {id(variable) for variable in self.trainable_weights}
        return [variable for variable in self.weights if id(variable) not in trained]

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that no gradient changes."""
        return self.non_trainable_weights

    def get_weights(self) -> list[NDArray[np.float32]]:
        """Returns copies of all weights, such as [kernel, bias], at one moment between two steps of training.

        In a step of a user's own they are symbolic tensors, which `set_weights` takes.

        Example:
            >>> layer = layers.Dense(1, kernel_initializer="ones")
            >>> layer.build((None, 2))
            >>> [w.tolist() for w in layer.get_weights()]
            [[[1.0], [1.0]], [0.0]]
        """
        variables = self.weights
        if Trace.current() is not None:
            return [variable.value for variable in variables]
        return values_of(variables)

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Writes all weights in place.

        Args:
            weights: Arrays in the order and the shapes of `get_weights`.

        Raises:
            ValueError: Their count or a shape differs; then nothing was written.

        Example:
            >>> layer = layers.Dense(1, input_shape=(2,))
            >>> layer.build((None, 2))
            >>> layer.set_weights([np.ones((2, 1)), np.zeros(1)])
        """
        variables = self.weights
        arrays: list[Any] = [value if is_symbolic(value) else as_floats(value) for value in weights]
        if len(arrays) != len(variables):
            hint = "" if self.built else "; it has no weights before it is built, by data or an input shape"
            hint = hint or floats_for_integers(len(arrays), variables)
            if any(getattr(value, "dtype", None) == np.int8 for value in weights) and len(arrays) > len(variables):
                hint = "; they are those of a quantized one: call quantize('int8') first"
            raise ValueError(f"{title(self)} has {len(variables)} weights, set_weights got {len(arrays)} arrays{hint}")
        for variable, array in zip(variables, arrays, strict=True):
            if variable.shape != array.shape:
                raise ValueError(
                    f"{title(self)}: set_weights expects shape {variable.shape} for {variable.path}, got {array.shape}"
                )
        assign_at_once(list(zip(variables, arrays, strict=True)))

    def count_params(self) -> int:
        """Returns the number of elements of all weights.

        Raises:
            ValueError: It is not built.

        Example:
            >>> layer = layers.Dense(3)
            >>> layer.build((None, 4))
            >>> layer.count_params()
            15
        """
        if not self.built:
            raise ValueError(
                f"{title(self)} is not built: its weights are made at the first data, or by build(input_shape)"
            )
        return sum(variable.size for variable in self.weights)
