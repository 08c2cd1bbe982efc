"""fastnn: Keras for CPUs.

The Keras API on a C++ core that trains and predicts on processors without a GPU.

Example:
    >>> import fastnn
    >>> from fastnn import layers
    >>> model = fastnn.Sequential([layers.Input((4,)), layers.Dense(3, activation="softmax")])
    >>> model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
"""

from fastnn import _core
from fastnn import activations as activations
from fastnn import backend as backend
from fastnn import callbacks as callbacks
from fastnn import config as config
from fastnn import constraints as constraints
from fastnn import datasets as datasets
from fastnn import families as families
from fastnn import initializers as initializers
from fastnn import layers as layers
from fastnn import losses as losses
from fastnn import metrics as metrics
from fastnn import models as models
from fastnn import ops as ops
from fastnn import optimizers as optimizers
from fastnn import random as random
from fastnn import regularizers as regularizers
from fastnn import saving as saving
from fastnn import utils as utils
from fastnn.layers import Input as Input
from fastnn.layers import Layer as Layer
from fastnn.models.model import Model as Model
from fastnn.models.sequential import Sequential as Sequential
from fastnn.symbolic.tensors import KerasTensor as KerasTensor
from fastnn.symbolic.variable import Variable as Variable

__version__ = "0.1.0"


def show_config() -> None:
    """Prints which build of the core runs, how it was compiled and with how many threads it computes."""
    for name, value in {"fastnn": __version__, **_core.build_info(), "threads": str(config.num_threads())}.items():
        print(f"{name}: {value}")
