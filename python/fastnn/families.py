"""The families of classes that files may name, registered with `fastnn.saving`.

This file is the one place that knows both the families and the files; `fastnn/__init__.py` imports it and nobody else.
"""

from __future__ import annotations

from fastnn import (
    activations,
    constraints,
    distillation,
    initializers,
    layers,
    losses,
    metrics,
    mixed_precision,
    models,
    object_forms,
    optimizers,
    quantizers,
    regularizers,
    saving,
)
from fastnn.ops.node import Operation
from fastnn.saving.registry import register_family, register_later

register_family("layers", "layer", vars(layers))
register_family("models", "layer", vars(models))
register_family("distillation", "layer", vars(distillation))
register_family("ops", "layer", {"Operation": Operation})
register_family("initializers", "initializer", vars(initializers), ("_initializer",))
register_family("regularizers", "regularizer", vars(regularizers), ("_regularizer",))
register_family("constraints", "constraint", vars(constraints), ("_constraint",))
register_family("quantizers", "quantizer", vars(quantizers), ("_quantizer",))
register_family("optimizers", "optimizer", vars(optimizers), ("optimizer",))
register_family("schedules", "schedule", vars(optimizers.schedules), ("learning_rate",))
register_family("losses", "loss", vars(losses), ("loss",))
register_family("metrics", "metric", vars(metrics), ("metrics",))
register_family("activations", "activation", vars(activations), ("activation",))
register_later(
    "applications",
    "layer",
    {
        "CustomScaleLayer": "fastnn.applications.inception_resnet_v2",
        "LayerScale": "fastnn.applications.convnext",
    },
)

_SPACE = "fastnn.utils.feature_space"
register_later("utils", "layer", {"FeatureSpace": _SPACE})
register_later("feature_space", "layer", {"Cross": _SPACE, "Feature": _SPACE})

# Reading and writing are loaded when first used.
object_forms.use(
    lambda obj: saving.serialize_keras_object(obj),
    lambda config, custom_objects, family: saving.read_member(config, custom_objects, family),
)

mixed_precision.LossScaleOptimizer = optimizers.LossScaleOptimizer
