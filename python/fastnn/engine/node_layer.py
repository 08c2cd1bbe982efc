"""Layers that are one node of the core, followed by an activation and a penalty on the output.

The class names the `kind` of the node; the arguments of its constructor are the node's config. The core infers shapes
and weights, and the base makes the weights. Such a layer may also be called within a `call` that a subclass adds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastnn import _core, activations, config
from fastnn.configurable import argument_names
from fastnn.engine.arrays import numeric
from fastnn.engine.by_code import call_parameters, no_use_for_mask
from fastnn.engine.channels import (
    has_channels_first,
    move_channels_first,
    move_channels_last,
    with_channels_first,
    with_channels_last,
)
from fastnn.engine.contract import Computation, Outcome, state_of, title
from fastnn.engine.emission import Emission
from fastnn.engine.inference import Weight, agreed, inferred, trials
from fastnn.engine.layer import Layer
from fastnn.engine.masks import first_and_masks
from fastnn.engine.ownership import keep_variable, new_variable
from fastnn.engine.shapes import batched, shown
from fastnn.engine.sizes import depend_on_rows
from fastnn.engine.trial_graphs import emitted_on_trial
from fastnn.symbolic.tensors import Arguments, Call, KerasTensor, Shape, Spec
from fastnn.symbolic.variable import Variable

_NOT_IN_NODES = ("_initializer", "_regularizer", "_constraint", "activation")
_NOT_ARGUMENTS_OF_NODES = ("name", "trainable", "dtype", "data_format", "seed")


class _Unmade:
    """Class attribute in place of a weight until `build` makes it: reading it is an error that says so."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, layer: Any, owner: type | None = None) -> Any:
        if layer is None:
            return self
        raise AttributeError(
            f"{title(layer)} is not built and has no {self._name} yet: call it on data, or build(input_shape)"
        )


def unmade() -> Any:
    """Returns the class attribute for a weight that `build` makes."""
    return _Unmade()


class Inputs(list[Any]):
    """The inputs of a layer that takes several."""


