"""Distillation: a small model, the student, is trained to do what a larger one, the teacher, does."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from fastnn.distillation.distillation_losses import DistillationLoss, FeatureDistillation, LogitsDistillation
from fastnn.distillation.distiller import Distiller
from fastnn.naming import missing_names as _missing_names

__all__ = ["DistillationLoss", "Distiller", "FeatureDistillation", "LogitsDistillation"]


def __dir__() -> list[str]:
    return [*__all__, "__doc__"]


if not _TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
