"""The part of TensorFlow that Keras scripts use, on arrays of NumPy: `tensorflow` after `import fastnn.as_keras`.

It prepares data: datasets, the functions that are called in their `map`, files, images, text. In the `call` of layers
its functions are those of `fastnn.ops`. Nothing of TensorFlow is needed.
"""

from fastnn.config import dtype_policy as _dtype_policy  # noqa: F401 - the settings are imported first
from fastnn.data.elements import Element as Tensor
from fastnn.data.specs import TensorSpec
from fastnn.data.specs import as_dtype as as_dtype
from fastnn.gradient_tape import GradientTape
from fastnn.naming import name_scope
from fastnn.stand_in import audio, config, data, image, io, linalg, math, nn, random, strings
from fastnn.stand_in.names import FUNCTIONS, TOP
from fastnn.stand_in.values import DTYPES, VALUES, autograph, compat, debugging, errors, test
from fastnn.symbolic.variable import Variable

newaxis = None
__version__ = "2.20.0"
"""The version of TensorFlow whose names these are."""

__all__ = [
    *sorted({*TOP, *VALUES, *DTYPES}),
    "GradientTape", "Tensor", "TensorSpec", "Variable", "as_dtype", "audio", "autograph", "compat", "config", "data",
    "debugging", "errors", "image", "io", "linalg", "math", "name_scope", "newaxis", "nn", "random", "strings", "test",
]  # fmt: skip
globals().update({name: FUNCTIONS[name] for name in TOP} | VALUES | DTYPES)
