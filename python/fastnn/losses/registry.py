"""Losses by name.

One more loss is one more class in the list here; its names and its function stand in the class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastnn import object_forms
from fastnn.custom_objects import get_registered_object
from fastnn.losses.focal import BinaryFocalCrossentropy, CategoricalFocalCrossentropy
from fastnn.losses.hinge_losses import CategoricalHinge, Hinge, SquaredHinge
from fastnn.losses.loss import FunctionLoss, Loss
from fastnn.losses.overlap import Dice, Tversky
from fastnn.losses.pairs_and_sequences import CTC, CategoricalGeneralizedCrossEntropy, Circle
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
from fastnn.naming import lookup

CLASSES: dict[str, type[Loss]] = {
    cls.__fastnn_computation__.names[0]: cls
    for cls in (
        MeanSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredLogarithmicError, Huber, LogCosh,
        Poisson, KLDivergence, Hinge, SquaredHinge, CategoricalHinge, CosineSimilarity, BinaryCrossentropy,
        CategoricalCrossentropy, SparseCategoricalCrossentropy, BinaryFocalCrossentropy, CategoricalFocalCrossentropy,
        CategoricalGeneralizedCrossEntropy, Dice, Tversky, Circle, CTC,
    )
}  # fmt: skip
"""The losses, by the names of their functions."""

FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: cls.__fastnn_computation__.function
    for name, cls in CLASSES.items()
    if cls.__fastnn_computation__.function is not None
}
"""The functions of the losses, by their names."""

ALIASES: dict[str, str] = {
    other: name for name, cls in CLASSES.items() for other in (*cls.__fastnn_computation__.names[1:], cls.__name__)
}
"""Further names of the losses, each with the name of the function."""


def get(identifier: Any) -> Any:
    """Returns the loss, or the function of a loss, for a name, a config, a class, an object or a function.

    Args:
        identifier: Name of a function such as "mse" or of a class such as "Huber", config with "class_name" and
            "config", class of losses; objects, functions and None are returned as they are.

    Returns:
        The function for the name of a function, else an object of `Loss`. A function returns the value of each sample,
        an object the reduced value.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.
        TypeError: `identifier` is none of these.

    Example:
        >>> fastnn.losses.get("mse") is fastnn.losses.mean_squared_error
        True
        >>> fastnn.losses.get("MeanSquaredError")
        MeanSquaredError()
    """
    if isinstance(identifier, str):
        found = get_registered_object(identifier)
        if found is None:
            cls = lookup("loss", identifier, CLASSES, ALIASES)
            found = cls if identifier == cls.__name__ else cls.__fastnn_computation__.function
        identifier = found
    elif isinstance(identifier, Mapping):
        identifier = deserialize(identifier)
    return identifier() if isinstance(identifier, type) and issubclass(identifier, Loss) else _checked(identifier)


def loss_object(identifier: str | Mapping[str, Any] | Loss | Callable[..., Any] | None) -> Loss | None:
    """Returns the loss object for all that `compile` takes as a loss; see `get`.

    Args:
        identifier: Name such as "mse", config with "class_name" and "config", class or object of `Loss`, function of
            `fastnn.losses`, any function of (y_true, y_pred), or None.

    Returns:
        The loss; None for None.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.
        TypeError: `identifier` is none of these.
    """
    found = get(identifier)
    if found is None or isinstance(found, Loss):
        return found
    for kind, function in FUNCTIONS.items():
        if found is function:
            return CLASSES[kind]()
    return FunctionLoss(found)


def _checked(identifier: Any) -> Any:
    if identifier is None or callable(identifier):
        return identifier
    raise TypeError(f"loss expects a name or an object of fastnn.losses, got {identifier!r}")


def serialize(loss: Any) -> Any:
    """Returns a loss as values of JSON, in the form of Keras' files.

    Args:
        loss: The loss, or a registered class or function.

    Returns:
        Dict with "module", "class_name", "config" and "registered_name".

    Example:
        >>> fastnn.losses.serialize(fastnn.losses.Huber(0.5))["class_name"]
        'Huber'
    """
    return object_forms.serialize(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the loss that `serialize` described.

    Args:
        name: Dict with "class_name" and "config"; or a name.
        custom_objects: Classes and functions by the names that it uses for them.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.

    Example:
        >>> fastnn.losses.deserialize(fastnn.losses.serialize(fastnn.losses.Huber(0.5)))
        Huber(delta=0.5)
    """
    return object_forms.deserialize(name, custom_objects, "losses")


def function_named(name: str) -> Callable[..., Values] | None:
    """Returns the function of a loss for one of its further names, such as "mse", or None."""
    return FUNCTIONS.get(ALIASES.get(name, ""))
