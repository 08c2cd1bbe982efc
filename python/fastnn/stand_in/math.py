"""`tf.math`: functions of numbers."""

from fastnn.stand_in.further import MATH as _FURTHER
from fastnn.stand_in.names import FUNCTIONS as _FUNCTIONS
from fastnn.stand_in.names import NN as _NN

_HERE = {
    name: _FUNCTIONS[name] for name in set(_FUNCTIONS) - set(_NN) | {"l2_normalize", "sigmoid", "softplus", "tanh"}
}
_HERE |= {"top_k": _FUNCTIONS["top_k"], **_FURTHER}
__all__ = sorted(_HERE)
globals().update(_HERE)
