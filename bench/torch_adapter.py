"""The workloads in PyTorch: its usual loop over batches, with the rows in one tensor and the fused Adam.

The variant "channels-last" keeps images as they lie (batch, height, width, channels) and hands the convolutions a view
of them; without it they are copied once to PyTorch's contiguous order. Rows and labels become tensors off the clock.
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


class Network(nn.Module):
    """The layers with their weights. It ends in logits where the workload ends in softmax."""

    def __init__(self, workload: Workload, shape: tuple[int, ...], weights: Sequence[Array]) -> None:
        super().__init__()
        queue = [torch.from_numpy(np.array(w)) for w in weights]
        modules: list[nn.Module] = []
        flattened: tuple[int, ...] | None = None
        last = workload.layers[-1]
        self.softmax = isinstance(last, workloads.Dense) and last.activation == "softmax"
        for layer in workload.layers:
            module: Any = None
            taken = 0
            match layer:
                case workloads.Dense(units):
                    kernel = queue[0]
                    if flattened:  # rows of the kernel are numbered (height, width, channels), PyTorch's channels first
                        kernel = kernel.reshape(*flattened, units).permute(2, 0, 1, 3).reshape(-1, units)
                        flattened = None
                    if len(shape) == 3:  # on every pixel: a convolution of 1x1
                        module, taken = nn.Conv2d(shape[-1], units, 1), 2
                        kernel = kernel.T[:, :, None, None]
                    else:
                        module, taken = nn.Linear(shape[-1], units), 2
                        kernel = kernel.T
                    shape = (*shape[:-1], units)
                case workloads.Conv2D(filters, k, padding):
                    module, taken = nn.Conv2d(shape[-1], filters, k, padding=k // 2 if padding == "same" else 0), 2
                    kernel = queue[0].permute(3, 2, 0, 1)
                    lost = 0 if padding == "same" else k - 1
                    shape = (shape[0] - lost, shape[1] - lost, filters)
                case workloads.MaxPooling2D(size):
                    module = nn.MaxPool2d(size)
                    shape = (shape[0] // size, shape[1] // size, shape[2])
                case workloads.BatchNormalization(momentum, epsilon):
                    module, taken = nn.BatchNorm2d(shape[-1], epsilon, 1 - momentum), 4
                    kernel = queue[0]
                    module.running_mean.copy_(queue[2])
                    module.running_var.copy_(queue[3])
                case workloads.Relu():
                    module = nn.ReLU()
                case workloads.Dropout(rate):
                    module = nn.Dropout(rate)
                case workloads.Flatten():
                    module, flattened = nn.Flatten(), shape
                    shape = (int(np.prod(shape)),)
            if taken:
                with torch.no_grad():
                    module.weight.copy_(kernel)
                    module.bias.copy_(queue[1])
                queue = queue[taken:]
            modules.append(module)
            if isinstance(layer, workloads.Dense | workloads.Conv2D) and not (self.softmax and layer is last):
                modules += [kind() for kind in ACTIVATIONS[layer.activation]]
        self.layers = nn.Sequential(*modules)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.layers(x)
        return y

    def loss(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        if self.softmax:
            return functional.cross_entropy(self(x), y)
        p = self(x)
        return functional.nll_loss(torch.log(p / p.sum(1, keepdim=True)), y)

    def outputs(self, x: torch.Tensor) -> torch.Tensor:
        """As the workload has them: probabilities, images with their channels last (a view)."""
        y = functional.softmax(self(x), 1) if self.softmax else self(x)
        return y.permute(0, 2, 3, 1) if y.dim() == 4 else y


class Adapter:
    version = torch.__version__
    remark = ""

    def __init__(
        self, workload: Workload, shape: tuple[int, ...], weights: Sequence[Array], threads: int, variant: str
    ) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self.batch_size = workload.batch_size
        self.images, self.channels_last = len(shape) == 3, variant == "channels-last"
        if self.channels_last and not self.images:
            raise workloads.Unsupported("vectors have no memory format")
        self.network = Network(workload, shape, weights)
        if self.channels_last:
            self.network = self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = torch.optim.Adam(self.network.parameters(), workload.learning_rate, eps=1e-7, fused=True)

    def prepared(self, x: Array, y: Labels) -> tuple[torch.Tensor, torch.Tensor]:
        rows = torch.from_numpy(x)
        if self.images and not self.channels_last:
            rows = rows.permute(0, 3, 1, 2).contiguous()
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
