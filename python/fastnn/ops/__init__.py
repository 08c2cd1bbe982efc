"""Functions on tensors, under the names of `keras.ops`.

On arrays they compute at once, with NumPy. On symbolic tensors, and within the `call` of a layer, a loss or a metric of
your own, they add to the graph that the core then runs, with exact gradients.

Left out are functions

* whose result's size depends on the numbers: `bincount`, `nonzero`, `unique`;
* of complex numbers: `fft`, `fft2`, `ifft2`, `irfft`, `istft`, `polar`, `rfft`, `stft`, `view_as_complex`,
  `view_as_real`;
* that factorize matrices: `cholesky`, `cholesky_inverse`, `det`, `eig`, `eigh`, `inv`, `logdet`, `lstsq`, `lu_factor`,
  `matrix_rank`, `pinv`, `qr`, `slogdet`, `solve`, `solve_triangular`, `svd`;
* of the bits of numbers: `bitwise_and`, `bitwise_or`, `bitwise_xor`, `nextafter`, `view`; and `gcd`, `lcm`, `i0`;
* that skip NaN in an order: `nanmedian`, `nanpercentile`, `nanquantile`;
* of functions: `custom_gradient`, `jvp`, `vectorize`;
* of sequences: `ctc_decode`, `ctc_loss`, `extract_sequences`; and `fold`, the sum of overlapping windows;
* of `image`: `affine_transform`, `elastic_transform`, `extract_patches_3d`, `map_coordinates`,
  `perspective_transform`, `scale_and_translate`, `sobel_edges`, `ssim`.

Example:
    >>> from fastnn import ops
    >>> ops.matmul([[1.0, 2.0]], [[3.0], [4.0]])
    array([[11.]], dtype=float32)
"""

