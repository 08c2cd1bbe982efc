"""Layers whose largest weight may become integers of 8 bits.

`quantize("int8")` replaces the weight by integers and a scale for each output: float = integer / scale. Its inputs are
quantized row by row as they come, so that products are products of integers. Integers do not learn; gradients pass as
through the floats for which they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastnn import ops
from fastnn.configurable import is_foreign
from fastnn.dtype_policies import QuantizedDTypePolicy
from fastnn.engine.contract import state_of, title
from fastnn.engine.emission import Emission
from fastnn.engine.layer import Layer
from fastnn.engine.ownership import LayerChanges, refuse_float64
from fastnn.layers.low_rank import LowRank, LowRankNode
from fastnn.precision import BFLOAT16, ROUNDING, floatx
from fastnn.quantizers import AbsMaxQuantizer, Int8QuantizationConfig, QuantizationConfig
from fastnn.quantizers import get as quantizer_of
from fastnn.symbolic.variable import Variable

# Sums of more products of two integers of 8 bits do not fit into 32 bits.
_MOST_TERMS = (1 << 17) - 1
NEEDS_FLOAT32 = "quantize makes integers of float32 weights"
"""Why a model of float64 is refused."""


def checked_config(who: str, mode: Any, config: Any) -> QuantizationConfig:
    """Returns the description that the arguments of `quantize` ask for.

    Args:
        who: The layer or model, for messages.
        mode: "int8", or None where `config` says it.
        config: A `QuantizationConfig`, a mode, or None.

    Raises:
        ValueError: There is none, they contradict each other, or it is another mode than "int8".
    """
    if isinstance(config, str):
        mode, config = config, None
    if config is None and mode is None:
        raise ValueError(f"{who}: quantize expects a mode or a config, such as quantize('int8')")
    if config is not None and not isinstance(config, QuantizationConfig):
        raise ValueError(f"{who}: quantize expects config to be an Int8QuantizationConfig, got {config!r}")
    if config is not None and mode not in (None, config.mode):
        raise ValueError(f"{who}: quantize got mode={mode!r} and a config of mode {config.mode!r}; leave out one")
    asked = mode if config is None else config.mode
    if asked != "int8":
        raise ValueError(f"{who}: quantize expects mode 'int8', the only one that fastnn has, got {asked!r}")
    found = Int8QuantizationConfig() if config is None else config
    if not isinstance(found.activation_quantizer, (AbsMaxQuantizer, type(None))):
        raise ValueError(
            f"{who}: quantize expects activation_quantizer to be an AbsMaxQuantizer or None, got "
            f"{found.activation_quantizer!r}"
        )
    return found


def rounded(x: Any, quantizer: AbsMaxQuantizer, axes: Any) -> Any:
    """Returns a tensor with the values that quantized ones stand for; gradients pass unchanged.

    Args:
        x: The tensor.
        quantizer: The rule.
        axes: Axes over which the largest absolute value is taken.
    """
    low, high = quantizer.value_range
    scale = high / (ops.max(ops.absolute(x), axis=axes, keepdims=True) + quantizer.epsilon)
    return x + ops.stop_gradient(ops.clip(ops.round(x * scale), low, high) / scale - x)


def node_of_product(layer: Layer, kind: str, config: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Returns the kind and the config of the node of a layer's product: another one with products of bfloat16.

    Args:
        layer: The layer, whose policy says so.
        kind: The kind of the node of floats.
        config: The config of that node.
    """
    return f"Bfloat16{kind}" if layer.dtype_policy.name in ROUNDING else kind, {**config, **held_in(layer)}


def held_in(layer: Layer) -> dict[str, str]:
    """Returns what the config of a node says of the type in which its largest weight is held.

    Args:
        layer: The layer, whose policy says so.
    """
    return {"held": BFLOAT16} if layer.dtype_policy.name == BFLOAT16 else {}


