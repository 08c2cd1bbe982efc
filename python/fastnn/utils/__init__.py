"""Small things that scripts need beside a model."""

from fastnn.seeds import clear_session as clear_session
from fastnn.seeds import set_random_seed as set_random_seed
from fastnn.utils.arrays import normalize as normalize
from fastnn.utils.arrays import to_categorical as to_categorical
