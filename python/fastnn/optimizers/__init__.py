"""Optimizers: rules by which training updates weights, and schedules of the learning rate."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from fastnn.naming import missing_names as _missing_names
from fastnn.optimizers import schedules
from fastnn.optimizers.adam import Adam
from fastnn.optimizers.adamw import AdamW
from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.registry import deserialize, get, serialize
from fastnn.optimizers.rmsprop import RMSprop
from fastnn.optimizers.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "deserialize", "get", "schedules", "serialize"]


def __dir__() -> list[str]:
    return __all__


if not _TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
