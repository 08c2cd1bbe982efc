"""The workloads in PyTorch: its usual loop over batches, with the rows in one tensor and the fused Adam.

The variant "channels-last" keeps images as (batch, height, width, channels) and passes the convolutions a view
of them; without it they are copied once to PyTorch's contiguous order. Rows and labels become tensors untimed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from bench import workloads
from bench.workloads import Array, Labels, Workload

ACTIVATIONS: dict[str, list[type[nn.Module]]] = {"linear": [], "relu": [nn.ReLU], "sigmoid": [nn.Sigmoid]}


class Residual(nn.Module):
    def __init__(self, modules: Sequence[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.Sequential(*modules)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x)  # type: ignore[no-any-return]


class Recurrent(nn.Module):
    """Recurrent layer of PyTorch with Keras' weights; in a GRU the gates have another order."""

    def __init__(self, layer: workloads.Recurrent, features: int, weights: Sequence[torch.Tensor]) -> None:
        super().__init__()
        name = {"SimpleRNN": "RNN"}.get(layer.kind, layer.kind)
        self.layer = getattr(nn, name)(features, layer.units, batch_first=True)
        self.return_sequences = layer.return_sequences
        kernel, recurrent_kernel, bias = (self.ordered(w, layer) for w in weights)
        biases = bias if layer.kind == "GRU" else torch.stack([bias, torch.zeros_like(bias)])
        with torch.no_grad():
            self.layer.weight_ih_l0.copy_(kernel.T)
            self.layer.weight_hh_l0.copy_(recurrent_kernel.T)
            self.layer.bias_ih_l0.copy_(biases[0])
            self.layer.bias_hh_l0.copy_(biases[1])
        if layer.kind != "GRU":  # Keras has one bias; two would get twice the update
            self.layer.bias_hh_l0.requires_grad_(False)

    @staticmethod
    def ordered(w: torch.Tensor, layer: workloads.Recurrent) -> torch.Tensor:
        if layer.kind != "GRU":
            return w
        update, reset, new = w.split(layer.units, -1)
        return torch.cat([reset, update, new], -1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.layer(x)[0]
        return y if self.return_sequences else y[:, -1]


class SelfAttention(nn.Module):
    def __init__(self, layer: workloads.SelfAttention, weights: Sequence[torch.Tensor]) -> None:
        super().__init__()
        width = weights[0].shape[0]
        if layer.heads * layer.key_dim != width:
            raise workloads.Unsupported("nn.MultiheadAttention divides its input among the heads")
        self.layer = nn.MultiheadAttention(width, layer.heads, batch_first=True)
        with torch.no_grad():
            self.layer.in_proj_weight.copy_(torch.cat([w.reshape(width, width).T for w in weights[0:6:2]]))
            self.layer.in_proj_bias.copy_(torch.cat([w.ravel() for w in weights[1:6:2]]))
            self.layer.out_proj.weight.copy_(weights[6].reshape(width, width).T)
            self.layer.out_proj.bias.copy_(weights[7])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x, x, x, need_weights=False)[0]  # type: ignore[no-any-return]


class Categories(nn.Module):
    def __init__(self, layer: workloads.Categories, weights: Sequence[torch.Tensor]) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding.from_pretrained(w, freeze=False) for w in weights)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ids = x[:, : len(self.tables)].long()
        return torch.cat([*(table(ids[:, i]) for i, table in enumerate(self.tables)), x[:, len(self.tables) :]], 1)