class Quantizable(LowRank):
    """Base of the layers whose largest weight, the one that can be adapted, can be quantized.

    Args:
        **kwargs: As in `LowRank`.
    """

    __fastnn_quantizes__ = True
    __fastnn_keras_quantizes__: ClassVar[bool] = True
    """False for a layer that Keras leaves as it is."""
    quantization_config: Any

    @classmethod
    def __fastnn_convert_argument__(cls, name: str, value: Any) -> Any:
        """Returns an argument as it is stored: a description of quantization as an object."""
        if name == "quantization_config" and isinstance(value, Mapping):
            return quantizer_of(value)
        return super().__fastnn_convert_argument__(name, value)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = self.quantization_config
        if given is not None and not isinstance(given, QuantizationConfig):
            raise ValueError(
                f"{title(self)} expects quantization_config to be an Int8QuantizationConfig, got {given!r}"
            )
        if given is not None:
            checked_config(title(self), None, given)

    # The integers and their scales.

    def __fastnn_scale__(self) -> Variable:
        """Returns the variable of the scales."""
        found: Variable = vars(self)[f"{type(self).__fastnn_adapts__}_scale"]
        return found

    def __fastnn_summed_axes__(self) -> tuple[int, ...]:
        """Returns the axes of the weight whose elements have one scale together."""
        return (0,)

    def __fastnn_kept_scale__(self, scale: NDArray[Any]) -> NDArray[Any]:
        """Returns scales as the layer keeps them.

        Args:
            scale: Scales with as many axes as the weight.
        """
        return np.squeeze(scale, self.__fastnn_summed_axes__())

    def __fastnn_spread_scale__(self, scale: Any) -> Any:
        """Returns scales with as many axes as the weight, as a tensor.

        Args:
            scale: Scales as the layer keeps them.
        """
        return ops.expand_dims(scale, self.__fastnn_summed_axes__())

    def __fastnn_rule__(self) -> AbsMaxQuantizer | None:
        """Returns the rule by which inputs are quantized, or None: they stay as they are."""
        config = self.quantization_config
        found: AbsMaxQuantizer | None = AbsMaxQuantizer() if config is None else config.activation_quantizer
        return found

    def __fastnn_sums_integers__(self, terms: int) -> bool:
        """Returns whether products of that many terms are products of integers.

        Args:
            terms: The number of products in a sum.
        """
        return self.__fastnn_rule__() is not None and terms <= _MOST_TERMS

    def __fastnn_product__(self, terms: int) -> dict[str, Any]:
        """Returns what the config of a node of a quantized product says of its numbers.

        Args:
            terms: The number of products in a sum.
        """
        rule = self.__fastnn_rule__() or AbsMaxQuantizer()
        low, high = rule.value_range
        return {
            "scale_shape": list(self.__fastnn_scale__().shape), "low": float(low), "high": float(high),
            "epsilon": float(rule.epsilon), "sums_integers": self.__fastnn_sums_integers__(terms),
        }  # fmt: skip

    def __fastnn_dequantized__(self) -> Any:
        """Returns the floats for which the integers stand, as a tensor."""
        return ops.cast(self.__fastnn_adapted__(), floatx()) / self.__fastnn_spread_scale__(self.__fastnn_scale__())

    # Files.

    @property
    def __fastnn_files_differ__(self) -> bool:
        """Whether files hold something else than the layer's variables in their order."""
        return self.lora_enabled or self.quantization_mode is not None

    def _in_file(self) -> list[Variable]:
        """Returns the variables that files hold, in order: the quantized one first, its scales last."""
        return [*super()._in_file(), *([] if self.quantization_mode is None else [self.__fastnn_scale__()])]

    def __fastnn_file_values__(self) -> list[NDArray[Any]]:
        """Returns the values for `_in_file`; of an adapted layer the integers of the sum."""
        if self.quantization_mode is None:
            return super().__fastnn_file_values__()
        values = [variable.numpy() for variable in self._in_file()]
        if self.lora_enabled:
            a, b = self.__fastnn_lora_factors__()
            whole = np.asarray(self.__fastnn_dequantized__() + self.__fastnn_lora_scale__() * ops.matmul(a, b))
            values[0], scale = AbsMaxQuantizer(axis=self.__fastnn_summed_axes__())(whole)
            values[-1] = self.__fastnn_kept_scale__(scale)
        return values

    # Quantization.

    def quantize(self, mode: Any = None, type_check: bool = True, config: Any = None) -> None:
        """Makes integers of the layer's largest weight, in place.

        They take a quarter of the memory and, with the inputs quantized as they come, products take less time. The
        integers are not trained; other weights are.

        Args:
            mode: "int8".
            type_check: Whether a class derived from the layer is refused.
            config: An `Int8QuantizationConfig` in place of the mode, with quantizers of your own; with
                `activation_quantizer=None` the inputs stay floats.

        Raises:
            ValueError: The layer is not built or is quantized already, or the arguments contradict each other.
            NotImplementedError: The class is derived from a layer of the package.

        Example:
            >>> layer = layers.Dense(2)
            >>> layer.build((None, 3))
            >>> layer.quantize("int8")
            >>> [(weight.name, weight.dtype) for weight in layer.weights]
            [('bias', 'float32'), ('kernel', 'int8'), ('kernel_scale', 'float32')]
        """
        found = checked_config(title(self), mode, config)
        if type_check and is_foreign(type(self)):
            raise NotImplementedError(
                f"{title(self)}: classes derived from a layer may use the weight in other ways; pass "
                "type_check=False to quantize it all the same"
            )
        if not self.built:
            raise ValueError(f"{title(self)} is not built: quantize needs weights that are there; build it first")
        if self.quantization_mode is not None:
            raise ValueError(f"{title(self)} is quantized already, to {self.dtype_policy.name!r}")
        refuse_float64(self, NEEDS_FLOAT32)
        whole = self.__fastnn_adapted__()
        if not np.isfinite(whole.numpy()).all():
            raise ValueError(f"{title(self)}: quantize expects finite weights, and {whole.path} has NaN or infinity")
        summed = self.__fastnn_summed_axes__()
        quantizer = found.weight_quantizer or AbsMaxQuantizer(axis=summed)
        integers, scale = (np.asarray(one) for one in quantizer(whole.numpy()))
        expected = tuple(1 if axis in summed else size for axis, size in enumerate(whole.shape))
        if integers.min(initial=0) < -127 or scale.shape != expected:
            raise ValueError(
                f"{title(self)}: quantize expects weight_quantizer to return integers of at least -127 and scales of "
                f"shape {expected}, got {integers.min(initial=0)} and {scale.shape}; write "
                f"AbsMaxQuantizer(axis={summed})"
            )
        self.quantization_config = config if isinstance(config, QuantizationConfig) else None
        self._replace(integers, self.__fastnn_kept_scale__(scale))
        state_of(self).policy = QuantizedDTypePolicy("int8", self.dtype_policy.name)
        LayerChanges.revise()

    def _replace(self, integers: NDArray[Any], scale: NDArray[Any]) -> None:
        """Puts integers and scales in the place of the weight."""
        state, name = state_of(self), type(self).__fastnn_adapts__
        whole = self.__fastnn_adapted__()
        made = [
            Variable(value, dtype=value.dtype, trainable=False, name=f"{self.name}/{role}")
            for role, value in ((name, integers.astype(np.int8)), (f"{name}_scale", scale.astype(floatx())))
        ]
        state.variables[:] = [variable for variable in state.variables if variable is not whole] + made
        state.learned[:] = [variable for variable in state.learned if variable is not whole]
        vars(self).pop(name, None)
        setattr(self, f"_{name}", made[0])
        setattr(self, f"{name}_scale", made[1])

    def __fastnn_made__(self) -> None:
        """Quantizes a layer that has just been built, where its policy says so, and adapts it if it has a rank."""
        if self.quantization_mode is not None:
            self.__fastnn_expect_integers__()
        super().__fastnn_made__()

    def __fastnn_expect_integers__(self) -> None:
        """Puts zeros of 8 bits in the place of the weight, which a file or `assign` will fill."""
        whole, summed = self.__fastnn_adapted__(), self.__fastnn_summed_axes__()
        if whole.handle.dtype == "int8":
            return
        scale = np.ones([1 if axis in summed else size for axis, size in enumerate(whole.shape)], dtype=floatx())
        self._replace(np.zeros(whole.shape, np.int8), self.__fastnn_kept_scale__(scale))
        if self.quantization_mode is None:
            state_of(self).policy = QuantizedDTypePolicy("int8", self.dtype_policy.name)


class QuantizableNode(Quantizable, LowRankNode):
    """Base of the nodes that can be quantized.

    Args:
        **kwargs: As in `Quantizable`.
    """

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node of floats, which knows nothing of quantization."""
        node = super().__fastnn_core_node__()
        assert node is not None
        return node[0], {name: value for name, value in node[1].items() if name != "quantization_config"}

    def __fastnn_quantized_node__(self) -> tuple[str, dict[str, Any]]:
        """Returns the kind and the config of the node of integers."""
        raise NotImplementedError

    def __fastnn_add_whole__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node of the weight itself, of floats or integers."""
        if self.quantization_mode is None:
            return super().__fastnn_add_whole__(emission, edges)
        kind, config = self.__fastnn_quantized_node__()
        whole, *bias = self.__fastnn_node_variables__()
        return emission.add(self, kind, config, edges, weights=[whole, self.__fastnn_scale__(), *bias])
