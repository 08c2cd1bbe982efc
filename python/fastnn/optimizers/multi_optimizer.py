"""MultiOptimizer: another optimizer for each weight, chosen by its path."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core, object_forms
from fastnn.keras_form import KerasForm
from fastnn.optimizers.lbfgs import LBFGS
from fastnn.optimizers.loss_scale_optimizer import LossScaleOptimizer
from fastnn.optimizers.optimizer import Optimizer
from fastnn.symbolic.variable import Variable


class OptimizerMap(KerasForm, MutableMapping[str, Optimizer]):
    """Optimizers by the paths of weights.

    A key is a path, or a regular expression that matches a whole path: "encoder/.*".

    Args:
        default_optimizer: The optimizer of weights that no key matches.
        optimizer_map: Optimizers by path or expression; None: none yet.

    Raises:
        TypeError: `default_optimizer` is no optimizer, or `optimizer_map` no dict.

    Example:
        >>> chosen = fastnn.optimizers.OptimizerMap(fastnn.optimizers.SGD(0.5))
        >>> chosen["dense/.*"] = fastnn.optimizers.Adam()
        >>> chosen["dense/kernel"], chosen["head/kernel"]
        (Adam(), SGD(learning_rate=0.5))
    """

    __fastnn_keras_module__ = "keras.optimizers"

    def __init__(
        self, default_optimizer: Optimizer, optimizer_map: MutableMapping[str, Optimizer] | None = None
    ) -> None:
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(f"OptimizerMap expects default_optimizer to be an optimizer, got {default_optimizer!r}")
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(f"OptimizerMap expects optimizer_map to be a dict or None, got {optimizer_map!r}")
        self._default = default_optimizer
        self._chosen: MutableMapping[str, Optimizer] = {} if optimizer_map is None else optimizer_map

    @property
    def default_optimizer(self) -> Optimizer:
        """The optimizer of weights that no key matches."""
        return self._default

    def __getitem__(self, key: str) -> Optimizer:
        if key in self._chosen:
            return self._chosen[key]
        matching = [pattern for pattern in self._chosen if re.fullmatch(pattern, key)]
        if len(matching) > 1:
            raise ValueError(f"OptimizerMap: {key!r} is matched by {' and '.join(map(repr, matching))}; one must match")
        return self._chosen[matching[0]] if matching else self._default

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        if key in self._chosen:
            raise ValueError(f"OptimizerMap already has an optimizer for {key!r}: {self._chosen[key]!r}")
        if not isinstance(key, str):
            raise ValueError(f"OptimizerMap expects keys to be strings, got {key!r}")
        if not isinstance(optimizer, Optimizer) or isinstance(optimizer, (LossScaleOptimizer, MultiOptimizer, LBFGS)):
            raise ValueError(f"OptimizerMap expects an optimizer that moves single weights, got {optimizer!r}")
        self._chosen[key] = optimizer

    def __delitem__(self, key: str) -> None:
        del self._chosen[key]

    def __len__(self) -> int:
        return len(self._chosen)

    def __iter__(self) -> Iterator[str]:
        return iter(self._chosen)

    def __call__(self, variable: Variable) -> Optimizer:
        """Returns the optimizer of a weight.

        Args:
            variable: The weight.
        """
        return self[variable.path]

    def get_config(self) -> dict[str, Any]:
        """Returns the optimizers in the form of Keras' files."""
        return {
            "default_optimizer": object_forms.serialize(self._default),
            "optimizer_map": {key: object_forms.serialize(one) for key, one in self._chosen.items()},
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> OptimizerMap:
        """Returns a new map with the optimizers that `get_config` returned.

        Args:
            config: The optimizers.
            custom_objects: Classes by the names that the config uses for them.
        """

        def made(one: Any) -> Any:
            return one if isinstance(one, Optimizer) else object_forms.deserialize(one, custom_objects, "optimizers")

        return cls(made(config["default_optimizer"]), {key: made(one) for key, one in config["optimizer_map"].items()})


class MultiOptimizer(Optimizer):
    """Optimizer that moves each weight by another optimizer.

    Each optimizer has its own learning rate, slots, clipping and count of steps; a `global_clipnorm` is that of its own
    weights.

    Args:
        optimizer_map: An `OptimizerMap`, or a function that returns the optimizer of a weight.
        loss_scale_factor: Factor of the loss whose gradients are given to `apply`.
        name: Name of the optimizer; None: that of the class in snake case.

    Raises:
        ValueError: A weight is given an optimizer that cannot move single weights.

    Example:
        >>> chosen = fastnn.optimizers.OptimizerMap(fastnn.optimizers.SGD(0.5))
        >>> chosen["frozen.*"] = fastnn.optimizers.SGD(0.0)
        >>> weights = [fastnn.Variable(np.ones(1), name=name) for name in ("kernel", "frozen_kernel")]
        >>> fastnn.optimizers.MultiOptimizer(chosen).apply([np.ones(1), np.ones(1)], weights)
        >>> [float(weight.numpy()[0]) for weight in weights]
        [0.5, 1.0]
    """

    _fastnn_kind = "sgd"  # of no weight: it counts the steps
    _fastnn_outside_core = ("name", "optimizer_map", "loss_scale_factor")
    optimizer_map: Any

    use_ema = False
    gradient_accumulation_steps = None
    weight_decay = None

    def __init__(self, optimizer_map: Any, loss_scale_factor: float | None = None, name: str | None = None) -> None:
        self._fastnn_optimizers: list[Optimizer] = []
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in [*optimizer_map.values(), optimizer_map.default_optimizer]:
                self._fastnn_add(optimizer)

    def _fastnn_checked(self, name: str, value: Any) -> Any:
        if name != "optimizer_map":
            return super()._fastnn_checked(name, value)
        if not callable(value):
            raise TypeError(f"MultiOptimizer expects optimizer_map to be an OptimizerMap or a function, got {value!r}")
        return value

    def _fastnn_add(self, optimizer: Any) -> None:
        if not isinstance(optimizer, Optimizer) or isinstance(optimizer, (LossScaleOptimizer, MultiOptimizer, LBFGS)):
            raise ValueError(f"MultiOptimizer expects optimizers that move single weights, got {optimizer!r}")
        if all(optimizer is not known for known in self._fastnn_optimizers):
            self._fastnn_optimizers.append(optimizer)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Returns a new optimizer with the arguments that `get_config` returned.

        Args:
            config: The arguments.
            custom_objects: Classes by the names that the config uses for them.
        """
        chosen = config["optimizer_map"]
        if isinstance(chosen, Mapping) and not isinstance(chosen, OptimizerMap):
            chosen = object_forms.deserialize(chosen, custom_objects, "optimizers")
        return cls(**{**config, "optimizer_map": chosen})

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, as plain values, from which `from_config` makes an equal optimizer without slots."""
        return {
            "optimizer_map": object_forms.serialize(self.optimizer_map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }

    @property
    def optimizers(self) -> list[Optimizer]:
        """The optimizers, in the order of `optimizer_map` and of the weights."""
        return list(self._fastnn_optimizers)

    @property
    def learning_rate(self) -> Any:
        """Raises: each of `optimizers` has its own."""
        raise AttributeError("MultiOptimizer has no learning rate; each of its `optimizers` has its own")

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        raise AttributeError("MultiOptimizer has no learning rate; set that of each of its `optimizers`")

    def _fastnn_parts(self, variables: Sequence[Variable]) -> list[tuple[Optimizer, list[Variable]]]:
        """Returns the optimizers, each with its weights among those given."""
        chosen = [(self.optimizer_map(variable), variable) for variable in variables]
        for optimizer, _ in chosen:
            self._fastnn_add(optimizer)
        return [(one, [v for optimizer, v in chosen if optimizer is one]) for one in self._fastnn_optimizers]

    def build(self, variables: Sequence[Variable]) -> None:
        """Adds slots for weights not seen before.

        Args:
            variables: The weights.
        """
        self._fastnn_state.current = list(variables)
        known = {id(variable) for variable in self._fastnn_state.weights}
        self._fastnn_state.weights += [variable for variable in variables if id(variable) not in known]
        self._fastnn_state.take_type(variables)
        for optimizer, weights in self._fastnn_parts(variables):
            if weights:
                optimizer.build(weights)
        self.built = True

    def __fastnn_variables__(self, weights: Sequence[Variable]) -> list[Any]:
        inner = [v for one, part in self._fastnn_parts(weights) for v in one.__fastnn_variables__(part)]
        return [*super().__fastnn_variables__([]), *inner]

    def __fastnn_commits__(self, variables: Sequence[Variable]) -> _core.Optimizers:
        self.build(variables)
        commits: list[tuple[_core.Optimizer, Sequence[_core.Variable] | None]] = [(self._fastnn_state.handle, [])]
        for optimizer, weights in self._fastnn_parts(variables):
            handles = [variable.handle for variable in weights]
            # An optimizer without a weight does not step.
            if weights:
                commits += [(handle, handles) for handle, _ in optimizer.__fastnn_commits__(weights)]
        return commits

    def __fastnn_rates__(self, steps: int) -> NDArray[np.float64] | None:
        moving = [one for one, weights in self._fastnn_parts(self._fastnn_state.current) if weights]
        rates = [one.__fastnn_rates__(steps) for one in moving]
        if all(one is None for one in rates):
            return None
        unchanged = np.full((steps, 1), np.nan)
        return np.hstack([unchanged, *(unchanged if one is None else one for one in rates)])

    def __fastnn_rates_to_keep__(self) -> list[Callable[..., float]]:
        return [rate for one in self._fastnn_optimizers for rate in one.__fastnn_rates_to_keep__()]

    def __fastnn_average__(self, variable: Variable) -> Any:
        return self.optimizer_map(variable).__fastnn_average__(variable)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Gives weights their final values, as their optimizers do.

        Args:
            var_list: The weights.
        """
        for optimizer, weights in self._fastnn_parts(var_list):
            optimizer.finalize_variable_values(weights)
