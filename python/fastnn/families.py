"""The families of classes that files may name, registered with `fastnn.saving`.

This file is the one place that knows both the families and the files; `fastnn/__init__.py` imports it and nobody else.
"""

from __future__ import annotations

from fastnn import constraints, initializers, layers, losses, metrics, models, optimizers, regularizers
from fastnn.ops.node import Operation
from fastnn.saving.registry import register_family

register_family("layers", "layer", vars(layers))
register_family("models", "layer", vars(models))
register_family("ops", "layer", {"Operation": Operation})
register_family("initializers", "initializer", vars(initializers), ("_initializer",))
register_family("regularizers", "regularizer", vars(regularizers), ("_regularizer",))
register_family("constraints", "constraint", vars(constraints), ("_constraint",))
register_family("optimizers", "optimizer", vars(optimizers), ("optimizer",))
register_family("schedules", "schedule", vars(optimizers.schedules), ("learning_rate",))
register_family("losses", "loss", vars(losses), ("loss",))
register_family("metrics", "metric", vars(metrics), ("metrics",))
