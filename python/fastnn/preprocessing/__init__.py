"""Preparation of images, sequences, texts and time series, under the names of `keras.preprocessing`."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from fastnn.naming import missing_names as _missing_names
from fastnn.preprocessing import image, sequence, text, timeseries
from fastnn.utils.image_folders import image_dataset_from_directory
from fastnn.utils.text_folders import text_dataset_from_directory
from fastnn.utils.time_series import timeseries_dataset_from_array

__all__ = [
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text",
    "text_dataset_from_directory",
    "timeseries",
    "timeseries_dataset_from_array",
]


def __dir__() -> list[str]:
    return __all__


if not _TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
