"""The part of TensorFlow that Keras scripts use, on arrays of NumPy: `tensorflow` after `import fastnn.as_keras`.

It prepares data: datasets, the functions that are called in their `map`, files, images, text. In the `call` of layers
its functions are those of `fastnn.ops`. Nothing of TensorFlow is needed.
"""

from fastnn import initializers as _initializers
from fastnn import losses, metrics, optimizers
from fastnn.config import dtype_policy as _dtype_policy  # noqa: F401 - the settings are imported first
from fastnn.data.elements import Element as Tensor
from fastnn.data.specs import TensorSpec
from fastnn.data.specs import as_dtype as as_dtype
from fastnn.gradient_tape import GradientTape
from fastnn.naming import name_scope
from fastnn.stand_in import audio, config, data, image, io, linalg, math, nn, random, strings
from fastnn.stand_in.further import TOP as _FURTHER
from fastnn.stand_in.further import flatten as _flatten
from fastnn.stand_in.names import FUNCTIONS, TOP
from fastnn.stand_in.values import DTYPES, VALUES, Namespace, autograph, compat, debugging, errors, nest_map, test
from fastnn.stand_in.variable import Variable

newaxis = None
initializers = _initializers
dtypes = Namespace(**DTYPES, as_dtype=as_dtype, cast=VALUES["cast"])
nest = Namespace(flatten=_flatten, map_structure=nest_map)
UnconnectedGradients = Namespace(NONE="none", ZERO="zero")
_INITIALIZERS = {
    "constant_initializer": initializers.Constant, "ones_initializer": initializers.Ones,
    "random_normal_initializer": initializers.RandomNormal, "random_uniform_initializer": initializers.RandomUniform,
    "zeros_initializer": initializers.Zeros,
}  # fmt: skip
__version__ = "2.20.0"
"""The version of TensorFlow whose names these are."""

__all__ = [
    *sorted({*TOP, *VALUES, *DTYPES, *_FURTHER, *_INITIALIZERS}),
    "GradientTape", "Tensor", "TensorSpec", "UnconnectedGradients", "Variable", "as_dtype", "audio", "autograph",
    "compat", "config", "data", "debugging", "dtypes", "errors", "image", "initializers", "io", "linalg", "losses",
    "math", "metrics", "name_scope", "nest", "newaxis", "nn", "optimizers", "random", "strings", "test",
]  # fmt: skip
globals().update({name: FUNCTIONS[name] for name in TOP} | VALUES | DTYPES | _FURTHER | _INITIALIZERS)
