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
from fastnn.utils.images import array_to_img as array_to_img
from fastnn.utils.images import img_to_array as img_to_array
from fastnn.utils.images import load_img as load_img
from fastnn.utils.images import save_img as save_img
from fastnn.utils.sequences import pad_sequences as pad_sequences
