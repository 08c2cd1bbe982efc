"""Functions on tensors, under the names of `keras.ops`.

On arrays they compute at once, with NumPy. On symbolic tensors, and in the `call` of a custom layer, loss or metric,
they add nodes to the graph that the core then runs, with exact gradients.

Those that cannot be part of a model say so in the error that a symbolic tensor raises: functions whose output size
depends on values (`nonzero`, `unique`), factorizations that iterate (`svd`, `eigh`), complex results (`polar`, `eig`).

`custom_gradient` and `jvp` of Keras are missing: gradients are those of the core, or of `GradientTape`.

Example:
    >>> from fastnn import ops
    >>> ops.matmul([[1.0, 2.0]], [[3.0], [4.0]])
    array([[11.]], dtype=float32)
"""

import sys as _sys

from fastnn.naming import suggestion as _suggestion
from fastnn.ops import function as _function
from fastnn.ops import image, linalg, nn, numpy
from fastnn.ops import operators as _operators  # noqa: F401
from fastnn.ops.activation_functions import (
    celu,
    elu,
    gelu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_swish,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    swish,
    tanh_shrink,
    threshold,
)
from fastnn.ops.arithmetic import (
    abs,
    absolute,
    add,
    cbrt,
    clip,
    divide,
    divide_no_nan,
    fabs,
    floor_divide,
    fmax,
    fmin,
    fmod,
    heaviside,
    isclose,
    maximum,
    minimum,
    mod,
    multiply,
    nan_to_num,
    negative,
    power,
    reciprocal,
    rsqrt,
    saturate_cast,
    sign,
    signbit,
    sqrt,
    square,
    subtract,
    true_divide,
)
from fastnn.ops.attention import dot_product_attention
from fastnn.ops.bits import (
    bitwise_and,
    bitwise_invert,
    bitwise_left_shift,
    bitwise_not,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    gcd,
    lcm,
    left_shift,
    right_shift,
)
from fastnn.ops.by_value import bincount, nextafter, nonzero, unique, vectorize, view
from fastnn.ops.complex_parts import angle, conj, conjugate, imag, real
from fastnn.ops.complex_values import polar, view_as_complex
from fastnn.ops.contraction import dot, einsum, inner, tensordot
from fastnn.ops.control import associative_scan, cond, fori_loop, jvp, map, scan, switch, vectorized_map, while_loop
from fastnn.ops.conversion import cast, convert_to_numpy, convert_to_tensor, copy, dtype, is_tensor, stop_gradient
from fastnn.ops.creation import (
    arange,
    array,
    empty,
    empty_like,
    full,
    full_like,
    geomspace,
    linspace,
    logspace,
    meshgrid,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from fastnn.ops.ctc_decoding import ctc_decode
from fastnn.ops.cumulative import cumprod, cumsum
from fastnn.ops.dimensions import ndim, shape, size
from fastnn.ops.encoding import multi_hot, one_hot
from fastnn.ops.exponential import (
    erf,
    erfc,
    erfinv,
    exp,
    exp2,
    expm1,
    i0,
    ldexp,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logaddexp2,
)
from fastnn.ops.factorizations import cholesky, eig, eigh, lstsq, lu_factor, matrix_rank, pinv, qr, svd
from fastnn.ops.fourier import extract_sequences, fft, fft2, ifft2, irfft, istft, rfft, stft, view_as_real
from fastnn.ops.joining import append, concatenate, dstack, hstack, repeat, roll, stack, tile, vstack
from fastnn.ops.linalg import norm
from fastnn.ops.linear import cross, kron, matmul, outer, vdot
from fastnn.ops.linear_systems import cholesky_inverse, det, inv, logdet, slogdet, solve, solve_triangular
from fastnn.ops.logic import (
    equal,
    greater,
    greater_equal,
    isfinite,
    isinf,
    isnan,
    isneginf,
    isposinf,
    isreal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    not_equal,
    select,
    where,
)
from fastnn.ops.losses import (
    binary_crossentropy,
    categorical_crossentropy,
    ctc_loss,
    psnr,
    sparse_categorical_crossentropy,
)
from fastnn.ops.matrices import diag, diagflat, diagonal, eye, identity, trace, tri, tril, triu, vander
from fastnn.ops.nan_reduction import (
    nanargmax,
    nanargmin,
    nancumprod,
    nancumsum,
    nanmax,
    nanmean,
    nanmin,
    nanprod,
    nanstd,
    nansum,
    nanvar,
)
from fastnn.ops.normalization import batch_normalization, layer_normalization, normalize, rms_normalization
from fastnn.ops.ordering import argpartition, argsort, digitize, in_top_k, isin, searchsorted, sort, top_k
from fastnn.ops.quantiles import median, nanmedian, nanpercentile, nanquantile, percentile, quantile
from fastnn.ops.reduction import (
    all,
    allclose,
    amax,
    amin,
    any,
    argmax,
    argmin,
    average,
    count_nonzero,
    logsumexp,
    max,
    mean,
    min,
    moments,
    prod,
    ptp,
    std,
    sum,
    var,
)
from fastnn.ops.rounding import ceil, floor, round, trunc
from fastnn.ops.scattering import scatter, scatter_update, slice_update, unravel_index
from fastnn.ops.segments import segment_max, segment_min, segment_prod, segment_sum
from fastnn.ops.shaping import (
    broadcast_to,
    expand_dims,
    flip,
    fliplr,
    flipud,
    moveaxis,
    pad,
    ravel,
    rearrange,
    reshape,
    rot90,
    squeeze,
    swapaxes,
    transpose,
)
from fastnn.ops.slicing import (
    array_split,
    diff,
    dsplit,
    get_item,
    hsplit,
    slice,
    split,
    take,
    take_along_axis,
    unstack,
    vsplit,
)
from fastnn.ops.statistics import cdist, corrcoef, correlate, histogram, trapezoid
from fastnn.ops.trigonometry import (
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    cos,
    cosh,
    deg2rad,
    hypot,
    rad2deg,
    sin,
    sinc,
    sinh,
    tan,
    tanh,
)
from fastnn.ops.window_functions import bartlett, blackman, hamming, hanning, kaiser
from fastnn.ops.windows import (
    adaptive_average_pool,
    adaptive_max_pool,
    average_pool,
    conv,
    conv_transpose,
    depth_to_space,
    depthwise_conv,
    fold,
    max_pool,
    separable_conv,
    space_to_depth,
    unfold,
)
from fastnn.symbolic.tensors import function_names as _function_names

__all__ = [
    "abs", "absolute", "adaptive_average_pool", "adaptive_max_pool", "add", "all", "allclose", "amax", "amin",
    "angle", "any", "append", "arange", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh",
    "argmax", "argmin", "argpartition", "argsort", "array", "array_split", "associative_scan", "average",
    "average_pool", "bartlett", "batch_normalization", "binary_crossentropy", "bincount", "bitwise_and",
    "bitwise_invert", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
    "blackman", "broadcast_to", "cast", "categorical_crossentropy", "cbrt", "cdist", "ceil", "celu", "cholesky",
    "cholesky_inverse", "clip", "concatenate", "cond", "conj", "conjugate", "conv", "conv_transpose",
    "convert_to_numpy", "convert_to_tensor", "copy", "corrcoef", "correlate", "cos", "cosh", "count_nonzero",
    "cross", "ctc_decode", "ctc_loss", "cumprod", "cumsum", "deg2rad", "depth_to_space", "depthwise_conv", "det",
    "diag", "diagflat", "diagonal", "diff", "digitize", "divide", "divide_no_nan", "dot", "dot_product_attention",
    "dsplit", "dstack", "dtype", "eig", "eigh", "einsum", "elu", "empty", "empty_like", "equal", "erf", "erfc",
    "erfinv", "exp", "exp2", "expand_dims", "expm1", "extract_sequences", "eye", "fabs", "fft", "fft2", "flip",
    "fliplr", "flipud", "floor", "floor_divide", "fmax", "fmin", "fmod", "fold", "fori_loop", "full", "full_like",
    "gcd", "gelu", "geomspace", "get_item", "glu", "greater", "greater_equal", "hamming", "hanning", "hard_shrink",
    "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "heaviside", "histogram", "hsplit", "hstack", "hypot",
    "i0", "identity", "ifft2", "imag", "image", "in_top_k", "inner", "inv", "irfft", "is_tensor", "isclose",
    "isfinite", "isin", "isinf", "isnan", "isneginf", "isposinf", "isreal", "istft", "jvp", "kaiser", "kron",
    "layer_normalization", "lcm", "ldexp", "leaky_relu", "left_shift", "less", "less_equal", "linalg", "linspace",
    "log", "log1p", "log2", "log10", "log_sigmoid", "log_softmax", "logaddexp", "logaddexp2", "logdet",
    "logical_and", "logical_not", "logical_or", "logical_xor", "logspace", "logsumexp", "lstsq", "lu_factor", "map",
    "matmul", "matrix_rank", "max", "max_pool", "maximum", "mean", "median", "meshgrid", "min", "minimum", "mod",
    "moments", "moveaxis", "multi_hot", "multiply", "nan_to_num", "nanargmax", "nanargmin", "nancumprod",
    "nancumsum", "nanmax", "nanmean", "nanmedian", "nanmin", "nanpercentile", "nanprod", "nanquantile", "nanstd",
    "nansum", "nanvar", "ndim", "negative", "nextafter", "nn", "nonzero", "norm", "normalize", "not_equal", "numpy",
    "one_hot", "ones", "ones_like", "outer", "pad", "percentile", "pinv", "polar", "power", "prod", "psnr", "ptp",
    "qr", "quantile", "rad2deg", "ravel", "real", "rearrange", "reciprocal", "relu", "relu6", "repeat", "reshape",
    "rfft", "right_shift", "rms_normalization", "roll", "rot90", "round", "rsqrt", "saturate_cast", "scan",
    "scatter", "scatter_update", "searchsorted", "segment_max", "segment_min", "segment_prod", "segment_sum",
    "select", "selu", "separable_conv", "shape", "sigmoid", "sign", "signbit", "silu", "sin", "sinc", "sinh",
    "size", "slice", "slice_update", "slogdet", "soft_shrink", "softmax", "softplus", "softsign", "solve",
    "solve_triangular", "sort", "space_to_depth", "sparse_categorical_crossentropy", "sparse_plus",
    "sparse_sigmoid", "sparsemax", "split", "sqrt", "square", "squareplus", "squeeze", "stack", "std", "stft",
    "stop_gradient", "subtract", "sum", "svd", "swapaxes", "swish", "switch", "take", "take_along_axis", "tan",
    "tanh", "tanh_shrink", "tensordot", "threshold", "tile", "top_k", "trace", "transpose", "trapezoid", "tri",
    "tril", "triu", "true_divide", "trunc", "unfold", "unique", "unravel_index", "unstack", "vander", "var", "vdot",
    "vectorize", "vectorized_map", "view", "view_as_complex", "view_as_real", "vsplit", "vstack", "where",
    "while_loop", "zeros", "zeros_like",
]  # fmt: skip

# Every file that defines one of these functions calls the remembered form of the others too.
_of_images = {name: vars(image)[name] for name in image.__all__}
_own = [globals()[name] for name in __all__] + [*_of_images.values()]
_files = {_sys.modules[one.__module__] for one in _own if hasattr(one, "__module__")}
_function.remember([globals(), _of_images], [vars(file) for file in (*_files, image, nn, linalg)])
vars(numpy).update({name: globals()[name] for name in __all__ if name not in ("image", "linalg", "nn", "numpy")})


_function_names.update(name for name in __all__ if callable(globals()[name]))


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> object:
    raise AttributeError(f"module 'fastnn.ops' has no function {name!r}.{_suggestion(name, __all__)}")
