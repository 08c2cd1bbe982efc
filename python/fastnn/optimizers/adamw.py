"""AdamW: Adam with decoupled weight decay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn.optimizers.adam import Adam
from fastnn.optimizers.shared_arguments import SharedWithoutDecay, with_shared_arguments

if TYPE_CHECKING:
    from typing_extensions import Unpack


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
        **kwargs: Arguments that all optimizers share, such as `weight_decay` and `clipnorm`; see `Optimizer`.

    Raises:
        ValueError: A number is out of its range, or more than one kind of clipping is given.
        TypeError: An argument is not a number.

    Example:
        >>> model = fastnn.Sequential([layers.Input((4,)), layers.Dense(1)])
        >>> model.compile(optimizer=fastnn.optimizers.AdamW(learning_rate=0.25, weight_decay=0.01), loss="mse")
        >>> float(model.optimizer.learning_rate)
        0.25
    """

    @with_shared_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float | None = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Unpack[SharedWithoutDecay],
    ) -> None:
        if weight_decay is None:
            raise ValueError(f"{type(self).__name__} expects weight_decay to be a number, got None; use Adam for none")
        if beta_1 >= 1 or beta_2 >= 1:
            raise ValueError(f"{type(self).__name__} expects beta_1 and beta_2 below 1, got {beta_1!r} and {beta_2!r}")
