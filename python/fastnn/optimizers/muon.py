"""Muon: orthogonal steps for matrices, AdamW for the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.shared_arguments import SharedWithoutDecay, with_shared_arguments
from fastnn.symbolic.variable import Variable

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Muon(Optimizer):
    """Muon: the momentum of a matrix, made nearly orthogonal (Jordan et al., 2024).

    For a weight of two dimensions, m = momentum * m + g, and d = g + momentum * m with `nesterov`, else m. Then
    X = d / norm(d), and `ns_steps` times A = X X', X = muon_a * X + (muon_b * A + muon_c * A A) X (Newton and Schulz).
    w = w - learning_rate * rms_rate * sqrt(max(shape)) * X. All other weights are trained by AdamW.

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        adam_beta_1: Exponential decay rate of the first moment of AdamW.
        adam_beta_2: Exponential decay rate of the second moment of AdamW.
        adam_weight_decay: Weight decay of the weights that AdamW trains; None: none.
        epsilon: Added to the square root of the second moment of AdamW.
        weight_decay: Fraction of each weight, times the learning rate, that is subtracted at each step; None: none.
        exclude_layers: Regular expressions; a weight whose path matches one of them is trained by AdamW.
        exclude_embeddings: Trains weights with "embedding" in their path by AdamW.
        muon_a: Coefficient of X.
        muon_b: Coefficient of A X.
        muon_c: Coefficient of A A X.
        adam_lr_ratio: Learning rate of AdamW, as a multiple of the learning rate.
        momentum: Fraction of the momentum that is kept.
        ns_steps: Number of iterations of Newton and Schulz.
        nesterov: Uses Nesterov momentum.
        rms_rate: Root mean square of the elements of a step at learning rate 1; None: the step is X itself.
        **kwargs: Arguments that all optimizers share, such as `weight_decay` and `clipnorm`; see `Optimizer`.

    Raises:
        ValueError: A number is out of its range, or more than one kind of clipping is given.
        TypeError: An argument is not a number.

    Example:
        >>> model = fastnn.Sequential([layers.Input((4,)), layers.Dense(1)])
        >>> model.compile(optimizer=fastnn.optimizers.Muon(learning_rate=0.25), loss="mse")
        >>> float(model.optimizer.learning_rate)
        0.25
    """

    _fastnn_kind = "muon"
    _fastnn_flags = (*Optimizer._fastnn_flags, "nesterov", "exclude_embeddings")
    _fastnn_counts = (*Optimizer._fastnn_counts, "ns_steps")
    _fastnn_signed = (
        "muon_a",
        "muon_b",
        "muon_c",
    )
    _fastnn_outside_core = (*Optimizer._fastnn_outside_core, "exclude_layers", "exclude_embeddings")
    adam_beta_1: float
    adam_beta_2: float
    adam_weight_decay: float | None
    epsilon: float
    exclude_layers: Sequence[str]
    exclude_embeddings: bool
    muon_a: float
    muon_b: float
    muon_c: float
    adam_lr_ratio: float
    momentum: float
    ns_steps: int
    nesterov: bool
    rms_rate: float | None

    @with_shared_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        *,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.775,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1.0,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **kwargs: Unpack[SharedWithoutDecay],
    ) -> None:
        pass

    @classmethod
    def __fastnn_convert_argument__(cls, name: str, value: Any) -> Any:
        """Returns an argument in the form in which it is stored."""
        return tuple(value or ()) if name == "exclude_layers" else super().__fastnn_convert_argument__(name, value)

    def _fastnn_checked(self, name: str, value: Any) -> Any:
        return value if name == "exclude_layers" else super()._fastnn_checked(name, value)

    def build(self, variables: Sequence[Variable]) -> None:
        """Adds slots for weights not seen before, and decides which are trained by AdamW.

        Args:
            variables: The weights.
        """
        self._fastnn_state.take_type(variables)
        apart = [variable.handle for variable in variables if self._fastnn_is_by_adam(variable)]
        self._fastnn_state.handle.set_apart(apart)
        super().build(variables)

    def _fastnn_is_by_adam(self, variable: Variable) -> bool:
        if len(variable.shape) != 2 or (self.exclude_embeddings and "embedding" in variable.path.lower()):
            return True
        return any(re.search(pattern, variable.path) for pattern in self.exclude_layers)
