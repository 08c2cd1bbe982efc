"""Files of models and weights in Keras' formats, written and read.

Models import this package, in their methods `save` and `load_weights` and in `get_config`; this package imports no
model and no layer. It finds classes through the registry of families (`registry.py`, filled by `fastnn.families`), what
Keras' files call them in attributes of the class (`fastnn.keras_form`), and asks of a model what
`fastnn.engine.network` offers.

Within the package, each file imports those before it only: `registry`, `tree` and `untrusted`; `reading` (one reading,
its limits); `serialization` (one object as JSON) and `functions` (functions of `fastnn.ops`); `compilation`, `archive`,
`hdf5`; `position` and `weights` (trees in HDF5); `legacy` (the files of Keras 1 and 2) and `shards` (weights in several
files); `files` (the entry points); `file_editor`, `pickling` and `backup`. `fastnn.families` loads `registry`; the
others are loaded when a name is first used: most scripts only train.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from fastnn.custom_objects import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from fastnn.naming import missing_names as _missing_names

if _TYPE_CHECKING:
    from fastnn.saving.file_editor import KerasFileEditor
    from fastnn.saving.files import (
        export_model,
        load_model,
        load_weights,
        model_from_json,
        save_model,
        save_weights,
        to_json,
    )
    from fastnn.saving.serialization import deserialize_keras_object, read_member, serialize_keras_object

__all__ = [
    "CustomObjectScope",
    "KerasFileEditor",
    "custom_object_scope",
    "deserialize_keras_object",
    "export_model",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "model_from_json",
    "read_member",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
    "to_json",
]

_LATER = {
    "KerasFileEditor": "file_editor",
    **dict.fromkeys(
        ("export_model", "load_model", "load_weights", "model_from_json", "save_model", "save_weights", "to_json"),
        "files",
    ),
    **dict.fromkeys(("deserialize_keras_object", "read_member", "serialize_keras_object"), "serialization"),
}
_missing = _missing_names(__name__, __all__)


def __getattr__(name: str) -> _Any:
    if name not in _LATER:
        return _missing(name)
    return getattr(_import_module(f"fastnn.saving.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    return __all__
