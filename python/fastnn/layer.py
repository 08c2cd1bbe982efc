"""The contract of a layer, and of a part of a model: its arguments, its weights, its calls, its place in a graph.

A layer says what the user typed. What it computes is either a node of the core, named by `kind`, or what its method
`call` does with the functions of `fastnn.ops` and with other layers. For a node the core infers shapes and weights from
the arguments, and this base makes the weights and adds the node (then the activation, then the penalty on activities)
to the graph of a model. A `call` is run once for each graph on tensors that stand for the graph's edges, and what it
does is added. Called on symbolic tensors a layer only records the call: a model is made of such calls
(`fastnn.models`). The layers themselves are in `fastnn.layers`, one family a file.
"""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import _core, activations, constraints, initializers, regularizers
from fastnn.configurable import Configurable, suggestion
from fastnn.emission import Emission as Emission
from fastnn.emission import stand_in
from fastnn.seeds import unique_name
from fastnn.symbolic import Arguments, Call, KerasTensor, Shape, Spec, Structure, Trace, is_symbolic, operators
from fastnn.variable import Variable

_NOT_IN_NODES = ("_initializer", "_regularizer", "_constraint", "activation")
_NOT_ARGUMENTS_OF_NODES = ("name", "trainable", "dtype", "data_format", "seed")
FREE_SIZES = (1009, 4099)
"""In place of a size that is not known: what comes out different for the two is not known either."""
_REMEMBERED = 32
"""How many shapes of a call's outputs a layer keeps in mind."""


def channels_last(layer: Layer, data_format: str | None) -> None:
    """Refuses images whose channels come first.

    Raises:
        ValueError: `data_format` is not None or "channels_last".
    """
    if data_format not in (None, "channels_last"):
        raise ValueError(
            f"{layer.who()} expects data_format 'channels_last', got {data_format!r}; move the channels to the end "
            "with "
            "np.moveaxis(x, 1, -1)"
        )


def numeric(value: ArrayLike, who: str) -> NDArray[Any]:
    """The value as an array of numbers, not copied where it already is one.

    Raises:
        TypeError: It holds objects or strings.
        ValueError: Its rows differ in length.
    """
    if not isinstance(value, np.ndarray):
        to_numpy = getattr(value, "to_numpy", None)
        try:
            value = np.asarray(to_numpy() if callable(to_numpy) else value)
        except ValueError as error:
            raise ValueError(f"{who} is no array: {error}; its rows must have equal lengths") from None
    if value.dtype.kind not in "fiub":
        if value.dtype.kind in "US" or (value.dtype == object and value.size and isinstance(value.flat[0], str)):
            mend = "turn names into numbers first: names, y = np.unique(y, return_inverse=True)"
        elif value.dtype == object:
            mend = "its rows may differ in length; make it numeric with np.asarray(..., dtype='float32')"
        else:
            mend = "convert it to numbers first"
        raise TypeError(f"{who} has dtype {value.dtype}, expected numbers; {mend}")
    if not value.dtype.isnative or value.dtype.itemsize > 8:
        value = value.astype(np.float64 if value.dtype.kind == "f" else value.dtype.newbyteorder("="))
    return value


def edge_dtype(dtype: Any, who: str) -> str:
    """What the core calls an element type: "float32", "int32" or "bool".

    Raises:
        ValueError: It holds no numbers.
    """
    if dtype is None:
        return "float32"
    try:
        kind = np.dtype(getattr(dtype, "name", dtype)).kind
    except TypeError:
        kind = "f" if dtype == "bfloat16" else "?"
    known = {"f": "float32", "i": "int32", "u": "int32", "b": "bool"}
    if kind not in known:
        raise ValueError(f"{who} expects dtype 'float32', 'int32' or 'bool', got {dtype!r}")
    return known[kind]


def _input_shape(who: str, keywords: dict[str, Any]) -> Shape | None:
    """The batch's shape from `input_shape`, `input_dim`, `batch_input_shape` or `batch_shape`."""
    shape = None
    for name in ("batch_shape", "batch_input_shape", "input_shape", "input_dim"):
        given = keywords.pop(name, None)
        if given is None:
            continue
        if name == "input_dim":
            given = (given,)
        if isinstance(given, (int, np.integer)):
            raise ValueError(f"{who} expects {name} to be a tuple such as ({given},), got {given}")
        sizes = tuple(None if size is None else int(size) for size in given)
        shape = (None, *sizes[1:]) if name.startswith("batch") else (None, *sizes)
        if any(size is not None and size <= 0 for size in shape):
            raise ValueError(f"{who} expects {name} with sizes of at least 1, got {tuple(given)}")
    return shape


def batched(who: str, shape: Sequence[int | None]) -> Shape:
    """The shape of a batch."""
    if len(shape) < 1:
        raise ValueError(f"{who} expects a shape that begins with the batch, got {tuple(shape)}")
    return (None, *shape[1:])


def shown(shape: Sequence[int | None]) -> str:
    """A shape as errors tell it: (batch, 5)."""
    sizes = ["batch" if i == 0 else str(size) for i, size in enumerate(shape)]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def with_free_sizes(shapes: Sequence[Shape], size: int) -> list[Shape]:
    """The shapes with a number in place of each size that is not known, but for the batch's."""
    return [tuple(size if i and s is None else s for i, s in enumerate(shape)) for shape in shapes]


def are_free(shapes: Sequence[Shape]) -> bool:
    """Whether a size other than the batch's is not known."""
    return any(size is None for shape in shapes for size in shape[1:])


def common(one: Shape, other: Shape) -> Shape:
    """The sizes in which two shapes agree; None where they do not."""
    return tuple(a if a == b else None for a, b in zip(one, other, strict=True))


