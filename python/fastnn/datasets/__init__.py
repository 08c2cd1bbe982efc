"""Data sets: those that are part of the package, and those that are read from files or downloaded.

`digits`, `iris` and `wine` travel with the package. The files of the others are sought in the folder that the
environment variable `FASTNN_DATA` names and in Keras' cache (`$KERAS_HOME/datasets` or `~/.keras/datasets`), and are
else downloaded.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from fastnn.naming import missing_names as _missing_names

if _TYPE_CHECKING:
    from fastnn.datasets import (
        boston_housing,
        california_housing,
        cifar10,
        cifar100,
        digits,
        fashion_mnist,
        imdb,
        iris,
        mnist,
        reuters,
        wine,
    )

__all__ = [
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "digits",
    "fashion_mnist",
    "imdb",
    "iris",
    "mnist",
    "reuters",
    "wine",
]
_missing = _missing_names(__name__, __all__)


def __getattr__(name: str) -> _Any:
    return _import_module(f"fastnn.datasets.{name}") if name in __all__ else _missing(name)


def __dir__() -> list[str]:
    return __all__
