"""Small things that scripts need beside a model."""

from fastnn.saving.registry import CustomObjectScope as CustomObjectScope
from fastnn.saving.registry import custom_object_scope as custom_object_scope
from fastnn.saving.registry import get_custom_objects as get_custom_objects
from fastnn.saving.registry import get_registered_name as get_registered_name
from fastnn.saving.registry import get_registered_object as get_registered_object
from fastnn.saving.registry import register_keras_serializable as register_keras_serializable
from fastnn.seeds import clear_session as clear_session
from fastnn.seeds import set_random_seed as set_random_seed
from fastnn.utils.arrays import normalize as normalize
from fastnn.utils.arrays import to_categorical as to_categorical
