"""Models: layers joined to a whole, which can be trained.

The functions for files are those of `fastnn.saving`, loaded when a name is first used.
"""

from typing import TYPE_CHECKING, Any

from fastnn import saving as _saving
from fastnn.models.cloning import clone_model as clone_model
from fastnn.models.functional import Functional as Functional
from fastnn.models.model import Model as Model
from fastnn.models.sequential import Sequential as Sequential

if TYPE_CHECKING:
    from fastnn.saving import load_model as load_model
    from fastnn.saving import model_from_json as model_from_json
    from fastnn.saving import save_model as save_model

_LATER = ("load_model", "model_from_json", "save_model")


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'fastnn.models' has no attribute {name!r}")
    return getattr(_saving, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_LATER])
