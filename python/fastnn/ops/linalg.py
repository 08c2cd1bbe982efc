"""The functions of matrices that there are, under Keras' name for the family."""

from fastnn.ops.reduction import norm as norm
