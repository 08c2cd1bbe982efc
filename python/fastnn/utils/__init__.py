"""Utilities around a model: arrays, sequences and images, seeds, and the registry of custom classes."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from fastnn.backend import is_keras_tensor, standardize_dtype
from fastnn.callbacks.progress_bar import Progbar
from fastnn.config import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from fastnn.custom_objects import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from fastnn.data.py_dataset import PyDataset
from fastnn.naming import missing_names as _missing_names
from fastnn.saving import deserialize_keras_object, serialize_keras_object
from fastnn.seeds import clear_session, set_random_seed
from fastnn.utils import legacy
from fastnn.utils.arrays import normalize, to_categorical
from fastnn.utils.batches import pack_x_y_sample_weight, unpack_x_y_sample_weight
from fastnn.utils.images import array_to_img, img_to_array, load_img, save_img
from fastnn.utils.sequences import pad_sequences
from fastnn.utils.source_inputs import get_source_inputs

if _TYPE_CHECKING:
    from fastnn.utils import bounding_boxes
    from fastnn.utils.audio_folders import audio_dataset_from_directory
    from fastnn.utils.confusion import plot_confusion_matrix
    from fastnn.utils.dataset_splits import split_dataset
    from fastnn.utils.downloads import get_file
    from fastnn.utils.feature_space import FeatureSpace
    from fastnn.utils.image_folders import image_dataset_from_directory
    from fastnn.utils.model_pictures import ModelDot, model_to_dot, plot_model
    from fastnn.utils.profile_steps import ProfileSteps
    from fastnn.utils.profiling import Profile, ProfileRow, profile
    from fastnn.utils.settings import Config
    from fastnn.utils.text_folders import text_dataset_from_directory
    from fastnn.utils.time_series import timeseries_dataset_from_array

Sequence = PyDataset
"""The older name of `PyDataset`."""

__all__ = [
    "Config",
    "CustomObjectScope",
    "FeatureSpace",
    "ModelDot",
    "Profile",
    "ProfileRow",
    "ProfileSteps",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "audio_dataset_from_directory",
    "bounding_boxes",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "image_dataset_from_directory",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "legacy",
    "load_img",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_confusion_matrix",
    "plot_model",
    "profile",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]


_LATER = {
    "audio_dataset_from_directory": "audio_folders",
    "plot_confusion_matrix": "confusion",
    "split_dataset": "dataset_splits",
    "FeatureSpace": "feature_space",
    "get_file": "downloads",
    "image_dataset_from_directory": "image_folders",
    "ModelDot": "model_pictures",
    "model_to_dot": "model_pictures",
    "plot_model": "model_pictures",
    "ProfileSteps": "profile_steps",
    "Profile": "profiling",
    "ProfileRow": "profiling",
    "profile": "profiling",
    "Config": "settings",
    "text_dataset_from_directory": "text_folders",
    "timeseries_dataset_from_array": "time_series",
}
"""Functions that are loaded when they are first used, by the file in which they stand."""
_missing = _missing_names(__name__, __all__)


def __getattr__(name: str) -> _Any:
    if name == "bounding_boxes":
        return _import_module("fastnn.utils.bounding_boxes")
    return getattr(_import_module(f"fastnn.utils.{_LATER[name]}"), name) if name in _LATER else _missing(name)


def __dir__() -> list[str]:
    return __all__
