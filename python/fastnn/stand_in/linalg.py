"""`tf.linalg`: products, norms and diagonals."""

from fastnn.stand_in.further import LINALG as _FURTHER
from fastnn.stand_in.names import FUNCTIONS as _FUNCTIONS
from fastnn.stand_in.names import LINALG as _LINALG

_HERE = {**{name: _FUNCTIONS[name] for name in _LINALG}, **_FURTHER}
__all__ = sorted(_HERE)
globals().update(_HERE)
