"""Schedule-free AdamW: an average in place of a falling learning rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.shared_arguments import SharedArguments, with_shared_arguments

if TYPE_CHECKING:
    from typing_extensions import Unpack


class ScheduleFreeAdamW(Optimizer):
    """AdamW without a schedule: gradients are taken between the steps and their average (Defazio et al., 2024).

    With v as in `Adam`, step t and the gradient g, z = z - learning_rate * g / (sqrt(v / (1 - beta_2**t)) + epsilon),
    x = (1 - 1/t) * x + z / t, and w = (1 - beta_1) * z + beta_1 * x. In the first `warmup_steps` steps the learning
    rate rises from 0.

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        beta_1: Share of the average x in the weights, above 0.
        beta_2: Exponential decay rate of the second moment.
        epsilon: Added to the square root of the second moment.
        warmup_steps: Number of steps in which the learning rate rises.
        **kwargs: Arguments that all optimizers share, such as `weight_decay` and `clipnorm`; see `Optimizer`.

    Raises:
        ValueError: A number is out of its range, or more than one kind of clipping is given.
        TypeError: An argument is not a number.

    Example:
        >>> weight = fastnn.Variable(np.array([1.0, 2.0]))
        >>> optimizer = fastnn.optimizers.ScheduleFreeAdamW(0.5, beta_1=0.5, beta_2=0.5, epsilon=0.0)
        >>> optimizer.apply([np.array([2.0, -4.0])], [weight])
        >>> weight.numpy()
        array([0.5, 2.5], dtype=float32)
    """

    _fastnn_kind = "schedule_free_adamw"
    beta_1: float
    beta_2: float
    epsilon: float
    warmup_steps: int

    @with_shared_arguments
    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **kwargs: Unpack[SharedArguments],
    ) -> None:
        if beta_1 == 0 or beta_1 > 1 or beta_2 >= 1:
            raise ValueError(
                f"ScheduleFreeAdamW expects beta_1 above 0 and at most 1 and beta_2 below 1, got {beta_1!r} and "
                f"{beta_2!r}"
            )
