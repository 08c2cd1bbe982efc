"""The workloads in NumPy, as fast as plain NumPy allows: the reference for fastnn.

Convolutions are BLAS products over patches (im2col) gathered through a strided view, for as many images at once as keep
the patches in the cache; where the patches of a whole batch are small they are kept for the backward pass, else
gathered again. Everything is float32, buffers are allocated once and written in place, all parameters lie in one array
so that Adam takes a few calls, and no gradient is computed for the input of the network.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from bench import workloads
from bench.workloads import Array, Labels, Workload

PATCH_BYTES = 4 << 20  # patches gathered at once: they stay in the cache until the product has read them
KEPT_BYTES = 32 << 20  # largest patches of a whole batch that are kept until the backward pass


class Buffers:
    """Arrays by name, allocated at their first use; a smaller last batch uses the first rows."""

    def __init__(self) -> None:
        self.arrays: dict[str, Any] = {}

    def get(self, name: str, shape: tuple[int, ...], dtype: Any = np.float32) -> Any:
        array = self.arrays.get(name)
        if array is None or array.shape[0] < shape[0] or array.shape[1:] != shape[1:]:
            array = self.arrays[name] = np.zeros(shape, dtype)
        return array[: shape[0]]


class Layer:
    """One step of the network; `parameters` and `gradients` are views into the flat arrays."""

    parameters: list[Array]
    gradients: list[Array]
    trained = 0

    def __init__(self) -> None:
        self.buffers = Buffers()

    def forward(self, x: Array, training: bool) -> Array:
        raise NotImplementedError

    def backward(self, dy: Array, wanted: bool) -> Array | None:
        raise NotImplementedError


class Activated(Layer):
    """Product with a bias, followed by an activation."""

    def __init__(self, activation: str) -> None:
        super().__init__()
        self.activation = activation

    def finish(self, y: Array) -> Array:
        y += self.parameters[1]
        if self.activation == "relu":
            np.maximum(y, 0, out=y)
        elif self.activation == "sigmoid":
            np.negative(y, out=y)
            np.exp(y, out=y)
            y += 1
            np.reciprocal(y, out=y)
        elif self.activation == "softmax":
            y -= y.max(axis=-1, keepdims=True)
            np.exp(y, out=y)
            y /= y.sum(axis=-1, keepdims=True)
        self.y = y
        return y

    def start_backward(self, dy: Array) -> None:
        """Differentiates the activation, in place, and the bias. Softmax is differentiated with its loss."""
        if self.activation == "relu":
            np.multiply(dy, np.greater(self.y, 0, out=self.buffers.get("alive", dy.shape, bool)), out=dy)
        elif self.activation == "sigmoid":
            dy *= self.y * (1 - self.y)
        rows = dy.reshape(-1, dy.shape[-1])
        ones = self.buffers.get("ones", (len(rows), 1))
        ones[...] = 1
        np.matmul(ones.T, rows, out=self.gradients[1][None])


class Dense(Activated):
    trained = 2

    def forward(self, x: Array, training: bool) -> Array:
        self.x = x.reshape(-1, x.shape[-1])
        kernel = self.parameters[0]
        y = self.buffers.get("y", (len(self.x), kernel.shape[1]))
        np.matmul(self.x, kernel, out=y)
        return self.finish(y).reshape(*x.shape[:-1], -1)

    def backward(self, dy: Array, wanted: bool) -> Array | None:
        shape = (*dy.shape[:-1], self.x.shape[1])
        dy = dy.reshape(len(self.x), -1)
        self.y = self.y.reshape(dy.shape)
        self.start_backward(dy)
        np.matmul(self.x.T, dy, out=self.gradients[0])
        if not wanted:
            return None
        dx = self.buffers.get("dx", self.x.shape)
        np.matmul(dy, self.parameters[0].T, out=dx)
        return dx.reshape(shape)


class Conv2D(Activated):
    trained = 2

    def __init__(self, filters: int, k: int, padding: str, activation: str) -> None:
        super().__init__(activation)
        self.filters, self.k, self.pad = filters, k, (k - 1) // 2 if padding == "same" else 0

    def patches(self, begin: int, end: int) -> Array:
        """Returns the patches of padded images as a view of shape (images, height, width, k, k, channels)."""
        n, h, w, c = self.image.strides
        shape = (end - begin, self.height, self.width, self.k, self.k, self.channels)
        return as_strided(self.image[begin:end], shape, (n, h, w, h, w, c), writeable=False)

    def chunks(self, rows: int) -> Iterator[tuple[int, int]]:
        for begin in range(0, rows, self.chunk):
            yield begin, min(begin + self.chunk, rows)

    def forward(self, x: Array, training: bool) -> Array:
        rows, height, width, self.channels = x.shape
        p, k = self.pad, self.k
        if p:
            self.image = self.buffers.get("image", (rows, height + 2 * p, width + 2 * p, self.channels))
            self.image[:, p:-p, p:-p] = x
        else:
            self.image = x
        self.height, self.width = height + 2 * p - k + 1, width + 2 * p - k + 1
        self.depth = k * k * self.channels
        pixels = self.height * self.width
        image_bytes = 4 * pixels * self.depth
        self.keep = training and rows * image_bytes <= KEPT_BYTES
        self.chunk = max(1, PATCH_BYTES // image_bytes)
        kernel = self.parameters[0].reshape(self.depth, self.filters)
        y = self.buffers.get("y", (rows, pixels, self.filters))
        if self.keep:
            self.kept = self.buffers.get("kept", (rows, pixels, self.depth))
        for begin, end in self.chunks(rows):
            columns = self.kept[begin:end] if self.keep else self.gathered(end - begin)
            columns.reshape(end - begin, self.height, self.width, k, k, -1)[...] = self.patches(begin, end)
            np.matmul(columns.reshape(-1, self.depth), kernel, out=y[begin:end].reshape(-1, self.filters))
        return self.finish(y).reshape(rows, self.height, self.width, self.filters)

    def gathered(self, images: int) -> Array:
        return self.buffers.get("columns", (self.chunk, self.height * self.width, self.depth))[:images]

    def backward(self, dy: Array, wanted: bool) -> Array | None:
        rows, k, p = len(dy), self.k, self.pad
        dy = dy.reshape(rows, -1, self.filters)
        self.start_backward(dy)
        kernel = self.parameters[0].reshape(self.depth, self.filters)
        gradient = self.gradients[0].reshape(self.depth, self.filters)
        part = self.buffers.get("part", gradient.shape)
        if wanted:
            dimage = self.buffers.get("dimage", self.image.shape)
            dimage[...] = 0
        if self.keep:
            np.matmul(self.kept.reshape(-1, self.depth).T, dy.reshape(-1, self.filters), out=gradient)
        else:
            gradient[...] = 0
        for begin, end in self.chunks(rows):
            piece = dy[begin:end].reshape(-1, self.filters)
            columns = self.gathered(end - begin)
            if not self.keep:
                columns.reshape(end - begin, self.height, self.width, k, k, -1)[...] = self.patches(begin, end)
                np.matmul(columns.reshape(-1, self.depth).T, piece, out=part)
                gradient += part
            if wanted:
                np.matmul(piece, kernel.T, out=columns.reshape(-1, self.depth))
                spread = columns.reshape(end - begin, self.height, self.width, k, k, -1)
                for i in range(k):
                    for j in range(k):
                        dimage[begin:end, i : i + self.height, j : j + self.width] += spread[:, :, :, i, j]
        if not wanted:
            return None
        return dimage[:, p:-p, p:-p] if p else dimage


class MaxPooling2D(Layer):
    """Max pooling over adjacent square windows; a remainder is dropped."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def corners(self, x: Array) -> list[Array]:
        s, height, width = self.size, x.shape[1] // self.size, x.shape[2] // self.size
        return [x[:, i : height * s : s, j : width * s : s] for i in range(s) for j in range(s)]

    def forward(self, x: Array, training: bool) -> Array:
        self.x = x
        corners = self.corners(x)
        self.y = self.buffers.get("y", corners[0].shape)
        self.y[...] = corners[0]
        for corner in corners[1:]:
            np.maximum(self.y, corner, out=self.y)
        return self.y

    def backward(self, dy: Array, wanted: bool) -> Array | None:
        dx = self.buffers.get("dx", self.x.shape)
        for corner, target in zip(self.corners(self.x), self.corners(dx), strict=True):
            equal = np.equal(corner, self.y, out=self.buffers.get("equal", dy.shape, bool))
            np.multiply(dy, equal, out=target)
        return dx


