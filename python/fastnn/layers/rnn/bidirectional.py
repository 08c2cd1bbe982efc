"""Wrapper that runs a recurrent layer in both directions."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from fastnn import ops
from fastnn.engine.contract import state_of, title
from fastnn.engine.emission import Emission
from fastnn.engine.input_spec import InputSpec
from fastnn.engine.layer import Layer
from fastnn.layers.wrapper import Wrapper
from fastnn.ops.node import node


class Bidirectional(Wrapper):
    """Wrapper that runs a recurrent layer in both directions.

    One layer processes the steps forwards, a second one backwards, and `merge_mode` combines their outputs.

    Shapes: those of the layer, with the last size doubled for merge_mode="concat". Weights: those of both layers.

    Args:
        layer: Recurrent layer; it is copied.
        merge_mode: "concat", "sum", "mul", "ave", or None to return both outputs.
        weights: Initial values of all weights, as `get_weights` returns them, or None.
        backward_layer: Layer for the other direction, with the opposite `go_backwards`; None means a copy of `layer`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: The layers do not fit together, or the mode is unknown.

    References:
        - Schuster, Paliwal, "Bidirectional Recurrent Neural Networks", 1997.

    Example:
        >>> layers.Bidirectional(layers.LSTM(8, return_sequences=True))(np.ones((2, 5, 3))).shape
        (2, 5, 16)
    """

    __fastnn_keras_newer_arguments__ = {"weights": None}
    supports_masking = True
    forward_layer: Any
    backward_layer: Any
    stateful: bool
    return_sequences: bool
    return_state: bool
    __fastnn_modes__: ClassVar[Mapping[str, str]] = {
        "concat": "Concatenate",
        "sum": "Add",
        "mul": "Multiply",
        "ave": "Average",
    }
    layer: Any
    merge_mode: str | None

    def __init__(
        self,
        layer: Layer,
        merge_mode: str | None = "concat",
        weights: Sequence[Any] | None = None,
        backward_layer: Layer | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(layer, **kwargs)
        for one in (layer, layer if backward_layer is None else backward_layer):
            self._check_layer(one)
            if not all(hasattr(one, name) for name in ("go_backwards", "return_sequences", "return_state", "stateful")):
                raise ValueError(f"{title(self)} expects a recurrent layer, such as LSTM(8), got {one!r}")
        if merge_mode is not None and merge_mode not in self.__fastnn_modes__:
            raise ValueError(
                f"{title(self)} expects merge_mode {', '.join(map(repr, self.__fastnn_modes__))} or None, got "
                f"{merge_mode!r}"
            )
        if state_of(self).entry_shape is None:
            state_of(self).entry_shape = state_of(layer).entry_shape
        forward = {**layer.get_config(), "name": f"forward_{layer.name.removeprefix('forward_')}"}
        backward = {**forward, "name": f"backward_{layer.name.removeprefix('backward_')}", "go_backwards": True}
        self.forward_layer = self.layer = type(layer).from_config(forward)
        self.backward_layer = type(layer).from_config(backward) if backward_layer is None else backward_layer
        if self.forward_layer.go_backwards == self.backward_layer.go_backwards:
            raise ValueError(
                f"{title(self)} expects one layer with go_backwards=True and one with False, got two with "
                f"go_backwards={self.forward_layer.go_backwards}"
            )
        for name in ("stateful", "return_sequences", "return_state"):
            first, second = getattr(self.forward_layer, name), getattr(self.backward_layer, name)
            if first != second:
                raise ValueError(f"{title(self)} expects both layers to have the same {name}, got {first} and {second}")
            setattr(self, name, first)
        for one in (self.forward_layer, self.backward_layer):
            one.fixed_batch_size = getattr(layer, "fixed_batch_size", None)
            if hasattr(one, "zero_output_for_mask"):
                one.zero_output_for_mask = bool(self.return_sequences)

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Stores each argument as an attribute. Only arguments stored here are part of the config."""
        # `weights` is a property of every layer, so the initial values have another name.
        super().__fastnn_store_arguments__({name: value for name, value in arguments.items() if name != "weights"})
        self._first_weights = arguments["weights"]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Returns the merged output for an array or a symbolic tensor; see `call` for the arguments."""
        if len(getattr(kwargs.get("mask"), "shape", ())) == 3:
            kwargs["mask"] = ops.squeeze(kwargs["mask"], -1)
        if self.stateful and args:
            self.forward_layer.__fastnn_infer_batch_size__(args[0])
            self.backward_layer.__fastnn_infer_batch_size__(args[0])
        return super().__call__(*args, **kwargs)

    def build(self, sequences_shape: Any = None) -> None:
        """Creates the weights of both layers."""
        for one in (self.forward_layer, self.backward_layer):
            if not one.built:
                one.build(sequences_shape)
        super().build(sequences_shape)
        if self._first_weights is not None:
            self.set_weights(self._first_weights)
            self._first_weights = None

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = None) -> Any:
        """Returns the merged output of both layers.

        Args:
            sequences: Tensor (batch, steps, n).
            initial_state: Initial states of the first layer, then of the second; None means zeros.
            mask: Tensor (batch, steps), true at the steps that count; None means that all do.
            training: Whether to apply dropout; None means as the model runs.

        Returns:
            The merged output, or with merge_mode=None both outputs; with `return_state` followed by the final states of
            both layers.
        """
        half = 0 if initial_state is None else len(initial_state) // 2
        runs = []
        for i, one in enumerate((self.forward_layer, self.backward_layer)):
            states = None if initial_state is None else initial_state[i * half : (i + 1) * half]
            keywords = {name: value for name, value in (("initial_state", states), ("mask", mask)) if value is not None}
            in_order = i == 1 and one.go_backwards and "time_order" in inspect.signature(one.call).parameters
            if in_order:
                keywords["time_order"] = True
            made = one(sequences, **keywords)
            output, last = (made[0], list(made[1:])) if self.return_state else (made, [])
            if i == 1 and self.return_sequences and not in_order:
                output = ops.flip(output, axis=1)
            runs.append((output, last))
        (y, states), (y_back, states_back) = runs
        if self.merge_mode is None:
            return (y, y_back, *states, *states_back)
        merged = node(self.__fastnn_modes__[self.merge_mode], {}, [y, y_back], self.merge_mode)
        return (merged, *states, *states_back) if self.return_state else merged

    def __fastnn_set_output_masks__(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None], outputs: list[int]
    ) -> None:
        """Gives the outputs their masks."""
        if self.return_sequences and masks and masks[0] is not None:
            for edge in outputs[: 1 if self.merge_mode else 2]:
                emission.masks[edge] = masks[0]

    @property
    def states(self) -> list[Any] | None:
        """Variables that hold the states of stateful layers, or None."""
        both = [one.states for one in (self.forward_layer, self.backward_layer)]
        return None if None in both else [state for states in both for state in states]

    def reset_state(self) -> None:
        """Sets the states of stateful layers to 0."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """Sets the states of stateful layers to 0."""
        self.reset_state()

    def __fastnn_input_spec__(self) -> InputSpec:
        """Returns the description of the input."""
        return InputSpec(ndim=3)
