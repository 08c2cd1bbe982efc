"""LAMB: layer-wise adaptive moments for large batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.shared_arguments import SharedArguments, with_shared_arguments

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Lamb(Optimizer):
    """LAMB: the direction of Adam, scaled by the norm of each weight (You et al., 2019).

    With m and v as in `Adam` and step t, d = m / (1 - beta_1**t) / (sqrt(v / (1 - beta_2**t)) + epsilon) and
    w = w - learning_rate * norm(w) / norm(d) * d; the ratio is 1 where a norm is 0.

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        beta_1: Exponential decay rate of the first moment.
        beta_2: Exponential decay rate of the second moment.
        epsilon: Added to the square root of the second moment.
        **kwargs: Arguments that all optimizers share, such as `weight_decay` and `clipnorm`; see `Optimizer`.

    Raises:
        ValueError: A number is out of its range, or more than one kind of clipping is given.
        TypeError: An argument is not a number.

    Example:
        >>> weight = fastnn.Variable(np.array([3.0, 3.0]))
        >>> fastnn.optimizers.Lamb(0.5, epsilon=0.0).apply([np.array([2.0, 2.0])], [weight])
        >>> weight.numpy()
        array([1.5, 1.5], dtype=float32)
    """

    _fastnn_kind = "lamb"
    beta_1: float
    beta_2: float
    epsilon: float

    @with_shared_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Unpack[SharedArguments],
    ) -> None:
        if beta_1 >= 1 or beta_2 >= 1:
            raise ValueError(f"{type(self).__name__} expects beta_1 and beta_2 below 1, got {beta_1!r} and {beta_2!r}")
