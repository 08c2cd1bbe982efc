"""Low-rank adaptation (LoRA) of the layers that have a kernel or a table of vectors.

The kernel is frozen, and the product of two small weights is added to it: kernel + lora_alpha / lora_rank * a @ b.
Files hold the sum in place of the kernel, so they load anywhere; a reader that has the layer adapted begins with a
product of zero. Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastnn import initializers, ops
from fastnn.engine.contract import state_of, title
from fastnn.engine.emission import Emission
from fastnn.engine.layer import Layer
from fastnn.engine.node_layer import NodeLayer
from fastnn.engine.ownership import LayerChanges, floats_for_integers
from fastnn.precision import floatx
from fastnn.symbolic.variable import Variable

_ARGUMENTS = ("lora_rank", "lora_alpha")


def counts_while(attribute: str) -> Callable[[Any], Any]:
    """Returns a decorator for a method that counts as overridden only while an attribute of the layer is true."""

    def marked(method: Any) -> Any:
        method.__fastnn_counts_while__ = attribute
        return method

    return marked


class Adapted:
    """Class attribute in place of the adapted weight: the sum, once the layer is adapted."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, layer: Any, owner: type | None = None) -> Any:
        if layer is None:
            return self
        if layer.lora_enabled:
            a, b = layer.__fastnn_lora_factors__()
            return layer.__fastnn_adapted__() + layer.__fastnn_lora_scale__() * ops.matmul(a, b)
        if f"_{self._name}" in vars(layer):
            return layer.__fastnn_adapted__()
        raise AttributeError(
            f"{title(layer)} is not built and has no {self._name} yet: call it on data, or build(input_shape)"
        )


