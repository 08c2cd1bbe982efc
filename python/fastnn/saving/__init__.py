"""Files that last: models and weights in Keras' formats, read and written, and out to ONNX and C."""

from fastnn.saving.files import export_model as export_model
from fastnn.saving.files import load_model as load_model
from fastnn.saving.files import load_weights as load_weights
from fastnn.saving.files import model_from_json as model_from_json
from fastnn.saving.files import save_model as save_model
from fastnn.saving.files import save_weights as save_weights
from fastnn.saving.files import to_json as to_json
from fastnn.saving.registry import CustomObjectScope as CustomObjectScope
from fastnn.saving.registry import custom_object_scope as custom_object_scope
from fastnn.saving.registry import get_custom_objects as get_custom_objects
from fastnn.saving.registry import get_registered_name as get_registered_name
from fastnn.saving.registry import get_registered_object as get_registered_object
from fastnn.saving.registry import register_keras_serializable as register_keras_serializable
from fastnn.saving.serialization import deserialize_keras_object as deserialize_keras_object
from fastnn.saving.serialization import serialize_keras_object as serialize_keras_object
