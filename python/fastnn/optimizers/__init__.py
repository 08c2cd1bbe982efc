"""Optimizers: rules by which training updates weights, and schedules of the learning rate."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from fastnn.naming import missing_names as _missing_names
from fastnn.optimizers import legacy, schedules
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
from fastnn.optimizers.multi_optimizer import MultiOptimizer, OptimizerMap
from fastnn.optimizers.muon import Muon
from fastnn.optimizers.nadam import Nadam
from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.registry import deserialize, get, serialize
from fastnn.optimizers.rmsprop import RMSprop
from fastnn.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from fastnn.optimizers.sgd import SGD

__all__ = [
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "legacy",
    "schedules",
    "serialize",
]


def __dir__() -> list[str]:
    return __all__


if not _TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