class BatchNormalization(Layer):
    trained = 2

    def __init__(self, momentum: float, epsilon: float) -> None:
        super().__init__()
        self.momentum, self.epsilon = momentum, epsilon

    def forward(self, x: Array, training: bool) -> Array:
        gamma, beta, moving_mean, moving_variance = self.parameters
        rows = x.reshape(-1, x.shape[-1])
        self.normal = self.buffers.get("normal", rows.shape)
        if training:
            mean = rows.mean(axis=0)
            np.subtract(rows, mean, out=self.normal)
            variance = np.einsum("nc,nc->c", self.normal, self.normal) / len(rows)
            moving_mean += (1 - self.momentum) * (mean - moving_mean)
            moving_variance += (1 - self.momentum) * (variance - moving_variance)
        else:
            np.subtract(rows, moving_mean, out=self.normal)
            variance = moving_variance
        self.inverse = 1 / np.sqrt(variance + self.epsilon)
        self.normal *= self.inverse
        y = self.buffers.get("y", rows.shape)
        np.multiply(self.normal, gamma, out=y)
        y += beta
        return y.reshape(x.shape)

    def backward(self, dy: Array, wanted: bool) -> Array | None:
        rows = dy.reshape(-1, dy.shape[-1])
        np.einsum("nc,nc->c", rows, self.normal, out=self.gradients[0])
        np.sum(rows, axis=0, out=self.gradients[1])
        count = np.float32(len(rows))
        dx = self.buffers.get("dx", rows.shape)
        np.multiply(self.normal, -self.gradients[0] / count, out=dx)
        dx += rows
        dx -= self.gradients[1] / count
        dx *= self.parameters[0] * self.inverse
        return dx.reshape(dy.shape)


