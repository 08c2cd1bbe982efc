"""Table of layers: every layer with its arguments in awkward shapes, and its reference in float64 NumPy.

A row names a shape or an argument that is error-prone (`conv2d-k3-s2-same-odd`). It has a function that makes the
layer, the shape of one sample (of each input, where it has several), and the reference: `forward(x, weights, training)`
on a whole batch (a list of them), written by hand for clarity alone. `weights` maps the role of a weight ("kernel") to
its float64 value. `test_layers.py` walks the table; it derives the gradients from the references, so none is written
there. One file a family; losses and metrics have tables of their own.
"""

from cases.activation import CASES as ACTIVATION
from cases.case import Case as Case
from cases.convolution import CASES as CONVOLUTION
from cases.core import CASES as CORE
from cases.core import LOSS_CASES as LOSS_CASES
from cases.core import METRIC_CASES as METRIC_CASES
from cases.core import LossCase as LossCase
from cases.core import MetricCase as MetricCase
from cases.core import labels_for as labels_for
from cases.norm import CASES as NORM
from cases.pooling import CASES as POOLING
from cases.preprocessing import CASES as PREPROCESSING
from cases.recurrent import CASES as RECURRENT
from cases.reshaping import CASES as RESHAPING

CASES: list[Case] = [
    *CORE,
    *ACTIVATION,
    *CONVOLUTION,
    *NORM,
    *POOLING,
    *PREPROCESSING,
    *RECURRENT,
    *RESHAPING,
]
