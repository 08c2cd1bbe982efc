"""The contract of what can be called in a graph: layers, models and functions of `fastnn.ops`.

A `Part` is what a call is a call of. It keeps all that the engine knows of it in one slot, a `State`, so that no
attribute of a class outside fastnn can take its place. How the parts of a class compute is an object of its own, a
`Computation`, which the class names. This file owns these three and the few functions that others reach them by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from fastnn import _core
from fastnn.dtype_policies import DTypePolicy
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments, Call, Shape, Spec
from fastnn.symbolic.variable import Variable

if TYPE_CHECKING:
    from fastnn.engine.emission import Emission

Outcome = tuple[list[Spec], Structure | None]
"""The specs of the outputs of a call and their structure; None for a list of outputs, or one."""


Kept = tuple[Any, _core.Predictor, list[int | None], "list[Part]", list[Callable[[], Any]]]
"""What is kept of a call on arrays; see `State.predictor`."""


class State:
    """State that the engine keeps for one part.

    Attributes:
        calls: Its calls on symbolic tensors, in order; those within a trace are not among them.
        variables: The variables made by `add_weight` and for its node, in order.
        learned: Those of `variables` that were made trainable.
        trainable: Whether training may change the weights.
        policy: The policy of element types.
        entry_shape: The shape of the batch that it was given as the first layer of a model, or None.
        build_shape: The input shape it was built for, with the structure of its inputs; None before.
        members: The layers of a model, in order; None: layers are found among the attributes.
        input_structure: The structure of the inputs where it is emitted without arguments; None: one input, or a list.
        builds_in_call: Whether the first call builds it by its `build`.
        outcomes: The results of earlier trial runs of its `call`, by what it was called with.
        predictor: For the last call on arrays what its graph depends on, the predictor made for it, and for each output
            the index of its mask among the results, the parts whose penalties are the last results, and what is called
            before each run; None: the next call makes one.
        training_predictor: The same for calls with `training=True`.
        in_call: Whether its `call` is running.
        losses: The penalties that the last call on arrays added, without those of parts within.
        warned_of_mask: Whether it has warned that it cannot keep a mask.
    """

    __slots__ = (
        "build_shape", "builds_in_call", "calls", "entry_shape", "in_call", "input_structure", "learned", "losses",
        "members", "outcomes", "policy", "predictor", "trainable", "training_predictor", "variables", "warned_of_mask",
    )  # fmt: skip

    def __init__(self, trainable: bool = True) -> None:
        self.calls: list[Call] = []
        self.variables: list[Variable] = []
        self.learned: list[Variable] = []
        self.trainable = trainable
        self.policy = DTypePolicy()
        self.entry_shape: Shape | None = None
        self.build_shape: Any = None
        self.members: list[Any] | None = None
        self.input_structure: Structure | None = None
        self.builds_in_call = True
        self.outcomes: dict[Any, Outcome] = {}
        self.predictor: Kept | None = None
        self.training_predictor: Kept | None = None
        self.in_call = False
        self.losses: list[Any] = []
        self.warned_of_mask = False

    def kept(self) -> State:
        """Returns what a copy of the part keeps: all but the calls, which belong to the models around the part."""
        made = State()
        for name in self.__slots__:
            if name not in ("calls", "in_call", "losses", "outcomes", "predictor", "training_predictor"):
                setattr(made, name, getattr(self, name))
        return made


P = TypeVar("P", bound="Part", contravariant=True)


class Computation(Generic[P]):
    """Computation of the parts of a class: one object for the class, with the part as an argument of each method.

    A part that is called in a way of its own, as a model is, needs `emit` and `output_shape` alone.
    """

    owns_attributes: bool = False
    """True if layers and variables among a part's attributes belong to it."""

    def arguments(self, part: P, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Returns the checked arguments of a call, (args, kwargs)."""
        return args, kwargs

    def parameters(self, part: P) -> Sequence[str]:
        """Returns the names of the arguments of a call, in order."""
        return ()

    def arrays(self, part: P, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Returns the arguments of a call on arrays, with arrays in place of inputs such as lists of numbers."""
        return args

    def check_tensors(self, part: P, args: tuple[Any, ...]) -> None:
        """Raises a TypeError where the arguments of a symbolic call are not the symbolic tensors it needs."""

    def edge_dtype(self, part: P, dtype: str) -> str:
        """Returns the element type to which an input array is converted."""
        return dtype

    def outcome(self, part: P, arguments: Arguments, training: bool | None) -> Outcome:
        """Builds the part for these arguments and returns what comes out of the call."""
        raise NotImplementedError

    def emit(self, part: P, emission: Emission, edges: list[int], arguments: Arguments | None) -> list[int]:
        """Adds what the part computes to a graph and returns its output edges."""
        raise NotImplementedError

    def output_shape(self, part: P, input_shape: Any) -> Any:
        """Returns the shape that comes out for a shape that goes in."""
        raise NotImplementedError


class Part:
    """Base of what can be called in a graph."""

    name: str
    built: bool
    trainable: bool
    _fastnn_state: State
    __fastnn_computation__: ClassVar[Computation[Any]]
    __fastnn_makes_masks__: ClassVar[bool] = False
    """True if it has a `compute_mask`, which may make a mask where its inputs have none."""
    __fastnn_acts_first__: ClassVar[bool] = False
    """True if in training it writes variables that its own nodes then read: see `Emission.do_first`."""
    __fastnn_reads_texts__: ClassVar[bool] = False
    """True if it makes numbers of texts, outside of the graph of the core, and in a model is called on texts alone."""
    __fastnn_reads_integers__: ClassVar[bool] = False
    """True if a layer that reads texts reads integers too."""
    __fastnn_has_files__: ClassVar[bool] = False
    """True if a file may hold it by itself though it is no model."""
    __fastnn_is_entry__: ClassVar[bool] = False
    """True if it stands for an input of a model and computes nothing."""

    def __fastnn_title__(self) -> str:
        """Returns the name by which messages call it."""
        return f'{type(self).__name__} "{self.name}"' if has_begun(self) else type(self).__name__

    def __fastnn_calls__(self) -> list[Call]:
        """Returns the list of its calls, to which a new call adds itself."""
        return self._fastnn_state.calls

    def __fastnn_emit__(self, emission: Emission, edges: list[int], arguments: Arguments | None) -> list[int]:
        """Adds what it computes to a graph."""
        return self.__fastnn_computation__.emit(self, emission, edges, arguments)


class Hooks(Part):
    """The methods of a layer that a computation calls. `Layer` has them all; a subclass may have its own."""

    supports_masking: bool
    __fastnn_takes_many__: ClassVar[bool]
    __fastnn_built_at_once__: ClassVar[bool]

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Returns what the layer computes."""
        raise NotImplementedError

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights for inputs of this shape."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape that comes out for a shape that goes in."""
        raise NotImplementedError

    def __fastnn_check_symbolic_call__(self) -> None:
        """Raises where the layer cannot be part of a model."""
        raise NotImplementedError

    def __fastnn_infer_call__(self, arguments: Arguments, training: bool | None) -> Outcome:
        """Builds the layer and returns what comes out of its `call`."""
        raise NotImplementedError

    def __fastnn_unpenalized__(self) -> Part | None:
        """Returns the layer whose penalty on its outputs does not count within `call`, or None."""
        return None

    def __fastnn_add_output_penalty__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the penalty on the outputs; returns the output edges."""
        raise NotImplementedError

    def __fastnn_set_output_masks__(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None], outputs: list[int]
    ) -> None:
        """Gives the outputs their masks."""
        raise NotImplementedError


def begin(part: Part, trainable: bool) -> None:
    """Gives a part its state; the first step of its constructor."""
    part._fastnn_state = State(trainable)


def has_begun(part: Part) -> bool:
    """Returns whether the base constructor of a part has run."""
    return "_fastnn_state" in part.__dict__


def state_of(part: Part) -> State:
    """Returns the state of a part.

    Raises:
        RuntimeError: The constructor of a class of your own does not call that of its base.
    """
    try:
        return part._fastnn_state
    except AttributeError:
        raise RuntimeError(
            f"{type(part).__name__}: call super().__init__() in its constructor, before all else"
        ) from None


def copied_attributes(part: Part) -> dict[str, Any]:
    """Returns the attributes that a copy of a part begins with."""
    return {**part.__dict__, "_fastnn_state": part._fastnn_state.kept()}


def attributes(part: Part) -> Mapping[str, Any]:
    """Returns the attributes that are not the engine's own, by name."""
    return {name: value for name, value in vars(part).items() if not name.startswith("_fastnn_")}


def title(part: Part) -> str:
    """Returns the name by which messages call a part: Dense "dense_1"."""
    return part.__fastnn_title__()


def computation_of(part: Part) -> Computation[Any]:
    """Returns how a part computes."""
    return type(part).__fastnn_computation__


def emit(part: Part, emission: Emission, edges: list[int], arguments: Arguments | None = None) -> list[int]:
    """Adds what a part computes to a graph, after the nodes that made `edges`.

    Args:
        part: A layer, a model or an operation.
        emission: The graph.
        edges: One for each tensor among the arguments.
        arguments: Those of the call; None: the edges alone.

    Returns:
        The output edges.
    """
    return computation_of(part).emit(part, emission, edges, arguments)
