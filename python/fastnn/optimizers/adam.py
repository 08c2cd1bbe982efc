"""Adam: adaptive moment estimation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.shared_arguments import SharedArguments, with_shared_arguments

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Adam(Optimizer):
    """Adam: steps scaled by running averages of the gradient and its square (Kingma and Ba, 2014).

    m = beta_1 * m + (1 - beta_1) * g and v = beta_2 * v + (1 - beta_2) * g**2 for the gradient g. At step t,
    w = w - learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon).

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
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
        >>> model.compile(optimizer=fastnn.optimizers.Adam(learning_rate=0.25), loss="mse")
        >>> float(model.optimizer.learning_rate)
        0.25
    """

    __fastnn_keras_older_names__ = ("ExperimentalAdam", "TorchAdam")
    _fastnn_slot_groups = ((0, 1), (2,))
    _fastnn_kind = "adam"
    _fastnn_flags = (*Optimizer._fastnn_flags, "amsgrad")
    beta_1: float
    beta_2: float
    epsilon: float
    amsgrad: bool

    @with_shared_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Unpack[SharedArguments],
    ) -> None:
        if beta_1 >= 1 or beta_2 >= 1:
            raise ValueError(f"{type(self).__name__} expects beta_1 and beta_2 below 1, got {beta_1!r} and {beta_2!r}")
