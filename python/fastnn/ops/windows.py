"""Functions of sliding windows over sequences, images and volumes: convolution, pooling, patches.

In a graph they are the nodes of the layers of that name; on arrays the same nodes run at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn import _core, config
from fastnn.ops import joining, reduction, shaping, slicing
from fastnn.ops.conversion import cast
from fastnn.ops.data_formats import in_any_data_format
from fastnn.ops.node import array, node, tensor
from fastnn.precision import floatx
from fastnn.symbolic.tensors import KerasTensor, is_traced
from fastnn.symbolic.variable import Variable


def run(kind: str, inputs: Any, arguments: dict[str, Any], kernels: Sequence[Any], who: str) -> Any:
    """Returns the output of a layer's node, in the graph or at once.

    Args:
        kind: Kind of the node.
        inputs: Tensor or array.
        arguments: Arguments of the node.
        kernels: Its weights, variables or arrays.
        who: Name of the function, for errors.

    Returns:
        Tensor or array.

    Raises:
        TypeError: A kernel is a symbolic tensor.
    """
    for kernel in kernels:
        if isinstance(kernel, KerasTensor):
            raise TypeError(
                f"ops.{who} expects a kernel that is a variable or an array, got a symbolic tensor; make it with "
                "add_weight, or compute with ops.image.extract_patches and ops.matmul"
            )
    weights = [
        one if isinstance(one, Variable) else Variable(array(one).astype(floatx()), trainable=False, name="kernel")
        for one in kernels
    ]
    if is_traced(inputs) or any(is_traced(one) for one in kernels):
        return node(kind, arguments, [tensor(inputs, floatx())], who, weights)
    found = np.ascontiguousarray(array(inputs), dtype=floatx())
    core = _core.core_for(floatx())
    graph = core.Graph()
    edge = graph.input((None, *found.shape[1:]))
    return core.Predictor(graph, graph.add(kind, who, arguments, [edge], [one.handle for one in weights]))([found])[0]


def _run_dilated(kind: str, inputs: Any, arguments: dict[str, Any], kernel: Any, who: str) -> Any:
    """Returns the output of a convolution, whose windows may be both dilated and apart.

    No node computes that: windows at all places are computed, of which those in between are left out.
    """
    rank = len(inputs.shape) - 2
    strides, rates = (_of_axes(arguments[name], rank) for name in ("strides", "dilation_rate"))
    if max(strides) == 1 or max(rates) == 1:
        return run(kind, inputs, arguments, [kernel], who)
    if arguments["padding"] == "same":
        widths = [(0, 0)]
        for size, length, stride, rate in zip(inputs.shape[1:-1], kernel.shape, strides, rates, strict=False):
            if size is None:
                raise ValueError(
                    f"ops.{who} expects inputs of known size for padding='same' with both strides and dilation_rate "
                    f"above 1, got shape {tuple(inputs.shape)}"
                )
            missing = max((-(-size // stride) - 1) * stride + (length - 1) * rate + 1 - size, 0)
            widths.append((missing // 2, missing - missing // 2))
        inputs = shaping.pad(inputs, [*widths, (0, 0)])
    made = run(kind, inputs, {**arguments, "strides": 1, "padding": "valid"}, [kernel], who)
    return made[(slice(None), *(slice(None, None, stride) for stride in strides))]


def _of_axes(value: Any, rank: int) -> list[int]:
    return [int(value)] * rank if isinstance(value, (int, np.integer)) else [int(one) for one in value]


def _rank(inputs: Any, who: str) -> int:
    """Returns the number of axes between the batch and the channels."""
    rank = len(inputs.shape) - 2
    if rank not in (1, 2, 3):
        raise ValueError(
            f"ops.{who} expects (batch, steps, channels), (batch, height, width, channels) or a volume, got "
            f"{tuple(inputs.shape)}"
        )
    return rank


def _kernel_rank(kernel: Any, rank: int, who: str) -> None:
    if len(kernel.shape) != rank + 2:
        raise ValueError(f"ops.{who} expects a kernel of {rank + 2} axes for such inputs, got {tuple(kernel.shape)}")


@in_any_data_format(channels_axis=1)
def conv(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", data_format: Any = None, dilation_rate: Any = 1
) -> Any:
    """Returns the convolution of sequences, images or volumes with a kernel.

    The kernel is not reversed: it is a cross-correlation, as in `layers.Conv2D`.

    Args:
        inputs: Tensor or array of shape `(batch, ..., channels)`, with one to three axes between.
        kernel: Variable or array of shape `(..., channels / groups, filters)`.
        strides: Distance between windows along each axis, or one number for all.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dilation_rate: Distance between the elements of a window along each axis, or one number for all.

    Returns:
        Tensor or array of shape `(batch, ..., filters)`.

    Raises:
        TypeError: The kernel is a symbolic tensor.
        ValueError: The shapes do not fit.

    Example:
        >>> ops.conv(np.ones((1, 4, 1)), np.ones((3, 1, 1))).ravel()
        array([3., 3.], dtype=float32)
    """
    rank = _rank(inputs, "conv")
    _kernel_rank(kernel, rank, "conv")
    channels = inputs.shape[-1]
    if channels is None or channels % kernel.shape[-2]:
        raise ValueError(f"ops.conv: a kernel {tuple(kernel.shape)} does not fit {channels} channels")
    arguments = {
        "filters": kernel.shape[-1], "kernel_size": list(kernel.shape[:rank]), "strides": strides, "padding": padding,
        "dilation_rate": dilation_rate, "groups": channels // kernel.shape[-2], "use_bias": False,
    }  # fmt: skip
    return _run_dilated(f"Conv{rank}D", inputs, arguments, kernel, "conv")


@in_any_data_format(channels_axis=1)
def depthwise_conv(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", data_format: Any = None, dilation_rate: Any = 1
) -> Any:
    """Returns the convolution of each channel with kernels of its own.

    Args:
        inputs: Tensor or array of shape `(batch, ..., channels)`, with one to three axes between.
        kernel: Variable or array of shape `(..., channels, multiplier)`.
        strides: Distance between windows along each axis, or one number for all.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dilation_rate: Distance between the elements of a window along each axis, or one number for all.

    Returns:
        Tensor or array of shape `(batch, ..., channels * multiplier)`.

    Raises:
        TypeError: The kernel is a symbolic tensor.
        ValueError: The shapes do not fit.

    Example:
        >>> ops.depthwise_conv(np.ones((1, 4, 2)), np.ones((3, 2, 1))).shape
        (1, 2, 2)
    """
    rank = _rank(inputs, "depthwise_conv")
    _kernel_rank(kernel, rank, "depthwise_conv")
    arguments = {
        "kernel_size": list(kernel.shape[:rank]), "strides": strides, "padding": padding, "use_bias": False,
        "depth_multiplier": kernel.shape[-1], "dilation_rate": dilation_rate,
    }  # fmt: skip
    return _run_dilated(f"DepthwiseConv{rank}D", inputs, arguments, kernel, "depthwise_conv")


@in_any_data_format(channels_axis=1)
def separable_conv(
    inputs: Any, depthwise_kernel: Any, pointwise_kernel: Any, strides: Any = 1, padding: str = "valid",
    data_format: Any = None, dilation_rate: Any = 1,
) -> Any:  # fmt: skip
    """Returns a depthwise convolution, followed by a convolution of window size 1 that mixes the channels.

    Args:
        inputs: Tensor or array of shape `(batch, ..., channels)`, with one to three axes between.
        depthwise_kernel: Variable or array of shape `(..., channels, multiplier)`.
        pointwise_kernel: Variable or array of shape `(1, ..., channels * multiplier, filters)`.
        strides: Distance between windows along each axis, or one number for all.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dilation_rate: Distance between the elements of a window along each axis, or one number for all.

    Returns:
        Tensor or array of shape `(batch, ..., filters)`.

    Raises:
        TypeError: A kernel is a symbolic tensor.
        ValueError: The shapes do not fit.

    Example:
        >>> ops.separable_conv(np.ones((1, 4, 2)), np.ones((3, 2, 1)), np.ones((1, 2, 5))).shape
        (1, 2, 5)
    """
    between = depthwise_conv(inputs, depthwise_kernel, strides, padding, "channels_last", dilation_rate)
    return conv(between, pointwise_kernel, 1, "valid", "channels_last")


@in_any_data_format(channels_axis=1)
def conv_transpose(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", output_padding: Any = None,
    data_format: Any = None, dilation_rate: Any = 1,
) -> Any:  # fmt: skip
    """Returns the transposed convolution: the gradient of a convolution with respect to its inputs.

    It makes images larger where strides are above 1.

    Args:
        inputs: Tensor or array of shape `(batch, ..., channels)`, with one to three axes between.
        kernel: Variable or array of shape `(..., filters, channels)`.
        strides: Distance between windows along each axis, or one number for all.
        padding: "valid" or "same".
        output_padding: Number of elements added at the end of each axis; None: chosen by `padding`.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dilation_rate: Distance between the elements of a window along each axis, or one number for all.

    Returns:
        Tensor or array of shape `(batch, ..., filters)`.

    Raises:
        TypeError: The kernel is a symbolic tensor.
        ValueError: The shapes do not fit.

    Example:
        >>> ops.conv_transpose(np.ones((1, 2, 1)), np.ones((2, 1, 1)), strides=2).ravel()
        array([1., 1., 1., 1.], dtype=float32)
    """
    rank = _rank(inputs, "conv_transpose")
    _kernel_rank(kernel, rank, "conv_transpose")
    arguments = {
        "filters": kernel.shape[-2], "kernel_size": list(kernel.shape[:rank]), "strides": strides, "padding": padding,
        "output_padding": output_padding, "dilation_rate": dilation_rate, "use_bias": False,
    }  # fmt: skip
    return run(f"Conv{rank}DTranspose", inputs, arguments, [kernel], "conv_transpose")


def _pool(kind: str, inputs: Any, size: Any, strides: Any, padding: str, who: str) -> Any:
    rank = _rank(inputs, who)
    arguments = {"pool_size": size, "strides": size if strides is None else strides, "padding": padding}
    return run(f"{kind}Pooling{rank}D", inputs, arguments, [], who)


@in_any_data_format(channels_axis=1)
def max_pool(inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: Any = None) -> Any:
    """Returns the largest element of each window.

    The gradient of a window goes to its largest element, the first of equal ones.

    Args:
        inputs: Tensor or array of shape `(batch, ..., channels)`, with one to three axes between.
        pool_size: Size of a window along each axis, or one number for all.
        strides: Distance between windows along each axis, or one number for all; None: `pool_size`.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array of shape `(batch, ..., channels)`.

    Raises:
        ValueError: The inputs are no sequences, images or volumes, or smaller than a window without padding.

    Example:
        >>> ops.max_pool(np.array([1.0, 2.0, 5.0, 4.0]).reshape(1, 4, 1), 2).ravel()
        array([2., 5.], dtype=float32)
    """
    return _pool("Max", inputs, pool_size, strides, padding, "max_pool")


@in_any_data_format(channels_axis=1)
def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: Any = None
) -> Any:
    """Returns the mean of each window. With padding "same" the padding is not counted.

    Args:
        inputs: Tensor or array of shape `(batch, ..., channels)`, with one to three axes between.
        pool_size: Size of a window along each axis, or one number for all.
        strides: Distance between windows along each axis, or one number for all; None: `pool_size`.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array of shape `(batch, ..., channels)`.

    Raises:
        ValueError: The inputs are no sequences, images or volumes, or smaller than a window without padding.

    Example:
        >>> ops.average_pool(np.array([1.0, 2.0, 5.0, 4.0]).reshape(1, 4, 1), 2).ravel()
        array([1.5, 4.5], dtype=float32)
    """
    return _pool("Average", inputs, pool_size, strides, padding, "average_pool")


def _adaptive(inputs: Any, output_size: Any, function: Any, who: str) -> Any:
    rank = _rank(inputs, who)
    sizes = [output_size] * rank if isinstance(output_size, (int, np.integer)) else list(output_size)
    if len(sizes) != rank:
        raise ValueError(f"ops.{who} expects {rank} output sizes, got {output_size}")
    # The mean of the means along each axis in turn is the mean of the window: all rows of a window have one size.
    made = cast(inputs, floatx())
    for axis, count in enumerate(sizes, 1):
        length = made.shape[axis]
        if length is None:
            raise ValueError(f"ops.{who}: axis {axis} of {tuple(inputs.shape)} has no known size")
        before = (slice(None),) * axis
        parts = []
        for i in range(count):
            window = slice(i * length // count, -(-(i + 1) * length // count))
            parts.append(function(slicing.get_item(made, (*before, window)), axis, True))
        made = joining.concatenate(parts, axis)
    return made


@in_any_data_format(channels_axis=1)
def adaptive_average_pool(inputs: Any, output_size: Any, data_format: Any = None) -> Any:
    """Returns the means of a given number of windows along each axis, of sizes as equal as possible.

    Args:
        inputs: Tensor or array of shape `(batch, ..., channels)`, with one to three axes between.
        output_size: Number of windows along each axis, or one number for all.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array of shape `(batch, ..., channels)`.

    Raises:
        ValueError: `output_size` has another length, or a size is unknown.

    Example:
        >>> ops.adaptive_average_pool(np.array([1.0, 2.0, 5.0, 4.0]).reshape(1, 4, 1), 2).ravel()
        array([1.5, 4.5], dtype=float32)
    """
    return _adaptive(inputs, output_size, reduction.mean, "adaptive_average_pool")


@in_any_data_format(channels_axis=1)
def adaptive_max_pool(inputs: Any, output_size: Any, data_format: Any = None) -> Any:
    """Returns the largest elements of a given number of windows along each axis, of sizes as equal as possible.

    Args:
        inputs: Tensor or array of shape `(batch, ..., channels)`, with one to three axes between.
        output_size: Number of windows along each axis, or one number for all.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array of shape `(batch, ..., channels)`.

    Raises:
        ValueError: `output_size` has another length, or a size is unknown.

    Example:
        >>> ops.adaptive_max_pool(np.array([1.0, 2.0, 5.0, 4.0]).reshape(1, 4, 1), 2).ravel()
        array([2., 5.], dtype=float32)
    """
    return _adaptive(inputs, output_size, reduction.max, "adaptive_max_pool")


def _block(size: Any, who: str) -> int:
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 2:
        raise ValueError(f"ops.{who} expects block_size to be an integer of at least 2, got {size!r}")
    return int(size)


def depth_to_space(x: Any, block_size: int, data_format: str | None = "channels_last") -> Any:
    """Returns images with blocks of channels moved to squares of pixels. Also called pixel shuffle (Shi et al., 2016).

    Args:
        x: Tensor or array of shape `(batch, height, width, b * b * channels)`, or with channels first
            `(batch, channels * b * b, height, width)`.
        block_size: Size b of the squares.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array of shape `(batch, height * b, width * b, channels)`, or `(batch, channels, height * b, width *
        b)`.

    Raises:
        ValueError: The channels cannot be divided, or a size is unknown.

    Example:
        >>> ops.depth_to_space(np.zeros((1, 2, 3, 8)), 2).shape
        (1, 4, 6, 2)
    """
    first, height, width, channels = _image(x, data_format, "depth_to_space")
    b = _block(block_size, "depth_to_space")
    if channels % (b * b):
        raise ValueError(f"ops.depth_to_space: {channels} channels cannot be divided into squares of {b} x {b}")
    if first:
        made = shaping.reshape(x, (-1, channels // (b * b), b, b, height, width))
        made = shaping.transpose(made, (0, 1, 4, 2, 5, 3))
        return shaping.reshape(made, (-1, channels // (b * b), height * b, width * b))
    made = shaping.reshape(x, (-1, height, width, b, b, channels // (b * b)))
    made = shaping.transpose(made, (0, 1, 3, 2, 4, 5))
    return shaping.reshape(made, (-1, height * b, width * b, channels // (b * b)))


def space_to_depth(x: Any, block_size: int, data_format: str | None = "channels_last") -> Any:
    """Returns images with squares of pixels moved to blocks of channels.

    Args:
        x: Tensor or array of shape `(batch, height * b, width * b, channels)`, or with channels first
            `(batch, channels, height * b, width * b)`.
        block_size: Size b of the squares.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.

    Returns:
        Tensor or array of shape `(batch, height, width, b * b * channels)`, or `(batch, channels * b * b, height,
        width)`.

    Raises:
        ValueError: The images cannot be divided, or a size is unknown.

    Example:
        >>> ops.space_to_depth(np.zeros((1, 4, 6, 2)), 2).shape
        (1, 2, 3, 8)
    """
    first, height, width, channels = _image(x, data_format, "space_to_depth")
    b = _block(block_size, "space_to_depth")
    if height % b or width % b:
        raise ValueError(
            f"ops.space_to_depth: an image of {height} x {width} cannot be divided into squares of {b} x {b}"
        )
    if first:
        made = shaping.reshape(x, (-1, channels, height // b, b, width // b, b))
        made = shaping.transpose(made, (0, 1, 3, 5, 2, 4))
        return shaping.reshape(made, (-1, channels * b * b, height // b, width // b))
    made = shaping.reshape(x, (-1, height // b, b, width // b, b, channels))
    made = shaping.transpose(made, (0, 1, 3, 2, 4, 5))
    return shaping.reshape(made, (-1, height // b, width // b, channels * b * b))


def _image(x: Any, data_format: str | None, who: str) -> tuple[bool, int, int, int]:
    """Returns whether the channels of images are first, their height, width and channels."""
    first = config.checked_data_format(f"ops.{who}", data_format) == "channels_first"
    if len(x.shape) != 4 or None in x.shape[1:]:
        expected = "(batch, channels, height, width)" if first else "(batch, height, width, channels)"
        raise ValueError(f"ops.{who} expects {expected} of known sizes, got {tuple(x.shape)}")
    return (True, *x.shape[2:], x.shape[1]) if first else (False, *x.shape[1:])


def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Returns the windows of images with channels first, each as a column.

    Args:
        x: Tensor or array of shape `(batch, channels, height, width)`.
        kernel_size: Size of a window, one number or (height, width).
        dilation: Distance between the elements of a window.
        padding: Number of zeros added at each border.
        stride: Distance between windows.

    Returns:
        Tensor or array of shape `(batch, channels * elements of a window, windows)`.

    Raises:
        ValueError: A window does not fit into the image, or a size is unknown.

    Example:
        >>> ops.unfold(np.zeros((1, 3, 4, 4)), 2).shape
        (1, 12, 9)
    """
    if len(x.shape) != 4 or None in x.shape[1:]:
        raise ValueError(f"ops.unfold expects (batch, channels, height, width) of known sizes, got {tuple(x.shape)}")
    size, apart, around, step = (two(one) for one in (kernel_size, dilation, padding, stride))
    made = shaping.pad(x, [(0, 0), (0, 0), (around[0], around[0]), (around[1], around[1])])
    channels = x.shape[1]
    places = []
    for axis in (0, 1):
        length = made.shape[2 + axis]
        windows = (length - (size[axis] - 1) * apart[axis] - 1) // step[axis] + 1
        if windows < 1:
            raise ValueError(f"ops.unfold: a window of {size} does not fit into {tuple(x.shape)}")
        places.append(np.arange(size[axis])[:, np.newaxis] * apart[axis] + np.arange(windows) * step[axis])
    rows, columns = places
    flat = rows[:, np.newaxis, :, np.newaxis] * made.shape[3] + columns[np.newaxis, :, np.newaxis, :]
    taken = slicing.take(shaping.reshape(made, (-1, channels, made.shape[2] * made.shape[3])), flat.reshape(-1), 2)
    count = size[0] * size[1]
    return shaping.reshape(taken, (-1, channels * count, rows.shape[1] * columns.shape[1]))


