"""Files of models and weights in Keras' formats, written and read.

Models import this package, in their methods `save` and `load_weights` and in `get_config`; this package imports no
model and no layer. It finds classes through the registry of families (`registry.py`, filled by `fastnn.families`), what
Keras' files call them in attributes of the class (`fastnn.keras_form`), and asks of a model what
`fastnn.engine.network` offers.

Within the package, each file imports those before it only: `registry`, `tree` and `untrusted`; `reading` (one reading,
its limits); `serialization` (one object as JSON) and `functions` (functions of `fastnn.ops`); `compilation`, `archive`,
`hdf5`; `position` and `weights` (trees in HDF5); `legacy` (the files of Keras 1 and 2); `files` (the entry points);
`pickling` and `backup`. `fastnn.families` loads `registry`; the others are loaded when a name is first used: most
scripts only train.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fastnn.custom_objects import CustomObjectScope as CustomObjectScope
from fastnn.custom_objects import custom_object_scope as custom_object_scope
from fastnn.custom_objects import get_custom_objects as get_custom_objects
from fastnn.custom_objects import get_registered_name as get_registered_name
from fastnn.custom_objects import get_registered_object as get_registered_object
from fastnn.custom_objects import register_keras_serializable as register_keras_serializable

if TYPE_CHECKING:
    from fastnn.saving.files import export_model as export_model
    from fastnn.saving.files import load_model as load_model
    from fastnn.saving.files import load_weights as load_weights
    from fastnn.saving.files import model_from_json as model_from_json
    from fastnn.saving.files import save_model as save_model
    from fastnn.saving.files import save_weights as save_weights
    from fastnn.saving.files import to_json as to_json
    from fastnn.saving.serialization import deserialize_keras_object as deserialize_keras_object
    from fastnn.saving.serialization import read_member as read_member
    from fastnn.saving.serialization import serialize_keras_object as serialize_keras_object

_LATER = {
    **dict.fromkeys(
        ("export_model", "load_model", "load_weights", "model_from_json", "save_model", "save_weights", "to_json"),
        "files",
    ),
    **dict.fromkeys(("deserialize_keras_object", "read_member", "serialize_keras_object"), "serialization"),
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'fastnn.saving' has no attribute {name!r}")
    return getattr(import_module(f"fastnn.saving.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_LATER])
