"""The typed truth of the compiled core: what Python may ask of it.

A *spec* is a pair (shape, dtype): the shape is a tuple whose first entry is None (the batch), dtype is "float32",
"int32" or "bool". A *config* maps argument names to None, bool, int, float, str, a list or tuple of numbers, or a
float32 array. Every mistake of a user raises ValueError or TypeError with a message that names the layer, what was
expected, what came and how to mend it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Config = Mapping[str, Any]
Spec = tuple[tuple[int | None, ...], str]

class Variable:
    """A block of float32 numbers that never moves: a weight, a moving statistic or an optimizer's slot."""

    def __init__(self, path: str, shape: Sequence[int], trainable: bool = True) -> None: ...
    path: str
    trainable: bool
    l1: float
    l2: float
    @property
    def shape(self) -> tuple[int, ...]: ...
    def numpy(self) -> NDArray[np.float32]:
        """A copy."""
    def assign(self, value: Array) -> None:
        """Writes in place; the shape must agree. Waits for a running step to commit."""
    def set_constraint(self, kind: str | None, values: Sequence[float] = (), axes: Sequence[int] = ()) -> None:
        """kind: "max_norm" [max_value], "non_neg" [], "unit_norm" [], "min_max_norm" [min, max, rate]; axes of the
        norm."""

class Stream:
    """A counter-based stream of random numbers: advances by one draw whenever a training step commits."""

    def __init__(self, seed: int, position: int = 0) -> None: ...
    seed: int
    position: int

def check_layer(kind: str, name: str, config: Config) -> None:
    """Raises what is wrong with the arguments of a layer (units of zero) before it has an input."""

def infer(
    kind: str, name: str, config: Config, inputs: Sequence[Spec]
) -> tuple[list[Spec], list[tuple[str, tuple[int, ...], bool]]]:
    """Outputs, and weights as (role, shape, trainable), of a layer on these inputs."""

def layer_kinds() -> list[str]: ...

class Graph:
    """Nodes, edges and the weights that they read. Edges are numbered by what input() and add() return."""

    def __init__(self) -> None: ...
    def input(self, shape: Sequence[int | None], dtype: str = "float32", name: str = "input") -> int:
        """An edge fed from outside; arrays are given in the order of these calls. shape[0] is None."""
    def add(
        self,
        kind: str,
        name: str,
        config: Config,
        inputs: Sequence[int],
        weights: Sequence[Variable] = (),
        stream: Stream | None = None,
    ) -> list[int]:
        """A node; whether each weight is trained is read from it here. Returns its output edges."""
    def spec(self, edge: int) -> Spec: ...
    def range(self, input: int) -> tuple[int, int, str] | None:
        """The whole numbers [low, high) that an input may hold, and the node that says so."""
    def fixed_rows(self) -> tuple[int, str] | None:
        """The rows that every batch must have, and the node that says so."""
    def describe(self) -> str:
        """The nodes as they will run, after the rewrites."""

class Predictor:
    """Forward passes of an inference graph. Any number of threads may call one at a time."""

    def __init__(self, graph: Graph, outputs: Sequence[int]) -> None: ...
    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        """One pass over whole arrays as one batch."""
    def run(self, arrays: Sequence[Array], begin: int, end: int, batch_size: int, outputs: Sequence[Array]) -> None:
        """Rows [begin, end) in batches of batch_size into the same rows of the outputs (C-contiguous, of the edge's
        dtype). Ctrl-C raises KeyboardInterrupt between nodes."""
    def outputs(self) -> list[Spec]:
        """The specs of the outputs, in order."""
    def plan(self, batch_size: int) -> str:
        """The plan in words: every buffer with its offset, bytes and lifetime."""

class Columns:
    """The arrays of a run, read in place whatever their numeric dtype and strides; rows are gathered batch by batch."""

    def __init__(self, arrays: Sequence[Array], weights: Sequence[Array | None] = ()) -> None:
        """arrays: in the order of the graph's inputs (x..., then y...). weights: sample weights per model output, of
        shape (rows,) or None."""
    @property
    def rows(self) -> int: ...