class ByNode(Computation["NodeLayer"]):
    """The computation of layers that are a node of the core."""

    def parameters(self, part: NodeLayer) -> Sequence[str]:
        """Returns the names of the arguments of a call, in order."""
        names: Sequence[str] = type(part).__fastnn_call_arguments__
        return names

    def arguments(self, part: NodeLayer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Returns the checked arguments of a call, (args, kwargs)."""
        if len(args) != 1:
            raise _wrong_count(part, args)
        kwargs = {name: value for name, value in kwargs.items() if value is not None}
        for name in kwargs:
            if name != "mask":
                raise TypeError(f"{title(part)} takes no argument {name!r} when it is called")
            if not part.supports_masking:
                raise no_use_for_mask(part, "call a layer that keeps it")
        given = part.__fastnn_separate_inputs__(args[0])
        if "mask" in kwargs:
            kwargs["mask"] = _checked_masks(part, given, kwargs["mask"])
        return (Inputs(given) if type(part).__fastnn_takes_many__ or len(given) > 1 else given[0],), kwargs

    def arrays(self, part: NodeLayer, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Returns the arguments of a call on arrays, with the inputs as arrays."""
        who = f"{title(part)}: the input"
        if isinstance(args[0], Inputs):
            return (Inputs(numeric(one, who) for one in args[0]),)
        return (numeric(args[0], who),)

    def check_tensors(self, part: NodeLayer, args: tuple[Any, ...]) -> None:
        """Raises a TypeError where an input is no symbolic tensor."""
        for tensor in args[0] if isinstance(args[0], Inputs) else args:
            if not isinstance(tensor, KerasTensor):
                several = isinstance(tensor, (list, tuple, Mapping))
                mend = (
                    "; a list goes to a merging layer first, such as Concatenate()"
                    if several
                    else "; feed arrays through an Input"
                )
                got = "several" if several else type(tensor).__name__
                raise TypeError(f"{title(part)} expects a symbolic tensor, got {got}{mend}")

    def edge_dtype(self, part: NodeLayer, dtype: str) -> str:
        """Returns the element type to which an input array is converted."""
        return type(part).__fastnn_input_dtype__ or dtype

    def outcome(self, part: NodeLayer, arguments: Arguments, training: bool | None) -> Outcome:
        """Builds the layer and returns the output specs."""
        # A mask given in the call is no input of the node: it is among the keywords.
        inputs = arguments.place(arguments.tensors)[0][0]
        specs = [tensor.spec for tensor in (inputs if isinstance(inputs, list) else [inputs])]
        shapes = [shape for shape, _ in specs]
        if _are_batches(shapes):
            outputs = [(part.compute_output_shape(_one_or_all(part, shapes)), "float32")]
            part.build(_one_or_all(part, shapes))
            return outputs, None
        part.build(_one_or_all(part, [batched(title(part), shape) for shape in shapes]))
        return _emitted_on_trial(part, arguments), None

    def emit(self, part: NodeLayer, emission: Emission, edges: list[int], arguments: Arguments | None) -> list[int]:
        """Adds the node, the activation and the penalty to a graph; passes the masks on."""
        edges, masks = first_and_masks(emission, edges, arguments, call_parameters(part), part.name)
        dtype = type(part).__fastnn_input_dtype__
        if dtype is not None:
            edges = [emission.cast(edge, dtype, part.name) for edge in edges]
        outputs = _with_activation(part, emission, edges, masks)
        outputs = type(part).__fastnn_add_output_penalty__(part, emission, outputs)
        type(part).__fastnn_set_output_masks__(part, emission, edges, masks, outputs)
        return outputs

    def output_shape(self, part: NodeLayer, input_shape: Any) -> Any:
        """Returns the shape that comes out of the node, and of an activation that changes it."""
        outputs, _ = part.__fastnn_infer_node__(
            [(shape, "float32") for shape in part.__fastnn_known_shapes__(input_shape)]
        )
        activation = part.__dict__.get("activation")
        after = None if activation is None or activations.is_custom(activation) else part.__fastnn_node_after__()
        if after is not None and after[0] != "Activation":
            outputs = agreed([_core.infer(after[0], part.name, after[1], known)[0] for _, known in trials(outputs)])
        made = [shape for shape, _ in outputs]
        return made[0] if len(made) == 1 else made


BY_NODE = ByNode()


class NodeLayer(Layer):
    """Base of layers that are one node of the core.

    Args:
        **kwargs: As in `Layer`.
    """

    __fastnn_kind__: ClassVar[str] = ""
    """The core's name of the node; "": the input is passed on."""
    __fastnn_input_dtype__: ClassVar[str | None] = "float32"
    """The type to which inputs of other types are converted; None: they stay as they are."""
    __fastnn_call_arguments__: ClassVar[tuple[str, ...]] = ("inputs",)
    """The names of the arguments of a call, in order."""
    __fastnn_common_arguments__ = Layer.__fastnn_common_arguments__
    __fastnn_native__ = BY_NODE

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        node = self.__fastnn_core_node__()
        if node is not None:
            _core.check_layer(node[0], self.name, node[1])

    @classmethod
    def __fastnn_convert_argument__(cls, name: str, value: Any) -> Any:
        """Returns an argument as it is stored: the position of the channels by its name."""
        if name == "data_format":
            return config.checked_data_format(cls.__name__, value)
        return super().__fastnn_convert_argument__(name, value)

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        kind = type(self).__fastnn_kind__
        if not kind:
            return None
        arguments = {}
        for name in argument_names(self):
            if not name.endswith(_NOT_IN_NODES) and name not in _NOT_ARGUMENTS_OF_NODES:
                value = getattr(self, name)
                arguments[name] = value.item() if isinstance(value, np.generic) else value
        return kind, arguments

    def __fastnn_node_after__(self) -> activations.Node | None:
        """Returns the node of the argument `activation`, where there is one."""
        activation = self.__dict__.get("activation")
        return None if activation is None else activations.node_of(activation)

    def __fastnn_add_core_node__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        node = self.__fastnn_core_node__()
        return edges if node is None else emission.add(self, node[0], node[1], edges)

    def __fastnn_add_masked_node__(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None]
    ) -> list[int]:
        """Adds the node to a graph; a layer that reads masks adds more, or another.

        Args:
            emission: The graph.
            edges: The inputs.
            masks: For each input its mask, or None.
        """
        return self.__fastnn_add_core_node__(emission, edges)

    def __fastnn_separate_inputs__(self, inputs: Any) -> list[Any]:
        """Returns the tensors, arrays or shapes of a call, one by one."""
        return [inputs]

    def __fastnn_check_mask_shape__(self, mask: Shape, shape: Shape) -> None:
        """Refuses a mask that cannot go with an input.

        Args:
            mask: The shape of the mask.
            shape: That of the input.

        Raises:
            ValueError: The mask does not have the first dimensions of the input.
        """
        if 0 < len(mask) <= len(shape) and all(m in (s, None) or s is None for m, s in zip(mask, shape, strict=False)):
            return
        raise ValueError(
            f"{title(self)} expects a mask of shape {shown(shape[:2])} for an input of shape {shown(shape)}: whether "
            f"each place counts; got {shown(mask)}"
        )

    def __fastnn_spread_mask__(self, mask: NDArray[Any], shape: Shape) -> NDArray[Any]:
        """Returns a mask whose dimensions of size 1 have the sizes of the input.

        Args:
            mask: The mask.
            shape: The shape of the input.
        """
        whole = [s if m == 1 and s is not None else m for m, s in zip(mask.shape, shape, strict=False)]
        return np.broadcast_to(mask, tuple(whole)) if len(whole) == mask.ndim else mask

    def __fastnn_known_shapes__(self, input_shape: Any) -> list[Shape]:
        """Returns the shapes of the inputs, one by one, each beginning with the batch."""
        return [batched(title(self), shape) for shape in self.__fastnn_separate_inputs__(input_shape)]

    def __fastnn_infer_node__(self, specs: Sequence[Spec]) -> tuple[list[Spec], list[Weight]]:
        """Returns the output specs and the weights of the node for these inputs.

        Raises:
            ValueError: The layer cannot take them, or its weights depend on an unknown dimension.
        """
        node = self.__fastnn_core_node__()
        if node is None:
            return list(specs), []
        converted = [(shape, type(self).__fastnn_input_dtype__ or dtype) for shape, dtype in specs]
        if not has_channels_first(vars(self)):
            return inferred(title(self), self.name, node, converted)
        moved = [(with_channels_last(shape), dtype) for shape, dtype in converted]
        try:
            outputs, weights = inferred(title(self), self.name, node, moved)
        except ValueError as error:
            given = ", ".join(shown(shape) for shape, _ in specs)
            raise ValueError(f"{error} (the channels of {given} moved to the end, for channels_first)") from None
        return [(with_channels_first(shape), dtype) for shape, dtype in outputs], weights

    def __fastnn_node_variables__(self) -> list[Variable]:
        """Returns the variables that the node reads, in its order, and maybe others after them."""
        return state_of(self).variables

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights for inputs of this shape; a layer that is built already only checks that it fits.

        Args:
            input_shape: The batch's shape, such as (None, 784); a list of them for a layer of several inputs.

        Raises:
            ValueError: The layer cannot take this shape, or was built for another.
        """
        state = state_of(self)
        shapes = self.__fastnn_known_shapes__(input_shape)
        shape = _one_or_all(self, shapes)
        needed = self.__fastnn_infer_node__([(one, "float32") for one in shapes])[1]
        if self.built:
            if state.build_shape is None:
                state.build_shape = shape
            read = self.__fastnn_node_variables__()
            if [tuple(spec[1]) for spec in needed] != [variable.shape for variable in read[: len(needed)]]:
                raise ValueError(
                    f"{title(self)} was built for inputs of shape {state.build_shape} and its weights do not fit "
                    f"{shape}; make a new layer"
                )
            return
        made: list[tuple[str, Variable, bool]] = []
        for role, size, learned, held in needed:
            initializer = getattr(self, f"{role}_initializer")
            regularizer = getattr(self, f"{role}_regularizer", None)
            constraint = getattr(self, f"{role}_constraint", None)
            variable = new_variable(self, role, tuple(size), initializer, learned, regularizer, constraint, held=held)
            made.append((role, variable, learned))
        for role, variable, learned in made:
            setattr(self, role, variable)
            keep_variable(self, variable, learned)
        state.build_shape = shape
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Returns what the node computes; reached as `super().call(inputs)` from a class with a `call` of its own.

        Args:
            *args: Symbolic tensors.
            **kwargs: The same, by name.

        Raises:
            TypeError: There is no symbolic tensor among them.
        """
        arguments = Arguments(args, kwargs)
        if not arguments.tensors:
            raise TypeError(f"{title(self)}: call() expects symbolic tensors; call the layer itself on arrays")
        return _NodeCall(self, arguments, _own_outcome(self, arguments)).result()


