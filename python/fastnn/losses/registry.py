"""Losses by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastnn.losses import hinge_losses, probabilistic, regression
from fastnn.losses.hinge_losses import CategoricalHinge, Hinge, SquaredHinge
from fastnn.losses.loss import FunctionLoss, Loss
from fastnn.losses.probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
)
from fastnn.losses.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
)
from fastnn.losses.values import Values
from fastnn.naming import lookup, snake_case

CLASSES: dict[str, type[Loss]] = {
    cls.kind: cls
    for cls in (
        MeanSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredLogarithmicError, Huber, LogCosh,
        Poisson, KLDivergence, Hinge, SquaredHinge, CategoricalHinge, CosineSimilarity, BinaryCrossentropy,
        CategoricalCrossentropy, SparseCategoricalCrossentropy,
    )
}  # fmt: skip


FUNCTIONS: dict[str, Callable[..., Values]] = {
    kind: getattr(family, kind)
    for family in (hinge_losses, probabilistic, regression)
    for kind in CLASSES
    if hasattr(family, kind)
}


ALIASES = {
    "mse": "mean_squared_error", "MSE": "mean_squared_error", "mae": "mean_absolute_error",
    "MAE": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error", "MAPE": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error", "MSLE": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy", "BCE": "binary_crossentropy", "kld": "kl_divergence", "KLD": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence", "logcosh": "log_cosh", "huber_loss": "huber",
    **{cls.__name__: kind for kind, cls in CLASSES.items()},
    **{snake_case(cls.__name__): kind for kind, cls in CLASSES.items() if snake_case(cls.__name__) != kind},
}  # fmt: skip


def get(identifier: str | Mapping[str, Any] | Loss | Callable[..., Any] | None) -> Loss | None:
    """The loss that a name, a config, a class, an object or a function of this module means.

    Raises:
        ValueError: The name is unknown; the message proposes the nearest.
        TypeError: It is nothing of the kind.

    Example:
        >>> fastnn.losses.get("mse").kind
        'mean_squared_error'
    """
    if identifier is None or isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, str):
        return lookup("loss", identifier, CLASSES, ALIASES)()  # type: ignore[no-any-return]
    if isinstance(identifier, Mapping):
        cls = lookup("loss", identifier["class_name"], CLASSES, ALIASES)
        return cls.from_config(identifier.get("config", {}))  # type: ignore[no-any-return]
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    for kind, function in FUNCTIONS.items():
        if identifier is function:
            return CLASSES[kind]()
    if callable(identifier):
        return FunctionLoss(identifier)
    raise TypeError(f"loss expects a name or an object of fastnn.losses, got {identifier!r}")


def __getattr__(name: str) -> Callable[..., Values]:
    if name in ALIASES and name not in ("huber_loss",):
        return FUNCTIONS[ALIASES[name]]
    raise AttributeError(f"module 'fastnn.losses' has no attribute {name!r}")