class Optimizer:
    """The rule by which weights move, and its slots, found by the weight that they serve."""

    def __init__(self, kind: str, config: Config) -> None:
        """kind: "sgd" (momentum, nesterov), "adam" (beta_1, beta_2, epsilon, amsgrad), "rmsprop" (rho, momentum,
        epsilon, centered). All: learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm (None: off)."""
    learning_rate: float
    iterations: int
    def build(self, weights: Sequence[Variable]) -> None:
        """Makes zero slots for weights not seen before."""
    def slots(self, weight: Variable) -> list[Variable]:
        """The slots of one weight, in the order of Keras' files; empty before build."""
    def exclude_from_weight_decay(self, weights: Sequence[Variable]) -> None: ...

class Trainer:
    """Whole steps over a graph with losses: forward, loss, backward, update (to evaluate, forward and loss alone)."""

    def __init__(
        self,
        graph: Graph,
        losses: Sequence[tuple[int, float, int, bool, int]],
        metrics: Sequence[tuple[int, int, int]],
        optimizer: Optimizer | None,
    ) -> None:
        """losses: (edge of per-sample losses, loss weight, index of the sample weights or -1, whether the batch's loss
        is their sum and not their mean, edge of the mask of its values or -1). metrics: (edge of per-sample values,
        index of the sample weights or -1, mask or -1).
        Without an optimizer nothing is ever written but the metric sums."""
    def reset(self) -> None:
        """Sets the sums of losses and metrics to zero (the start of an epoch)."""
    def run(
        self,
        columns: Columns,
        order: NDArray[np.int64] | None,
        batch_size: int,
        first_step: int,
        last_step: int,
        budget: float,
        rates: NDArray[np.float64] | None = None,
    ) -> int:
        """Steps first_step, first_step + 1, ... up to last_step (excluded) until about `budget` seconds are over (at
        least one); returns the number of steps done. Step i takes rows order[i*batch_size : (i+1)*batch_size]
        (order None: as they lie), at the learning rate rates[i - first_step] (None: as it stands); the last batch may
        be smaller. Ctrl-C drops the step under way and raises KeyboardInterrupt."""
    def results(self) -> list[float]:
        """[total loss, each term of losses..., each metric...] since reset(). The losses are means over rows of the
        batch losses, the total with penalties of weights (l1, l2) and activities included."""
    def gradients(self, columns: Columns) -> list[tuple[Variable, NDArray[np.float32]]]:
        """The gradient of the total loss for every trained weight, all rows as one batch; nothing is updated."""
    def plan(self, batch_size: int) -> str: ...

def vjp(
    graph: Graph, outputs: Sequence[int], arrays: Sequence[Array], cotangents: Sequence[Array], training: bool = True
) -> tuple[list[Array], list[Array | None], list[tuple[Variable, Array]]]:
    """For tests: outputs, gradients of the float inputs and of the trained weights for given output gradients, with the
    arena filled with NaN first, then the commit of a training step (moving statistics, streams)."""

def apply(kind: str, config: Config, arrays: Sequence[Array]) -> list[Array]:
    """One node without weights on whole arrays, in inference mode."""

def first_nan(array: Array) -> int:
    """The first row that holds a NaN, or -1. Any dtype."""

def first_outside(array: Array, low: int, high: int) -> int:
    """The first row that holds a value below low, not below high, or not whole; -1 if there is none."""

def random_uniform(seed: int, shape: Sequence[int], low: float, high: float) -> NDArray[np.float32]: ...
def random_normal(seed: int, shape: Sequence[int], mean: float, stddev: float) -> NDArray[np.float32]: ...
def random_truncated_normal(seed: int, shape: Sequence[int], mean: float, stddev: float) -> NDArray[np.float32]: ...
def random_permutation(seed: int, position: int, count: int) -> NDArray[np.int64]: ...
def built_instruction_sets() -> list[str]:
    """Returns the instruction sets that kernels were built for and this processor can run, best first."""

def peak_gflops(seconds: float) -> float:
    """GFLOP/s of bare multiply-adds on all threads: what the kernels are measured against."""

def num_threads() -> int: ...
def set_num_threads(count: int) -> None:
    """0: the default."""

def build_info() -> dict[str, str]:
    """Instruction set, compiler, Eigen and OpenMP versions, packet width."""
