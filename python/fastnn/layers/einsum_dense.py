"""Dense layer written as an einsum equation; attention projects with it too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import activations
from fastnn.constraints import Constraint
from fastnn.engine.contract import state_of, title
from fastnn.initializers import VarianceScaling
from fastnn.layers.low_rank import Adapted
from fastnn.layers.projection import Projecting
from fastnn.layers.quantization import Quantizable, held_in, node_of_product, rounded
from fastnn.regularizers import Regularizer
from fastnn.symbolic.tensors import operators
from fastnn.symbolic.variable import Variable


class EinsumDense(Quantizable, Projecting):
    """Fully connected layer between axes that an einsum equation chooses.

    Computes activation(einsum(equation, x, kernel) + bias). Equation "abc,cd->abd" is a `Dense` on sequences,
    "abc,cde->abde" one with two axes of units, "...x,xy->...y" one for any number of axes.

    Shapes: those of the equation, one letter for each axis. Weights: `kernel`, whose letters take their sizes from the
    input, or else from `output_shape`; `bias`, with the sizes of `bias_axes`.

    Args:
        equation: Letters of the input, of the kernel and of the output; "..." at the start or the end of input and
            output stands for any axes.
        output_shape: Sizes of the output without the batch (with "..." in front, of its letters alone); None for those
            that the input has.
        activation: Activation function: its name, a function of `fastnn.activations`, or None for the identity.
        bias_axes: Letters of the output that `bias` has; None means no bias.
        kernel_initializer: Initializer of `kernel`.
        bias_initializer: Initializer of `bias`.
        kernel_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        kernel_constraint: Constraint applied to `kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        lora_rank: Rank of an adaptation of the kernel, which is then frozen (see `enable_lora`), or None.
        lora_alpha: The adaptation is multiplied by lora_alpha / lora_rank; None means `lora_rank`.
        gptq_unpacked_column_size: Not supported; must be None.
        quantization_config: An `Int8QuantizationConfig` for a layer with the policy "int8_from_float32", or None.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: The equation is malformed, or does not fit the input or `output_shape`; or an unsupported argument
            is given.

    Example:
        >>> layer = layers.EinsumDense("abc,cd->abd", output_shape=(None, 64), bias_axes="d")
        >>> layer(np.ones((2, 10, 32))).shape
        (2, 10, 64)
        >>> layer.kernel.shape, layer.bias.shape
        ((32, 64), (64,))
    """

    __fastnn_keras_newer_arguments__ = {
        "lora_rank": None, "lora_alpha": None, "gptq_unpacked_column_size": None, "quantization_config": None,
    }  # fmt: skip
    kernel: Any = Adapted()
    bias: Variable | None = None
    equation: str
    activation: Callable[..., Any]
    bias_axes: str | None
    kernel_initializer: Callable[..., Any]
    bias_initializer: Callable[..., Any]
    kernel_regularizer: Regularizer | None
    bias_regularizer: Regularizer | None
    kernel_constraint: Constraint | None
    bias_constraint: Constraint | None
    gptq_unpacked_column_size: int | None
    quantization_config: Any

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if self.gptq_unpacked_column_size is not None:
            raise ValueError(f"{title(self)} does not support gptq_unpacked_column_size; leave it at None")
        parts = equation.replace(" ", "").replace("->", ",").split(",")
        plain = [part.replace("...", "") for part in parts]
        if len(parts) != 3 or "->" not in equation or not all(p.isalpha() and len(set(p)) == len(p) for p in plain):
            raise ValueError(
                f"{title(self)} expects an equation such as 'abc,cd->abd', with the letters of input, kernel and "
                f"output, got {equation!r}"
            )
        self._terms = parts

    def _expanded(self, rank: int) -> tuple[str, str, str, int]:
        """Returns the letters of input, kernel and output for `rank` axes, and the number of axes of "..."."""
        given, kernel, out = self._terms
        named = len(given.replace("...", ""))
        left = rank - named
        if left < 0 or (left > 0 and "..." not in given) or ("..." in given) != ("..." in out):
            raise ValueError(
                f"{title(self)} expects an input of {named} axes, as in {self.equation!r}, got one of {rank}"
            )
        spare = "".join(c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in self.equation)[:left]
        return given.replace("...", spare), kernel, out.replace("...", spare), left

    def build(self, input_shape: Any = None) -> None:
        """Creates the kernel and the bias.

        Args:
            input_shape: Shape of the input, such as (None, 10, 32).

        Raises:
            ValueError: The shape does not fit the equation, or a size of the kernel is unknown.
        """
        # As in Keras, axes beyond those of the equation are an error of the call alone.
        open_ended = "..." in self._terms[0]
        rank = len(input_shape) if open_ended else min(len(input_shape), len(self._terms[0]))
        given, kernel, _, left = self._expanded(rank)
        sizes = dict(zip(given, input_shape, strict=False))
        leading = self._terms[2].startswith("...")
        named = self._terms[2].replace("...", "")
        asked = named if leading else named[1:]
        wanted = self._sizes or ()
        if len(wanted) != len(asked):
            raise ValueError(
                f"{title(self)} expects output_shape to have {len(asked)} sizes, for {asked!r} of {self.equation!r}, "
                f"got {wanted}"
            )
        for letter, size in zip(asked, wanted, strict=True):
            known = sizes.setdefault(letter, size)
            if size is not None and known is not None and known != size:
                raise ValueError(f"{title(self)}: {letter!r} is {known} in the input and {size} in output_shape")
        for letter in kernel:
            if sizes.get(letter) is None:
                raise ValueError(
                    f"{title(self)} expects a size for {letter!r} of the kernel, from the input {tuple(input_shape)} "
                    f"or from output_shape {wanted}"
                )
        initializer = self.kernel_initializer
        if isinstance(initializer, VarianceScaling):
            made = [i for i, letter in enumerate(kernel) if letter in named]
            initializer = initializer.along([i for i in range(len(kernel)) if i not in made], made)
        self.kernel = self.add_weight(
            tuple(sizes[letter] for letter in kernel),
            initializer,
            held_in(self).get("held"),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        if self.bias_axes:
            for letter in self.bias_axes:
                if letter not in named or sizes.get(letter) is None:
                    raise ValueError(
                        f"{title(self)} expects bias_axes among {named!r}, whose sizes are known, "
                        f"got {self.bias_axes!r}"
                    )
            expanded = named[min(named.index(letter) for letter in self.bias_axes) :]
            shape = [sizes[letter] if letter in self.bias_axes else 1 for letter in expanded]
            self.bias = self.add_weight(
                (*shape, *([] if leading else [1] * left)),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self._rank = rank
        state_of(self).build_shape = tuple(input_shape)
        self.built = True
        self.__fastnn_made__()

    # Quantization; see `Quantizable`.

    def __fastnn_summed_axes__(self) -> tuple[int, ...]:
        """Returns the axes of the kernel whose elements have one scale together: those that are summed."""
        _, kernel, out, _ = self._expanded(self._rank)
        return tuple(axis for axis, letter in enumerate(kernel) if letter not in out)

    def __fastnn_kept_scale__(self, scale: NDArray[Any]) -> NDArray[Any]:
        """Returns scales with the axes of the output, as the layer keeps them.

        Args:
            scale: Scales with the axes of the kernel.
        """
        _, kernel, out, _ = self._expanded(self._rank)
        kept = [letter for letter in out if letter in kernel]
        turned: NDArray[Any] = np.einsum(f"{kernel}->{''.join(kept)}", scale)
        return turned.reshape([turned.shape[kept.index(c)] if c in kept else 1 for c in out])

    def __fastnn_spread_scale__(self, scale: Any) -> Any:
        """Returns scales with the axes of the kernel, as a tensor.

        Args:
            scale: Scales as the layer keeps them.
        """
        _, kernel, out, _ = self._expanded(self._rank)
        order = [out.index(letter) for letter in kernel if letter in out]
        turned = operators["transpose"](scale, [axis for axis in range(len(out)) if axis not in order] + order)
        sizes = dict(zip(kernel, self.__fastnn_adapted__().shape, strict=True))
        return operators["reshape"](turned, tuple(sizes[c] if c in out else 1 for c in kernel))

    def call(self, inputs: Any) -> Any:
        """Returns the output for a tensor whose axes are those of the equation."""
        given, kernel, out, _ = self._expanded(len(inputs.shape))
        whole, bias, quantized = self.__fastnn_adapted__(), self.bias, self.quantization_mode is not None
        summed = "".join(c for c in kernel if c not in out)
        made = kernel.removeprefix(summed)
        # Where the axes are in the order of a matrix product, the bias is part of it if it has all new axes.
        is_product = given.endswith(summed) and out == given.removesuffix(summed) + made and len(given) > len(summed)
        if (quantized or not self.lora_enabled) and summed and made and is_product:
            sizes = list(whole.shape[len(summed) :])
            within = bias is not None and list(bias.shape) == sizes
            config = {"contracted": len(summed), "output_shape": sizes, "use_bias": within}
            weights = [whole]
            if quantized:
                terms = int(np.prod(whole.shape[: len(summed)]))
                kind, config = "QuantizedDense", {**config, **self.__fastnn_product__(terms)}
                weights.append(self.__fastnn_scale__())
            else:
                kind, config = node_of_product(self, "EinsumDense", config)
            if within and bias is not None:
                weights.append(bias)
            y = operators["node"](kind, config, [inputs], self.name, weights)
            bias = None if within else bias
        elif quantized:
            rule = self.__fastnn_rule__()
            axes = [axis for axis, letter in enumerate(given) if letter not in out]
            x = inputs if rule is None else rounded(inputs, rule, axes)
            y = self._einsum(x, self.__fastnn_dequantized__(), given, kernel, out)
        else:
            y = self._einsum(inputs, self.kernel, given, kernel, out)
        if quantized and self.lora_enabled:
            a, b = self.__fastnn_lora_factors__()
            y = y + self.__fastnn_lora_scale__() * self._einsum(inputs, operators["matmul"](a, b), given, kernel, out)
        if bias is not None:
            y = operators["add"](y, bias)
        return y if self.activation is activations.linear else self.activation(y)

    def _einsum(self, x: Any, factors: Any, given: str, kernel: str, out: str) -> Any:
        """Returns the sum of products for the letters of input, kernel and output."""
        if any(letter in given and letter in out for letter in kernel):
            return self._multiply_and_sum(x, factors, given, kernel, out)
        return operators["einsum"](f"{given},{kernel}->{out}", x, factors)

    def _multiply_and_sum(self, inputs: Any, weight: Any, given: str, kernel: str, out: str) -> Any:
        """Returns the output where indices along a shared axis have kernels of their own: products, then sums."""
        letters = given + "".join(c for c in kernel if c not in given)
        order = sorted(range(len(kernel)), key=lambda i: letters.index(kernel[i]))
        sizes = dict(zip(kernel, self.__fastnn_adapted__().shape, strict=True))
        factors = operators["transpose"](weight, order)
        factors = operators["reshape"](factors, tuple(sizes.get(letter, 1) for letter in letters[1:]))
        expanded: tuple[Any, ...] = (..., *[None] * (len(letters) - len(given)))
        spread = inputs[expanded]
        left = [letter for letter in letters if letter in out]
        y = operators["sum"](
            operators["multiply"](spread, factors), axis=tuple(i for i, c in enumerate(letters) if c not in out)
        )
        return operators["transpose"](y, [left.index(letter) for letter in out])
