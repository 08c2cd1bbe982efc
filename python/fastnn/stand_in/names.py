"""The table of functions of TensorFlow that stand on `fastnn.ops`: `tf.x`, `tf.math.x`, `tf.nn.x`, `tf.linalg.x`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.data.elements import Element
from fastnn.data.specs import as_dtype
from fastnn.stand_in.functions import Row, plain, returned, standing, traced

_UNARY = "abs ceil cos cosh exp expm1 floor isfinite isinf isnan log log1p negative sign sin sinh sqrt square tan tanh"
_BINARY = "add divide equal floor_divide greater greater_equal less less_equal logical_and logical_or logical_xor " \
    "maximum minimum mod multiply not_equal power subtract"  # fmt: skip


def _matmul_by(xp: Any) -> Callable[..., Any]:
    """Returns the product of matrices, some of them transposed, with the functions of NumPy or of `fastnn.ops`."""

    def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
        return xp.matmul(xp.swapaxes(a, -1, -2) if transpose_a else a, xp.swapaxes(b, -1, -2) if transpose_b else b)

    return matmul


def _relu(x: Any) -> Any:
    return np.maximum(x, x.dtype.type(0))


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x.astype(np.result_type(x, np.float32))))


def _softmax(x: Any, axis: int = -1) -> Any:
    grown = np.exp(x - x.max(axis=axis, keepdims=True))
    return grown / grown.sum(axis=axis, keepdims=True)


def _one_hot(indices: Any, num_classes: int, on: Any = 1, off: Any = 0, axis: int = -1, dtype: Any = "float32") -> Any:
    hot = indices[..., None] == np.arange(num_classes)
    return np.moveaxis(np.where(hot, on, off).astype(as_dtype(dtype)), -1, axis)


def _ops_one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = "float32", **values: Any) -> Any:
    if values:
        raise TypeError("tf.one_hot of a tensor takes no on_value and off_value; compute with its result")
    return ops.one_hot(x, int(num_classes), axis=axis, dtype=dtype)


def _pad(x: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0) -> Any:
    kind = {"CONSTANT": "constant", "REFLECT": "reflect", "SYMMETRIC": "symmetric"}[mode.upper()]
    width = [tuple(map(int, pair)) for pair in np.asarray(paddings)]
    return np.pad(x, width, **({"constant_values": constant_values} if kind == "constant" else {"mode": kind}))


def _ops_pad(x: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0) -> Any:
    kind = mode.lower()
    return ops.pad(x, paddings, kind, **({"constant_values": constant_values} if kind == "constant" else {}))


def _clip_by_norm(x: Any, clip_norm: Any, axes: Any = None) -> Any:
    norm = np.sqrt(np.sum(x * x, axis=axes, keepdims=True))
    return x * (clip_norm / np.maximum(norm, clip_norm))


def _l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12) -> Any:
    return x / np.sqrt(np.maximum(np.sum(x * x, axis=axis, keepdims=True), epsilon))


def _top_k(x: Any, k: int = 1, sorted: bool = True) -> Any:
    places = np.argsort(-x, axis=-1, kind="stable")[..., :k]
    return np.take_along_axis(x, places, -1), places.astype(np.int32)


def _gather(x: Any, indices: Any, axis: int = 0) -> Any:
    return np.take(x, indices, axis)


def _squeeze(x: Any, axis: Any = None) -> Any:
    return np.squeeze(x, tuple(axis) if isinstance(axis, (list, tuple)) else axis)


def _split(x: Any, sections: Any, axis: int = 0) -> Any:
    if np.ndim(sections) == 0:
        return list(np.split(x, int(sections), axis))
    return list(np.split(x, np.cumsum(np.asarray(sections))[:-1], axis))


def _ops_split(x: Any, sections: Any, axis: int = 0) -> Any:
    cuts = int(sections) if np.ndim(sections) == 0 else np.cumsum(np.asarray(sections))[:-1].tolist()
    return ops.split(x, cuts, axis=axis)


def _cumsum(x: Any, axis: int = 0) -> Any:
    return np.cumsum(x, axis, dtype=x.dtype)


def _unstack(x: Any, num: Any = None, axis: int = 0) -> Any:
    return list(np.moveaxis(x, axis, 0))


def _slice(x: Any, begin: Any, size: Any) -> Any:
    ends = [None if n == -1 else int(b) + int(n) for b, n in zip(begin, size, strict=True)]
    return x[tuple(slice(int(b), end) for b, end in zip(begin, ends, strict=True))]


def _reducing(function: Any) -> Any:
    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        axis = tuple(axis) if isinstance(axis, list) else axis
        made = function(x, axis=axis, keepdims=keepdims)
        return np.asarray(made, x.dtype) if function in (np.sum, np.prod) else made

    return reduce


def _argument(function: Any) -> Any:
    def place(x: Any, axis: Any = None, output_type: Any = "int64") -> Any:
        places = function(x, axis=0 if axis is None else axis)
        return np.asarray(places, as_dtype(output_type)).view(Element)

    return place


def _ops_argument(function: Any) -> Any:
    return lambda x, axis=None, output_type=None: function(x, axis=0 if axis is None else axis)


def _rows() -> dict[str, Row]:
    rows: dict[str, Row] = {name: (getattr(np, name), getattr(ops, name), "*x") for name in _UNARY.split()}
    rows |= {name: (getattr(np, name), getattr(ops, name), "*x *y") for name in _BINARY.split()}
    for short, whole in (
        ("pow", "power"), ("floordiv", "floor_divide"), ("truediv", "divide"), ("floormod", "mod"),
    ):  # fmt: skip
        rows[short] = rows[whole]
    reductions = {"mean": np.mean, "sum": np.sum, "max": np.max, "min": np.min, "prod": np.prod, "all": np.all,
                  "any": np.any, "std": np.std}  # fmt: skip
    for name, function in reductions.items():
        rows[f"reduce_{name}"] = (_reducing(function), getattr(ops, name), "*input_tensor axis keepdims")
    rows["reduce_variance"] = (_reducing(np.var), ops.var, "*input_tensor axis keepdims")
    rows["reduce_logsumexp"] = (
        lambda x, axis=None, keepdims=False: np.logaddexp.reduce(x, axis=axis, keepdims=keepdims),
        ops.logsumexp,
        "*input_tensor axis keepdims",
    )
    rows |= {
        "argmax": (_argument(np.argmax), _ops_argument(ops.argmax), "*input axis output_type"),
        "argmin": (_argument(np.argmin), _ops_argument(ops.argmin), "*input axis output_type"),
        "argsort": (lambda x, axis=-1: np.argsort(x, axis, kind="stable"), ops.argsort, "*values axis"),
        "clip_by_norm": (_clip_by_norm, None, "*t clip_norm axes"),
        "clip_by_value": (
            lambda x, x_min, x_max: np.clip(x, np.asarray(x_min, x.dtype), np.asarray(x_max, x.dtype)), ops.clip,
            "*t clip_value_min:x_min clip_value_max:x_max",
        ),
        "concat": (lambda xs, axis: np.concatenate(xs, axis), ops.concatenate, "**values axis"),
        "cumsum": (_cumsum, ops.cumsum, "*x axis"),
        "expand_dims": (np.expand_dims, ops.expand_dims, "*input axis"),
        "gather": (_gather, ops.take, "*params *indices axis"),
        "identity": (lambda x: x, lambda x: x, "*input"),
        "l2_normalize": (_l2_normalize, ops.normalize, "*x axis epsilon"),
        "leaky_relu": (
            lambda x, negative_slope=0.2: np.where(x > 0, x, x * x.dtype.type(negative_slope)),
            lambda x, negative_slope=0.2: ops.leaky_relu(x, negative_slope), "*features alpha:negative_slope",
        ),
        "log_softmax": (lambda x, axis=-1: np.log(_softmax(x, axis)), ops.log_softmax, "*logits axis"),
        "logical_not": (np.logical_not, ops.logical_not, "*x"),
        "matmul": (_matmul_by(np), _matmul_by(ops), "*a *b transpose_a transpose_b"),
        "norm": (
            lambda x, ord=None, axis=None, keepdims=False: np.linalg.norm(
                x if axis is not None else x.ravel(), None if ord in (None, "euclidean") else ord, axis, keepdims
            ),
            ops.norm, "*tensor ord axis keepdims",
        ),
        "one_hot": (_one_hot, _ops_one_hot, "*indices depth:num_classes on_value:on off_value:off axis dtype"),
        "ones_like": (lambda x, dtype=None: np.ones_like(x, None if dtype is None else as_dtype(dtype)), ops.ones_like,
                      "*input dtype"),
        "pad": (_pad, _ops_pad, "*tensor paddings mode constant_values"),
        "rank": (lambda x: np.int32(x.ndim), lambda x: len(x.shape), "*input"),
        "relu": (_relu, ops.relu, "*features"),
        "repeat": (lambda x, repeats, axis=None: np.repeat(x, repeats, axis), ops.repeat, "*input repeats axis"),
        "reshape": (lambda x, newshape: x.reshape([int(n) for n in np.atleast_1d(newshape)]), ops.reshape,
                    "*tensor shape:newshape"),
        "reverse": (lambda x, axis: np.flip(x, tuple(np.atleast_1d(axis).tolist())), ops.flip, "*tensor axis"),
        "roll": (lambda x, shift, axis: np.roll(x, shift, axis), ops.roll, "*input shift axis"),
        "round": (np.rint, ops.round, "*x"),
        "rsqrt": (lambda x: 1 / np.sqrt(x), ops.rsqrt, "*x"),
        "shape": (lambda x: np.asarray(x.shape, np.int32), ops.shape, "*input"),
        "sigmoid": (_sigmoid, ops.sigmoid, "*x"),
        "size": (lambda x: np.int32(x.size), ops.size, "*input"),
        "slice": (_slice, ops.slice, "*input_ begin:begin size:size"),
        "softmax": (_softmax, ops.softmax, "*logits axis"),
        "softplus": (lambda x: np.logaddexp(x, x.dtype.type(0)), ops.softplus, "*features"),
        "sort": (lambda x, axis=-1, direction="ASCENDING": np.sort(x, axis) if direction == "ASCENDING"
                 else np.flip(np.sort(x, axis), axis), ops.sort, "*values axis direction"),
        "split": (_split, _ops_split, "*value num_or_size_splits:sections axis"),
        "squared_difference": (lambda x, y: (x - y) ** 2, lambda x, y: ops.square(x - y), "*x *y"),
        "squeeze": (_squeeze, ops.squeeze, "*input axis"),
        "stack": (lambda xs, axis=0: np.stack(xs, axis), ops.stack, "**values axis"),
        "tensordot": (lambda a, b, axes: np.tensordot(a, b, axes), ops.tensordot, "*a *b axes"),
        "tile": (lambda x, repeats: np.tile(x, np.asarray(repeats)), ops.tile, "*input multiples:repeats"),
        "top_k": (_top_k, ops.top_k, "*input k sorted"),
        "transpose": (lambda x, axes=None: np.transpose(x, axes), ops.transpose, "*a perm:axes"),
        "unstack": (_unstack, ops.unstack, "*value num axis"),
        "zeros_like": (lambda x, dtype=None: np.zeros_like(x, None if dtype is None else as_dtype(dtype)),
                       ops.zeros_like, "*input dtype"),
    }  # fmt: skip
    return rows


FUNCTIONS: dict[str, Callable[..., Any]] = {name: standing(f"tf.{name}", row) for name, row in _rows().items()}
"""Functions by name."""


def einsum(equation: str, *inputs: Any, name: str | None = None) -> Any:
    """Does what `tf.einsum` of TensorFlow does, on arrays and on symbolic tensors."""
    if traced(*inputs):
        return ops.einsum(equation, *inputs)
    arrays = [plain(one) for one in inputs]
    return returned(np.einsum(equation, *arrays), *arrays)


FUNCTIONS["einsum"] = einsum

NN = (
    "l2_normalize", "leaky_relu", "log_softmax", "relu", "sigmoid", "softmax", "softplus", "tanh", "top_k",
)  # fmt: skip
"""Those that are in `tf.nn`."""
LINALG = ("einsum", "matmul", "norm", "tensordot")
"""Those that are in `tf.linalg`."""
_NOT_IN_TF = {
    "l2_normalize", "leaky_relu", "log_softmax", "relu", "softmax", "softplus", "top_k", "reduce_std",
    "reduce_variance", "log", "log1p", "expm1", "isfinite", "isinf", "ceil", "rsqrt", "mod", "power",
}  # fmt: skip
TOP = tuple(name for name in FUNCTIONS if name not in _NOT_IN_TF)
"""Those that are in `tf` itself."""
