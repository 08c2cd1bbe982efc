"""LossScaleOptimizer: another optimizer, whose steps are refused where scaled gradients overflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core, object_forms
from fastnn.engine.step_trace import StepTrace
from fastnn.optimizers.optimizer import Optimizer
from fastnn.precision import as_floats
from fastnn.symbolic.variable import Variable


class LossScaleOptimizer(Optimizer):
    """Shell around an optimizer that scales the loss, as mixed precision needs (Micikevicius et al., 2018).

    fastnn computes in float32, where gradients need no scale, so `fit` does not scale them. What they would be if they
    were decides: a step whose scaled gradients are not finite moves nothing and halves the scale, and
    `dynamic_growth_steps` steps without such a one double it. `apply` divides the gradients by the scale, as those of
    `scale_loss(loss)` must be.

    Args:
        inner_optimizer: The optimizer that moves the weights.
        initial_scale: First scale.
        dynamic_growth_steps: Number of finite steps after which the scale is doubled.
        name: Name of the optimizer; None: that of the class in snake case.

    Raises:
        TypeError: `inner_optimizer` is no optimizer.
        ValueError: A number is out of its range.

    Example:
        >>> optimizer = fastnn.optimizers.LossScaleOptimizer(fastnn.optimizers.SGD(0.5), initial_scale=4.0)
        >>> weight = fastnn.Variable(np.array([1.0]))
        >>> optimizer.apply([np.array([np.inf])], [weight])
        >>> optimizer.apply([np.array([2.0])], [weight])
        >>> weight.numpy(), float(optimizer.scale_loss(1.0))
        (array([0.5], dtype=float32), 2.0)
    """

    _fastnn_kind = "loss_scale"
    _fastnn_counts = ("dynamic_growth_steps",)
    _fastnn_outside_core = ("name", "inner_optimizer")
    inner_optimizer: Optimizer
    initial_scale: float
    dynamic_growth_steps: int

    use_ema = False
    loss_scale_factor = None
    gradient_accumulation_steps = None
    weight_decay = None

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
    ) -> None:
        inner_optimizer.loss_scale_factor = None

    def _fastnn_checked(self, name: str, value: Any) -> Any:
        if name != "inner_optimizer":
            return super()._fastnn_checked(name, value)
        if not isinstance(value, Optimizer) or isinstance(value, LossScaleOptimizer):
            raise TypeError(f"LossScaleOptimizer expects inner_optimizer to be an optimizer, got {value!r}")
        return value

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Returns a new optimizer with the arguments that `get_config` returned.

        Args:
            config: The arguments.
            custom_objects: Classes by the names that the config uses for them.
        """
        inner = config["inner_optimizer"]
        if not isinstance(inner, Optimizer):
            inner = object_forms.deserialize(inner, custom_objects, "optimizers")
        return cls(**{**config, "inner_optimizer": inner})

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, as plain values, from which `from_config` makes an equal optimizer without slots."""
        return {
            "name": self.name, "inner_optimizer": object_forms.serialize(self.inner_optimizer),
            "initial_scale": self.initial_scale, "dynamic_growth_steps": self.dynamic_growth_steps,
        }  # fmt: skip

    @property
    def learning_rate(self) -> Any:
        """Learning rate of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    @property
    def iterations(self) -> Any:
        """Number of steps of the inner optimizer."""
        return self.inner_optimizer.iterations

    @iterations.setter
    def iterations(self, value: Any) -> None:
        self.inner_optimizer.iterations = value

    def build(self, variables: Sequence[Variable]) -> None:
        """Adds slots for weights not seen before.

        Args:
            variables: The weights.
        """
        super().build(variables)
        self.inner_optimizer.build(variables)

    def __fastnn_variables__(self, weights: Sequence[Variable]) -> list[Any]:
        return [*super().__fastnn_variables__(weights), *self.inner_optimizer.__fastnn_variables__(weights)]

    def __fastnn_commits__(self, variables: Sequence[Variable]) -> _core.Optimizers:
        self.build(variables)
        return [(self._fastnn_state.handle, None), *self.inner_optimizer.__fastnn_commits__(variables)]

    def __fastnn_rates__(self, steps: int) -> NDArray[np.float64] | None:
        rates = self.inner_optimizer.__fastnn_rates__(steps)
        return None if rates is None else np.hstack([np.full((steps, 1), np.nan), rates])

    def __fastnn_rates_to_keep__(self) -> list[Callable[..., float]]:
        return self.inner_optimizer.__fastnn_rates_to_keep__()

    def __fastnn_average__(self, variable: Variable) -> Any:
        return self.inner_optimizer.__fastnn_average__(variable)

    def _fastnn_scale(self) -> float:
        return float(self._fastnn_state.handle.shared_slots()[1].numpy())

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Updates weights by the gradients of a scaled loss, unless they are not finite.

        Args:
            grads: The gradient of each weight, times the scale.
            trainable_variables: The weights; None: those that were given to `build`.
        """
        if StepTrace.running() is not None:
            return super().apply(grads, trainable_variables)
        scale = np.float32(self._fastnn_scale())
        super().apply([None if g is None else as_floats(g) / scale for g in grads], trainable_variables)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Gives weights their final values, as the inner optimizer does.

        Args:
            var_list: The weights.
        """
        self.inner_optimizer.finalize_variable_values(var_list)

    def scale_loss(self, loss: Any) -> Any:
        """Returns the loss times the scale; in a step that is traced, the loss itself, whose gradients need none."""
        return loss if StepTrace.running() is not None else loss * self._fastnn_scale()