class _NodeCall(Call):
    """A call of the node of a layer, from within a `call` that a subclass has around it."""

    def emit(self, emission: Emission, edges: list[int], arguments: Arguments | None = None) -> list[int]:
        """Adds the node to a graph."""
        return BY_NODE.emit(self.layer, emission, edges, arguments or self.arguments)


def _wrong_count(layer: NodeLayer, args: tuple[Any, ...]) -> TypeError:
    """Returns the error for a call with no input, or with more than one argument by position."""
    if not args:
        return TypeError(f"{title(layer)} expects its input when it is called, such as layer(x), got none")
    if type(layer).__fastnn_takes_many__:
        return TypeError(f"{title(layer)} expects its inputs in one list, such as layer([a, b]), got {len(args)}")
    mend = "; join tensors before it with Concatenate()([a, b]), or call it on each"
    further = all(isinstance(one, (KerasTensor, np.ndarray)) for one in args)
    return TypeError(f"{title(layer)} expects one argument, its input, got {len(args)}{mend if further else ''}")


def _one_or_all(layer: NodeLayer, shapes: list[Shape]) -> Any:
    return shapes if type(layer).__fastnn_takes_many__ else shapes[0]


def _are_batches(shapes: Sequence[Shape]) -> bool:
    return all(shape and shape[0] is None for shape in shapes)


