"""`tf.math`: functions of numbers."""

from fastnn.stand_in.names import FUNCTIONS, NN

__all__ = sorted(set(FUNCTIONS) - set(NN) | {"l2_normalize", "sigmoid", "softplus", "tanh", "top_k"})
globals().update({name: FUNCTIONS[name] for name in __all__})
