"""Functions of TensorFlow that `fastnn.ops` has under other names or in parts: `tf.x`, `tf.math.x`, `tf.nn.x`.

On arrays and on symbolic tensors they compute with `fastnn.ops`; what they return for arrays answers `.numpy()`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.data.elements import as_element
from fastnn.data.specs import as_dtype
from fastnn.stand_in.functions import plain, traced
from fastnn.symbolic.structure import Structure


def _returned(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_returned(one) for one in value)
    return as_element(value) if isinstance(value, (np.ndarray, np.generic)) else value


def _of_numbers(value: Any) -> bool:
    """Returns whether a value is a list of numbers of Python, or lists of them."""
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return isinstance(value, (int, float))


def computing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function that takes `name=` and whose arrays answer `.numpy()`.

    Args:
        function: Function of arrays and tensors.
    """

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        kwargs.pop("name", None)
        if args and _of_numbers(args[0]):
            args = as_element(args[0]), *args[1:]
        return _returned(function(*args, **kwargs))

    return called


def _add_n(inputs: Sequence[Any]) -> Any:
    return functools.reduce(ops.add, inputs)


def _clip_by_global_norm(t_list: Sequence[Any], clip_norm: float, use_norm: Any = None) -> Any:
    norm = _global_norm(t_list) if use_norm is None else use_norm
    factor = clip_norm / ops.maximum(norm, clip_norm)
    return [None if one is None else one * factor for one in t_list], norm


def _global_norm(t_list: Sequence[Any]) -> Any:
    return ops.sqrt(_add_n([ops.sum(ops.square(one)) for one in t_list if one is not None]))


def _sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = "bool") -> Any:
    if maxlen is None:
        if traced(lengths):
            raise TypeError("tf.sequence_mask of a tensor needs maxlen, since it decides the shape")
        maxlen = int(plain(lengths).max())
    made = ops.arange(int(maxlen)) < ops.expand_dims(lengths, -1)
    return made if as_dtype(dtype) == np.dtype(bool) else ops.cast(made, dtype)


def _gather_nd(params: Any, indices: Any, batch_dims: int = 0) -> Any:
    sizes, depth = tuple(params.shape), indices.shape[-1]
    if batch_dims or None in sizes[:depth]:
        raise TypeError(
            f"tf.gather_nd takes axes of known size, without batch_dims, got shape {sizes}; use tf.gather, or multiply "
            "by tf.one_hot and sum"
        )
    place: Any = 0
    for axis in range(depth):
        place = place * sizes[axis] + indices[..., axis]
    return ops.take(ops.reshape(params, (-1, *sizes[depth:])), place, axis=0)


def _bincount(arr: Any, weights: Any = None, minlength: int | None = None, maxlength: int | None = None) -> Any:
    if traced(arr):
        if minlength is None or minlength != maxlength:
            raise TypeError("tf.math.bincount of a tensor needs minlength and maxlength, which decide the shape")
        ones = ops.ones_like(arr, "float32") if weights is None else weights
        return ops.segment_sum(ops.reshape(ones, (-1,)), ops.reshape(arr, (-1,)), int(minlength))
    flat = plain(arr).reshape(-1)
    made = np.bincount(flat, None if weights is None else plain(weights).reshape(-1), int(minlength or 0))[:maxlength]
    return made.astype(np.int32 if weights is None else np.float32)


def _divide_no_nan(x: Any, y: Any) -> Any:
    y = as_element(y) if _of_numbers(y) else y
    zero = ops.equal(y, 0)
    found = x / ops.where(zero, ops.ones_like(y), y)
    return ops.where(zero, ops.zeros_like(found), found)


def _in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    return ops.in_top_k(targets, predictions, k)