class Relu(Layer):
    def forward(self, x: Array, training: bool) -> Array:
        self.y = np.maximum(x, 0, out=self.buffers.get("y", x.shape))
        return self.y

    def backward(self, dy: Array, wanted: bool) -> Array | None:
        return np.multiply(dy, np.greater(self.y, 0, out=self.buffers.get("alive", dy.shape, bool)), out=dy)


class Dropout(Layer):
    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate, self.random = rate, np.random.Generator(np.random.SFC64(1))

    def forward(self, x: Array, training: bool) -> Array:
        if not training:
            return x
        self.mask = self.buffers.get("mask", x.shape)
        self.random.random(dtype=np.float32, out=self.mask)
        np.greater_equal(self.mask, np.float32(self.rate), out=self.mask)
        self.mask *= np.float32(1 / (1 - self.rate))
        return np.multiply(x, self.mask, out=self.buffers.get("y", x.shape))

    def backward(self, dy: Array, wanted: bool) -> Array | None:
        dy *= self.mask
        return dy


class Flatten(Layer):
    def forward(self, x: Array, training: bool) -> Array:
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy: Array, wanted: bool) -> Array | None:
        return dy.reshape(self.shape)


class Residual(Layer):
    """Residual block; its parameters are those of its layers."""

    def __init__(self, inner: Sequence[workloads.Layer]) -> None:
        super().__init__()
        self.inner = [translated(layer) for layer in inner]

    def forward(self, x: Array, training: bool) -> Array:
        h = x
        for layer in self.inner:
            h = layer.forward(h, training)
        return np.add(x, h, out=self.buffers.get("y", x.shape))

    def backward(self, dy: Array, wanted: bool) -> Array | None:
        dx: Any = self.buffers.get("dy", dy.shape)  # the inner layers overwrite their input
        dx[...] = dy
        for layer in reversed(self.inner):
            dx = layer.backward(dx, wanted=True)
        dx += dy
        return dx


