"""AdamW: Adam with decoupled weight decay."""

from __future__ import annotations

from typing import Any

from fastnn.optimizers.adam import Adam


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2017).

    Each step is that of `Adam`, and w = w - learning_rate * weight_decay * w.

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        weight_decay: Fraction of each weight, times the learning rate, that is subtracted at each step.
        beta_1: Exponential decay rate of the first moment.
        beta_2: Exponential decay rate of the second moment.
        epsilon: Added to the square root of the second moment.
        amsgrad: Uses the largest second moment so far (Reddi et al., 2018).
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
        >>> model = fastnn.Sequential([layers.Input((4,)), layers.Dense(1)])
        >>> model.compile(optimizer=fastnn.optimizers.AdamW(learning_rate=0.25, weight_decay=0.01), loss="mse")
        >>> float(model.optimizer.learning_rate)
        0.25
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float | None = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        if weight_decay is None:
            raise ValueError(f"{type(self).__name__} expects weight_decay to be a number, got None; use Adam for none")
        if beta_1 >= 1 or beta_2 >= 1:
            raise ValueError(f"{type(self).__name__} expects beta_1 and beta_2 below 1, got {beta_1!r} and {beta_2!r}")