class LowRank(Layer):
    """Base of the layers that can be adapted by two weights of low rank.

    Args:
        **kwargs: As in `Layer`.
    """

    __fastnn_adapts__: ClassVar[str] = "kernel"
    """Name of the weight that is adapted."""
    lora_enabled: bool = False
    lora_rank: int | None
    lora_alpha: float | None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        rank = self.lora_rank
        if rank is not None and (isinstance(rank, bool) or not isinstance(rank, (int, np.integer)) or rank < 0):
            raise ValueError(f"{title(self)}: lora_rank expects a positive integer or None, got {rank!r}")
        if self.lora_alpha is None:
            self.lora_alpha = rank

    def __fastnn_adapted__(self) -> Variable:
        """Returns the variable that is adapted, which has an attribute of its own once it is not the whole weight."""
        name = type(self).__fastnn_adapts__
        found: Variable = vars(self)[f"_{name}" if f"_{name}" in vars(self) else name]
        return found

    def __fastnn_lora_factors__(self) -> tuple[Variable, Variable]:
        """Returns the two weights whose product is added."""
        name = type(self).__fastnn_adapts__
        return vars(self)[f"lora_{name}_a"], vars(self)[f"lora_{name}_b"]

    def __fastnn_lora_scale__(self) -> float:
        """Returns the factor of the product."""
        assert self.lora_rank and self.lora_alpha is not None
        return self.lora_alpha / self.lora_rank

    def __fastnn_made__(self) -> None:
        """Adapts a layer that has just been built, where its constructor was given a rank."""
        if self.lora_rank and not self.lora_enabled:
            self.enable_lora(self.lora_rank, self.lora_alpha)

    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> None:
        """Freezes the kernel (or table of vectors) and adds a product of two trainable weights to it.

        A compiled model trains them from its next `compile` on. Files hold the sum in place of the kernel.

        Args:
            rank: Positive integer, the rank of the product.
            lora_alpha: The product is multiplied by lora_alpha / rank; None means `rank`.
            a_initializer: Initializer of the first weight, of shape (..., rank).
            b_initializer: Initializer of the second weight, of shape (rank, last dimension of the kernel).

        Raises:
            ValueError: The layer is not built, is adapted already, or its kernel has a constraint.

        Example:
            >>> layer = layers.Dense(8)
            >>> layer.build((None, 16))
            >>> layer.enable_lora(2)
            >>> [weight.name for weight in layer.trainable_weights]
            ['bias', 'lora_kernel_a', 'lora_kernel_b']
        """
        name = type(self).__fastnn_adapts__
        if isinstance(rank, bool) or not isinstance(rank, (int, np.integer)) or rank < 1:
            raise ValueError(f"{title(self)}: enable_lora expects rank to be a positive integer, got {rank!r}")
        if getattr(self, f"{name}_constraint") is not None:
            raise ValueError(
                f"{title(self)}: LoRA freezes the {name}, which has a constraint; leave out {name}_constraint"
            )
        if not self.built:
            raise ValueError(f"{title(self)} is not built: enable_lora adapts weights that are there; build it first")
        if self.lora_enabled:
            raise ValueError(f"{title(self)}: LoRA is already enabled, with rank {self.lora_rank}; it can be once only")
        whole = self.__fastnn_adapted__()
        penalty = getattr(self, f"{name}_regularizer")
        shapes = {"a": (*whole.shape[:-1], int(rank)), "b": (int(rank), whole.shape[-1])}
        made = {
            part: self.add_weight(
                shapes[part], initializers.get(given), regularizer=penalty, name=f"lora_{name}_{part}"
            )
            for part, given in (("a", a_initializer), ("b", b_initializer))
        }
        for part, variable in made.items():
            setattr(self, f"lora_{name}_{part}", variable)
        whole.trainable = False
        vars(self).pop(name, None)
        setattr(self, f"_{name}", whole)
        # The new weights stand before those that were made to be left alone, such as quantized ones.
        state = state_of(self)
        learned = {id(variable) for variable in state.learned}
        state.variables.sort(key=lambda variable: id(variable) not in learned)
        self.lora_enabled = True
        self.lora_rank = int(rank)
        self.lora_alpha = rank if lora_alpha is None else lora_alpha
        LayerChanges.revise()

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal layer without weights, as plain values.

        As in Keras, `lora_rank` and `lora_alpha` are among them where there is a rank.
        """
        config = super().get_config()
        return config if self.lora_rank else {k: v for k, v in config.items() if k not in _ARGUMENTS}

    def _in_file(self) -> list[Variable]:
        """Returns the variables that files hold, in order: the adapted one first."""
        bias = vars(self).get("bias")
        return [self.__fastnn_adapted__(), *([] if bias is None else [bias])]

    @property
    def __fastnn_files_differ__(self) -> bool:
        """Whether files hold something else than the layer's variables in their order."""
        return self.lora_enabled

    def __fastnn_file_values__(self) -> list[NDArray[Any]]:
        """Returns the values for `_in_file`."""
        others = [variable.numpy() for variable in self._in_file()[1:]]
        return [np.asarray(getattr(self, type(self).__fastnn_adapts__)), *others]

    @counts_while("__fastnn_files_differ__")
    def save_own_variables(self, store: Any) -> None:
        """Writes the values of the layer's variables; of an adapted layer the sum in place of its parts.

        Args:
            store: A mapping; the values are written under the keys "0", "1"...
        """
        if not self.__fastnn_files_differ__:
            super().save_own_variables(store)
            return
        for i, value in enumerate(self.__fastnn_file_values__()):
            store[str(i)] = value

    @counts_while("__fastnn_files_differ__")
    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Reads the values that `save_own_variables` wrote; the product of an adapted layer becomes zero.

        Args:
            store: A mapping with the values.

        Raises:
            ValueError: It has another number of values, or a value of another shape.
        """
        if not self.__fastnn_files_differ__:
            super().load_own_variables(store)
            return
        variables = self._in_file()
        if len(store) != len(variables):
            hint = floats_for_integers(len(store), variables)
            raise ValueError(f"{title(self)} expects {len(variables)} variables, got {len(store)}{hint}")
        for i, variable in enumerate(variables):
            variable.assign(np.asarray(store[str(i)]))
        for factor in self.__fastnn_lora_factors__() if self.lora_enabled else ():
            factor.assign(np.zeros(factor.shape, dtype=floatx()))


class LowRankNode(LowRank, NodeLayer):
    """Base of the nodes that can be adapted: the node once more, `rank` wide, then a product with the second weight.

    Args:
        **kwargs: As in `Layer`.
    """

    __fastnn_width__: ClassVar[str] = "units"
    """Name of the argument that is the last dimension of the adapted weight."""

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights for inputs of this shape; a layer that is built already only checks that it fits.

        Args:
            input_shape: The batch's shape, such as (None, 784).

        Raises:
            ValueError: The layer cannot take this shape, or was built for another.
        """
        super().build(input_shape)
        self.__fastnn_made__()

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node, which knows nothing of the adaptation."""
        node = super().__fastnn_core_node__()
        assert node is not None
        return node[0], {name: value for name, value in node[1].items() if name not in _ARGUMENTS}

    def __fastnn_add_whole__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node of the weight itself to a graph; returns its output edges."""
        node = self.__fastnn_core_node__()
        assert node is not None
        return emission.add(self, node[0], node[1], edges, weights=self.__fastnn_node_variables__())

    def __fastnn_node_variables__(self) -> list[Variable]:
        """Returns the variables that the node reads, in its order: the adapted one and the bias."""
        return LowRank._in_file(self)

    def __fastnn_add_core_node__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph, and what adapts it; returns its output edges."""
        whole = self.__fastnn_add_whole__(emission, edges)
        if not self.lora_enabled:
            return whole
        node = self.__fastnn_core_node__()
        assert node is not None
        kind, config = node
        a, b = self.__fastnn_lora_factors__()
        groups = config.get("groups", 1)
        thin = {**config, type(self).__fastnn_width__: a.shape[-1], "use_bias": False, "groups": 1}
        thin["held"] = a.handle.dtype
        thin = {name: value for name, value in thin.items() if name in config}
        parts = emission.run(lambda x: ops.split(x, groups, axis=-1), edges, self.name)[1] if groups > 1 else edges
        narrow = [emission.add(self, kind, thin, [part], weights=[a])[0] for part in parts]
        scale, filters = self.__fastnn_lora_scale__(), b.shape[-1] // groups

        def adapted(y: Any, *inner: Any) -> Any:
            pieces = [
                ops.matmul(x, b if groups == 1 else b[:, i * filters : (i + 1) * filters]) for i, x in enumerate(inner)
            ]
            return y + scale * (pieces[0] if groups == 1 else ops.concatenate(pieces, axis=-1))

        return emission.run(adapted, [*whole, *narrow], f"{title(self)}: LoRA")[1]
