"""Convolutional long short-term memory layers over series of sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from fastnn import ops, random
from fastnn.config import checked_data_format
from fastnn.constraints import Constraint
from fastnn.engine.contract import title
from fastnn.engine.input_spec import InputSpec
from fastnn.layers.rnn.step_by_step import StepByStep
from fastnn.layers.windowed import for_each_axis
from fastnn.precision import floatx
from fastnn.regularizers import Regularizer
from fastnn.symbolic.variable import Variable

_PER_AXIS = ("kernel_size", "strides", "dilation_rate")


class _ConvLSTM(StepByStep):
    """Base of the layers; `rank` is the number of axes between the steps and the channels."""

    __fastnn_keras_variable_paths__ = {"": "cell"}
    rank: ClassVar[int]
    kernel: Variable
    recurrent_kernel: Variable
    bias: Variable | None = None
    filters: int
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str
    data_format: str | None
    dilation_rate: tuple[int, ...]
    activation: Callable[..., Any]
    recurrent_activation: Callable[..., Any]
    use_bias: bool
    kernel_initializer: Callable[..., Any]
    recurrent_initializer: Callable[..., Any]
    bias_initializer: Callable[..., Any]
    unit_forget_bias: bool
    kernel_regularizer: Regularizer | None
    recurrent_regularizer: Regularizer | None
    bias_regularizer: Regularizer | None
    kernel_constraint: Constraint | None
    recurrent_constraint: Constraint | None
    bias_constraint: Constraint | None
    dropout: float
    recurrent_dropout: float
    seed: Any

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        who = title(self)
        self.data_format = checked_data_format(who, self.data_format)
        if isinstance(self.filters, bool) or self.filters < 1:
            raise ValueError(f"{who} expects filters to be a positive integer, got {self.filters!r}")
        for name in _PER_AXIS:
            sizes = getattr(self, name)
            if len(sizes) != self.rank or any(size < 1 for size in sizes):
                raise ValueError(f"{who} expects {name} to be {self.rank} positive integers, got {sizes}")
        if self.padding not in ("valid", "same"):
            raise ValueError(f"{who} expects padding 'valid' or 'same', got {self.padding!r}")
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(f"{who} takes strides or a dilation_rate above 1, not both")
        for name in ("dropout", "recurrent_dropout"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{who} expects {name} in [0, 1], got {getattr(self, name)}")
        self.seed_generator = random.SeedGenerator(self.seed)
        self._spatial: tuple[Any, ...] = ()

    @classmethod
    def __fastnn_convert_argument__(cls, name: str, value: Any) -> Any:
        """Returns an argument as it is stored: a single number for each axis of a window."""
        value = for_each_axis(name, value, cls.rank)
        if name in _PER_AXIS and isinstance(value, list):
            value = tuple(value)
        return super().__fastnn_convert_argument__(name, value)

    def __fastnn_input_spec__(self) -> InputSpec:
        """Returns the description of the input."""
        return InputSpec(ndim=self.rank + 3)

    @property
    def cell(self) -> _ConvLSTM:
        """The layer itself, which has the weights and the arguments of a cell: `layer.cell.kernel`."""
        return self

    @property
    def state_size(self) -> list[int]:
        """List of the numbers of channels of the states."""
        return [self.filters, self.filters]

    @property
    def _channels_first(self) -> bool:
        return self.data_format == "channels_first"

    def _state_shapes(self) -> list[tuple[Any, ...]]:
        return [(name, *self._spatial, self.filters) for name in ("h", "c")]

    def _size_of_output(self, axis: int, size: int | None) -> int | None:
        if size is None:
            return None
        span = (self.kernel_size[axis] - 1) * self.dilation_rate[axis] + 1
        stride = self.strides[axis]
        made = -(-size // stride) if self.padding == "same" else (size - span) // stride + 1
        if made < 1:
            raise ValueError(
                f"{title(self)} expects inputs of at least {span} along each axis under its kernel, got {size}; use a "
                'smaller kernel_size or padding="same"'
            )
        return made

    def _sizes_of_output(self, sizes: Sequence[int | None]) -> tuple[int | None, ...]:
        return tuple(self._size_of_output(axis, size) for axis, size in enumerate(sizes))

    def build(self, sequences_shape: Any = None) -> None:
        """Creates the kernels and the bias, and the states of a stateful layer.

        Args:
            sequences_shape: Shape (batch, steps, ..., channels).

        Raises:
            ValueError: The channels are unknown, the output would be empty, or the layer is stateful and a size is
                unknown.
        """
        shape = tuple(sequences_shape)
        if len(shape) != self.rank + 3:
            raise ValueError(f"{title(self)} expects inputs of {self.rank + 3} axes, (batch, steps, ...), got {shape}")
        if self._channels_first:
            shape = (*shape[:2], *shape[3:], shape[2])
        channels = shape[-1]
        if channels is None:
            raise ValueError(f"{title(self)} expects a known number of channels, got {tuple(sequences_shape)}")
        self._spatial = self._sizes_of_output(shape[2:-1])
        if self.stateful and None in self._spatial:
            raise ValueError(f"{title(self)} is stateful and expects known sizes, got {tuple(sequences_shape)}")
        gates = 4 * self.filters
        self.kernel = self.add_weight(
            (*self.kernel_size, channels, gates), self.kernel_initializer, name="kernel",
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
        )  # fmt: skip
        self.recurrent_kernel = self.add_weight(
            (*self.kernel_size, self.filters, gates), self.recurrent_initializer, name="recurrent_kernel",
            regularizer=self.recurrent_regularizer, constraint=self.recurrent_constraint,
        )  # fmt: skip
        if self.use_bias:
            self.bias = self.add_weight(
                (gates,), self._initial_bias, name="bias", regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )  # fmt: skip
        super().build(sequences_shape)

    def _initial_bias(self, shape: Any, dtype: Any = None) -> Any:
        """Returns the initial bias, which is 1 for the forget gate, the second part of the channels."""
        value = np.array(self.bias_initializer(shape), dtype=floatx())
        if self.unit_forget_bias:
            value[self.filters : 2 * self.filters] = 1.0
        return value

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """Returns the shape of the output, and those of the states where they are returned."""
        shape = tuple(sequences_shape)
        between = shape[3:] if self._channels_first else shape[2:-1]
        sizes = self._sizes_of_output(between)
        image = (self.filters, *sizes) if self._channels_first else (*sizes, self.filters)
        output = (*shape[:2], *image) if self.return_sequences else (shape[0], *image)
        return (output, *[(shape[0], *image)] * 2) if self.return_state else output

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = None
    ) -> Any:  # fmt: skip
        """Returns the output of all steps, or of the last one.

        Args:
            sequences: Tensor (batch, steps, ..., channels).
            initial_state: List of the initial states h and c; None means zeros, or the final states of the previous
                batch in a stateful layer.
            mask: Tensor (batch, steps), true at the steps that count; None means that all do.
            training: Whether to apply dropout; None means as the model runs.

        Returns:
            The output; with `return_state` a tuple of it and the final states.
        """
        sequences = ops.cast(sequences, floatx())
        if self._channels_first:
            sequences = ops.moveaxis(sequences, 2, -1)
            initial_state = initial_state and [ops.moveaxis(one, 1, -1) for one in initial_state]
        if initial_state is None and self.states is None:
            initial_state = self._zeros(sequences)
        self._input_mask = self._recurrent_mask = None
        if training and self.dropout:
            self._input_mask = random.dropout(ops.ones_like(sequences[:, 0]), self.dropout, seed=self.seed_generator)
        if training and self.recurrent_dropout:
            ones = self._zeros(sequences)[0] + 1.0
            self._recurrent_mask = random.dropout(ones, self.recurrent_dropout, seed=self.seed_generator)
        output, states = self._step_by_step(sequences, initial_state, mask, time_order=False)
        if self._channels_first:
            output = ops.moveaxis(output, -1, 2 if self.return_sequences else 1)
            states = [ops.moveaxis(one, -1, 1) for one in states]
        return (output, *states) if self.return_state else output

    def _zeros(self, sequences: Any) -> list[Any]:
        """Returns initial states for sequences, whose sizes may be unknown while the model is made."""
        sizes = self._sizes_of_output(sequences.shape[2:-1])
        if None in sizes:
            state = ops.zeros_like(self._convolved(sequences[:, 0])[..., : self.filters])
        else:
            state = ops.zeros((ops.shape(sequences)[0], *sizes, self.filters))
        return [state, state]

    def _convolved(self, inputs: Any) -> Any:
        return ops.conv(inputs, self.kernel, self.strides, self.padding, "channels_last", self.dilation_rate)

    def _step(self, inputs: Any, states: list[Any]) -> tuple[Any, Any]:
        before, memory = states
        if self._input_mask is not None:
            inputs = inputs * self._input_mask
        kept = before if self._recurrent_mask is None else before * self._recurrent_mask
        sums = self._convolved(inputs) + ops.conv(kept, self.recurrent_kernel, 1, "same", "channels_last")
        if self.bias is not None:
            sums = sums + self.bias
        inlet, forget, candidate, outlet = ops.split(sums, 4, axis=-1)
        memory = self.recurrent_activation(forget) * memory
        memory = memory + self.recurrent_activation(inlet) * self.activation(candidate)
        output = self.recurrent_activation(outlet) * self.activation(memory)
        return output, [output, memory]


class ConvLSTM1D(_ConvLSTM):
    """Convolutional long short-term memory layer over series of sequences.

    Computes c = f * c_previous + i * activation(g) and h = o * activation(c) at each step. Here i, f, g and o are the
    four parts of the channels of conv(x, kernel) + conv(h_previous, recurrent_kernel) + bias, after
    `recurrent_activation` in the case of i, f and o. The steps are added to the graph one by one, for each number of
    steps that the data have.

    Shapes: input (batch, steps, length, channels), output
    (batch, new_length, filters), with the steps after the batch where
    `return_sequences` is true; with `return_state` a tuple of the output and the final states h and c. Weights:
    `kernel` (*kernel_size, channels, 4 * filters), `recurrent_kernel` (*kernel_size, filters, 4 * filters), `bias`
    (4 * filters,) if `use_bias`.

    Args:
        filters: Positive integer, number of output channels.
        kernel_size: Positive integers, size of both kernels along the length; one integer stands for all.
        strides: Positive integers, distance between windows of the inputs.
        padding: "valid": no padding; "same": zero padding so that a stride of 1 keeps the size. States are always
            padded so that they keep theirs.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dilation_rate: Positive integers, distance between the elements under the kernel of the inputs.
        activation: Activation function of the candidate and of the output: its name, a function of
            `fastnn.activations`, or None for the identity.
        recurrent_activation: Activation function of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initializer of `kernel`.
        recurrent_initializer: Initializer of `recurrent_kernel`.
        bias_initializer: Initializer of `bias`.
        unit_forget_bias: Whether the bias of the forget gate is initialized with 1.
        kernel_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        recurrent_regularizer: Regularizer of `recurrent_kernel`, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        activity_regularizer: Regularizer of the layer's output, or None.
        kernel_constraint: Constraint applied to `kernel` after each update, or None.
        recurrent_constraint: Constraint applied to `recurrent_kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        dropout: Number from 0 to 1, probability that an element of the inputs is dropped in training; the mask of a
            sample is the same at all steps.
        recurrent_dropout: The same for the elements of the previous output.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        return_sequences: Whether to return the outputs of all steps instead of the last one.
        return_state: Whether to return the final states too.
        go_backwards: Whether to process the steps from the last to the first; the outputs come in the order of
            processing.
        stateful: Whether sample i of a batch starts from the final states of sample i of the previous batch. The batch
            size must be known.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, the output would be empty, or the layer is stateful and the batch
            size is unknown.

    References:
        - Shi et al., "Convolutional LSTM Network: A Machine Learning Approach for Precipitation Nowcasting", 2015.

    Example:
        >>> layers.ConvLSTM1D(4, 3, padding="same")(np.ones((2, 5, 8, 3))).shape
        (2, 8, 4)
    """

    rank = 1

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)


class ConvLSTM2D(_ConvLSTM):
    """Convolutional long short-term memory layer over series of images.

    Computes c = f * c_previous + i * activation(g) and h = o * activation(c) at each step. Here i, f, g and o are the
    four parts of the channels of conv(x, kernel) + conv(h_previous, recurrent_kernel) + bias, after
    `recurrent_activation` in the case of i, f and o. The steps are added to the graph one by one, for each number of
    steps that the data have.

    Shapes: input (batch, steps, height, width, channels), output
    (batch, new_height, new_width, filters), with the steps after the batch where
    `return_sequences` is true; with `return_state` a tuple of the output and the final states h and c. Weights:
    `kernel` (*kernel_size, channels, 4 * filters), `recurrent_kernel` (*kernel_size, filters, 4 * filters), `bias`
    (4 * filters,) if `use_bias`.

    Args:
        filters: Positive integer, number of output channels.
        kernel_size: Positive integers, size of both kernels along height and width; one integer stands for all.
        strides: Positive integers, distance between windows of the inputs.
        padding: "valid": no padding; "same": zero padding so that a stride of 1 keeps the size. States are always
            padded so that they keep theirs.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dilation_rate: Positive integers, distance between the elements under the kernel of the inputs.
        activation: Activation function of the candidate and of the output: its name, a function of
            `fastnn.activations`, or None for the identity.
        recurrent_activation: Activation function of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initializer of `kernel`.
        recurrent_initializer: Initializer of `recurrent_kernel`.
        bias_initializer: Initializer of `bias`.
        unit_forget_bias: Whether the bias of the forget gate is initialized with 1.
        kernel_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        recurrent_regularizer: Regularizer of `recurrent_kernel`, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        activity_regularizer: Regularizer of the layer's output, or None.
        kernel_constraint: Constraint applied to `kernel` after each update, or None.
        recurrent_constraint: Constraint applied to `recurrent_kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        dropout: Number from 0 to 1, probability that an element of the inputs is dropped in training; the mask of a
            sample is the same at all steps.
        recurrent_dropout: The same for the elements of the previous output.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        return_sequences: Whether to return the outputs of all steps instead of the last one.
        return_state: Whether to return the final states too.
        go_backwards: Whether to process the steps from the last to the first; the outputs come in the order of
            processing.
        stateful: Whether sample i of a batch starts from the final states of sample i of the previous batch. The batch
            size must be known.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, the output would be empty, or the layer is stateful and the batch
            size is unknown.

    References:
        - Shi et al., "Convolutional LSTM Network: A Machine Learning Approach for Precipitation Nowcasting", 2015.

    Example:
        >>> layers.ConvLSTM2D(4, 3, padding="same")(np.ones((2, 5, 8, 8, 3))).shape
        (2, 8, 8, 4)
    """

    rank = 2

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)


class ConvLSTM3D(_ConvLSTM):
    """Convolutional long short-term memory layer over series of volumes.

    Computes c = f * c_previous + i * activation(g) and h = o * activation(c) at each step. Here i, f, g and o are the
    four parts of the channels of conv(x, kernel) + conv(h_previous, recurrent_kernel) + bias, after
    `recurrent_activation` in the case of i, f and o. The steps are added to the graph one by one, for each number of
    steps that the data have.

    Shapes: input (batch, steps, depth, height, width, channels), output
    (batch, new_depth, new_height, new_width, filters), with the steps after the batch where
    `return_sequences` is true; with `return_state` a tuple of the output and the final states h and c. Weights:
    `kernel` (*kernel_size, channels, 4 * filters), `recurrent_kernel` (*kernel_size, filters, 4 * filters), `bias`
    (4 * filters,) if `use_bias`.

    Args:
        filters: Positive integer, number of output channels.
        kernel_size: Positive integers, size of both kernels along depth, height and width; one integer stands for all.
        strides: Positive integers, distance between windows of the inputs.
        padding: "valid": no padding; "same": zero padding so that a stride of 1 keeps the size. States are always
            padded so that they keep theirs.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dilation_rate: Positive integers, distance between the elements under the kernel of the inputs.
        activation: Activation function of the candidate and of the output: its name, a function of
            `fastnn.activations`, or None for the identity.
        recurrent_activation: Activation function of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initializer of `kernel`.
        recurrent_initializer: Initializer of `recurrent_kernel`.
        bias_initializer: Initializer of `bias`.
        unit_forget_bias: Whether the bias of the forget gate is initialized with 1.
        kernel_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        recurrent_regularizer: Regularizer of `recurrent_kernel`, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        activity_regularizer: Regularizer of the layer's output, or None.
        kernel_constraint: Constraint applied to `kernel` after each update, or None.
        recurrent_constraint: Constraint applied to `recurrent_kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        dropout: Number from 0 to 1, probability that an element of the inputs is dropped in training; the mask of a
            sample is the same at all steps.
        recurrent_dropout: The same for the elements of the previous output.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        return_sequences: Whether to return the outputs of all steps instead of the last one.
        return_state: Whether to return the final states too.
        go_backwards: Whether to process the steps from the last to the first; the outputs come in the order of
            processing.
        stateful: Whether sample i of a batch starts from the final states of sample i of the previous batch. The batch
            size must be known.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, the output would be empty, or the layer is stateful and the batch
            size is unknown.

    References:
        - Shi et al., "Convolutional LSTM Network: A Machine Learning Approach for Precipitation Nowcasting", 2015.

    Example:
        >>> layers.ConvLSTM3D(4, 3, padding="same")(np.ones((2, 5, 4, 8, 8, 3))).shape
        (2, 4, 8, 8, 4)
    """

    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