def trials(specs: Sequence[Spec]) -> Iterator[tuple[int, list[Spec]]]:
    """The specs with a number in place of what is not known, and that number; two such, where there is something."""
    shapes = [shape for shape, _ in specs]
    for size in FREE_SIZES if are_free(shapes) else FREE_SIZES[:1]:
        yield size, [(s, dtype) for s, (_, dtype) in zip(with_free_sizes(shapes, size), specs, strict=True)]


def agreed(found: Sequence[Sequence[Spec]]) -> list[Spec]:
    """What came out of all trials; sizes in which they differ are not known."""
    return [
        (common(tuple(one), tuple(other)), dtype) for (one, dtype), (other, _) in zip(found[0], found[-1], strict=True)
    ]


def once(variables: Iterable[Variable]) -> list[Variable]:
    """Each variable at its first place."""
    return list({id(variable): variable for variable in variables}.values())


class Changes:
    """Counts the assignments to `trainable` of any layer: a graph that was made before one may be outdated."""

    trainable = 0


class Layer(Configurable):
    """Base of all layers, and of those that you write.

    A layer of your own makes its weights in `build` (or in its constructor) and says in `call` what it computes, with
    the functions of `fastnn.ops` and with other layers. `call` may take `training` (whether the graph is one for
    training) and `mask`.

    Args:
        activity_regularizer: A penalty on the layer's output, or None.
        trainable: Whether training may move its weights.
        dtype: "float32" or None.
        name: A name, unique within a model; None makes one from the class: "dense", "dense_1"...
        **kwargs: `input_shape=(2,)`, `input_dim=2` or `batch_input_shape=(None, 2)` for the first layer of a model.

    Raises:
        ValueError: An argument is unknown or out of its range.

    Example:
        >>> class Scale(layers.Layer):
        ...     def build(self, input_shape):
        ...         self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones")
        ...
        ...     def call(self, inputs):
        ...         return inputs * self.scale
    """

    kind: ClassVar[str] = ""
    """What the core calls this layer's node."""
    takes_many: ClassVar[bool] = False
    """Whether it is called on a list of tensors."""
    input_dtype: ClassVar[str | None] = "float32"
    """To what inputs of other types are converted; None: they stay as they are."""
    supports_masking = False
    """Whether the mask of its input is one of its output."""

    _has_call: ClassVar[bool] = False
    _internal: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._has_call = cls.call is not Layer.call

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{type(self).__name__} expects name to be a string, got {name!r}")
        self.name = name or unique_name(type(self).__name__)
        if (dtype is not None and edge_dtype(dtype, self.who()) != "float32") or str(dtype) == "float64":
            raise ValueError(f"{self.who()} computes in float32, got dtype {dtype!r}")
        self.batch_input_shape = _input_shape(self.who(), kwargs)
        for unknown in kwargs:
            raise ValueError(
                f"{type(self).__name__} has no argument {unknown!r}."
                f"{suggestion(unknown, [*self._argument_names(), *self._common_arguments()])}"
            )
        if "activity_regularizer" not in self.__dict__:
            self.activity_regularizer = regularizers.get(activity_regularizer)
        self.dtype = "float32"
        self.built = False
        self._trainable = bool(trainable)
        self._weights: list[Variable] = []
        self._learned: list[Variable] = []
        self._build_shape: Any = None
        self._alone: tuple[list[Spec], _core.Predictor] | None = None
        self._in_training: tuple[Any, _core.Predictor] | None = None
        self._calls: list[Call] = []
        self._outcomes: dict[Any, tuple[list[Spec], Structure | None]] = {}
        self._warned_of_mask = False
        node = self._node()
        if node is not None:
            _core.check_layer(node[0], self.name, node[1])

    @classmethod
    def _common_arguments(cls) -> tuple[str, ...]:
        return (
            "name", "trainable", "dtype", "activity_regularizer", "input_shape", "input_dim", "batch_input_shape",
            "batch_shape",
        )  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        """The arguments from which `from_config` makes an equal layer without weights, as plain values."""
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}
        if self.batch_input_shape is not None:
            config["batch_input_shape"] = list(self.batch_input_shape)
        return {**config, **{name: value for name, value in super().get_config().items() if name not in config}}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A new layer with the arguments that `get_config` returned."""
        parameters = inspect.signature(cls.__init__).parameters.values()
        if not cls._foreign or any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            return super().from_config(config)
        # A constructor without **kwargs is not given what it does not name.
        taken = {parameter.name for parameter in parameters}
        made = cls(**{name: value for name, value in config.items() if name in taken})
        made.name = config.get("name", made.name)
        return made

    def __getstate__(self) -> dict[str, Any]:
        # Where it was called belongs to the models around it.
        return {**self.__dict__, "_alone": None, "_in_training": None, "_calls": [], "_outcomes": {}}

    def who(self) -> str:
        """How errors call this layer: Dense "dense_1"."""
        return f'{type(self).__name__} "{self.name}"'

    def type_name(self) -> str:
        """What a summary calls its kind."""
        return type(self).__name__

    # What it computes: a node.

    def _node(self) -> tuple[str, dict[str, Any]] | None:
        """Kind and config of its main node; None for a layer that passes its input on."""
        if not self.kind:
            return None
        config = {}
        for name in self._argument_names():
            if not name.endswith(_NOT_IN_NODES) and name not in _NOT_ARGUMENTS_OF_NODES:
                value = getattr(self, name)
                config[name] = value.item() if isinstance(value, np.generic) else value
        return self.kind, config

    def _emit(self, emission: Emission, edges: list[int], arguments: Arguments | None = None) -> list[int]:
        """Adds what the layer computes to a graph, after the nodes that made `edges`; returns its output edges.

        Args:
            emission: The graph.
            edges: One for each tensor among the arguments.
            arguments: Those of the call; None: the edges alone.
        """
        if self._has_call:
            return self._emit_call(emission, edges, arguments)[1]
        return self._emit_own(emission, edges, arguments)

    def _emit_own(self, emission: Emission, edges: list[int], arguments: Arguments | None) -> list[int]:
        edges, masks = self._first_and_masks(emission, edges, arguments)
        if self.input_dtype is not None:
            edges = [emission.cast(edge, self.input_dtype, self.name) for edge in edges]
        outputs = self._emit_masked(emission, edges, masks)
        outputs = self._emit_activation(emission, outputs)
        outputs = self._emit_penalty(emission, outputs)
        self._pass_masks(emission, edges, masks, outputs)
        return outputs

    def _emit_masked(self, emission: Emission, edges: list[int], masks: Sequence[int | None]) -> list[int]:
        """The main node, for a layer that makes a difference between places that count and others too."""
        return self._emit_main(emission, edges)

    def _emit_activation(self, emission: Emission, edges: list[int]) -> list[int]:
        activation = self.__dict__.get("activation")
        if activation is not None and activations.is_custom(activation):
            who = f"{self.who()}: the activation {getattr(activation, '__name__', activation)!r}"
            return emission.run(activation, edges, who)[1]
        after = self._activation_after()
        return edges if after is None else emission.graph.add(after[0], self.name, after[1], edges)

    def _emit_penalty(self, emission: Emission, edges: list[int]) -> list[int]:
        penalty = self.__dict__.get("activity_regularizer")
        if penalty is None:
            return edges
        if penalty.is_custom():

            def per_sample(x: KerasTensor) -> KerasTensor:
                self.add_loss(penalty(x) / operators["cast"](operators["rows"](x), "float32"))
                return x

            for edge in edges:
                emission.run(per_sample, [edge], f"{self.who()}: {penalty!r}")
            return edges
        l1, l2 = penalty.strengths()
        output, amount = emission.graph.add("ActivityRegularization", self.name, {"l1": l1, "l2": l2}, edges)
        emission.penalties.append(amount)
        return [output]

    def _activation_after(self) -> activations.Node | None:
        """The node of its `activation` argument, where it has one."""
        activation = self.__dict__.get("activation")
        return None if activation is None else activations.node_of(activation)

    def _emit_main(self, emission: Emission, edges: list[int]) -> list[int]:
        node = self._node()
        return edges if node is None else emission.add(self, node[0], node[1], edges)

    # What it computes: a method of its own.

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What the layer computes; a layer of your own says it here.

        Args:
            *args: Symbolic tensors, as the layer was called with.
            **kwargs: The same, by name; `training` and `mask` where the method has such parameters.

        Returns:
            A tensor, or several in lists or dicts.
        """
        # Reached through super().call() from a class that adds to a layer of fastnn.
        arguments = Arguments(args, kwargs)
        if not arguments.tensors:
            raise TypeError(f"{self.who()}: call() expects symbolic tensors; call the layer itself on arrays")
        specs = self._node_outcome([tensor.spec for tensor in arguments.tensors])
        return _OwnCall(self, arguments, specs).result()

    @classmethod
    def _call_parameters(cls) -> list[str]:
        return [name for name in inspect.signature(cls.call).parameters if name != "self"]

    def _emit_call(
        self, emission: Emission, edges: list[int], arguments: Arguments | None
    ) -> tuple[Structure, list[int]]:
        """Runs `call` on what stands for the edges."""
        if arguments is None:
            tensors = [stand_in(emission.graph.spec(edge), "inputs") for edge in edges]
            arguments = Arguments((tensors if self.takes_many else tensors[0],), {})
        count = len(edges)
        masks = [emission.masks.get(edge) for edge in edges]
        parameters = self._call_parameters()
        wanted = self._masks_of_arguments(arguments, masks)
        first, first_masks = self._first_and_masks(emission, edges, arguments)
        carried = [mask for of_one in wanted.values() for mask in of_one if mask is not None]

        def function(*tensors: KerasTensor) -> Any:
            args, kwargs = arguments.place(tensors[:count])
            if "training" not in kwargs and "training" in parameters:
                kwargs["training"] = emission.training
            rest = iter(tensors[count:])
            for name, of_one in wanted.items():
                given = [None if mask is None else next(rest) for mask in of_one]
                kwargs[name] = given[0] if len(given) == 1 else given
            return self.call(*args, **kwargs)

        structure, outputs = emission.run(function, [*edges, *carried], f"{self.who()}: call()")
        outputs = [*self._emit_penalty(emission, outputs[:1]), *outputs[1:]]
        self._pass_masks(emission, first, first_masks, outputs)
        return structure, outputs

    # Masks.

    def _first_and_masks(
        self, emission: Emission, edges: list[int], arguments: Arguments | None
    ) -> tuple[list[int], list[int | None]]:
        """The edges of the first argument and their masks, those that were given before those that go along with them:
        what the masks of the outputs are made of."""
        if arguments is None:
            return edges, [emission.masks.get(edge) for edge in edges]
        args, kwargs = arguments.place([_Leaf((edge,)) for edge in edges])

        def edges_of(value: Any) -> list[int | None]:
            leaves = Structure(value).flat(value)
            return [leaf.shape[0] if isinstance(leaf, _Leaf) else None for leaf in leaves]

        first = [e for e in edges_of(args[0] if args else next(iter(kwargs.values()), None)) if e is not None]
        masks = [emission.masks.get(edge) for edge in first]
        given = kwargs.get("mask")
        if given is None and len(args) > 1:
            given = dict(zip(self._call_parameters(), args, strict=False)).get("mask")
        if given is not None:
            of_each = [None if e is None else emission.cast(e, "bool", self.name) for e in edges_of(given)]
            masks = (of_each + masks)[: len(masks)]
        return first, masks

    def _masks_of_arguments(self, arguments: Arguments, masks: Sequence[int | None]) -> dict[str, list[int | None]]:
        """For each parameter of `call` that asks for a mask (`mask` of the first argument, `value_mask` of `value`)
        and was not given one, the masks of that argument's tensors, if there are any."""
        if all(mask is None for mask in masks):
            return {}
        parameters = self._call_parameters()
        places = [_Leaf((i,)) for i in range(len(masks))]
        args, kwargs = arguments.place(places)
        given = {**dict(zip(parameters, args, strict=False)), **kwargs}
        found: dict[str, list[int | None]] = {}
        for i, (name, value) in enumerate(given.items()):
            asked = "mask" if i == 0 and "mask" in parameters else f"{name}_mask"
            if asked not in parameters or given.get(asked) is not None:
                continue
            leaves = Structure(value).flat(value)
            of_one = [masks[leaf.shape[0]] if isinstance(leaf, _Leaf) else None for leaf in leaves]  # type: ignore[index]
            if any(mask is not None for mask in of_one):
                found[asked] = of_one
        return found

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the output; a layer of your own may make one with `fastnn.ops`.

        Args:
            inputs: What the layer is called on.
            previous_mask: Its mask: (batch, time), true where a place counts; None: all do.

        Returns:
            A mask, or None.
        """
        return previous_mask if self.supports_masking else None

    def _pass_masks(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None], outputs: list[int]
    ) -> None:
        """Says which mask the outputs have."""
        fresh = [edge for edge in outputs if edge not in emission.masks]
        if type(self).compute_mask is not Layer.compute_mask:
            self._emit_mask(emission, edges, masks, fresh)
        elif any(mask is not None for mask in masks) and fresh:
            if self.supports_masking:
                mask = self._merged_mask(emission, edges, masks, outputs)
                if mask is not None:
                    emission.masks.update({edge: mask for edge in fresh if _goes_along(emission, mask, edge)})
            elif not self._warned_of_mask and not self._reads_mask():
                self._warned_of_mask = True
                warnings.warn(
                    f"{self.who()} cannot keep the mask of its input, and what follows will not know which places "
                    "count; put a layer before it that ends the sequence, such as an LSTM or GlobalAveragePooling1D",
                    stacklevel=2,
                )

    def _reads_mask(self) -> bool:
        """Whether a `call` asks for masks: then they may well end there."""
        return self._has_call and any(name == "mask" or name.endswith("_mask") for name in self._call_parameters())

    def _emit_mask(self, emission: Emission, edges: list[int], masks: Sequence[int | None], outputs: list[int]) -> None:
        given = [mask for mask in masks if mask is not None]

        def function(*tensors: KerasTensor) -> Any:
            inputs, rest = list(tensors[: len(edges)]), iter(tensors[len(edges) :])
            before = [None if mask is None else next(rest) for mask in masks]
            several = self.takes_many or len(inputs) > 1
            mask = self.compute_mask(inputs if several else inputs[0], before if several else before[0])
            return [] if mask is None else mask

        _, made = emission.run(function, [*edges, *given], f"{self.who()}: compute_mask()")
        if not made:
            return
        for output, mask in zip(outputs, made if len(made) == len(outputs) else made[:1] * len(outputs), strict=True):
            if not _goes_along(emission, mask, output):
                shape = emission.graph.spec(output)[0]
                raise ValueError(
                    f"{self.who()}: compute_mask() makes a mask of shape {shown(emission.graph.spec(mask)[0])} for an "
                    f"output of shape {shown(shape)}, expected {shown(shape[:2])}; return None where the output has no "
                    "such places"
                )
            emission.masks[output] = emission.cast(mask, "bool", self.name)

    def _merged_mask(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None], outputs: list[int]
    ) -> int | None:
        """The mask of what is made of several inputs: that of the first that has one."""
        return next(mask for mask in masks if mask is not None)

    # Shapes and weights.

    def _given(self, inputs: Any) -> list[Any]:
        """The tensors, arrays or shapes of a call, one by one."""
        return [inputs]

    def _known_shapes(self, input_shape: Any) -> list[Shape]:
        """The shapes that go in, one by one, each beginning with the batch."""
        return [batched(self.who(), tuple(shape)) for shape in self._given(input_shape)]

    def _infer(self, specs: Sequence[Spec]) -> tuple[list[Spec], list[tuple[str, tuple[int, ...], bool]]]:
        """Outputs and weights of the node on these inputs.

        Raises:
            ValueError: The layer cannot take them, or its weights depend on a size that is not known.
        """
        node = self._node()
        if node is None:
            return list(specs), []
        found = []
        shapes = [shape for shape, _ in specs]
        for size, known in trials([(shape, self.input_dtype or dtype) for shape, dtype in specs]):
            try:
                found.append(_core.infer(node[0], self.name, node[1], known))
            except ValueError as error:
                if not are_free(shapes):
                    raise
                told = re.sub(rf"\b{size}\b", "None", str(error))
                raise ValueError(f"{told} (with {size} tried in place of None)") from None
        (outputs, weights), (others, other_weights) = found[0], found[-1]
        if weights != other_weights:
            raise ValueError(
                f"{self.who()} expects known sizes where its weights depend on them, got "
                f"{shapes[0] if len(shapes) == 1 else shapes}; give the Input these sizes, or let a layer before it "
                "end the free ones, as GlobalAveragePooling1D() does and Flatten() does not"
            )
        made = agreed([outputs, others])
        return made, weights

    def _output_shapes(self, shapes: list[Shape]) -> list[Shape]:
        """The shapes that come out for shapes that go in."""
        return [self.compute_output_shape(shapes if self.takes_many else shapes[0])]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that comes out for a shape that goes in, the batch included.

        Args:
            input_shape: Such as (None, 784); a list of them for a layer of several inputs.

        Returns:
            A tuple whose first entry is None.

        Raises:
            ValueError: The layer cannot take this shape.

        Example:
            >>> layers.Dense(10).compute_output_shape((None, 784))
            (None, 10)
        """
        if self._has_call:
            given = Structure(as_leaves(input_shape))
            shapes = [batched(self.who(), leaf.shape) for leaf in given.flat(as_leaves(input_shape))]
            tensors = [stand_in((shape, self.input_dtype or "float32"), "inputs") for shape in shapes]
            specs, structure = self._call_outcome(Arguments((given.pack(tensors),), {}), None)
            assert structure is not None
            return structure.pack([shape for shape, _ in specs])
        return self._node_output_shape(input_shape)

    def _node_output_shape(self, input_shape: Any) -> Any:
        outputs, _ = self._infer([(shape, "float32") for shape in self._known_shapes(input_shape)])
        activation = self.__dict__.get("activation")
        after = None if activation is None or activations.is_custom(activation) else self._activation_after()
        if after is not None and after[0] != "Activation":
            outputs = agreed([_core.infer(after[0], self.name, after[1], known)[0] for _, known in trials(outputs)])
        made = [shape for shape, _ in outputs]
        return made[0] if len(made) == 1 else made

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights for inputs of this shape; a layer that is built already only checks that it fits.

        A layer of your own makes its weights here, with `add_weight`.

        Args:
            input_shape: The batch's shape, such as (None, 784); a list of them for a layer of several inputs.

        Raises:
            ValueError: The layer cannot take this shape, or was built for another.
        """
        if self._has_call and not self.kind:
            self._build_shape = input_shape
            self.built = True
            return
        shapes = self._known_shapes(input_shape)
        shape = shapes if self.takes_many else shapes[0]
        needed = self._infer([(one, "float32") for one in shapes])[1]
        if self.built:
            if [tuple(spec[1]) for spec in needed] != [variable.shape for variable in self._weights[: len(needed)]]:
                raise ValueError(
                    f"{self.who()} was built for inputs of shape {self._build_shape} and its weights do not fit "
                    f"{shape}; "
                    "make a new layer"
                )
            return
        made: list[tuple[str, Variable, bool]] = []
        for role, size, learned in needed:
            initializer = getattr(self, f"{role}_initializer")
            variable = self._variable(
                role,
                tuple(size),
                initializer,
                learned,
                getattr(self, f"{role}_regularizer", None),
                getattr(self, f"{role}_constraint", None),
            )
            made.append((role, variable, learned))
        for role, variable, learned in made:
            setattr(self, role, variable)
            self._weights.append(variable)
            if learned:
                self._learned.append(variable)
        self._build_shape = shape
        self.built = True

    def _variable(
        self, role: str, shape: tuple[int, ...], initializer: Any, learned: bool, regularizer: Any, constraint: Any
    ) -> Variable:
        value = np.asarray(initializer(shape), dtype=np.float32)
        if value.shape != shape:
            raise ValueError(f"{self.who()}: {role}_initializer returned shape {value.shape}, expected {shape}")
        return Variable(value, f"{self.name}/{role}", learned and self._trainable, regularizer, constraint)

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: Any = None,
        overwrite_with_gradient: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> Variable:
        """A weight of the layer, for `build` and constructors of your own layers.

        Args:
            shape: Its sizes; None or (): one number.
            initializer: Its first values: a name or an object of `fastnn.initializers`, or a function of the shape;
                None: glorot_uniform.
            dtype: "float32", or an integer type, whose numbers are kept exactly up to 2**24.
            trainable: Whether training may move it.
            autocast: Taken for Keras' sake, as are `aggregation` and `overwrite_with_gradient`.
            regularizer: A penalty on it.
            constraint: What is imposed on it after each update.
            aggregation: No effect.
            overwrite_with_gradient: No effect.
            name: Its name; None: "variable".

        Returns:
            The variable, which `fastnn.ops` takes as it takes tensors.
        """
        for unknown in kwargs:
            raise ValueError(f"{self.who()}: add_weight has no argument {unknown!r}")
        if "_weights" not in self.__dict__:
            raise RuntimeError(f"{type(self).__name__}: call super().__init__() before add_weight()")
        sizes = () if shape is None else (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
        if any(not isinstance(size, (int, np.integer)) or size < 0 for size in sizes):
            raise ValueError(
                f"{self.who()}: add_weight expects a shape of whole numbers, got {sizes}; what a weight's size "
                "depends on must be known (input_shape[-1])"
            )
        made = self._variable(
            name or "variable",
            tuple(int(size) for size in sizes),
            initializers.get("glorot_uniform" if initializer is None else initializer),
            trainable,
            regularizers.get(regularizer),
            constraints.get(constraint),
        )
        made.dtype = edge_dtype(dtype, self.who())
        self._weights.append(made)
        if trainable:
            self._learned.append(made)
        return made

    def add_loss(self, loss: Any) -> None:
        """Adds to the loss of the model, from within `call`.

        Args:
            loss: A tensor (its sum counts, where it holds several numbers), or a list of them.
        """
        trace = Trace.current()
        if trace is not None:
            many = loss if isinstance(loss, (list, tuple)) else [loss]
            for one in many:
                tensor = operators["cast"](operators["tensor"](one), "float32")
                trace.losses.append(operators["sum"](tensor) if tensor.shape else tensor)

    # Calls.

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's output: for an array an array, for a symbolic tensor a symbolic tensor.

        Either builds the layer where it is not built yet.

        Args:
            *args: Inputs of shape (batch, ...); a list for a layer of several inputs.
            **kwargs: `training`: whether to behave as in training (dropout drops, moving statistics move); on a
                symbolic tensor it stays with this call; None: as the model runs. `mask`: for sequences, which places
                count, (batch, time).

        Returns:
            A float32 array, or a symbolic tensor.

        Example:
            >>> layers.Dense(3)(np.ones((2, 5))).shape
            (2, 3)
            >>> layers.Dense(3)(Input((5,))).shape
            (None, 3)
        """
        if "_calls" not in self.__dict__:
            raise RuntimeError(f"{type(self).__name__}: call super().__init__() in its constructor, before all else")
        training = kwargs.pop("training", None)
        if not args and "inputs" in kwargs:
            args = (kwargs.pop("inputs"),)
        if not self._has_call:
            args, kwargs = self._checked(args, kwargs)
        elif "mask" in kwargs and not self._takes_mask() and kwargs.pop("mask") is not None:
            raise self._no_use_for_mask()
        if is_symbolic(args) or is_symbolic(kwargs):
            return self._record(args, kwargs, training)
        if Trace.current() is not None:
            tensors = Structure(args)
            args = tensors.pack([operators["tensor"](leaf) for leaf in tensors.flat(args)])
            return self._record(args, kwargs, training)
        return self._run(args, kwargs, training)

    def _checked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a call of a layer that is a node: its inputs, and perhaps a mask."""
        if len(args) != 1:
            raise TypeError(f"{self.who()} expects one argument, its input, got {len(args)}")
        kwargs = {name: value for name, value in kwargs.items() if value is not None}
        for name in kwargs:
            if name != "mask":
                raise TypeError(f"{self.who()} takes no argument {name!r} when it is called")
            if not self.supports_masking:
                raise self._no_use_for_mask()
        given = self._given(args[0])
        if "mask" in kwargs:
            kwargs["mask"] = self._checked_masks(given, kwargs["mask"])
        return (_Inputs(given) if self.takes_many or len(given) > 1 else given[0],), kwargs

    def _takes_mask(self) -> bool:
        """Whether a mask may be given to `call`."""
        parameters = inspect.signature(self.call).parameters
        return "mask" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())

    def _no_use_for_mask(self) -> ValueError:
        mend = "give call() a parameter mask" if self._has_call else "call a layer that keeps it"
        return ValueError(f"{self.who()} has no use for a mask; leave mask= out, or {mend}")

    def _checked_masks(self, inputs: Sequence[Any], mask: Any) -> Any:
        """Masks that were given in a call of a node, each as a tensor or an array that fits its input."""
        several = self.takes_many or len(inputs) > 1
        masks = list(mask) if several and isinstance(mask, (list, tuple)) else [mask]
        if len(masks) != len(inputs):
            raise ValueError(
                f"{self.who()} expects a mask, or None, for each of its {len(inputs)} inputs, got {len(masks)}"
            )
        made = []
        for one, x in zip(masks, inputs, strict=True):
            if one is not None and not isinstance(one, KerasTensor):
                one = numeric(one, f"{self.who()}: mask")
            if one is not None:
                self._check_mask(tuple(one.shape), x.shape if isinstance(x, KerasTensor) else np.shape(x))
            made.append(one)
        return made if several else made[0]

    def _check_mask(self, mask: Shape, shape: Shape) -> None:
        """Whether a mask of this shape can go along with an input.

        Raises:
            ValueError: It cannot.
        """
        if 0 < len(mask) <= len(shape) and all(m in (s, None) or s is None for m, s in zip(mask, shape, strict=False)):
            return
        raise ValueError(
            f"{self.who()} expects a mask of shape {shown(shape[:2])} for an input of shape {shown(shape)}: whether "
            f"each place counts; got {shown(mask)}"
        )

    def _record(self, args: tuple[Any, ...], kwargs: dict[str, Any], training: bool | None) -> Any:
        """A call on symbolic tensors; returns what stands for its outputs."""
        arguments = Arguments(args, kwargs)
        if self._has_call:
            specs, structure = self._call_outcome(arguments, training)
            return Call(self, arguments, specs, structure, training).result()
        inputs = args[0] if isinstance(args[0], _Inputs) else [args[0]]
        for tensor in inputs:
            if not isinstance(tensor, KerasTensor):
                mend = (
                    "; a list goes to a merging layer first, such as Concatenate()"
                    if isinstance(tensor, (list, tuple, Mapping))
                    else "; feed arrays through an Input"
                )
                got = "several" if isinstance(tensor, (list, tuple, Mapping)) else type(tensor).__name__
                raise TypeError(f"{self.who()} expects a symbolic tensor, got {got}{mend}")
        specs = self._node_outcome([tensor.spec for tensor in inputs])
        return Call(self, arguments, specs, None, None if training is None else bool(training)).result()

    def _node_outcome(self, specs: list[Spec]) -> list[Spec]:
        """What comes out of the node, which is built for what goes in."""
        shapes = [shape for shape, _ in specs]
        if any(not shape or shape[0] is not None for shape in shapes):
            # Numbers of the code's own, such as places 0, 1, 2...: only layers that need no batch take them.
            node = self._node()
            assert node is not None
            outputs, _ = _core.infer(node[0], self.name, node[1], specs)
            self._build_for([batched(self.who(), shape) for shape in shapes])
            return [(tuple(shape), dtype) for shape, dtype in outputs]
        if self._has_call:
            given = shapes if self.takes_many else shapes[0]
            made = [self._node_output_shape(given)]
            Layer.build(self, given)
        else:
            made = self._output_shapes(shapes)
            self._build_for(shapes)
        return [(shape, "float32") for shape in made]

    def _build_for(self, shapes: list[Shape]) -> None:
        self.build(shapes if self.takes_many else shapes[0])

    def _call_outcome(self, arguments: Arguments, training: bool | None) -> tuple[list[Spec], Structure | None]:
        """What comes out of `call`, which is run on trial; the layer is built before."""
        tensors = arguments.tensors
        self._build_call(arguments)
        constants = repr(arguments.place([None] * len(tensors)))
        key = tuple(tensor.spec for tensor in tensors), bool(training), constants
        if key in self._outcomes:
            return self._outcomes[key]
        found = []
        for _, known in trials([tensor.spec for tensor in tensors]):
            emission = Emission(bool(training))
            edges = [emission.edge(spec, tensor.name) for spec, tensor in zip(known, tensors, strict=True)]
            structure, outputs = self._emit_call(emission, edges, arguments)
            found.append([emission.graph.spec(edge) for edge in outputs])
        self.built = True
        specs = agreed(found)
        while len(self._outcomes) >= _REMEMBERED:
            self._outcomes.pop(next(iter(self._outcomes)))
        self._outcomes[key] = specs, structure
        return specs, structure

    def _build_call(self, arguments: Arguments) -> None:
        """Calls a `build` of the user's own, once."""
        if self.built:
            return
        args, kwargs = arguments.place([tensor.shape for tensor in arguments.tensors])
        names = [name for name in inspect.signature(self.build).parameters if name != "self"]
        if self._build_shape is None:
            self._build_shape = args[0] if args else None
        if len(names) <= 1 or not all(name.endswith("_shape") for name in names):
            self.build(args[0] if args else next(iter(kwargs.values()), None))
        else:
            parameters = list(inspect.signature(self.call).parameters)
            given = {**dict(zip(parameters, args, strict=False)), **kwargs}
            self.build(**{name: given.get(name.removesuffix("_shape")) for name in names})
        self.built = True

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any], training: bool | None) -> Any:
        """A call on arrays."""
        who = f"{self.who()}: the input"
        if not self._has_call:
            several = isinstance(args[0], _Inputs)
            arrays = [numeric(one, who) for one in (args[0] if several else [args[0]])]
            args = (_Inputs(arrays) if several else arrays[0],)
            count = len(arrays)
        elif args and not isinstance(args[0], np.ndarray):
            # A list of arrays is several inputs; any other list is one.
            several = isinstance(args[0], (list, tuple, Mapping)) and any(
                isinstance(leaf, np.ndarray) for leaf in Structure(args[0]).flat(args[0])
            )
            args = args if several else (numeric(args[0], who), *args[1:])
        structure = Structure((args, kwargs))
        leaves = structure.flat((args, kwargs))
        arrays, stands = [], []
        for leaf in leaves:
            if isinstance(leaf, np.ndarray) and leaf.ndim:
                arrays.append(numeric(leaf, who))
                shape: Shape = (None, *leaf.shape[1:])
                dtype = edge_dtype(leaf.dtype, who)
                stands.append(stand_in((shape, dtype if self._has_call else self.input_dtype or dtype), "inputs"))
            else:
                stands.append(leaf)
        if not arrays:
            raise ValueError(f"{self.who()} expects an array of shape (batch, ...), got a single number")
        if any(len(x) != len(arrays[0]) for x in arrays):
            raise ValueError(f"{self.who()} expects arrays of one length, got {[x.shape for x in arrays]}")
        args, kwargs = structure.pack(stands)
        arguments = Arguments(args, kwargs)
        specs = [tensor.spec for tensor in arguments.tensors]
        packing: Structure | None = None
        if self._has_call:
            packing = self._call_outcome(arguments, training)[1]
        else:
            self._node_outcome(specs[:count])
        plain_call = not kwargs and all(isinstance(leaf, np.ndarray) for leaf in leaves)
        if training:
            outputs = self._run_in_training(arrays, arguments, plain_call)
        elif plain_call and self._alone is not None and self._alone[0] == specs:
            outputs = self._alone[1](arrays)
        else:
            emission = Emission(False)
            edges = self._emit(emission, [emission.graph.input(*spec) for spec in specs], arguments)
            predictor = _core.Predictor(emission.graph, edges)
            outputs = predictor(arrays)
            if plain_call:
                self._alone = specs, predictor
        return (packing or Structure(outputs if len(outputs) > 1 else None)).pack(outputs)

    def _run_in_training(
        self, arrays: list[NDArray[Any]], arguments: Arguments | None = None, keep: bool = True
    ) -> list[NDArray[np.float32]]:
        """One forward pass of the training graph: dropout is applied, moving statistics are updated."""
        dtypes = ["float32"] * len(arrays) if arguments is None else [tensor.dtype for tensor in arguments.tensors]
        specs = [((None, *x.shape[1:]), dtype) for x, dtype in zip(arrays, dtypes, strict=True)]
        # A graph depends on which layers are trained, and that of a `call` on the layers within.
        key = specs, Changes.trainable, list(self._walk(True)) if self._has_call else None
        if keep and self._in_training is not None and self._in_training[0] == key:
            return self._in_training[1](arrays)
        emission = Emission(True)
        edges = self._emit(emission, [emission.graph.input(*spec) for spec in specs], arguments)
        predictor = _core.Predictor(emission.graph, edges, training=True)
        if keep:
            self._in_training = key, predictor
        return predictor(arrays)

    # What it owns.

    def _sublayers(self) -> list[Layer]:
        """The layers among its attributes, also within lists and dicts, in the order of the attributes."""
        if not self._has_call:
            return []
        found: dict[int, Layer] = {}
        for name, value in vars(self).items():
            if name not in self._internal:
                for one in _layers_within(value):
                    found.setdefault(id(one), one)
        return list(found.values())

    def _own_variables(self) -> list[Variable]:
        """Those of `add_weight` and of its node, and other variables among its attributes."""
        if not self._has_call:
            return self._weights
        further = (value for name, value in vars(self).items() if name not in self._internal)
        return once([*self._weights, *(value for value in further if isinstance(value, Variable))])

    def _own_learned(self) -> list[Variable]:
        if not self._has_call:
            return self._learned
        learned = {id(variable) for variable in self._learned}
        given = {id(variable) for variable in self._weights}
        return [v for v in self._own_variables() if id(v) in learned or (id(v) not in given and v.learned)]

    def _walk(self, trained: bool) -> Iterator[tuple[Layer, bool]]:
        """The layer and those within it that compute, and whether each is trained."""
        trained = trained and self.trainable
        yield self, trained
        for layer in self._sublayers():
            yield from layer._walk(trained)

    @property
    def trainable(self) -> bool:
        """Whether training may move the weights, those of layers within too; read by a model when it is compiled."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        Changes.trainable += 1
        for variable in self._own_learned():
            variable.trainable = self._trainable
        for layer in self._sublayers():
            layer.trainable = value

    @property
    def weights(self) -> list[Variable]:
        """All variables, in the order of `get_weights`: its own, trained ones first, then those of layers within it."""
        if not self._has_call:
            return list(self._weights)
        learned = {id(variable) for variable in self._own_learned()}
        own = sorted(self._own_variables(), key=lambda variable: id(variable) not in learned)
        within = [variable for layer in self._sublayers() for variable in layer.weights]
        return once([*own, *within])

    @property
    def variables(self) -> list[Variable]:
        """All variables."""
        return self.weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that training moves."""
        if not self._trainable:
            return []
        own = [variable for variable in self._own_learned() if variable.trainable]
        within = [variable for layer in self._sublayers() for variable in layer.trainable_weights]
        return once([*own, *within])

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that training moves."""
        return self.trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that training leaves alone, or moves without gradients (moving statistics)."""
        trained = {id(variable) for variable in self.trainable_weights}
        return [variable for variable in self.weights if id(variable) not in trained]

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that no gradient moves."""
        return self.non_trainable_weights

    def get_weights(self) -> list[NDArray[np.float32]]:
        """Copies of all weights, such as [kernel, bias]."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Writes all weights in place.

        Args:
            weights: Arrays in the order and the shapes of `get_weights`.

        Raises:
            ValueError: Their count or a shape differs; then nothing was written.
        """
        variables = self.weights
        arrays = [np.asarray(value, dtype=np.float32) for value in weights]
        if len(arrays) != len(variables):
            hint = "" if self.built else "; it has no weights before it is built, by data or an input shape"
            raise ValueError(f"{self.who()} has {len(variables)} weights, set_weights got {len(arrays)} arrays{hint}")
        for variable, array in zip(variables, arrays, strict=True):
            if variable.shape != array.shape:
                raise ValueError(
                    f"{self.who()}: set_weights expects shape {variable.shape} for {variable.path}, got {array.shape}"
                )
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)

    def count_params(self) -> int:
        """How many numbers its weights hold.

        Raises:
            ValueError: It is not built.
        """
        if not self.built:
            raise ValueError(
                f"{self.who()} is not built: its weights are made at the first data, or by build(input_shape)"
            )
        return sum(variable.size for variable in self.weights)

    @property
    def input_shape(self) -> Any:
        """The shape it was built for; a list of them for a layer of several inputs.

        Raises:
            AttributeError: It is not built.
        """
        if self._build_shape is None:
            raise AttributeError(f"{self.who()} is not built and has no input shape yet")
        return self._build_shape

    @property
    def output_shape(self) -> Any:
        """The shape that comes out of its first call, or for the shape it was built for.

        Raises:
            AttributeError: It is not built.
        """
        if self._calls:
            call = self._calls[0]
            return call.structure.pack([tensor.shape for tensor in call.outputs])
        return self.compute_output_shape(self.input_shape)

    def _first_call(self, word: str) -> Call:
        if not self._calls:
            raise AttributeError(
                f"{self.who()} was never called on a symbolic tensor and has no {word}; call it on an Input, or put it "
                "into a model whose input shape is known"
            )
        return self._calls[0]

    @property
    def input(self) -> Any:
        """What it was first called on: a symbolic tensor, or a list of them.

        Raises:
            AttributeError: It was never called on one.
        """
        inputs = self._first_call("input").inputs
        return inputs[0] if len(inputs) == 1 else list(inputs)

    @property
    def output(self) -> Any:
        """What came out of its first call on a symbolic tensor.

        Raises:
            AttributeError: It was never called on one.
        """
        outputs = self._first_call("output").outputs
        return outputs[0] if len(outputs) == 1 else list(outputs)


class _OwnCall(Call):
    """A call of what a layer of fastnn computes itself, from within a `call` that a user wrote around it."""

    def emit(self, emission: Emission, edges: list[int]) -> list[int]:
        made: list[int] = self.layer._emit_own(emission, edges, self.arguments)
        return made


class _Inputs(list[Any]):
    """The inputs of a layer that takes several."""


class _Leaf:
    """A shape that is not to be taken for a list of sizes."""

    def __init__(self, shape: Sequence[int | None]) -> None:
        self.shape = tuple(shape)


def as_leaves(shape: Any) -> Any:
    """Shapes put together somehow, each as one leaf."""
    if isinstance(shape, Mapping):
        return {key: as_leaves(value) for key, value in shape.items()}
    if all(size is None or isinstance(size, (int, np.integer)) for size in shape):
        return _Leaf(shape)
    return [as_leaves(one) for one in shape]


def _goes_along(emission: Emission, mask: int, edge: int) -> bool:
    """Whether a mask has a place for each of an edge's."""
    places = list(emission.graph.spec(mask)[0])
    return places == list(emission.graph.spec(edge)[0])[: len(places)]


def _layers_within(value: Any) -> Iterator[Layer]:
    if isinstance(value, Layer):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _layers_within(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _layers_within(item)


# Attributes in which no layers or variables of the user's are looked for.
Layer._internal = frozenset(vars(Layer(name="layer"))) | {"_arguments", "_given_arguments"}
