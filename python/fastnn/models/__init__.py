"""Models: layers joined to a whole, which can be trained.

The functions for files are those of `fastnn.saving`, loaded when a name is first used.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from fastnn import saving as _saving
from fastnn.models.cloning import clone_model
from fastnn.models.functional import Functional
from fastnn.models.model import Model
from fastnn.models.sequential import Sequential
from fastnn.naming import missing_names as _missing_names

if _TYPE_CHECKING:
    from fastnn.saving import load_model, model_from_json, save_model

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]

_LATER = ("load_model", "model_from_json", "save_model")
_missing = _missing_names(__name__, __all__)


def __getattr__(name: str) -> _Any:
    return getattr(_saving, name) if name in _LATER else _missing(name)


def __dir__() -> list[str]:
    return __all__
