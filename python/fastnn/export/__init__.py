"""Export of models: ONNX and C99."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from fastnn.naming import missing_names as _missing_names

if _TYPE_CHECKING:
    from fastnn.export.export_archive import ExportArchive

__all__ = ["ExportArchive"]

_missing = _missing_names(__name__, __all__)


def __getattr__(name: str) -> _Any:
    # Loaded when it is first used: most scripts do not export.
    if name not in __all__:
        return _missing(name)
    return getattr(_import_module("fastnn.export.export_archive"), name)


def __dir__() -> list[str]:
    return __all__
