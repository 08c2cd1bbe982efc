"""Models: layers joined to a whole, which can be trained."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from fastnn.models.cloning import clone_model
from fastnn.models.files import load_model, model_from_json, save_model
from fastnn.models.functional import Functional
from fastnn.models.model import Model
from fastnn.models.sequential import Sequential
from fastnn.naming import missing_names as _missing_names

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]


def __dir__() -> list[str]:
    return __all__


if not _TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
