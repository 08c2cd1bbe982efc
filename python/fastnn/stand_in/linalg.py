"""`tf.linalg`: products and norms."""

from fastnn.stand_in.names import FUNCTIONS, LINALG

__all__ = list(LINALG)
globals().update({name: FUNCTIONS[name] for name in __all__})
