"""Optimizers: rules by which weights move."""

from fastnn.optimizers import schedules as schedules
from fastnn.optimizers.adam import Adam as Adam
from fastnn.optimizers.adamw import AdamW as AdamW
from fastnn.optimizers.optimizer import Optimizer as Optimizer
from fastnn.optimizers.registry import get as get
from fastnn.optimizers.rmsprop import RMSprop as RMSprop
from fastnn.optimizers.sgd import SGD as SGD