def sigmoid(z: Array) -> None:
    np.negative(z, out=z)
    np.exp(z, out=z)
    z += 1
    np.reciprocal(z, out=z)


class LSTM(Layer):
    """LSTM with one product for the inputs of all steps, which are stored as (time, batch, gates)."""

    trained = 3

    def __init__(self, units: int, return_sequences: bool) -> None:
        super().__init__()
        self.units, self.return_sequences = units, return_sequences

    def forward(self, x: Array, training: bool) -> Array:
        (rows, steps, features), u = x.shape, self.units
        kernel, recurrent_kernel, bias = self.parameters
        shape = (rows, steps, u)
        if getattr(self, "shape", None) != shape:
            self.shape = shape
            self.x = np.empty((steps, rows, features), np.float32)
            self.z = np.empty((steps, rows, 4 * u), np.float32)
            self.h = np.zeros((steps + 1, rows, u), np.float32)  # the states before the first step are zero
            self.c = np.zeros((steps + 1, rows, u), np.float32)
            self.tanh_c = np.empty((steps, rows, u), np.float32)
            self.product = np.empty((rows, 4 * u), np.float32)
            self.part = np.empty((rows, u), np.float32)
        self.x[...] = x.swapaxes(0, 1)
        np.matmul(self.x.reshape(-1, features), kernel, out=self.z.reshape(-1, 4 * u))
        self.z += bias
        for t in range(steps):
            z, c = self.z[t], self.c[t + 1]
            np.matmul(self.h[t], recurrent_kernel, out=self.product)
            z += self.product
            sigmoid(z[:, : 2 * u])
            np.tanh(z[:, 2 * u : 3 * u], out=z[:, 2 * u : 3 * u])
            sigmoid(z[:, 3 * u :])
            np.multiply(z[:, u : 2 * u], self.c[t], out=c)
            c += np.multiply(z[:, :u], z[:, 2 * u : 3 * u], out=self.part)
            np.tanh(c, out=self.tanh_c[t])
            np.multiply(z[:, 3 * u :], self.tanh_c[t], out=self.h[t + 1])
        return self.h[1:].swapaxes(0, 1) if self.return_sequences else self.h[-1]

    def backward(self, dy: Array, wanted: bool) -> Array | None:
        (rows, steps, u), features = self.shape, self.x.shape[2]
        kernel, recurrent_kernel, _ = self.parameters
        dz = self.buffers.get("dz", self.z.shape)
        dh = np.zeros((rows, u), np.float32) if self.return_sequences else dy
        dc = np.zeros((rows, u), np.float32)
        for t in reversed(range(steps)):
            if self.return_sequences:
                dh += dy[:, t]
            i, f, g, o = (self.z[t][:, k * u : (k + 1) * u] for k in range(4))
            tanh_c = self.tanh_c[t]
            dc += dh * o * (1 - tanh_c * tanh_c)
            np.multiply(dc * g, i * (1 - i), out=dz[t, :, :u])
            np.multiply(dc * self.c[t], f * (1 - f), out=dz[t, :, u : 2 * u])
            np.multiply(dc * i, 1 - g * g, out=dz[t, :, 2 * u : 3 * u])
            np.multiply(dh * tanh_c, o * (1 - o), out=dz[t, :, 3 * u :])
            dc *= f
            dh = dz[t] @ recurrent_kernel.T
        flat = dz.reshape(-1, 4 * u)
        np.matmul(self.x.reshape(-1, features).T, flat, out=self.gradients[0])
        np.matmul(self.h[:-1].reshape(-1, u).T, flat, out=self.gradients[1])
        np.matmul(np.ones((1, len(flat)), np.float32), flat, out=self.gradients[2][None])
        return (flat @ kernel.T).reshape(steps, rows, features).swapaxes(0, 1) if wanted else None