def _emitted_on_trial(layer: NodeLayer, arguments: Arguments) -> list[Spec]:
    """Returns the output specs of the node for inputs that are no batches, by adding it to a graph."""
    return emitted_on_trial(
        arguments.tensors, lambda emission, edges: BY_NODE.emit(layer, emission, edges, arguments), None, layer
    )


def _own_outcome(layer: NodeLayer, arguments: Arguments) -> list[Spec]:
    """Builds the node, whatever `build` a subclass has, and returns its output specs."""
    shapes = [tensor.shape for tensor in arguments.tensors]
    if not _are_batches(shapes) or depend_on_rows(arguments.tensors):
        layer.build(_one_or_all(layer, [batched(title(layer), shape) for shape in shapes]))
        return _emitted_on_trial(layer, arguments)
    given = _one_or_all(layer, shapes)
    made = BY_NODE.output_shape(layer, given)
    NodeLayer.build(layer, given)
    return [(made, "float32")]


def _with_activation(layer: NodeLayer, emission: Emission, edges: list[int], masks: Sequence[int | None]) -> list[int]:
    """Adds the node, and the activation of a layer that has one; returns the output edges."""
    if not has_channels_first(vars(layer)):
        return _activated(layer, emission, layer.__fastnn_add_masked_node__(emission, edges, masks))
    made = layer.__fastnn_add_masked_node__(emission, move_channels_last(emission, edges, layer.name), masks)
    after = layer.__fastnn_node_after__()
    if after is not None and after[0] == "Activation":
        # An element-wise activation stays beside the node, which may do both in one pass.
        return move_channels_first(emission, _activated(layer, emission, made), layer.name)
    return _activated(layer, emission, move_channels_first(emission, made, layer.name))


def _activated(layer: NodeLayer, emission: Emission, edges: list[int]) -> list[int]:
    """Adds the activation of a layer that has one; returns the output edges."""
    activation = layer.__dict__.get("activation")
    if activation is not None and activations.is_custom(activation):
        who = f"{title(layer)}: the activation {getattr(activation, '__name__', activation)!r}"
        return emission.run(activation, edges, who)[1]
    after = layer.__fastnn_node_after__()
    return edges if after is None else emission.add(layer, after[0], after[1], edges, weights=())


def _checked_masks(layer: NodeLayer, inputs: Sequence[Any], mask: Any) -> Any:
    """Returns masks given in a call, each as a tensor or an array that fits its input."""
    several = type(layer).__fastnn_takes_many__ or len(inputs) > 1
    masks = list(mask) if several and isinstance(mask, (list, tuple)) else [mask]
    if len(masks) != len(inputs):
        raise ValueError(
            f"{title(layer)} expects a mask, or None, for each of its {len(inputs)} inputs, got {len(masks)}"
        )
    made = []
    for one, x in zip(masks, inputs, strict=True):
        if one is not None and not isinstance(one, KerasTensor):
            one = numeric(one, f"{title(layer)}: mask")
            one = (
                one
                if isinstance(x, KerasTensor)
                else layer.__fastnn_spread_mask__(one, _with_places(layer, np.shape(x)))
            )
        if one is not None:
            shape = x.shape if isinstance(x, KerasTensor) else np.shape(x)
            layer.__fastnn_check_mask_shape__(tuple(one.shape), _with_places(layer, shape))
        made.append(one)
    return made if several else made[0]


def _with_places(layer: NodeLayer, shape: Shape) -> Shape:
    """Returns the shape of an input whose places, which a mask is about, come right after the batch."""
    return with_channels_last(shape) if has_channels_first(vars(layer)) else shape