def _confusion_matrix(labels: Any, predictions: Any, num_classes: int | None = None, weights: Any = None) -> Any:
    true, found = plain(labels).astype(int), plain(predictions).astype(int)
    count = int(max(true.max(), found.max())) + 1 if num_classes is None else int(num_classes)
    made = np.zeros((count, count), np.int32 if weights is None else np.float32)
    np.add.at(made, (true, found), 1 if weights is None else plain(weights))
    return made


def _unsorted(reduce: str) -> Callable[..., Any]:
    def of_segments(data: Any, segment_ids: Any, num_segments: Any) -> Any:
        if reduce in ("sum", "max"):
            return getattr(ops, f"segment_{reduce}")(data, segment_ids, int(num_segments))
        sums = ops.segment_sum(data, segment_ids, int(num_segments))
        counts = ops.segment_sum(ops.ones_like(data), segment_ids, int(num_segments))
        return sums / ops.maximum(counts, 1.0)

    return of_segments


def _cumprod(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Any:
    x = ops.flip(x, axis) if reverse else x
    if exclusive:
        size = x.shape[axis]
        ones = ops.ones_like(ops.take(x, [0], axis=axis))
        x = ops.concatenate([ones, ops.take(x, list(range(size - 1)), axis=axis)], axis=axis)
    made = ops.cumprod(x, axis=axis)
    return ops.flip(made, axis) if reverse else made


def _broadcast_to(input: Any, shape: Any) -> Any:
    return ops.broadcast_to(input, tuple(shape))


MATH: dict[str, Callable[..., Any]] = {
    "acos": ops.arccos, "acosh": ops.arccosh, "asin": ops.arcsin, "asinh": ops.arcsinh, "atan": ops.arctan,
    "atan2": ops.arctan2, "atanh": ops.arctanh, "add_n": _add_n, "bincount": _bincount,
    "confusion_matrix": _confusion_matrix, "count_nonzero": ops.count_nonzero, "cumprod": _cumprod,
    "divide_no_nan": _divide_no_nan, "erf": ops.erf, "in_top_k": _in_top_k, "is_finite": ops.isfinite,
    "is_inf": ops.isinf, "is_nan": ops.isnan, "log_sigmoid": ops.log_sigmoid, "reciprocal": ops.reciprocal,
    "segment_sum": ops.segment_sum, "softmax": lambda logits, axis=-1: ops.softmax(logits, axis),
    "unsorted_segment_max": _unsorted("max"), "unsorted_segment_mean": _unsorted("mean"),
    "unsorted_segment_sum": _unsorted("sum"),
}  # fmt: skip
"""Functions of `tf.math`."""
_TOP = ("acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "add_n")
TOP: dict[str, Callable[..., Any]] = {
    **{name: MATH[name] for name in _TOP},
    "broadcast_to": _broadcast_to, "clip_by_global_norm": _clip_by_global_norm, "gather_nd": _gather_nd,
    "sequence_mask": _sequence_mask,
}  # fmt: skip
"""Functions of `tf` itself."""


def _diag_part(input: Any, k: int = 0) -> Any:
    return ops.diagonal(input, offset=k, axis1=-2, axis2=-1)


def _on_diagonal(shape: Any) -> Any:
    return np.eye(shape[-2], shape[-1], dtype=bool)


def _set_diag(input: Any, diagonal: Any) -> Any:
    if None in input.shape[-2:]:
        rows, columns = ops.shape(input)[-2], ops.shape(input)[-1]
        on = ops.equal(ops.expand_dims(ops.arange(rows), -1), ops.arange(columns))
    else:
        on = _on_diagonal(input.shape)
    wide = input.shape[-2] is None or input.shape[-1] is None or input.shape[-1] >= input.shape[-2]
    return ops.where(on, ops.expand_dims(diagonal, -1 if wide else -2), input)


def _band_part(input: Any, num_lower: int, num_upper: int) -> Any:
    rows, columns = input.shape[-2], input.shape[-1]
    across = np.arange(columns) - np.arange(rows)[:, None]
    keep = (across >= -num_lower if num_lower >= 0 else True) & (across <= num_upper if num_upper >= 0 else True)
    return ops.where(np.broadcast_to(keep, (rows, columns)), input, ops.zeros_like(input))


LINALG: dict[str, Callable[..., Any]] = {
    "band_part": _band_part, "diag": lambda diagonal: diagonal[..., None]
    * np.eye(diagonal.shape[-1], dtype=np.float32), "diag_part": _diag_part, "eye": ops.eye,
    "global_norm": _global_norm, "l2_normalize": lambda x, axis=None, epsilon=1e-12: ops.normalize(
        x, axis, epsilon=epsilon), "matrix_transpose": lambda a: ops.swapaxes(a, -1, -2),
    "matvec": lambda a, b: ops.squeeze(ops.matmul(a, ops.expand_dims(b, -1)), -1), "set_diag": _set_diag,
    "trace": lambda x: ops.sum(_diag_part(x), axis=-1),
}  # fmt: skip
"""Functions of `tf.linalg`."""


def _pair(value: Any) -> Any:
    """Returns strides and windows for height and width: TensorFlow also takes four, with those of rows and channels."""
    if isinstance(value, int):
        return value
    sizes = [int(one) for one in value]
    return sizes[0] if len(sizes) == 1 else tuple(sizes[1:3] if len(sizes) == 4 else sizes)


def _border(padding: str) -> str:
    if not isinstance(padding, str):
        raise TypeError(f"tf.nn takes padding 'SAME' or 'VALID', got {padding!r}; add zeros before by tf.pad")
    return padding.lower()


def _conv2d(input: Any, filters: Any, strides: Any, padding: str, data_format: str = "NHWC", dilations: Any = 1) -> Any:
    return ops.conv(input, filters, _pair(strides), _border(padding), _layout(data_format), _pair(dilations))


def _conv2d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: str = "SAME", data_format: str = "NHWC",
    dilations: Any = 1,
) -> Any:  # fmt: skip
    return ops.conv_transpose(
        input, filters, _pair(strides), _border(padding), None, _layout(data_format), _pair(dilations)
    )


def _depthwise_conv2d(
    input: Any, filter: Any, strides: Any, padding: str, data_format: str = "NHWC", dilations: Any = 1
) -> Any:
    return ops.depthwise_conv(input, filter, _pair(strides), _border(padding), _layout(data_format), _pair(dilations))


def _layout(data_format: str | None) -> str:
    return "channels_first" if data_format and str(data_format).startswith("NC") else "channels_last"


def _avg_pool(input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC") -> Any:
    return ops.average_pool(input, _pair(ksize), _pair(strides), _border(padding), _layout(data_format))


def _max_pool(input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC") -> Any:
    return ops.max_pool(input, _pair(ksize), _pair(strides), _border(padding), _layout(data_format))


def _depth_to_space(input: Any, block_size: int) -> Any:
    height, width, channels = input.shape[1:]
    b = int(block_size)
    parts = ops.reshape(input, (-1, height, width, b, b, channels // (b * b)))
    return ops.reshape(ops.transpose(parts, (0, 1, 3, 2, 4, 5)), (-1, height * b, width * b, channels // (b * b)))


def _space_to_depth(input: Any, block_size: int) -> Any:
    height, width, channels = input.shape[1:]
    b = int(block_size)
    parts = ops.reshape(input, (-1, height // b, b, width // b, b, channels))
    return ops.reshape(ops.transpose(parts, (0, 1, 3, 2, 4, 5)), (-1, height // b, width // b, channels * b * b))


def _batch_normalization(x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float) -> Any:
    factor = ops.rsqrt(variance + variance_epsilon)
    factor = factor if scale is None else factor * scale
    made = (x - mean) * factor
    return made if offset is None else made + offset


def _weighted(labels: Any, logits: Any, pos_weight: Any) -> Any:
    weight = 1 + (pos_weight - 1) * labels
    return (1 - labels) * logits + weight * (ops.log1p(ops.exp(-ops.abs(logits))) + ops.relu(-logits))


def _average_loss(per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None) -> Any:
    values = per_example_loss if sample_weight is None else per_example_loss * sample_weight
    count = ops.cast(ops.size(values) if global_batch_size is None else global_batch_size, "float32")
    return ops.sum(values) / count


NN: dict[str, Callable[..., Any]] = {
    "avg_pool": _avg_pool, "avg_pool2d": _avg_pool, "batch_normalization": _batch_normalization,
    "bias_add": lambda value, bias: value + bias, "compute_average_loss": _average_loss, "conv2d": _conv2d,
    "conv2d_transpose": _conv2d_transpose, "depth_to_space": _depth_to_space, "depthwise_conv2d": _depthwise_conv2d,
    "embedding_lookup": lambda params, ids: ops.take(params, ids, axis=0),
    "l2_loss": lambda t: ops.sum(ops.square(t) / 2), "log_sigmoid": ops.log_sigmoid, "max_pool": _max_pool,
    "max_pool2d": _max_pool, "moments": lambda x, axes, keepdims=False: ops.moments(x, axes, keepdims),
    "softsign": ops.softsign, "space_to_depth": _space_to_depth, "weighted_cross_entropy_with_logits": _weighted,
}  # fmt: skip
"""Functions of `tf.nn`."""


def _image_gradients(image: Any) -> Any:
    down = ops.pad(image[:, 1:] - image[:, :-1], [[0, 0], [0, 1], [0, 0], [0, 0]])
    across = ops.pad(image[:, :, 1:] - image[:, :, :-1], [[0, 0], [0, 0], [0, 1], [0, 0]])
    return down, across


def _total_variation(images: Any) -> Any:
    down = ops.abs(images[..., 1:, :, :] - images[..., :-1, :, :])
    across = ops.abs(images[..., :, 1:, :] - images[..., :, :-1, :])
    return ops.sum(down, axis=(-3, -2, -1)) + ops.sum(across, axis=(-3, -2, -1))


def _extract_patches(images: Any, sizes: Any, strides: Any, rates: Any, padding: str) -> Any:
    return ops.image.extract_patches(
        images, _pair(sizes), _pair(strides), _pair(rates), _border(padding), "channels_last"
    )


def _ssim(
    img1: Any, img2: Any, max_val: float, filter_size: int = 11, filter_sigma: float = 1.5, k1: float = 0.01,
    k2: float = 0.03,
) -> Any:  # fmt: skip
    channels = img1.shape[-1]
    places = np.arange(filter_size) - (filter_size - 1) / 2
    bell = np.exp(-(places**2) / (2 * filter_sigma**2))
    window = np.outer(bell, bell) / np.outer(bell, bell).sum()
    kernel = np.repeat(window[..., None, None], channels, axis=2).astype(np.float32)

    def mean(x: Any) -> Any:
        return ops.depthwise_conv(x, kernel, 1, "valid")

    first, second = ops.cast(img1, "float32"), ops.cast(img2, "float32")
    low, high = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    m1, m2 = mean(first), mean(second)
    luminance = (2 * m1 * m2 + low) / (m1 * m1 + m2 * m2 + low)
    both = mean(first * second) - m1 * m2
    spread = mean(first * first + second * second) - m1 * m1 - m2 * m2
    return ops.mean(luminance * (2 * both + high) / (spread + high), axis=(-3, -2, -1))


IMAGE: dict[str, Callable[..., Any]] = {
    "extract_patches": _extract_patches, "image_gradients": _image_gradients, "ssim": _ssim,
    "total_variation": _total_variation,
}  # fmt: skip
"""Functions of `tf.image`."""

for _table in (MATH, TOP, LINALG, NN, IMAGE):
    _table.update({name: computing(one) for name, one in _table.items()})


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """Returns the values of a structure, one by one."""
    return list(Structure(structure).flat(structure))
