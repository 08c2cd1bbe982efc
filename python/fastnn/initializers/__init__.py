"""Initializers: the initial values of weights."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from fastnn.initializers.constants import STFT, Constant, Identity, Ones, Zeros
from fastnn.initializers.initializer import Initializer
from fastnn.initializers.random_values import Orthogonal, RandomNormal, RandomUniform, TruncatedNormal
from fastnn.initializers.registry import deserialize, get, serialize
from fastnn.initializers.scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)
from fastnn.naming import missing_names as _missing_names

__all__ = [
    "STFT",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "STFTInitializer",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "stft",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

IdentityInitializer = Identity
OrthogonalInitializer = Orthogonal
STFTInitializer = STFT
# The names of Keras 1 and 2.
stft = STFT
constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros


def __dir__() -> list[str]:
    return __all__


if not _TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
