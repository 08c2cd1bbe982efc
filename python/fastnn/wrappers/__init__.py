"""Estimators of scikit-learn: models as estimators, and a multi-layer perceptron with scikit-learn's own arguments.

They need scikit-learn (`pip install scikit-learn`), which is imported when the first of them is used.
`fit_many`, which trains many models side by side, does without.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from fastnn.naming import missing_names as _missing_names

if _TYPE_CHECKING:
    from fastnn.wrappers.keras_estimators import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer
    from fastnn.wrappers.many_models import fit_many
    from fastnn.wrappers.perceptrons import MLPClassifier, MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer", "fit_many"]

_FILES = {"MLPClassifier": "perceptrons", "MLPRegressor": "perceptrons", "fit_many": "many_models"}
"""The files of names that do not stand in `keras_estimators`."""

_missing = _missing_names(__name__, __all__)


def __dir__() -> list[str]:
    return __all__


if not _TYPE_CHECKING:

    def __getattr__(name: str) -> _Any:
        if name not in __all__:
            return _missing(name)
        module = _FILES.get(name, "keras_estimators")
        try:
            found = getattr(_import_module(f"fastnn.wrappers.{module}"), name)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] != "sklearn":
                raise
            raise ImportError(f"{name} needs scikit-learn: pip install scikit-learn") from error
        globals()[name] = found
        return found
