"""Adagrad: steps divided by the root of the sum of all squared gradients."""

from __future__ import annotations

from typing import Any

from fastnn.optimizers.optimizer import Optimizer


class Adagrad(Optimizer):
    """Adagrad: each element has its own learning rate, which falls with its gradients (Duchi et al., 2011).

    v = v + g**2 for the gradient g, and w = w - learning_rate * g / sqrt(v + epsilon).

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        initial_accumulator_value: First value of v.
        epsilon: Added to v before the square root.
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
        >>> weight = fastnn.Variable(np.array([1.0, 2.0]))
        >>> optimizer = fastnn.optimizers.Adagrad(0.5, initial_accumulator_value=3.0, epsilon=0.0)
        >>> optimizer.apply([np.array([1.0, 0.0])], [weight])
        >>> weight.numpy()
        array([0.75, 2.  ], dtype=float32)
    """

    _fastnn_kind = "adagrad"
    initial_accumulator_value: float
    epsilon: float

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
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
        pass