def fold(x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Returns images made of the sum of their windows, each of which is a column: the transpose of `unfold`.

    Args:
        x: Tensor or array of shape `(batch, channels * elements of a window, windows)`.
        output_size: Size of the images, one number or (height, width).
        kernel_size: Size of a window, one number or (height, width).
        dilation: Distance between the elements of a window.
        padding: Number of rows and columns at each border that are left out.
        stride: Distance between windows.

    Returns:
        Tensor or array of shape `(batch, channels, height, width)`.

    Raises:
        ValueError: The columns or their number do not fit.

    Example:
        >>> ops.fold(ops.unfold(np.ones((1, 1, 3, 3)), 2), 3, 2)[0, 0]
        array([[1., 2., 1.],
               [2., 4., 2.],
               [1., 2., 1.]], dtype=float32)
    """
    sizes, size, apart, around, step = (two(one) for one in (output_size, kernel_size, dilation, padding, stride))
    whole = [sizes[axis] + 2 * around[axis] for axis in (0, 1)]
    counts = [(whole[axis] - (size[axis] - 1) * apart[axis] - 1) // step[axis] + 1 for axis in (0, 1)]
    if len(x.shape) != 3 or x.shape[1] % (size[0] * size[1]) or x.shape[2] != counts[0] * counts[1]:
        raise ValueError(
            f"ops.fold expects x of shape (batch, channels * {size[0] * size[1]}, {counts[0] * counts[1]}), got "
            f"{tuple(x.shape)}"
        )
    cut = shaping.reshape(x, (-1, x.shape[1] // (size[0] * size[1]), size[0] * size[1], *counts))
    total: Any = None
    for place in range(size[0] * size[1]):
        one = cut[:, :, place]
        for axis, first in ((0, place // size[1]), (1, place % size[1])):
            one = _spread(one, 2 + axis, step[axis], first * apart[axis], whole[axis])
        total = one if total is None else total + one
    return total[:, :, around[0] : around[0] + sizes[0], around[1] : around[1] + sizes[1]]


def _spread(x: Any, axis: int, step: int, first: int, size: int) -> Any:
    """Returns a tensor of a size along an axis: the elements at `first`, `first + step`, ..., zeros elsewhere."""
    count = x.shape[axis]
    if step > 1:
        sizes = [-1 if one is None else one for one in x.shape]
        widths = [(0, 0)] * (len(sizes) + 1)
        widths[axis + 1] = (0, step - 1)
        laid = shaping.pad(shaping.expand_dims(x, axis + 1), widths)
        x = shaping.reshape(laid, [*sizes[:axis], count * step, *sizes[axis + 1 :]])
        x = slicing.take(x, np.arange((count - 1) * step + 1, dtype=np.int32), axis)
    length = (count - 1) * step + 1
    widths = [(0, 0)] * len(x.shape)
    widths[axis] = (first, size - first - length)
    return shaping.pad(x, widths)


def two(value: Any) -> tuple[int, int]:
    """Returns a pair for a number or a pair.

    Args:
        value: One number or (height, width).

    Returns:
        Pair of integers.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(value, (int, np.integer)):
        return int(value), int(value)
    if isinstance(value, str) or len(value) != 2:
        raise ValueError(f"expected an integer, or a pair (height, width), got {value!r}")
    return int(value[0]), int(value[1])
