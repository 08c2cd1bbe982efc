"""fastnn: Keras for CPUs.

The Keras API on a C++ core that trains and predicts on processors without a GPU.

Example:
    >>> model = fastnn.Sequential([layers.Input((4,)), layers.Dense(3, activation="softmax")])
    >>> model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    >>> model.predict(np.zeros((2, 4)), verbose=0).shape
    (2, 3)
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from fastnn import (
    _core,
    activations,
    backend,
    callbacks,
    config,
    constraints,
    datasets,
    dtype_policies,
    export,
    families,  # noqa: F401 - registers the classes that files may name
    initializers,
    layers,
    losses,
    metrics,
    mixed_precision,
    models,
    ops,
    optimizers,
    quantizers,
    random,
    regularizers,
    saving,
    tree,
    utils,
)
from fastnn.devices import RematScope, device, remat
from fastnn.dtype_policies import DTypePolicy, FloatDTypePolicy
from fastnn.engine.input_spec import InputSpec
from fastnn.gradient_tape import GradientTape
from fastnn.initializers import Initializer
from fastnn.layers import Input, Layer
from fastnn.layers import Layer as Operation
from fastnn.losses import Loss
from fastnn.metrics import Metric
from fastnn.models import Model, Sequential
from fastnn.models.functional import Functional as Function
from fastnn.naming import missing_names as _missing_names
from fastnn.naming import name_scope
from fastnn.optimizers import Optimizer
from fastnn.quantizers import Quantizer
from fastnn.regularizers import Regularizer
from fastnn.symbolic.tensors import KerasTensor
from fastnn.symbolic.variable import Variable
from fastnn.training import forward_mode as _forward_mode  # noqa: F401 - registers the derivatives of ops.jvp
from fastnn.training.function import function

if _TYPE_CHECKING:
    from fastnn import applications, distillation, distribution, legacy, preprocessing, visualization, wrappers

__version__ = "0.1.0"

__all__ = [
    "DTypePolicy",
    "FloatDTypePolicy",
    "Function",
    "GradientTape",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Operation",
    "Optimizer",
    "Quantizer",
    "Regularizer",
    "RematScope",
    "Sequential",
    "Variable",
    "activations",
    "applications",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "device",
    "distillation",
    "distribution",
    "dtype_policies",
    "export",
    "function",
    "initializers",
    "layers",
    "legacy",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "name_scope",
    "ops",
    "optimizers",
    "preprocessing",
    "quantizers",
    "random",
    "regularizers",
    "remat",
    "saving",
    "show_config",
    "tree",
    "utils",
    "version",
    "visualization",
    "wrappers",
]


def version() -> str:
    """Returns the version of fastnn.

    Example:
        >>> fastnn.version() == fastnn.__version__
        True
    """
    return __version__


def show_config() -> None:
    """Prints which build of the core runs, how it was compiled and how many threads it uses.

    Example:
        >>> fastnn.show_config()  # doctest: +ELLIPSIS
        fastnn: ...
    """
    told = {
        "fastnn": __version__,
        **_core.build_info(),
        "float64": "built" if _core.has_doubles() else "not built",
        "threads": str(config.num_threads()),
    }
    for name, value in told.items():
        print(f"{name}: {value}")


def __dir__() -> list[str]:
    return [*__all__, "__version__", "__doc__"]


_LATER = ("applications", "distillation", "distribution", "legacy", "preprocessing", "visualization", "wrappers")
"""Modules that are loaded when they are first used: few scripts need them."""
_missing = _missing_names(__name__, __all__)


def __getattr__(name: str) -> _Any:
    return _import_module(f"fastnn.{name}") if name in _LATER else _missing(name)