class Network(nn.Module):
    """Network of the layers with their weights. It ends in logits where the workload ends in softmax."""

    def __init__(self, workload: Workload, shape: tuple[int, ...], weights: Sequence[Array]) -> None:
        super().__init__()
        self.queue = [torch.from_numpy(np.array(w)) for w in weights]
        self.shape = shape  # of a row, its channels last
        self.convolves = len(shape) == 3 or isinstance(workload.layers[0], workloads.Conv1D)
        self.flattened: tuple[int, ...] | None = None
        self.softmax, self.squares = workload.probabilities, workload.loss == "mean_squared_error"
        self.layers = nn.Sequential(*(one for layer in workload.layers for one in self.modules_of(layer)))

    def taken(self, count: int) -> list[torch.Tensor]:
        taken, self.queue = self.queue[:count], self.queue[count:]
        return taken

    def modules_of(self, layer: workloads.Layer) -> list[nn.Module]:
        shape = self.shape
        modules: list[nn.Module] = []
        weights: list[torch.Tensor] = []
        match layer:
            case workloads.Residual(inner):
                return [Residual([module for one in inner for module in self.modules_of(one)])]
            case workloads.Recurrent():
                modules = [Recurrent(layer, shape[-1], self.taken(3))]
            case workloads.SelfAttention():
                modules = [SelfAttention(layer, self.taken(8))]
            case workloads.Categories(columns):
                modules = [Categories(layer, self.taken(columns))]
            case workloads.Dense(units):
                weights = self.taken(2)
                # Rows of the kernel are numbered with the channels last, and PyTorch has them first.
                if self.flattened:
                    kernel = weights[0].reshape(*self.flattened, units).movedim(-2, 0).reshape(-1, units)
                    weights, self.flattened = [kernel, weights[1]], None
                if len(shape) == 3:  # on every pixel: a convolution of 1x1
                    modules, weights[0] = [nn.Conv2d(shape[-1], units, 1)], weights[0].T[:, :, None, None]
                else:
                    modules, weights[0] = [nn.Linear(shape[-1], units)], weights[0].T
            case workloads.Conv2D(filters, k, padding):
                modules = [nn.Conv2d(shape[-1], filters, k, padding=k // 2 if padding == "same" else 0)]
                weights = self.taken(2)
                weights[0] = weights[0].permute(3, 2, 0, 1)
            case workloads.Conv1D(filters, k, padding):
                modules = [nn.Conv1d(shape[-1], filters, k, padding=k // 2 if padding == "same" else 0)]
                weights = self.taken(2)
                weights[0] = weights[0].permute(2, 1, 0)
            case workloads.DepthwiseConv2D(k, padding):
                c = shape[-1]
                modules = [nn.Conv2d(c, c, k, padding=k // 2 if padding == "same" else 0, groups=c)]
                weights = self.taken(2)
                weights[0] = weights[0].permute(2, 3, 0, 1)
            case workloads.Conv2DTranspose(filters, k, strides):
                modules = [nn.ConvTranspose2d(shape[-1], filters, k, strides, (k - strides) // 2)]
                weights = self.taken(2)
                weights[0] = weights[0].permute(3, 2, 0, 1)
            case workloads.MaxPooling2D(size):
                modules = [nn.MaxPool2d(size)]
            case workloads.BatchNormalization(momentum, epsilon):
                normalization = nn.BatchNorm2d(shape[-1], epsilon, 1 - momentum)
                modules, weights = [normalization], self.taken(4)
                assert normalization.running_mean is not None and normalization.running_var is not None
                normalization.running_mean.copy_(weights[2])
                normalization.running_var.copy_(weights[3])
            case workloads.LayerNormalization(epsilon):
                modules, weights = [nn.LayerNorm(shape[-1], epsilon)], self.taken(2)
            case workloads.Embedding(rows, columns):
                modules, weights = [nn.Embedding(rows, columns)], self.taken(1)
            case workloads.Relu():
                modules = [nn.ReLU()]
            case workloads.Dropout(rate):
                modules = [nn.Dropout(rate)]
            case workloads.Flatten():
                modules, self.flattened = [nn.Flatten()], shape if self.convolves else None
        with torch.no_grad():
            for parameter, value in zip(modules[0].parameters() if weights else (), weights, strict=False):
                parameter.copy_(value)
        if isinstance(layer, workloads.Dense | workloads.Conv2D) and layer.activation != "softmax":
            modules += [kind() for kind in ACTIVATIONS[layer.activation]]
        self.shape = workloads.shape_after(layer, shape)
        return modules

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.layers(x)
        return y

    def loss(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        if self.squares:
            return functional.mse_loss(self(x), y)
        if self.softmax:
            return functional.cross_entropy(self(x), y)
        p = self(x)
        return functional.nll_loss(torch.log(p / p.sum(1, keepdim=True)), y)

    def outputs(self, x: torch.Tensor) -> torch.Tensor:
        """Returns the outputs in the form of the workload: probabilities, images with channels last (a view)."""
        y = functional.softmax(self(x), 1) if self.softmax else self(x)
        return y.movedim(1, -1) if y.dim() == 4 or isinstance(self.layers[-1], nn.Conv1d) else y


class Adapter:
    version = torch.__version__
    remark = ""

    def __init__(
        self, workload: Workload, shape: tuple[int, ...], weights: Sequence[Array], threads: int, variant: str
    ) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self.batch_size = workload.batch_size
        images, self.channels_last = len(shape) == 3, variant == "channels-last"
        if self.channels_last and not images:
            raise workloads.Unsupported("only images have memory formats")
        self.channels_first = not self.channels_last and (images or isinstance(workload.layers[0], workloads.Conv1D))
        self.network = Network(workload, shape, weights)
        if self.channels_last:
            self.network = self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        moved = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.Adam(moved, workload.learning_rate, eps=1e-7, fused=True)

    def prepared(self, x: Array, y: Labels) -> tuple[torch.Tensor, torch.Tensor]:
        rows = torch.from_numpy(x)
        if self.channels_first:
            rows = rows.movedim(-1, 1).contiguous()
        return rows, torch.from_numpy(y)

    def batch(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 3, 1, 2) if self.channels_last else x

    def train(self, x: torch.Tensor, y: torch.Tensor, order: torch.Tensor | None) -> float:
        self.network.train()
        losses = []
        for begin in range(0, len(x), self.batch_size):
            rows: Any = slice(begin, min(begin + self.batch_size, len(x)))
            rows = rows if order is None else order[rows]
            labels = y[rows]
            loss = self.network.loss(self.batch(x[rows]), labels)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            losses.append(loss.detach() * len(labels))
        return float(torch.stack(losses).sum()) / len(x)

    def loss(self, x: torch.Tensor, y: torch.Tensor) -> float:
        return self.train(x, y, None)

    def epochs(self, x: torch.Tensor, y: torch.Tensor, count: int) -> list[float]:
        seconds = []
        for _ in range(count):
            begin = time.perf_counter()
            self.train(x, y, torch.randperm(len(x)))
            seconds.append(time.perf_counter() - begin)
        return seconds

    def call(self, x: torch.Tensor) -> Callable[[], Any]:
        self.network.eval()

        def run() -> torch.Tensor:
            with torch.inference_mode():
                return self.network.outputs(self.batch(x))

        return run

    def predict(self, x: torch.Tensor, batch_size: int) -> Array:
        self.network.eval()
        with torch.inference_mode():
            parts = [self.network.outputs(self.batch(part)) for part in x.split(batch_size)]
            return (torch.cat(parts) if len(parts) > 1 else parts[0]).numpy()
