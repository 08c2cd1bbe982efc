"""What scripts ask of `keras.backend`: names and small settings."""

from fastnn.config import epsilon as epsilon
from fastnn.config import floatx as floatx
from fastnn.config import image_data_format as image_data_format
from fastnn.seeds import clear_session as clear_session


def backend() -> str:
    """The name of what computes: "fastnn"."""
    return "fastnn"