# Kernels of which only the forward pass is measured.


class Conv1D(Layer):
    trained = 2

    def __init__(self, k: int, padding: str) -> None:
        super().__init__()
        self.k, self.pad = k, (k - 1) // 2 if padding == "same" else 0

    def forward(self, x: Array, training: bool) -> Array:
        rows, steps, channels = x.shape
        padded = self.buffers.get("padded", (rows, steps + 2 * self.pad, channels))
        padded[:, self.pad : self.pad + steps] = x
        kernel, bias = self.parameters
        n, t, c = padded.strides
        shape = (rows, padded.shape[1] - self.k + 1, self.k, channels)
        columns = self.buffers.get("columns", shape)
        columns[...] = as_strided(padded, shape, (n, t, t, c), writeable=False)
        y = self.buffers.get("y", (*shape[:2], kernel.shape[2]))
        np.matmul(
            columns.reshape(-1, self.k * channels), kernel.reshape(-1, kernel.shape[2]), out=y.reshape(-1, len(bias))
        )
        y += bias
        return y


class DepthwiseConv2D(Layer):
    trained = 2

    def __init__(self, k: int, padding: str) -> None:
        super().__init__()
        self.k, self.pad = k, (k - 1) // 2 if padding == "same" else 0

    def forward(self, x: Array, training: bool) -> Array:
        rows, height, width, channels = x.shape
        p, k = self.pad, self.k
        padded = self.buffers.get("padded", (rows, height + 2 * p, width + 2 * p, channels))
        padded[:, p : p + height, p : p + width] = x
        kernel, bias = self.parameters
        height, width = height + 2 * p - k + 1, width + 2 * p - k + 1
        y = self.buffers.get("y", (rows, height, width, channels))
        part = self.buffers.get("part", y.shape[1:])
        for image, out in zip(padded, y, strict=True):  # one at a time, which stays in the cache
            out[...] = bias
            for i in range(k):
                for j in range(k):
                    out += np.multiply(image[i : i + height, j : j + width], kernel[i, j, :, 0], out=part)
        return y


class Conv2DTranspose(Layer):
    trained = 2

    def __init__(self, filters: int, k: int, strides: int) -> None:
        super().__init__()
        self.filters, self.k, self.strides = filters, k, strides

    def forward(self, x: Array, training: bool) -> Array:
        rows, height, width, channels = x.shape
        k, s, f = self.k, self.strides, self.filters
        kernel, bias = self.parameters
        spread = self.buffers.get("spread", (rows * height * width, k * k * f))
        np.matmul(x.reshape(-1, channels), kernel.reshape(-1, channels).T, out=spread)
        taps = spread.reshape(rows, height, width, k, k, f)
        y = self.buffers.get("y", (rows, (height - 1) * s + k, (width - 1) * s + k, f))
        y[...] = bias
        for i in range(k):
            for j in range(k):
                y[:, i : i + height * s : s, j : j + width * s : s] += taps[:, :, :, i, j]
        cut = (k - s) // 2
        return y[:, cut : cut + height * s, cut : cut + width * s]


