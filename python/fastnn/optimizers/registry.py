"""Optimizers by name. One more optimizer is one more class in the list here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastnn import object_forms
from fastnn.custom_objects import get_registered_object
from fastnn.naming import lookup
from fastnn.optimizers.adadelta import Adadelta
from fastnn.optimizers.adafactor import Adafactor
from fastnn.optimizers.adagrad import Adagrad
from fastnn.optimizers.adam import Adam
from fastnn.optimizers.adamax import Adamax
from fastnn.optimizers.adamw import AdamW
from fastnn.optimizers.ftrl import Ftrl
from fastnn.optimizers.lamb import Lamb
from fastnn.optimizers.lbfgs import LBFGS
from fastnn.optimizers.lion import Lion
from fastnn.optimizers.loss_scale_optimizer import LossScaleOptimizer
from fastnn.optimizers.multi_optimizer import MultiOptimizer
from fastnn.optimizers.muon import Muon
from fastnn.optimizers.nadam import Nadam
from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.rmsprop import RMSprop
from fastnn.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from fastnn.optimizers.sgd import SGD

_listed: tuple[type[Optimizer], ...] = (
    SGD, Adam, AdamW, RMSprop, Adadelta, Adafactor, Adagrad, Adamax, Ftrl, LBFGS, Lamb, Lion, LossScaleOptimizer,
    MultiOptimizer, Muon, Nadam, ScheduleFreeAdamW,
)  # fmt: skip
_classes: dict[str, type[Optimizer]] = {cls.__name__.lower(): cls for cls in _listed}


def get(identifier: Any) -> Any:
    """Returns the optimizer for a name, a config, a class or an object.

    Args:
        identifier: Name, in upper or lower case; config with "class_name" and "config"; class or object of `Optimizer`.

    Returns:
        The optimizer; None for None.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.
        TypeError: `identifier` is none of these.

    Example:
        >>> fastnn.optimizers.get("sgd")
        SGD()
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        name = identifier.lower() if identifier.lower() in _classes else identifier
        identifier = get_registered_object(identifier) or lookup("optimizer", name, _classes)
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        made: Optimizer = identifier()
        return made
    raise TypeError(f"optimizer expects a name or an object of fastnn.optimizers, got {identifier!r}")


def serialize(optimizer: Any) -> Any:
    """Returns an optimizer as values of JSON, in the form of Keras' files.

    Args:
        optimizer: The optimizer, or a registered class or function.

    Returns:
        Dict with "module", "class_name", "config" and "registered_name".

    Example:
        >>> fastnn.optimizers.serialize(fastnn.optimizers.SGD(0.5))["class_name"]
        'SGD'
    """
    return object_forms.serialize(optimizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the optimizer that `serialize` described.

    Args:
        config: Dict with "class_name" and "config"; or a name.
        custom_objects: Classes and functions by the names that the config uses for them.

    Raises:
        ValueError: The name is unknown; the message suggests the closest one.

    Example:
        >>> fastnn.optimizers.deserialize(fastnn.optimizers.serialize(fastnn.optimizers.SGD(0.5)))
        SGD(learning_rate=0.5)
    """
    return object_forms.deserialize(config, custom_objects, "optimizers")
