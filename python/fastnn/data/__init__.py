"""Data on their way into a model: sources of rows, batch by batch, and datasets in the interface of `tf.data`.

The names are loaded when they are first used: a script that trains on arrays needs no dataset.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from fastnn.naming import missing_names as _missing_names

if _TYPE_CHECKING:
    from fastnn.data.dataset import Dataset
    from fastnn.data.iteration import AUTOTUNE, INFINITE, UNKNOWN
    from fastnn.data.specs import DatasetSpec, TensorSpec

__all__ = ["AUTOTUNE", "INFINITE", "UNKNOWN", "Dataset", "DatasetSpec", "TensorSpec"]

_LATER = {
    "Dataset": "dataset",
    **dict.fromkeys(("AUTOTUNE", "INFINITE", "UNKNOWN"), "iteration"),
    **dict.fromkeys(("DatasetSpec", "TensorSpec"), "specs"),
}
_missing = _missing_names(__name__, __all__)


def __getattr__(name: str) -> _Any:
    return getattr(_import_module(f"fastnn.data.{_LATER[name]}"), name) if name in _LATER else _missing(name)


def __dir__() -> list[str]:
    return __all__