from fastnn.naming import suggestion as _suggestion
from fastnn.ops import arithmetic as _arithmetic  # noqa: F401
from fastnn.ops import control as _control
from fastnn.ops import elementwise as _elementwise
from fastnn.ops import function as _function
from fastnn.ops import image as image
from fastnn.ops import linalg as linalg
from fastnn.ops import linear as _linear
from fastnn.ops import making as _making
from fastnn.ops import nn as nn
from fastnn.ops import numpy as numpy
from fastnn.ops import ordering as _ordering
from fastnn.ops import reduction as _reduction
from fastnn.ops import shaping as _shaping
from fastnn.ops import windows as _windows
from fastnn.ops.control import associative_scan as associative_scan
from fastnn.ops.control import cond as cond
from fastnn.ops.control import fori_loop as fori_loop
from fastnn.ops.control import map as map
from fastnn.ops.control import scan as scan
from fastnn.ops.control import switch as switch
from fastnn.ops.control import vectorized_map as vectorized_map
from fastnn.ops.control import while_loop as while_loop
from fastnn.ops.elementwise import abs as abs
from fastnn.ops.elementwise import absolute as absolute
from fastnn.ops.elementwise import add as add
from fastnn.ops.elementwise import angle as angle
from fastnn.ops.elementwise import arccos as arccos
from fastnn.ops.elementwise import arccosh as arccosh
from fastnn.ops.elementwise import arcsin as arcsin
from fastnn.ops.elementwise import arcsinh as arcsinh
from fastnn.ops.elementwise import arctan as arctan
from fastnn.ops.elementwise import arctan2 as arctan2
from fastnn.ops.elementwise import arctanh as arctanh
from fastnn.ops.elementwise import bitwise_invert as bitwise_invert
from fastnn.ops.elementwise import bitwise_left_shift as bitwise_left_shift
from fastnn.ops.elementwise import bitwise_not as bitwise_not
from fastnn.ops.elementwise import bitwise_right_shift as bitwise_right_shift
from fastnn.ops.elementwise import cast as cast
from fastnn.ops.elementwise import cbrt as cbrt
from fastnn.ops.elementwise import ceil as ceil
from fastnn.ops.elementwise import clip as clip
from fastnn.ops.elementwise import conj as conj
from fastnn.ops.elementwise import conjugate as conjugate
from fastnn.ops.elementwise import convert_to_numpy as convert_to_numpy
from fastnn.ops.elementwise import convert_to_tensor as convert_to_tensor
from fastnn.ops.elementwise import copy as copy
from fastnn.ops.elementwise import cos as cos
from fastnn.ops.elementwise import cosh as cosh
from fastnn.ops.elementwise import deg2rad as deg2rad
from fastnn.ops.elementwise import divide as divide
from fastnn.ops.elementwise import divide_no_nan as divide_no_nan
from fastnn.ops.elementwise import dtype as dtype
from fastnn.ops.elementwise import equal as equal
from fastnn.ops.elementwise import erf as erf
from fastnn.ops.elementwise import erfc as erfc
from fastnn.ops.elementwise import erfinv as erfinv
from fastnn.ops.elementwise import exp as exp
from fastnn.ops.elementwise import exp2 as exp2
from fastnn.ops.elementwise import expm1 as expm1
from fastnn.ops.elementwise import fabs as fabs
from fastnn.ops.elementwise import floor as floor
from fastnn.ops.elementwise import floor_divide as floor_divide
from fastnn.ops.elementwise import fmax as fmax
from fastnn.ops.elementwise import fmin as fmin
from fastnn.ops.elementwise import fmod as fmod
from fastnn.ops.elementwise import greater as greater
from fastnn.ops.elementwise import greater_equal as greater_equal
from fastnn.ops.elementwise import heaviside as heaviside
from fastnn.ops.elementwise import hypot as hypot
from fastnn.ops.elementwise import imag as imag
from fastnn.ops.elementwise import is_tensor as is_tensor
from fastnn.ops.elementwise import isclose as isclose
from fastnn.ops.elementwise import isfinite as isfinite
from fastnn.ops.elementwise import isinf as isinf
from fastnn.ops.elementwise import isnan as isnan
from fastnn.ops.elementwise import isneginf as isneginf
from fastnn.ops.elementwise import isposinf as isposinf
from fastnn.ops.elementwise import isreal as isreal
from fastnn.ops.elementwise import ldexp as ldexp
from fastnn.ops.elementwise import left_shift as left_shift
from fastnn.ops.elementwise import less as less
from fastnn.ops.elementwise import less_equal as less_equal
from fastnn.ops.elementwise import log as log
from fastnn.ops.elementwise import log1p as log1p
from fastnn.ops.elementwise import log2 as log2
from fastnn.ops.elementwise import log10 as log10
from fastnn.ops.elementwise import logaddexp as logaddexp
from fastnn.ops.elementwise import logaddexp2 as logaddexp2
from fastnn.ops.elementwise import logical_and as logical_and
from fastnn.ops.elementwise import logical_not as logical_not
from fastnn.ops.elementwise import logical_or as logical_or
from fastnn.ops.elementwise import logical_xor as logical_xor
from fastnn.ops.elementwise import maximum as maximum
from fastnn.ops.elementwise import minimum as minimum
from fastnn.ops.elementwise import mod as mod
from fastnn.ops.elementwise import multiply as multiply
from fastnn.ops.elementwise import nan_to_num as nan_to_num
from fastnn.ops.elementwise import negative as negative
from fastnn.ops.elementwise import not_equal as not_equal
from fastnn.ops.elementwise import power as power
from fastnn.ops.elementwise import rad2deg as rad2deg
from fastnn.ops.elementwise import real as real
from fastnn.ops.elementwise import reciprocal as reciprocal
from fastnn.ops.elementwise import right_shift as right_shift
from fastnn.ops.elementwise import round as round
from fastnn.ops.elementwise import rsqrt as rsqrt
from fastnn.ops.elementwise import saturate_cast as saturate_cast
from fastnn.ops.elementwise import select as select
from fastnn.ops.elementwise import sign as sign
from fastnn.ops.elementwise import signbit as signbit
from fastnn.ops.elementwise import sin as sin
from fastnn.ops.elementwise import sinc as sinc
from fastnn.ops.elementwise import sinh as sinh
from fastnn.ops.elementwise import sqrt as sqrt
from fastnn.ops.elementwise import square as square
from fastnn.ops.elementwise import stop_gradient as stop_gradient
from fastnn.ops.elementwise import subtract as subtract
from fastnn.ops.elementwise import tan as tan
from fastnn.ops.elementwise import tanh as tanh
from fastnn.ops.elementwise import true_divide as true_divide
from fastnn.ops.elementwise import trunc as trunc
from fastnn.ops.elementwise import where as where
from fastnn.ops.linear import cdist as cdist
from fastnn.ops.linear import corrcoef as corrcoef
from fastnn.ops.linear import correlate as correlate
from fastnn.ops.linear import cross as cross
from fastnn.ops.linear import diag as diag
from fastnn.ops.linear import diagflat as diagflat
from fastnn.ops.linear import diagonal as diagonal
from fastnn.ops.linear import dot as dot
from fastnn.ops.linear import einsum as einsum
from fastnn.ops.linear import inner as inner
from fastnn.ops.linear import kron as kron
from fastnn.ops.linear import matmul as matmul
from fastnn.ops.linear import outer as outer
from fastnn.ops.linear import tensordot as tensordot
from fastnn.ops.linear import trace as trace
from fastnn.ops.linear import trapezoid as trapezoid
from fastnn.ops.linear import vdot as vdot
from fastnn.ops.making import arange as arange
from fastnn.ops.making import array as array
from fastnn.ops.making import bartlett as bartlett
from fastnn.ops.making import blackman as blackman
from fastnn.ops.making import empty as empty
from fastnn.ops.making import empty_like as empty_like
from fastnn.ops.making import eye as eye
from fastnn.ops.making import full as full
from fastnn.ops.making import full_like as full_like
from fastnn.ops.making import geomspace as geomspace
from fastnn.ops.making import hamming as hamming
from fastnn.ops.making import hanning as hanning
from fastnn.ops.making import identity as identity
from fastnn.ops.making import kaiser as kaiser
from fastnn.ops.making import linspace as linspace
from fastnn.ops.making import logspace as logspace
from fastnn.ops.making import meshgrid as meshgrid
from fastnn.ops.making import multi_hot as multi_hot
from fastnn.ops.making import one_hot as one_hot
from fastnn.ops.making import ones as ones
from fastnn.ops.making import ones_like as ones_like
from fastnn.ops.making import tri as tri
from fastnn.ops.making import tril as tril
from fastnn.ops.making import triu as triu
from fastnn.ops.making import vander as vander
from fastnn.ops.making import zeros as zeros
from fastnn.ops.making import zeros_like as zeros_like
from fastnn.ops.nn import batch_normalization as batch_normalization
from fastnn.ops.nn import binary_crossentropy as binary_crossentropy
from fastnn.ops.nn import categorical_crossentropy as categorical_crossentropy
from fastnn.ops.nn import celu as celu
from fastnn.ops.nn import dot_product_attention as dot_product_attention
from fastnn.ops.nn import elu as elu
from fastnn.ops.nn import gelu as gelu
from fastnn.ops.nn import glu as glu
from fastnn.ops.nn import hard_shrink as hard_shrink
from fastnn.ops.nn import hard_sigmoid as hard_sigmoid
from fastnn.ops.nn import hard_silu as hard_silu
from fastnn.ops.nn import hard_swish as hard_swish
from fastnn.ops.nn import hard_tanh as hard_tanh
from fastnn.ops.nn import layer_normalization as layer_normalization
from fastnn.ops.nn import leaky_relu as leaky_relu
from fastnn.ops.nn import log_sigmoid as log_sigmoid
from fastnn.ops.nn import log_softmax as log_softmax
from fastnn.ops.nn import normalize as normalize
from fastnn.ops.nn import psnr as psnr
from fastnn.ops.nn import relu as relu
from fastnn.ops.nn import relu6 as relu6
from fastnn.ops.nn import rms_normalization as rms_normalization
from fastnn.ops.nn import selu as selu
from fastnn.ops.nn import sigmoid as sigmoid
from fastnn.ops.nn import silu as silu
from fastnn.ops.nn import soft_shrink as soft_shrink
from fastnn.ops.nn import softmax as softmax
from fastnn.ops.nn import softplus as softplus
from fastnn.ops.nn import softsign as softsign
from fastnn.ops.nn import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from fastnn.ops.nn import sparse_plus as sparse_plus
from fastnn.ops.nn import sparse_sigmoid as sparse_sigmoid
from fastnn.ops.nn import sparsemax as sparsemax
from fastnn.ops.nn import squareplus as squareplus
from fastnn.ops.nn import swish as swish
from fastnn.ops.nn import tanh_shrink as tanh_shrink
from fastnn.ops.nn import threshold as threshold
from fastnn.ops.ordering import argpartition as argpartition
from fastnn.ops.ordering import argsort as argsort
from fastnn.ops.ordering import digitize as digitize
from fastnn.ops.ordering import histogram as histogram
from fastnn.ops.ordering import in_top_k as in_top_k
from fastnn.ops.ordering import isin as isin
from fastnn.ops.ordering import median as median
from fastnn.ops.ordering import percentile as percentile
from fastnn.ops.ordering import quantile as quantile
from fastnn.ops.ordering import searchsorted as searchsorted
from fastnn.ops.ordering import segment_max as segment_max
from fastnn.ops.ordering import segment_min as segment_min
from fastnn.ops.ordering import segment_prod as segment_prod
from fastnn.ops.ordering import segment_sum as segment_sum
from fastnn.ops.ordering import sort as sort
from fastnn.ops.ordering import top_k as top_k
from fastnn.ops.reduction import all as all
from fastnn.ops.reduction import allclose as allclose
from fastnn.ops.reduction import amax as amax
from fastnn.ops.reduction import amin as amin
from fastnn.ops.reduction import any as any
from fastnn.ops.reduction import argmax as argmax
from fastnn.ops.reduction import argmin as argmin
from fastnn.ops.reduction import average as average
from fastnn.ops.reduction import count_nonzero as count_nonzero
from fastnn.ops.reduction import cumprod as cumprod
from fastnn.ops.reduction import cumsum as cumsum
from fastnn.ops.reduction import logsumexp as logsumexp
from fastnn.ops.reduction import max as max
from fastnn.ops.reduction import mean as mean
from fastnn.ops.reduction import min as min
from fastnn.ops.reduction import moments as moments
from fastnn.ops.reduction import nanargmax as nanargmax
from fastnn.ops.reduction import nanargmin as nanargmin
from fastnn.ops.reduction import nancumprod as nancumprod
from fastnn.ops.reduction import nancumsum as nancumsum
from fastnn.ops.reduction import nanmax as nanmax
from fastnn.ops.reduction import nanmean as nanmean
from fastnn.ops.reduction import nanmin as nanmin
from fastnn.ops.reduction import nanprod as nanprod
from fastnn.ops.reduction import nanstd as nanstd
from fastnn.ops.reduction import nansum as nansum
from fastnn.ops.reduction import nanvar as nanvar
from fastnn.ops.reduction import norm as norm
from fastnn.ops.reduction import prod as prod
from fastnn.ops.reduction import ptp as ptp
from fastnn.ops.reduction import std as std
from fastnn.ops.reduction import sum as sum
from fastnn.ops.reduction import var as var
from fastnn.ops.shaping import append as append
from fastnn.ops.shaping import array_split as array_split
from fastnn.ops.shaping import broadcast_to as broadcast_to
from fastnn.ops.shaping import concatenate as concatenate
from fastnn.ops.shaping import diff as diff
from fastnn.ops.shaping import dsplit as dsplit
from fastnn.ops.shaping import dstack as dstack
from fastnn.ops.shaping import expand_dims as expand_dims
from fastnn.ops.shaping import flip as flip
from fastnn.ops.shaping import fliplr as fliplr
from fastnn.ops.shaping import flipud as flipud
from fastnn.ops.shaping import get_item as get_item
from fastnn.ops.shaping import hsplit as hsplit
from fastnn.ops.shaping import hstack as hstack
from fastnn.ops.shaping import moveaxis as moveaxis
from fastnn.ops.shaping import ndim as ndim
from fastnn.ops.shaping import pad as pad
from fastnn.ops.shaping import ravel as ravel
from fastnn.ops.shaping import rearrange as rearrange
from fastnn.ops.shaping import repeat as repeat
from fastnn.ops.shaping import reshape as reshape
from fastnn.ops.shaping import roll as roll
from fastnn.ops.shaping import rot90 as rot90
from fastnn.ops.shaping import scatter as scatter
from fastnn.ops.shaping import scatter_update as scatter_update
from fastnn.ops.shaping import shape as shape
from fastnn.ops.shaping import size as size
from fastnn.ops.shaping import slice as slice
from fastnn.ops.shaping import slice_update as slice_update
from fastnn.ops.shaping import split as split
from fastnn.ops.shaping import squeeze as squeeze
from fastnn.ops.shaping import stack as stack
from fastnn.ops.shaping import swapaxes as swapaxes
from fastnn.ops.shaping import take as take
from fastnn.ops.shaping import take_along_axis as take_along_axis
from fastnn.ops.shaping import tile as tile
from fastnn.ops.shaping import transpose as transpose
from fastnn.ops.shaping import unravel_index as unravel_index
from fastnn.ops.shaping import unstack as unstack
from fastnn.ops.shaping import vsplit as vsplit
from fastnn.ops.shaping import vstack as vstack
from fastnn.ops.windows import adaptive_average_pool as adaptive_average_pool
from fastnn.ops.windows import adaptive_max_pool as adaptive_max_pool
from fastnn.ops.windows import average_pool as average_pool
from fastnn.ops.windows import conv as conv
from fastnn.ops.windows import conv_transpose as conv_transpose
from fastnn.ops.windows import depth_to_space as depth_to_space
from fastnn.ops.windows import depthwise_conv as depthwise_conv
from fastnn.ops.windows import max_pool as max_pool
from fastnn.ops.windows import separable_conv as separable_conv
from fastnn.ops.windows import space_to_depth as space_to_depth
from fastnn.ops.windows import unfold as unfold

_families = (_control, _elementwise, linalg, _linear, _making, nn, _ordering, _reduction, _shaping, _windows)
_function.remember([globals(), vars(image)], [vars(family) for family in _families])


def __getattr__(name: str) -> object:
    names = [known for known in globals() if not known.startswith("_")]
    raise AttributeError(f"module 'fastnn.ops' has no function {name!r}.{_suggestion(name, names)}")
