"""Adafactor: second moments of matrices by rows and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.shared_arguments import SharedArguments, with_shared_arguments

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Adafactor(Optimizer):
    """Adafactor: the second moment of a matrix is kept as a row and a column (Shazeer and Stern, 2018).

    At step t, r and c are averages of g**2 + epsilon_1 over columns and rows with decay 1 - t**beta_2_decay, and
    v = r * c / mean(r); for a vector v is the average itself. With rho = min(learning_rate, 1 / sqrt(t)) and
    u = g / sqrt(v), w = w - max(epsilon_2, rms(w)) * rho * u / max(1, rms(u) / clip_threshold).

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        beta_2_decay: Power of t by which the decay rate approaches 1.
        epsilon_1: Added to the squared gradient.
        epsilon_2: Least scale of a weight.
        clip_threshold: Largest root mean square of u.
        relative_step: Limits the learning rate to 1 / sqrt(t). The step is limited so without it too, as in Keras.
        **kwargs: Arguments that all optimizers share, such as `weight_decay` and `clipnorm`; see `Optimizer`.

    Raises:
        ValueError: A number is out of its range, or more than one kind of clipping is given.
        TypeError: An argument is not a number.

    Example:
        >>> weight = fastnn.Variable(np.array([[1.0, 1.0]]))
        >>> fastnn.optimizers.Adafactor(0.5).apply([np.array([[2.0, 2.0]])], [weight])
        >>> weight.numpy()
        array([[0.5, 0.5]], dtype=float32)
    """

    _fastnn_kind = "adafactor"
    _fastnn_flags = (*Optimizer._fastnn_flags, "relative_step")
    _fastnn_signed = ("beta_2_decay",)
    _fastnn_outside_core = (*Optimizer._fastnn_outside_core, "relative_step")
    beta_2_decay: float
    epsilon_1: float
    epsilon_2: float
    clip_threshold: float
    relative_step: bool

    @with_shared_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **kwargs: Unpack[SharedArguments],
    ) -> None:
        if clip_threshold == 0:
            raise ValueError("Adafactor expects clip_threshold above 0, got 0")
        if beta_2_decay > 0:
            raise ValueError(f"Adafactor expects beta_2_decay of at most 0, got {beta_2_decay!r}")
