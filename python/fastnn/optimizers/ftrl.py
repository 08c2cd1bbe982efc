"""FTRL: follow the regularized leader."""

from __future__ import annotations

from typing import Any

from fastnn.optimizers.optimizer import Optimizer


class Ftrl(Optimizer):
    """FTRL-proximal, whose penalties set weights to exactly zero (McMahan et al., 2013, "Ad click prediction").

    With p = -learning_rate_power, the gradient g and l2' = l2 + beta / (2 * learning_rate): n' = n + g**2,
    z = z + g + 2 * l2_shrinkage * w - (n'**p - n**p) / learning_rate * w, and
    w = (min(max(z, -l1), l1) - z) / (n'**p / learning_rate + 2 * l2').

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        learning_rate_power: Power of the fall of the learning rate, at most 0; 0: it does not fall.
        initial_accumulator_value: First value of n.
        l1_regularization_strength: Strength l1 of the penalty on absolute values.
        l2_regularization_strength: Strength l2 of the penalty on squares.
        l2_shrinkage_regularization_strength: Strength of a penalty on squares that acts through the gradient alone.
        beta: Added to the denominator of the learning rate of each element.
        weight_decay: Fraction of each weight, times the learning rate, that is subtracted at each step; None: none.
        clipnorm: Largest norm of the gradient of one weight; longer gradients are scaled down. None: no limit.
        clipvalue: Largest absolute value of an element of a gradient. None: no limit.
        global_clipnorm: Largest norm of all gradients together. None: no limit.
        use_ema: Keeps an exponential moving average of the weights, which takes their place at the end of `fit`.
        ema_momentum: Momentum m of the average: average = m * average + (1 - m) * weight after each step.
        ema_overwrite_frequency: Number of steps after which the average takes the place of the weights; None: only at
            the end of `fit`.
        loss_scale_factor: Factor of the loss whose gradients are given to `apply`, which divides them by it. `fit`
            computes in float32 and needs no scale.
        gradient_accumulation_steps: Number of steps whose mean gradient moves the weights once; None: each step does.
        name: Name of the optimizer; None: that of the class in snake case.

    Raises:
        ValueError: A number is out of its range, or more than one kind of clipping is given.
        TypeError: An argument is not a number.

    Example:
        >>> weight = fastnn.Variable(np.array([0.0, 0.0]))
        >>> fastnn.optimizers.Ftrl(0.5, initial_accumulator_value=0.0).apply([np.array([2.0, 0.25])], [weight])
        >>> weight.numpy()
        array([-0.5, -0.5], dtype=float32)
    """

    _fastnn_kind = "ftrl"
    _fastnn_signed = ("learning_rate_power",)
    learning_rate_power: float
    initial_accumulator_value: float
    l1_regularization_strength: float
    l2_regularization_strength: float
    l2_shrinkage_regularization_strength: float
    beta: float

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
    ) -> None:
        if learning_rate_power > 0:
            raise ValueError(f"Ftrl expects learning_rate_power of at most 0, got {learning_rate_power!r}")
