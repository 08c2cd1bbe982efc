"""Names of `keras.mixed_precision`, whose policies are those of `fastnn.dtype_policies`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn.config import dtype_policy, set_dtype_policy
from fastnn.dtype_policies import DTypePolicy
from fastnn.naming import missing_names as _missing_names

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy
LossScaleOptimizer: Any
"""The class of `fastnn.optimizers`, which `fastnn.families` sets: optimizers stand on a floor above."""


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
