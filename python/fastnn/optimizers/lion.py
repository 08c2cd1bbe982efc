"""Lion: steps by the sign of a momentum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.shared_arguments import SharedArguments, with_shared_arguments

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Lion(Optimizer):
    """Lion: each element moves by the learning rate, in the direction of a sign (Chen et al., 2023).

    w = w - learning_rate * sign(beta_1 * m + (1 - beta_1) * g) for the gradient g, then
    m = beta_2 * m + (1 - beta_2) * g.

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        beta_1: Share of the momentum in the direction, above 0 and at most 1.
        beta_2: Exponential decay rate of the momentum.
        **kwargs: Arguments that all optimizers share, such as `weight_decay` and `clipnorm`; see `Optimizer`.

    Raises:
        ValueError: A number is out of its range, or more than one kind of clipping is given.
        TypeError: An argument is not a number.

    Example:
        >>> weight = fastnn.Variable(np.array([1.0, 2.0]))
        >>> fastnn.optimizers.Lion(0.5).apply([np.array([3.0, -0.1])], [weight])
        >>> weight.numpy()
        array([0.5, 2.5], dtype=float32)
    """

    _fastnn_kind = "lion"
    beta_1: float
    beta_2: float

    @with_shared_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **kwargs: Unpack[SharedArguments],
    ) -> None:
        if not 0 < beta_1 <= 1:
            raise ValueError(f"Lion expects beta_1 above 0 and at most 1, got {beta_1!r}")
