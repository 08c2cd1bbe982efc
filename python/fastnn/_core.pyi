"""The typed interface of the compiled core.

A *spec* is a pair (shape, dtype): the shape is a tuple whose first entry is None (the batch), dtype is "float32",
"float64", "int32" or "bool". A *config* maps argument names to None, bool, int, float, str, a list or tuple of
numbers, or an array of floats. A user's mistake raises ValueError or TypeError with a message that names the layer,
what was expected, what was given and how to correct it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Config = Mapping[str, Any]
Spec = tuple[tuple[int | None, ...], str]
Losses = Sequence[tuple[int, float, int, bool, int]]
Metrics = Sequence[tuple[int, int, int]]

def core_for(dtype: str) -> Any:
    """Returns the core that computes in "float32" or "float64", a module with the names below; loads it where it is not
    loaded. What is common to both (`Stream`, `Columns`, `Order`, functions of arrays) is in that of float32 alone.
    """

def core_of(value: object) -> Any:
    """Returns the core to which an object belongs."""

def has_doubles() -> bool:
    """Returns whether the core of float64 was built."""

def loaded_cores() -> list[Any]:
    """Returns the cores that are loaded."""

def for_each_core(prepare: Callable[[Any], None]) -> None:
    """Calls a function with each core, with one that is not loaded when it is."""

class Variable:
    """An array at a fixed address, of floats or int8: a weight, a moving statistic or a slot of an optimizer."""

    def __init__(self, path: str, shape: Sequence[int], trainable: bool = True, dtype: str = "float32") -> None: ...
    path: str
    trainable: bool
    l1: float
    l2: float
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> str: ...
    def numpy(self) -> NDArray[Any]:
        """Returns a copy of the values."""
    def __array__(self, dtype: object = None, copy: bool | None = None) -> NDArray[Any]:
        """Returns a copy of the values, for NumPy."""
    def assign(self, value: Array) -> None:
        """Replaces the values; the shape must be equal. Waits until a running step has committed."""
    def assign_doubles(self, value: NDArray[np.float64], remainder: Variable) -> None:
        """Replaces the values by those nearest to `value`, and those of `remainder` by what is left of it."""
    def set_constraint(self, kind: str | None, values: Sequence[float] = (), axes: Sequence[int] = ()) -> None:
        """Sets the constraint: "max_norm" [max_value], "non_neg" [], "unit_norm" [], "min_max_norm" [min, max, rate],
        with the axes of the norm; None: no constraint.
        """
    def set_projection(self, graph: Graph, output: int, value: Variable) -> None:
        """Sets a constraint that a graph computes. The graph has no inputs: it reads `value`, of the shape of the
        weight, and makes `output` of the same shape.
        """

class Stream:
    """A counter-based stream of random numbers, which advances by one draw when a training step commits."""

    def __init__(self, seed: int, position: int = 0) -> None: ...
    seed: int
    position: int

def check_layer(kind: str, name: str, config: Config) -> None:
    """Checks the arguments of a layer before it has an input. Raises ValueError or TypeError."""

def infer(
    kind: str, name: str, config: Config, inputs: Sequence[Spec]
) -> tuple[list[Spec], list[tuple[str, tuple[int, ...], bool, str]]]:
    """Returns the outputs, and the weights as (role, shape, trainable, held in), of a layer for these inputs."""

Sized = tuple[tuple[int, ...], str, float | None]
TRIAL_ROWS: tuple[int, int]

class RowsNeeded(ValueError):
    """The outputs of a node depend on the number of rows in another way than by their first dimension."""

def infer_sized(kind: str, name: str, config: Config, inputs: Sequence[Sized]) -> list[Sized]:
    """Returns the outputs of a node that is made for one number of rows: shape, dtype and, where it is one number that
    follows from sizes alone, the value. A size {"input": i} in a list of the config is the value of input i; such
    inputs come last.
    """

def about_any_batch(message: str, rows: int) -> str:
    """Returns a message about a trial batch of so many rows as one about any batch."""

class Graph:
    """Nodes, edges and the weights that nodes read. An edge is the number that input() or add() returned."""

    def __init__(self, in_order: bool = False) -> None:
        """in_order: nodes read what nodes before them have written to variables."""
    @property
    def size(self) -> int:
        """The number of nodes that have been added."""
    def reached(
        self,
        targets: Sequence[int],
        sources: Sequence[int],
        variables: Sequence[Variable],
        recorded: Sequence[tuple[int, int]],
    ) -> list[bool]:
        """Returns which of some edges, and then of some variables, the gradients of the targets reach.

        recorded: the ranges of nodes, by number, through which they flow.
        """
    def input(self, shape: Sequence[int | None], dtype: str = "float32", name: str = "input") -> int:
        """Adds an input. Arrays are given in the order of these calls. shape[0] is None, or a number of rows."""
    def add(
        self,
        kind: str,
        name: str,
        config: Config,
        inputs: Sequence[int],
        weights: Sequence[Variable] = (),
        stream: Stream | None = None,
    ) -> list[int]:
        """Adds a node and returns its output edges. Weights that are trainable now are trained in this graph."""
    def spec(self, edge: int) -> Spec:
        """Returns the spec of an edge; unknown sizes depend on the number of rows."""
    def trials(self, edge: int) -> tuple[Sized, Sized] | None:
        """Returns the edge in the trial batches, where it depends on the number of rows in another way than a batch."""
    def stand_in(self, trials: Sequence[Sized]) -> int:
        """Adds an edge that is this in the trial batches; such a graph only infers shapes."""
    def sized(self) -> bool:
        """Returns whether sizes depend on the number of rows in other ways than a batch does."""
    def input_rows(self) -> int:
        """Returns the number of rows that the shapes of the inputs fix; 0: any number."""
    def range(self, input: int) -> tuple[int, int, str] | None:
        """Returns the range [low, high) of integers that an input may hold and the node that requires it."""
    def fixed_rows(self) -> tuple[int, str] | None:
        """Returns the number of rows that every batch must have and the input or node that requires it."""

RecordedNode = tuple[str, str, str, str, float, float, float, float]
"""A node: name, kind, fused activation, algorithm; for one row the multiply-adds of the pass and of its gradients, and
the bytes of inputs and outputs; bytes of weights."""
Recorded = tuple[NDArray[np.float64], int, int, int]
"""Rows of (node, part, thread, begin, end) in seconds, in the order of each thread; the number of spans for which there
was no room; bytes of memory, and those of them derived from weights."""

class Predictor:
    """Forward passes of a graph. Several threads may call one predictor at the same time."""

    def __init__(self, graph: Graph, outputs: Sequence[int], training: bool = False) -> None:
        """training: passes as in a training step, without losses and gradients: dropout is applied, and each batch
        commits moving statistics and random streams.
        """
    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        """Runs one pass over all rows as one batch."""
    def alone(self, array: Array) -> NDArray[Any]:
        """Runs one pass over all rows of the only input; returns the first output."""
    def run(self, arrays: Sequence[Array], begin: int, end: int, batch_size: int, outputs: Sequence[Array]) -> None:
        """Computes rows [begin, end) in batches of batch_size into the same rows of the outputs (C-contiguous, of the
        edge's dtype). Ctrl-C raises KeyboardInterrupt between nodes.
        """
    def plain(self) -> bool:
        """Returns whether all outputs have one row per sample, or a fixed shape; others take one batch at a time."""
    def outputs(self) -> list[Spec]:
        """Returns the specs of the outputs, in order."""
    def plan(self, batch_size: int) -> str:
        """Describes the memory plan: each buffer with its offset, bytes and lifetime."""
    def record(self, on: bool) -> None:
        """Starts or ends the recording of spans of time."""
    def recorded(self) -> tuple[list[RecordedNode], Recorded]:
        """Returns the nodes of the graph that runs, and what has been recorded since the last call."""

class Columns:
    """The arrays of a run, of any numeric dtype and strides, read in place and gathered batch by batch."""

    def __init__(self, arrays: Sequence[Array], weights: Sequence[Array | None] = ()) -> None:
        """arrays: in the order of the graph's inputs (x..., then y...). weights: sample weights for each model output,
        of shape (rows,) or of the shape of the loss, or None.
        """
    @property
    def rows(self) -> int: ...

class Order:
    """An order of rows: their numbers, checked once for all runs."""

    def __init__(self, indices: NDArray[np.int64]) -> None: ...
    @staticmethod
    def permutation(seed: int, position: int, count: int) -> Order:
        """Returns the order of `random_permutation`, made when a run first reads it."""
    @property
    def read(self) -> bool:
        """True for an order that a run has read."""

class Optimizer:
    """An update rule and its slots, which are found by their weight."""

    def __init__(self, kind: str, config: Config) -> None:
        """kind: "lbfgs", "loss_scale" or an update rule: "sgd", "adam"... config: learning_rate and the arguments of
        Keras' class; all rules: weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
        ema_overwrite_frequency, gradient_accumulation_steps (None: off).
        """
    learning_rate: float
    iterations: int
    @property
    def finished(self) -> bool:
        """True where further steps on the same data would not move the weights."""
    @property
    def counts(self) -> tuple[int, int]:
        """Iterations, and evaluations of loss and gradient, of an optimizer that searches along lines."""
    def build(self, weights: Sequence[Variable]) -> None:
        """Makes slots for weights not seen before."""
    def slots(self, weight: Variable) -> tuple[Variable | None, Variable | None, list[Variable]]:
        """Returns the average, the accumulated gradient and the slots of the rule, the latter in the order of Keras'
        files; None and empty where there are none, and before build().
        """
    def shared_slots(self) -> list[Variable]:
        """Returns the variables that all weights share."""
    def exclude_from_weight_decay(self, weights: Sequence[Variable]) -> None: ...
    def set_apart(self, weights: Sequence[Variable]) -> None:
        """Marks weights that the rule treats in its second way; before build()."""
    def trace(
        self, weight: Variable, graph: Graph, gradient: Variable, learning_rate: Variable, iterations: Variable
    ) -> None:
        """Gives a rule written in Python the graph of its step for a weight, and the variables that it reads."""

Optimizers = Sequence[tuple[Optimizer, Sequence[Variable] | None]]
"""Optimizers that commit a step, in order, each with the weights that it moves; None: all that the graph trains."""

class Peers:
    """The processes that compute each batch together, each some of the parts into which it is cut."""

    def __init__(self, rank: int, size: int, parts: int, own_rows: bool, synchronized: bool, messages: Any) -> None:
        """parts: into how many parts a batch is cut. own_rows: True where each process holds rows of its own.
        synchronized: True where batch normalization takes the statistics of the whole batch.

        messages: an object whose methods exchange bytes, called by all processes in the same order: `receive(view)`
        from the process before, `send(view)` to the one after, `share(view)` what the last process has, `gather(view,
        ends)` what process r has from ends[r - 1] to ends[r]. Messages that are under way while others are exchanged:
        `begin_receive`, `begin_send`, `begin_share`, `received(count, wait)` and `finish()`. `window(size)` returns
        memory that all processes see, or None where they do not share a host; `waited(seconds)` is called within long
        waits for what another one writes there, and sleeps a little.
        """

class NotInParts(ValueError):
    """A batch of a graph cannot be cut into parts; says why, as the end of a sentence."""

class Trainer:
    """Training steps of a graph with losses: forward, loss, backward, update; without optimizers forward and loss."""

    @overload
    def __init__(
        self, graph: Graph, losses: Losses, metrics: Metrics, optimizers: Optimizers, peers: Peers | None = None
    ) -> None:
        """losses: (edge of losses per sample, loss weight, index of the sample weights or -1, True for the sum over the
        batch instead of the mean, edge of the mask of its values or -1). metrics: (edge of values per sample, index of
        the sample weights or -1, mask or -1). peers: the processes that compute each batch together; None: this one.

        Raises:
            NotInParts: There are peers, and batches of the graph cannot be cut into parts for them.
        """
    @overload
    def __init__(self, phases: Sequence[tuple[Graph, Losses, Metrics, Optimizers]], peers: Peers | None = None) -> None:
        """phases: the phases of a step, in order, over the same columns. Each has its own graph, results and learning
        rate; the weights that its graph trains are updated before the next phase runs.
        """
    @staticmethod
    def program(
        graph: Graph, metrics: Sequence[int], optimizers: Optimizers, values: Sequence[int], training: bool
    ) -> Trainer:
        """Returns the trainer of a step that the graph itself describes, by its nodes Gradient, Update and Commit.

        metrics: edges of which sum and count are reported. optimizers: those that Update nodes name by number, each
        with its weights. values: edges whose values in the last step are kept.
        """
    def values(self) -> list[Array]:
        """Returns the values that a program keeps of its last step."""
    def reset(self) -> None:
        """Sets the sums of losses and metrics to zero (the start of an epoch)."""
    def run(
        self,
        columns: Columns,
        order: Order | None,
        batch_size: int,
        first_step: int,
        last_step: int,
        budget: float,
        rates: NDArray[np.float64] | None = None,
        until_invalid: bool = False,
    ) -> int:
        """Runs steps [first_step, last_step) until about `budget` seconds have passed, at least one, and returns the
        number of steps done. Step i takes the rows order[i * batch_size : (i + 1) * batch_size] (order None: rows in
        their own order) with the learning rates rates[i - first_step], one for each optimizer (NaN, or None for all:
        unchanged); the last batch may be smaller. With `until_invalid` it ends after a step whose total loss is
        infinite or NaN. Ctrl-C drops the step in progress and raises KeyboardInterrupt.
        """
    def run_passes(
        self,
        columns: Columns,
        orders: Sequence[Order | None],
        batch_size: int,
        budget: float,
        means: list[list[float]],
    ) -> None:
        """Runs a pass over all rows for each of the orders, until about `budget` seconds have passed or an optimizer is
        finished, at least one. The sums begin anew with each pass; what `settle` returns after it is appended to
        `means`, also where a later pass raises an error.
        """
    def loss(self) -> float:
        """Returns the mean of the total loss of the first phase since reset()."""
    def take_sums(self, other: Trainer) -> None:
        """Goes on from the sums of a trainer of the same losses and metrics."""
    def results(self) -> list[tuple[float, float]]:
        """Returns the sum and the count of [total loss, each loss..., each metric...] since reset(): their ratio is the
        mean. Losses are summed over rows, each with the loss of its batch; the total includes the penalties of weights
        (l1, l2) and activities.
        """
    def take_results(self, sums: Sequence[tuple[float, float]]) -> None:
        """Goes on from the `results` of a trainer of the same losses and metrics."""
    def keep(
        self,
        means: Sequence[tuple[Variable, Variable, Variable, Variable, Sequence[tuple[int, int | None]]]],
    ) -> None:
        """Sets the means that `settle` writes: for each the variables of a sum and its remainder, of a count and its
        remainder, and pairs of numbers of results whose sums are added to the sum and to the count. None for the latter
        adds the count of the former.
        """
    def settle(self, add: bool = False) -> list[float]:
        """Writes the sums and counts of the kept means into their variables, or adds them to what these hold, and
        returns the means; 0 without data.
        """
    def gradients(self, columns: Columns) -> list[tuple[Variable, NDArray[np.float32]]]:
        """Returns the gradient of the total loss for each trained weight, all rows as one batch. Nothing is updated."""
    def plan(self, batch_size: int) -> str: ...
    def record(self, on: bool) -> None:
        """Starts or ends the recording of spans of time, in all phases."""
    def recorded(self) -> list[tuple[list[RecordedNode], Recorded]]:
        """Returns the nodes of each phase, and what has been recorded since the last call."""

def apply(kind: str, config: Config, arrays: Sequence[Array]) -> list[Array]:
    """Runs one node without weights on all rows, in inference mode."""

def hash_texts(texts: list[str], key: tuple[int, int] | None) -> NDArray[np.uint64]:
    """Returns FarmHash's 64-bit fingerprint of each text, or with a key, two integers below 2**64, its SipHash-2-4."""

def first_beyond(array: Array, low: float, high: float) -> int:
    """Returns the first row that holds a NaN or a value outside [low, high], or -1. Accepts any dtype."""

def first_outside(array: Array, low: int, high: int) -> int:
    """Returns the first row that holds a value outside [low, high) or not an integer; -1 if there is none."""

def variable_lock() -> Any: ...
def share_variable_lock(lock: Any) -> None: ...
def values_of(
    variables: Sequence[Variable], optimizers: Sequence[Optimizer], streams: Sequence[Stream]
) -> tuple[list[NDArray[np.float32]], list[int], list[tuple[int, int]]]: ...
def assign_all(variables: Sequence[Variable], values: Sequence[NDArray[np.float32]]) -> None: ...
def random_uniform(seed: int, shape: Sequence[int], low: float, high: float) -> NDArray[np.float32]: ...
def random_normal(seed: int, shape: Sequence[int], mean: float, stddev: float) -> NDArray[np.float32]: ...
def random_truncated_normal(seed: int, shape: Sequence[int], mean: float, stddev: float) -> NDArray[np.float32]: ...
def random_permutation(seed: int, position: int, count: int) -> NDArray[np.int64]: ...
def built_instruction_sets() -> list[str]:
    """Returns the instruction sets that kernels were built for and this processor can run, best first."""

def num_threads() -> int: ...
def most_threads() -> int: ...
def set_num_threads(count: int) -> None:
    """Sets the number of threads; 0: the default."""

def limit_this_thread(threads: int) -> None:
    """Sets the largest number of threads that calls from this thread use; 0: no such limit."""

def build_info() -> dict[str, str]:
    """Returns the instruction set, the compiler, the versions of Eigen and OpenMP, and the packet width."""

# For tests and measurements.

def vjp(
    graph: Graph, outputs: Sequence[int], arrays: Sequence[Array], cotangents: Sequence[Array], training: bool = True
) -> tuple[list[Array], list[Array | None], list[tuple[Variable, Array]]]:
    """Returns the outputs, and the gradients of the float inputs and of the trained weights for given gradients of the
    outputs. Fills the memory with NaN first, and with `training` commits moving statistics and streams afterwards.
    """

def layer_kinds() -> list[str]:
    """Returns the registered kinds of layers, sorted."""

def peak_gflops(seconds: float) -> float:
    """Returns the GFLOP/s of multiply-adds on all threads, the upper bound for the kernels."""
