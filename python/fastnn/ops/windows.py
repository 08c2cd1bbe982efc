"""Functions of windows that slide over sequences, images and volumes: convolution, pooling, patches.

In a graph they are the nodes of the layers of that name; on arrays the same nodes run at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn import _core
from fastnn.ops import joining, reduction, shaping, slicing
from fastnn.ops.conversion import cast
from fastnn.ops.node import array, node, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced
from fastnn.symbolic.variable import Variable


def run(kind: str, inputs: Any, arguments: dict[str, Any], kernels: Sequence[Any], who: str) -> Any:
    """The node of a layer, in the graph or at once."""
    for kernel in kernels:
        if isinstance(kernel, KerasTensor):
            raise TypeError(
                f"ops.{who} expects a kernel that is a variable or an array, got a symbolic tensor; make it with "
                "add_weight, or compute with ops.image.extract_patches and ops.matmul"
            )
    weights = [
        one if isinstance(one, Variable) else Variable(array(one).astype(np.float32), "kernel", trainable=False)
        for one in kernels
    ]
    if is_traced(inputs) or any(is_traced(one) for one in kernels):
        return node(kind, arguments, [tensor(inputs, "float32")], who, weights)
    found = np.ascontiguousarray(array(inputs), np.float32)
    graph = _core.Graph()
    edge = graph.input((None, *found.shape[1:]))
    return _core.Predictor(graph, graph.add(kind, who, arguments, [edge], [one.handle for one in weights]))([found])[0]


def _rank(inputs: Any, data_format: Any, who: str) -> int:
    """How many axes lie between the batch and the channels."""
    if data_format not in (None, "channels_last"):
        raise ValueError(
            f"ops.{who} expects data_format 'channels_last', got {data_format!r}; move the channels to the end: "
            "ops.moveaxis(x, 1, -1)"
        )
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


def conv(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", data_format: Any = None, dilation_rate: Any = 1
) -> Any:
    """A convolution of sequences, images or volumes.

    Args:
        inputs: Of shape (batch, ..., channels).
        kernel: A variable or an array of shape (..., channels / groups, filters).
        strides: How far it moves.
        padding: "valid" or "same".
        data_format: "channels_last" or None.
        dilation_rate: The distance between its taps.

    Raises:
        TypeError: The kernel is a symbolic tensor.
        ValueError: The shapes do not go together.
    """
    rank = _rank(inputs, data_format, "conv")
    _kernel_rank(kernel, rank, "conv")
    channels = inputs.shape[-1]
    if channels is None or channels % kernel.shape[-2]:
        raise ValueError(f"ops.conv: a kernel {tuple(kernel.shape)} does not go with {channels} channels")
    arguments = {
        "filters": kernel.shape[-1], "kernel_size": list(kernel.shape[:rank]), "strides": strides, "padding": padding,
        "dilation_rate": dilation_rate, "groups": channels // kernel.shape[-2], "use_bias": False,
    }  # fmt: skip
    return run(f"Conv{rank}D", inputs, arguments, [kernel], "conv")


def depthwise_conv(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", data_format: Any = None, dilation_rate: Any = 1
) -> Any:
    """A convolution of each channel by itself; the kernel is (..., channels, filters of each)."""
    rank = _rank(inputs, data_format, "depthwise_conv")
    _kernel_rank(kernel, rank, "depthwise_conv")
    arguments = {
        "kernel_size": list(kernel.shape[:rank]), "strides": strides, "padding": padding, "use_bias": False,
        "depth_multiplier": kernel.shape[-1], "dilation_rate": dilation_rate,
    }  # fmt: skip
    return run(f"DepthwiseConv{rank}D", inputs, arguments, [kernel], "depthwise_conv")


def separable_conv(
    inputs: Any, depthwise_kernel: Any, pointwise_kernel: Any, strides: Any = 1, padding: str = "valid",
    data_format: Any = None, dilation_rate: Any = 1,
) -> Any:  # fmt: skip
    """`depthwise_conv`, then a convolution with a kernel of one place and all these channels."""
    between = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(between, pointwise_kernel, 1, "valid", data_format)


def conv_transpose(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", output_padding: Any = None,
    data_format: Any = None, dilation_rate: Any = 1,
) -> Any:  # fmt: skip
    """A convolution run backwards: each value lays a kernel (..., filters, channels) down, and overlaps add up."""
    rank = _rank(inputs, data_format, "conv_transpose")
    _kernel_rank(kernel, rank, "conv_transpose")
    arguments = {
        "filters": kernel.shape[-2], "kernel_size": list(kernel.shape[:rank]), "strides": strides, "padding": padding,
        "output_padding": output_padding, "dilation_rate": dilation_rate, "use_bias": False,
    }  # fmt: skip
    return run(f"Conv{rank}DTranspose", inputs, arguments, [kernel], "conv_transpose")


def _pool(kind: str, inputs: Any, size: Any, strides: Any, padding: str, data_format: Any, who: str) -> Any:
    rank = _rank(inputs, data_format, who)
    arguments = {"pool_size": size, "strides": size if strides is None else strides, "padding": padding}
    return run(f"{kind}Pooling{rank}D", inputs, arguments, [], who)


def max_pool(inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: Any = None) -> Any:
    """The largest of each window.

    Args:
        inputs: Of shape (batch, ..., channels).
        pool_size: The window's size along each axis, or one number for all.
        strides: How far it moves; None: its size.
        padding: "valid" or "same".
        data_format: "channels_last" or None.
    """
    return _pool("Max", inputs, pool_size, strides, padding, data_format, "max_pool")


def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: Any = None
) -> Any:
    """The mean of each window; arguments as of `max_pool`."""
    return _pool("Average", inputs, pool_size, strides, padding, data_format, "average_pool")


def _adaptive(inputs: Any, output_size: Any, data_format: Any, function: Any, who: str) -> Any:
    rank = _rank(inputs, data_format, who)
    sizes = [output_size] * rank if isinstance(output_size, (int, np.integer)) else list(output_size)
    if len(sizes) != rank:
        raise ValueError(f"ops.{who} expects {rank} output sizes, got {output_size}")
    # A mean of means along one axis after the other is that of the window, whose parts are all of one size.
    made = cast(inputs, "float32")
    for axis, count in enumerate(sizes, 1):
        length = made.shape[axis]
        if length is None:
            raise ValueError(f"ops.{who}: axis {axis} of {tuple(inputs.shape)} has no size that is known")
        before = (slice(None),) * axis
        parts = []
        for i in range(count):
            window = slice(i * length // count, -(-(i + 1) * length // count))
            parts.append(function(slicing.get_item(made, (*before, window)), axis, True))
        made = joining.concatenate(parts, axis)
    return made


def adaptive_average_pool(inputs: Any, output_size: Any, data_format: Any = None) -> Any:
    """The means of so many windows along each axis, as equal as can be.

    Args:
        inputs: Of shape (batch, ..., channels).
        output_size: How many windows along each axis, or one number for all.
        data_format: "channels_last" or None.
    """
    return _adaptive(inputs, output_size, data_format, reduction.mean, "adaptive_average_pool")


def adaptive_max_pool(inputs: Any, output_size: Any, data_format: Any = None) -> Any:
    """The largest of so many windows along each axis; arguments as of `adaptive_average_pool`."""
    return _adaptive(inputs, output_size, data_format, reduction.max, "adaptive_max_pool")


def depth_to_space(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Blocks of channels as squares of pixels: (batch, h, w, c b b) to (batch, h b, w b, c)."""
    _, height, width, channels = _image(x, data_format, "depth_to_space")
    b = int(block_size)
    if channels % (b * b):
        raise ValueError(f"ops.depth_to_space: {channels} channels are not cut into squares of {b} x {b}")
    made = shaping.reshape(x, (-1, height, width, b, b, channels // (b * b)))
    made = shaping.transpose(made, (0, 1, 3, 2, 4, 5))
    return shaping.reshape(made, (-1, height * b, width * b, channels // (b * b)))


def space_to_depth(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Squares of pixels as blocks of channels: (batch, h b, w b, c) to (batch, h, w, c b b)."""
    _, height, width, channels = _image(x, data_format, "space_to_depth")
    b = int(block_size)
    if height % b or width % b:
        raise ValueError(f"ops.space_to_depth: an image of {height} x {width} is not cut into squares of {b} x {b}")
    made = shaping.reshape(x, (-1, height // b, b, width // b, b, channels))
    made = shaping.transpose(made, (0, 1, 3, 2, 4, 5))
    return shaping.reshape(made, (-1, height // b, width // b, channels * b * b))


def _image(x: Any, data_format: Any, who: str) -> tuple[Any, ...]:
    _rank(x, data_format, who)
    if len(x.shape) != 4 or None in x.shape[1:]:
        raise ValueError(f"ops.{who} expects (batch, height, width, channels) of known sizes, got {tuple(x.shape)}")
    return tuple(x.shape)


def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The windows of images whose channels come first, each as a column.

    Args:
        x: Of shape (batch, channels, height, width).
        kernel_size: The window's size.
        dilation: The distance between its numbers.
        padding: How many zeros are put around.
        stride: How far it moves.

    Returns:
        Of shape (batch, channels * numbers of a window, windows).
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
            raise ValueError(f"ops.unfold: a window of {size} does not lie in {tuple(x.shape)}")
        places.append(np.arange(size[axis])[:, np.newaxis] * apart[axis] + np.arange(windows) * step[axis])
    rows, columns = places
    flat = rows[:, np.newaxis, :, np.newaxis] * made.shape[3] + columns[np.newaxis, :, np.newaxis, :]
    taken = slicing.take(shaping.reshape(made, (-1, channels, made.shape[2] * made.shape[3])), flat.reshape(-1), 2)
    count = size[0] * size[1]
    return shaping.reshape(taken, (-1, channels * count, rows.shape[1] * columns.shape[1]))


def two(value: Any) -> tuple[int, int]:
    return (int(value), int(value)) if isinstance(value, (int, np.integer)) else (int(value[0]), int(value[1]))