class LayerNormalization(Layer):
    trained = 2

    def __init__(self, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon

    def forward(self, x: Array, training: bool) -> Array:
        gamma, beta = self.parameters
        y = np.subtract(x, x.mean(axis=-1, keepdims=True), out=self.buffers.get("y", x.shape))
        variance = np.einsum("...c,...c->...", y, y)[..., None] / x.shape[-1]
        y *= 1 / np.sqrt(variance + np.float32(self.epsilon))
        y *= gamma
        y += beta
        return y


class Embedding(Layer):
    trained = 1

    def forward(self, x: Array, training: bool) -> Array:
        table = self.parameters[0]
        return np.take(table, x, axis=0, out=self.buffers.get("y", (*x.shape, table.shape[1])), mode="clip")


class SelfAttention(Layer):
    trained = 8

    def forward(self, x: Array, training: bool) -> Array:
        width, heads, size = self.parameters[0].shape
        rows = x.reshape(-1, width)

        def projected(kernel: Array, bias: Array) -> Array:
            made = rows @ kernel.reshape(width, -1) + bias.ravel()
            return made.reshape(*x.shape[:2], heads, size).swapaxes(1, 2)

        query, key, value = (projected(*self.parameters[i : i + 2]) for i in (0, 2, 4))
        scores = (query * np.float32(size**-0.5)) @ key.swapaxes(2, 3)
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = np.ascontiguousarray((scores @ value).swapaxes(1, 2)).reshape(-1, heads * size)
        return (mixed @ self.parameters[6].reshape(-1, width) + self.parameters[7]).reshape(x.shape)


def translated(layer: workloads.Layer) -> Layer:
    match layer:
        case workloads.Dense(_, activation):
            return Dense(activation)
        case workloads.Conv2D(filters, k, padding, activation):
            return Conv2D(filters, k, padding, activation)
        case workloads.MaxPooling2D(size):
            return MaxPooling2D(size)
        case workloads.BatchNormalization(momentum, epsilon):
            return BatchNormalization(momentum, epsilon)
        case workloads.Relu():
            return Relu()
        case workloads.Dropout(rate):
            return Dropout(rate)
        case workloads.Flatten():
            return Flatten()
        case workloads.Residual(inner):
            return Residual(inner)
        case workloads.Recurrent("LSTM", units, return_sequences):
            return LSTM(units, return_sequences)
        case workloads.Conv1D(_, k, padding):
            return Conv1D(k, padding)
        case workloads.DepthwiseConv2D(k, padding):
            return DepthwiseConv2D(k, padding)
        case workloads.Conv2DTranspose(filters, k, strides):
            return Conv2DTranspose(filters, k, strides)
        case workloads.LayerNormalization(epsilon):
            return LayerNormalization(epsilon)
        case workloads.Embedding():
            return Embedding()
        case workloads.SelfAttention():
            return SelfAttention()
    name = layer.kind if isinstance(layer, workloads.Recurrent) else type(layer).__name__
    raise workloads.Unsupported(f"{name} is not written by hand")


def leaves(layer: Layer) -> list[Layer]:
    return layer.inner if isinstance(layer, Residual) else [layer]


class Adam:
    """Adam, in place on one flat array."""

    def __init__(self, parameters: Array, learning_rate: float) -> None:
        self.parameters, self.rate, self.step = parameters, learning_rate, 0
        self.m, self.v, self.scratch, self.root = (np.zeros_like(parameters) for _ in range(4))

    def update(self, gradients: Array) -> None:
        self.step += 1
        beta_1, beta_2 = np.float32(0.9), np.float32(0.999)
        rate = np.float32(self.rate * np.sqrt(1 - 0.999**self.step) / (1 - 0.9**self.step))
        np.subtract(gradients, self.m, out=self.scratch)
        self.scratch *= 1 - beta_1
        self.m += self.scratch
        np.multiply(gradients, gradients, out=self.scratch)
        self.scratch -= self.v
        self.scratch *= 1 - beta_2
        self.v += self.scratch
        np.sqrt(self.v, out=self.root)
        self.root += np.float32(1e-7)
        np.divide(self.m, self.root, out=self.scratch)
        self.scratch *= rate
        self.parameters -= self.scratch


class Adapter:
    version = np.__version__
    remark = ""

    def __init__(
        self, workload: Workload, shape: tuple[int, ...], weights: Sequence[Array], threads: int, variant: str
    ) -> None:
        # The threads of BLAS were fixed by the environment before NumPy was imported.
        self.workload = workload
        self.layers = [translated(layer) for layer in workload.layers]
        self.random = np.random.default_rng(2)
        owners = [one for layer in self.layers for one in leaves(layer)]
        taken = [(layer, 4 if isinstance(layer, BatchNormalization) else layer.trained) for layer in owners]
        queue = [np.array(w, np.float32) for w in weights]
        moved: list[tuple[Layer, Array]] = []
        for layer, count in taken:
            layer.parameters, queue = queue[:count], queue[count:]
            layer.gradients = []
            moved += [(layer, w) for w in layer.parameters[: layer.trained]]
        self.flat = np.concatenate([w.ravel() for _, w in moved])
        self.gradient = np.zeros_like(self.flat)
        offset = 0
        for layer, w in moved:
            place = slice(offset, offset + w.size)
            layer.parameters[len(layer.gradients)] = self.flat[place].reshape(w.shape)
            layer.gradients.append(self.gradient[place].reshape(w.shape))
            offset += w.size
        self.first = next(i for i, layer in enumerate(self.layers) if any(one.trained for one in leaves(layer)))
        self.optimizer = Adam(self.flat, workload.learning_rate)

    def forward(self, x: Array, training: bool) -> Array:
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def step(self, x: Array, y: Labels) -> float:
        p = self.forward(x, True)
        loss, dy = self.judged(p, y)
        for i in range(len(self.layers) - 1, self.first - 1, -1):
            dy = self.layers[i].backward(dy, wanted=i > self.first)
        self.optimizer.update(self.gradient)
        return loss

    def judged(self, p: Array, y: Any) -> tuple[float, Any]:
        """Returns the loss of outputs, and its gradient."""
        if self.workload.loss == "mean_squared_error":
            dy = p - y
            loss = np.vdot(dy, dy) / dy.size
            dy *= np.float32(2 / dy.size)
            return float(loss), dy
        rows = np.arange(len(y))
        picked = p[rows, y]
        if self.workload.probabilities:
            loss = -np.log(np.maximum(picked, 1e-30)).mean()
            dy = p.copy()
            dy[rows, y] -= 1
        else:
            total = p.sum(axis=1)
            loss = -np.log(picked / total).mean()
            dy = np.repeat(1 / total[:, None], p.shape[1], axis=1)
            dy[rows, y] -= 1 / picked
        dy /= np.float32(len(y))
        return float(loss), dy

    def train(self, x: Array, y: Labels, order: Labels | None) -> float:
        total = 0.0
        for begin in range(0, len(x), self.workload.batch_size):
            rows: Any = slice(begin, min(begin + self.workload.batch_size, len(x)))
            rows = rows if order is None else order[rows]
            labels = y[rows]
            total += self.step(x[rows], labels) * len(labels)
        return total / len(x)

    def prepared(self, x: Array, y: Labels) -> tuple[Array, Labels]:
        return x, y

    def loss(self, x: Array, y: Labels) -> float:
        """Trains one epoch over the rows in their order and returns the mean of the losses."""
        return self.train(x, y, None)

    def epochs(self, x: Array, y: Labels, count: int) -> list[float]:
        """Returns the seconds of each of `count` epochs over shuffled rows."""
        seconds = []
        for _ in range(count):
            begin = time.perf_counter()
            self.train(x, y, self.random.permutation(len(x)))
            seconds.append(time.perf_counter() - begin)
        return seconds

    def call(self, x: Array) -> Callable[[], Any]:
        return lambda: self.forward(x, False)

    def predict(self, x: Array, batch_size: int) -> Array:
        parts = [self.forward(x[i : i + batch_size], False).copy() for i in range(0, len(x), batch_size)]
        return np.concatenate(parts)
