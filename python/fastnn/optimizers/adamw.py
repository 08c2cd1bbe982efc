"""Adam with decoupled weight decay."""

from __future__ import annotations

from typing import Any

from fastnn.optimizers import schedules as schedules
from fastnn.optimizers.adam import Adam


class AdamW(Adam):
    """Adam with weight decay.

    Args:
        learning_rate: How far a step goes.
        weight_decay: The share of each weight that is taken off at each step, times the learning rate.
        beta_1: How slowly the mean of gradients moves.
        beta_2: How slowly the mean of their squares moves.
        epsilon: Added to the root of the latter.
        amsgrad: Whether the largest mean of squares so far is used.
        clipnorm: The longest gradient of a weight.
        clipvalue: The largest element of a gradient.
        global_clipnorm: The longest gradient of all weights together.
        name: Its name.
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
        name: str = "adamw",
    ) -> None:
        if beta_1 >= 1 or beta_2 >= 1:
            raise ValueError(f"AdamW expects beta_1 and beta_2 below 1, got {beta_1!r} and {beta_2!r}")
