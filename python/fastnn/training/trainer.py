"""compile, fit, evaluate, predict: the loop around the core's runs of steps.

A model has ports: inputs and outputs, each with a name and a shape. One of each is the usual case, whose data and
arguments stand alone; several come as lists in the ports' order, or as dicts by their names.

This file owns the door (every array is checked before the first step), the order of rows, the logs and when callbacks
are called. What a step computes is a graph: one to train, one to evaluate, one to predict, made when they are first
needed from the model's layers and made again after `compile` or a change of the layers.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastnn import _core, config, losses, ops, optimizers
from fastnn.callbacks.callback_list import CallbackList
from fastnn.callbacks.history import History
from fastnn.callbacks.progress import settled_verbosity
from fastnn.engine.arrays import numeric
from fastnn.engine.contract import Part, emit, title
from fastnn.engine.emission import Emission
from fastnn.engine.layer import Layer
from fastnn.engine.network import Port
from fastnn.engine.ownership import own_variables
from fastnn.metrics.metric import Metric, NodeMetric
from fastnn.metrics.reduction import Mean
from fastnn.metrics.registry import resolve
from fastnn.naming import suggestion
from fastnn.seeds import next_seed
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Shape
from fastnn.symbolic.variable import Variable

Array = NDArray[Any]

_BUDGET = 0.05
"""Seconds of steps between two looks at the progress bar."""
_UNWEIGHTED = -1
"""In place of an index of sample weights."""
_UNMASKED = -1
"""In place of the edge of a mask."""
_NEVER_CALLED = ("train_step", "test_step", "predict_step", "compute_loss", "compute_metrics")
"""Methods by which Keras lets a model change its steps."""
_MOST_RATES = 1024
"""For how many steps a schedule is asked at once."""
_REMEMBERED = 12
"""How many programs a model keeps."""


Shapes = tuple[tuple[int, ...], ...]
"""The shapes of the samples that a program is made for, where the model leaves them open."""


class _Feed(NamedTuple):
    """The data of a run.

    Attributes:
        columns: The arrays, as the core reads them.
        xs: The inputs among them.
        x: The shapes of the inputs' samples.
        y: Those of the outputs' targets.
    """

    columns: _core.Columns
    xs: list[Array]
    x: Shapes
    y: tuple[tuple[int, ...] | None, ...]

    @property
    def rows(self) -> int:
        return self.columns.rows


class _Targets:
    """The inputs of a graph that carry y: for each output labels, values, or y as it is, in the order of asking."""

    def __init__(
        self, graph: _core.Graph, outputs: Sequence[Port], shapes: Sequence[Shape], y: Sequence[tuple[int, ...] | None]
    ) -> None:
        self.edges: dict[tuple[int, str], int] = {}
        self._graph = graph
        self._outputs = outputs
        self._shapes = shapes
        self._y = y

    def edge(self, output: int, how: str) -> int:
        if (output, how) not in self.edges:
            name = "y" if len(self._outputs) == 1 else f"y of {self._outputs[output].name!r}"
            shape = self._shapes[output]
            given = self._y[output] if output < len(self._y) else None
            if how == "labels":
                shape = shape[:-1]
            elif how == "weights":
                shape = (None,)
            elif how == "as given" and given is not None:
                shape = (None, *given)
            dtype = "int32" if how == "labels" else "float32"
            self.edges[output, how] = self._graph.input(shape, dtype, name)
        return self.edges[output, how]


def _how(measure: losses.Loss | Metric) -> str:
    """How a loss or metric takes y."""
    return "as given" if measure.is_custom() else "labels" if measure.labels else "values"


class _Measure(NamedTuple):
    """A compiled metric: of which output, under which name, and whether it uses the sample weights."""

    output: int
    name: str
    metric: Metric
    weighted: bool


class _Program:
    """A trainer of the core, and how its inputs and results are named."""

    def __init__(
        self,
        trainer: _core.Trainer,
        targets: list[tuple[int, str]],
        terms: int,
        losses: list[str],
        measures: list[_Measure],
        told: list[bool],
    ) -> None:
        self.trainer = trainer
        self.targets = targets
        self._terms = terms
        self._losses = losses
        self._measures = measures
        self._told = told  # for each measure whether the trainer keeps its sums

    def reset(self) -> None:
        """Sets all sums to zero."""
        self.trainer.reset()
        for measure, told in zip(self._measures, self._told, strict=True):
            if not told:
                measure.metric.reset_state()

    def logs(self, loss: Mean) -> dict[str, Any]:
        """The means since the sums were set to zero, in the order in which `evaluate` returns them."""
        total, *rest = self.trainer.results()
        loss.total, loss.count = total, 1.0
        logs: dict[str, Any] = {"loss": total, **dict(zip(self._losses, rest, strict=False))}
        values = iter(rest[self._terms :])
        for measure, told in zip(self._measures, self._told, strict=True):
            if told:
                measure.metric.total, measure.metric.count = next(values), 1.0
            result = np.asarray(measure.metric.result())
            logs[measure.name] = float(result) if result.ndim == 0 else result
        return logs


class _Inference(NamedTuple):
    """What a model predicts with, for samples of some shapes.

    Attributes:
        graph: The graph.
        outputs: The edges of its outputs.
        shapes: Their shapes.
        ranges: For each input the whole numbers that it may hold, and which layer says so, or None.
        rows: How many rows each batch must have, and which layer says so, or None.
    """

    graph: _core.Graph
    outputs: list[int]
    shapes: list[Shape]
    ranges: list[tuple[int, int, str] | None]
    rows: tuple[int, str] | None


class _Batches:
    """The rows of one call in the order in which they are taken: goes round and round, newly shuffled each time."""

    def __init__(self, model: Trainer, rows: int, batch_size: int, shuffle: bool) -> None:
        self.steps = math.ceil(rows / batch_size)
        self._model = model
        self._rows = rows
        self._shuffle = shuffle
        self.order: NDArray[np.int64] | None = None
        self.position = self.steps

    def turn(self) -> None:
        """Begins anew where all rows were taken."""
        if self.position >= self.steps:
            self.position = 0
            self.order = self._model._next_order(self._rows) if self._shuffle else None

    def go_on(self, position: int) -> None:
        """Goes on in the middle of an order that was drawn before."""
        self.position = position
        if position < self.steps and self._shuffle:
            self._model._shuffle_position -= 1
            self.order = self._model._next_order(self._rows)


def _whole(name: str, value: Any, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} expects a whole number of at least {least}, got {value!r}")
    return int(value)


class Trainer(Part):
    """The part of a model that trains: compile, fit, evaluate, predict and their kin."""

    name: str
    optimizer: optimizers.Optimizer | None = None
    loss: Any = None
    stop_training = False
    history: History | None = None

    _losses: list[losses.Loss | None]
    _loss_weights: list[float]
    _compiled = False
    _metric_words: tuple[list[list[Any]], list[list[Any]]] = ([], [])
    _measures: list[_Measure] | None = None
    _shuffle_seed: int | None = None
    _shuffle_position = 0
    _batches: _Batches
    _resume: tuple[int, int, int] | None = None
    """Where a callback wants `fit` to go on: the epoch, its steps that are done, the place in the order of rows."""

    # What the model says of itself.

    def _open(self, sample_shape: tuple[int, ...]) -> None:
        """Builds the model for data of this shape where it is not built."""
        raise NotImplementedError

    def _structures(self) -> tuple[Structure, Structure]:
        """How inputs and outputs are put together."""
        raise NotImplementedError

    def _ports(self) -> tuple[list[Port], list[Port]]:
        """The inputs and the outputs."""
        raise NotImplementedError

    def _input_names(self) -> list[str]:
        return [port.name for port in self._ports()[0]]

    def _leaves(self) -> list[tuple[Layer, bool]]:
        """Every layer that computes, and whether it is trained."""
        raise NotImplementedError

    def _weight_paths(self) -> list[tuple[str, Variable]]:
        raise NotImplementedError

    # Compiling, and the programs made of it.

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Says how the model is to be trained, and which of its layers.

        Args:
            optimizer: A name or an object of `fastnn.optimizers`; the same object again goes on where it was.
            loss: A name, an object or a function of `fastnn.losses`; for several outputs one for all, or a list, or
                a dict by the outputs' names, in which None stands for none.
            loss_weights: A factor of the loss, or None; for several outputs a list or dict of them.
            metrics: Names or objects of `fastnn.metrics`; "accuracy" is read from the shapes of labels and outputs.
                For several outputs a list or dict with one entry, or a list of them, for each.
            weighted_metrics: As `metrics`, but with the sample weights of `fit`.
            run_eagerly: Taken for Keras' sake, as are the others that follow.
            steps_per_execution: No effect.
            jit_compile: No effect.
            auto_scale_loss: No effect.

        Raises:
            ValueError: A name is unknown; the message proposes the nearest.

        Example:
            >>> model.compile(optimizer=Adam(learning_rate=0.0001),
            ...               loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        """
        for method in _NEVER_CALLED:
            if hasattr(type(self), method):
                raise NotImplementedError(
                    f"{title(self)}: {method}() would never be called, since whole steps run in the core; say what is "
                    "special in call() (with add_loss), in a loss or in a metric of your own"
                )
        new_optimizer = optimizers.get(optimizer)
        self._compile_arguments = {
            "optimizer": new_optimizer, "loss": loss, "loss_weights": loss_weights, "metrics": metrics,
            "weighted_metrics": weighted_metrics,
        }  # fmt: skip
        several = not _stands_alone(loss) or not _stands_alone(loss_weights) or isinstance(metrics, Mapping)
        if several and self._ports()[0][0].shape is None:
            # How many outputs there are is known at the first data.
            self.optimizer, self.loss, self._compiled = new_optimizer, loss, True
            self._losses, self._loss_weights, self._metric_words = [], [], ([], [])
            return
        outputs = self._ports()[1]
        given = [loss] * len(outputs) if _stands_alone(loss) else self._each_output("loss", loss)
        new_losses = [losses.get(one) for one in given]
        if loss_weights is not None and len(outputs) > 1 and _stands_alone(loss_weights):
            raise ValueError(
                f"{title(self)}: loss_weights expects a list or dict with a number for each of the outputs "
                f"{_quoted(outputs)}, got {loss_weights!r}"
            )
        weights = self._each_output("loss_weights", loss_weights)
        words = self._words("metrics", metrics), self._words("weighted_metrics", weighted_metrics)
        for family in words:
            for of_output in family:
                for word in of_output:
                    _node_metric(word)
        self.optimizer = new_optimizer
        self.loss = loss
        self._losses = new_losses
        self._loss_weights = [1.0 if weight is None else float(weight) for weight in weights]
        self._metric_words = words
        self._measures = None
        self._loss_tracker = _loss_tracker()
        self._compiled = True
        if self._shuffle_seed is None:
            self._shuffle_seed = next_seed()
        self._trained = dict(self._leaves())
        self._programs.clear()

    def _settle_outputs(self) -> None:
        """What `compile` said of each output, now that the outputs are known."""
        if self._compiled:
            Trainer.compile(self, **self._compile_arguments)

    _programs: dict[Any, Any]
    _compile_arguments: dict[str, Any]
    _trained: dict[Layer, bool]
    _loss_tracker: Mean

    def _each_output(self, word: str, given: Any) -> list[Any]:
        """One entry for each output of what was given: None, one alone, a list in their order, or a dict by name.

        Raises:
            ValueError: A name is unknown, or there are too few or too many entries.
        """
        outputs = self._ports()[1]
        if given is None:
            return [None] * len(outputs)
        if isinstance(given, Mapping):
            names = [port.name for port in outputs]
            for name in given:
                if name not in names:
                    raise ValueError(
                        f"{title(self)}: {word} names {name!r}, which is no output.{suggestion(str(name), names)}"
                    )
            return [given.get(name) for name in names]
        if isinstance(given, (list, tuple)):
            if len(given) != len(outputs):
                raise ValueError(
                    f"{title(self)}: {word} expects one entry for the model's one output, got {len(given)}"
                    if len(outputs) == 1
                    else f"{title(self)}: {word} expects one entry for each of the outputs {_quoted(outputs)}, got "
                    f"{len(given)}"
                )
            return list(given)
        if len(outputs) > 1:
            raise ValueError(
                f"{title(self)}: {word} expects a list or dict with one entry for each of the outputs "
                f"{_quoted(outputs)}, got {given!r}"
            )
        return [given]

    def _words(self, word: str, given: Any) -> list[list[Any]]:
        """For each output the metrics asked for."""
        if isinstance(given, Mapping) or len(self._ports()[1]) > 1:
            entries = self._each_output(word, given)
            return [[] if e is None else list(e) if isinstance(e, (list, tuple)) else [e] for e in entries]
        return [_words(given, word)]

    def _require_compiled(self, what: str) -> None:
        if not self._compiled:
            raise ValueError(
                f"{title(self)}: call compile() before {what}(), such as "
                "model.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])"
            )
        if not any(self._losses) and self._ports()[0][0].shape is not None:
            raise ValueError(f"{title(self)} was compiled without a loss, which {what}() needs; give compile() a loss")

    def _settled_trainable(self) -> dict[Layer, bool]:
        """Which layers are trained, as it was at compile; layers added since count as they are now."""
        current = dict(self._leaves())
        self._trained = {layer: self._trained.get(layer, now) for layer, now in current.items()}
        return self._trained

    def _resolved(self, true_shapes: Sequence[tuple[int, ...] | None]) -> list[_Measure]:
        """The compiled metrics, with what "accuracy" means read from the shapes of labels and outputs."""
        outputs = self._ports()[1]
        found: list[_Measure] = []
        taken: dict[str, int] = {}
        for weighted, family in enumerate(self._metric_words):
            for k, words in enumerate(family):
                shape = outputs[k].shape
                assert shape is not None
                true_shape = (None, *(true_shapes[k] or shape)[1:])
                for word in words:
                    metric = _node_metric(word, true_shape, shape)
                    of = "" if len(outputs) == 1 else f"{outputs[k].name}_"
                    name = f"{of}{metric.name}"
                    if name in taken and weighted:
                        name = f"{of}weighted_{metric.name}"
                    count = taken[name] = taken.get(name, -1) + 1
                    found.append(_Measure(k, f"{name}_{count}" if count else name, metric, bool(weighted)))
        return found if len(outputs) == 1 else sorted(found, key=lambda measure: measure.name)

    def _remember(self, key: Any, program: Any) -> Any:
        """Keeps a program; of those for many shapes the oldest is forgotten."""
        while len(self._programs) >= _REMEMBERED:
            self._programs.pop(next(iter(self._programs)))
        self._programs[key] = program
        return program

    def _key(self, mode: str, x: Shapes, y: Sequence[tuple[int, ...] | None] = ()) -> Any:
        """By what a program is found: the shapes count where the model, or a loss of the user's, leaves them open."""
        inputs, _ = self._ports()
        free = x if any(port.shape is None or None in port.shape[1:] for port in inputs) else ()
        custom = [loss is not None and loss.is_custom() for loss in self._losses] if self._compiled else []
        given = tuple(y) if any(custom) or any(m.metric.is_custom() for m in self._measures or []) else ()
        return mode, free, given

    def _program(self, mode: str, x: Shapes = (), y: Sequence[tuple[int, ...] | None] = ()) -> _Program:
        """The program to "train" or to "test"."""
        assert self.optimizer is not None
        inputs, outputs = self._ports()
        if self._measures is None:
            self._measures = self._resolved(y or [None] * len(outputs))
        key = self._key(mode, x, y)
        program: _Program | None = self._programs.get(key)
        if program is not None:
            return program
        emission = Emission(mode == "train", self._settled_trainable())
        graph = emission.graph
        predicted = emit(self, emission, _input_edges(graph, inputs, x))
        shapes = [tuple(graph.spec(edge)[0]) for edge in predicted]
        targets = _Targets(graph, outputs, shapes, y)
        masks = [emission.masks.get(edge, _UNMASKED) for edge in predicted]
        # Losses go before penalties, as they are told.
        found: list[tuple[int, float, int, bool, int]] = []
        names = []
        penalties = emission.penalties
        emission.penalties = []
        for k, (loss, weight) in enumerate(zip(self._losses, self._loss_weights, strict=True)):
            if loss is not None:
                edge = loss.emit(emission, targets.edge(k, _how(loss)), predicted[k])
                mask = self._fitting_mask(graph, loss.name, edge, masks[k])
                found.append((edge, weight, k, loss.reduction == "sum", mask))
                names.append(f"{outputs[k].name}_loss")
        emission.penalties[:0] = penalties
        self._add_weight_penalties(emission)
        terms = found + [(penalty, 1.0, _UNWEIGHTED, False, _UNMASKED) for penalty in emission.penalties]
        measured: list[tuple[int, int, int]] = []
        told = []
        for measure in self._measures:
            metric, k = measure.metric, measure.output
            weighs = measure.weighted and metric.takes_weights()
            given = targets.edge(k, "weights") if weighs else None
            values = metric.emit(emission, targets.edge(k, _how(metric)), predicted[k], given)
            told.append(values is not None)
            if values is not None:
                mask = self._fitting_mask(graph, metric.name, values, masks[k])
                measured.append((values, k if measure.weighted else _UNWEIGHTED, mask))
        handle = None
        if mode == "train":
            self.optimizer.build([variable for layer in self._trained for variable in emission.trained(layer)])
            handle = self.optimizer.handle
        trainer = _core.Trainer(graph, terms, measured, handle)
        # The loss of the only output is the loss.
        names = names if len(names) > 1 else []
        program = _Program(trainer, list(targets.edges), len(terms), names, self._measures, told)
        return self._remember(key, program)  # type: ignore[no-any-return]

    def _fitting_mask(self, graph: _core.Graph, name: str, values: int, mask: int) -> int:
        """The mask, where the values of a loss or metric have a place for each of its own."""
        return mask if mask != _UNMASKED and graph.spec(values)[0] == graph.spec(mask)[0] else _UNMASKED

    def _add_weight_penalties(self, emission: Emission) -> None:
        """Penalties of weights that are Python code."""
        for layer in self._trained:
            for variable in own_variables(layer):
                penalty = variable.regularizer
                if penalty is None or not penalty.is_custom():
                    continue
                who = f"{title(layer)}: {penalty!r}"

                def of_weight(penalty: Any = penalty, variable: Variable = variable) -> Any:
                    return ops.cast(penalty(ops.convert_to_tensor(variable)), "float32")

                emission.penalties.append(emission.run(of_weight, [], who)[1][0])

    def _predictor(self, x: Shapes = ()) -> _core.Predictor:
        """What predicts."""
        key = self._key("predict", x)
        found: _core.Predictor | None = self._programs.get(key)
        if found is None:
            inference = self._inference(x)
            found = self._remember(key, _core.Predictor(inference.graph, inference.outputs))
        return found

    @property
    def metrics(self) -> list[Metric]:
        """The mean of the loss and the compiled metrics."""
        if not self._compiled:
            return []
        return [self._loss_tracker, *(measure.metric for measure in self._measures or [])]

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns."""
        if not self._compiled:
            return []
        outputs = self._ports()[1]
        if self._measures is not None:
            measured = [measure.name for measure in self._measures]
        else:
            measured = [
                _node_metric(word).name if len(outputs) == 1 else f"{outputs[k].name}_{_node_metric(word).name}"
                for family in self._metric_words
                for k, words in enumerate(family)
                for word in words
            ]
        of_losses = [f"{p.name}_loss" for p, loss in zip(outputs, self._losses, strict=True) if loss is not None]
        return ["loss", *(of_losses if len(of_losses) > 1 else []), *measured]

    def reset_metrics(self) -> None:
        """Sets the sums of losses and metrics to zero, which `train_on_batch` and `test_on_batch` let grow."""
        for key, program in self._programs.items():
            if key[0] in ("train", "test"):
                program.reset()

    # The door.

    def _inputs_of(self, x: Any) -> list[Array]:
        """x as arrays that fit the model's inputs; the model is built for it where it is not built."""
        inputs = self._ports()[0]
        if len(inputs) == 1:
            if isinstance(x, Mapping) and list(x) == [inputs[0].name]:
                x = x[inputs[0].name]
            if isinstance(x, (list, tuple)) and len(x) == 1 and isinstance(x[0], np.ndarray) and x[0].ndim > 1:
                x = x[0]
            return [self._fitted_input(x, "x", inputs[0].shape)]
        arrays = [
            self._fitted_input(one, f"x of {port.name!r}", port.shape)
            for one, port in zip(self._by_port("x", x, inputs), inputs, strict=True)
        ]
        for array, port in zip(arrays, inputs, strict=True):
            if len(array) != len(arrays[0]):
                raise ValueError(
                    f"{title(self)}: x of {inputs[0].name!r} has {len(arrays[0])} rows and x of {port.name!r} has "
                    f"{len(array)}; they must be equal"
                )
        return arrays

    def _by_port(self, word: str, given: Any, ports: Sequence[Port], optional: bool = False) -> list[Any]:
        """What was given for several inputs or outputs, in their order."""
        names = [port.name for port in ports]
        if isinstance(given, Mapping):
            for name in given:
                if name not in names:
                    side = "input" if word == "x" else "output"
                    raise ValueError(
                        f"{title(self)}: {word} names {name!r}, which is no {side}.{suggestion(str(name), names)}"
                    )
            missing = [name for name in names if name not in given]
            if missing and not optional:
                raise ValueError(f"{title(self)}: {word} has nothing for {', '.join(map(repr, missing))}")
            return [given.get(name) for name in names]
        if isinstance(given, (list, tuple)) and len(given) == len(ports):
            return list(given)
        got = f"{len(given)}" if isinstance(given, (list, tuple)) else f"one {type(given).__name__}"
        raise ValueError(
            f"{title(self)} expects {len(ports)} arrays as {word}, got {got}; pass a list in the order of "
            f"{_quoted(ports)}, or a dict by these names"
        )

    def _fitted_input(self, x: Any, word: str, expected: Shape | None) -> Array:
        if hasattr(x, "__next__") or (
            hasattr(x, "__getitem__") and not hasattr(x, "__array__") and hasattr(x, "on_epoch_end")
        ):
            raise TypeError(
                f"{title(self)}: {word} is a {type(x).__name__}, which yields batches; put them together to arrays "
                "first: xs, ys = zip(*batches); model.fit(np.concatenate(xs), np.concatenate(ys))"
            )
        array = numeric(x, f"{title(self)}: {word}")
        if array.ndim == 0:
            raise ValueError(f"{title(self)} expects {word} of shape (batch, ...), got a single number")
        if len(array) == 0:
            raise ValueError(f"{title(self)}: {word} is empty, of shape {array.shape}; at least one row is needed")
        if expected is None or not self._is_open():
            array = array[:, np.newaxis] if array.ndim == 1 else array
            self._open(array.shape[1:])
            return array
        if _fits(array.shape[1:], expected[1:]):
            return array
        if array.ndim == len(expected) - 1 and expected[-1] == 1 and _fits(array.shape[1:], expected[1:-1]):
            return array[..., np.newaxis]
        if array.ndim == len(expected) + 1 and array.shape[-1] == 1 and _fits(array.shape[1:-1], expected[1:]):
            return array[..., 0]
        wanted, got = expected[1:], array.shape[1:]
        if _fits(array.shape, wanted):
            mend = "a single sample needs a batch axis: x[np.newaxis]"
        elif None not in wanted and math.prod(size or 1 for size in wanted) == math.prod(got):
            mend = f"put Flatten() first in the model or reshape: x.reshape(len(x), {', '.join(map(str, wanted))})"
        else:
            mend = "give it data of that shape, or build the model for this one"
        raise ValueError(f"{title(self)} expects {word} of shape {_batch(wanted)}, got {array.shape}; {mend}")

    def _is_open(self) -> bool:
        raise NotImplementedError

    def _wanted_targets(self) -> list[bool]:
        """For each output whether y is needed: where it has a loss or a metric."""
        return [
            loss is not None or any(family[k] for family in self._metric_words) for k, loss in enumerate(self._losses)
        ]

    def _targets(self, y: Any, rows: int) -> list[Array | None]:
        """y as arrays of as many rows as x has, one for each output that wants one."""
        if y is None:
            raise ValueError(f"{title(self)}: y is missing; pass what should come out as y=")
        outputs = self._ports()[1]
        if len(outputs) == 1:
            if isinstance(y, Mapping) and list(y) == [outputs[0].name]:
                y = y[outputs[0].name]
            if (
                isinstance(y, (list, tuple))
                and len(y) == 1
                and isinstance(y[0], np.ndarray)
                and y[0].ndim > 0
                and rows != 1
            ):
                y = y[0]
            return [self._target(y, "y", rows)]
        wanted = self._wanted_targets()
        if isinstance(y, (list, tuple)) and len(y) == sum(wanted) < len(outputs):
            # As in Keras, outputs that nothing is asked of may be left out.
            given = iter(y)
            y = [next(given) if one else None for one in wanted]
        found: list[Array | None] = []
        for one, port, needed in zip(self._by_port("y", y, outputs, True), outputs, wanted, strict=True):
            if one is None and needed:
                raise ValueError(
                    f"{title(self)}: y has nothing for the output {port.name!r}, which has a loss or metric"
                )
            found.append(self._target(one, f"y of {port.name!r}", rows) if needed else None)
        return found

    def _target(self, y: Any, word: str, rows: int) -> Array:
        array = numeric(y, f"{title(self)}: {word}")
        if array.ndim == 0:
            raise ValueError(f"{title(self)} expects {word} of shape (batch, ...), got a single number")
        if len(array) != rows:
            raise ValueError(f"{title(self)}: x has {rows} rows and {word} has {len(array)}; they must be equal")
        return array

    def _fitted(self, y: Array, port: Port, labels: bool, who: str, ignored: int | None) -> Array:
        """y as one of the graph's inputs takes it."""
        output = port.shape
        assert output is not None
        word = "y" if len(self._ports()[1]) == 1 else f"y of {port.name!r}"
        shape: tuple[int, ...] = tuple(size or 0 for size in output[1:])
        if not labels:
            if y.shape[1:] == shape:
                return y
            if (*y.shape[1:], 1) == shape:
                return y[..., np.newaxis]
            mend = "give the last layer as many units as y has columns"
            if ("categorical" in who and y.ndim == len(output) - 1) or y.shape[1:] == (*shape[:-1], 1):
                classes = shape[-1]
                mend = f"turn labels into rows with utils.to_categorical(y, {classes}), or use sparse_{who}"
                if not who.startswith("categorical"):
                    mend = f"the last layer has {classes} outputs for one number a sample; Dense(1) has one"
            raise ValueError(f"{title(self)}: {who} expects {word} of shape {_batch(shape)}, got {y.shape}; {mend}")
        if y.ndim == len(output) and y.shape[-1] == 1:
            y = y[..., 0]
        if y.shape[1:] != shape[:-1]:
            mend = "pass whole numbers, one for each sample"
            if y.shape[1:] == shape:
                mend = f"for one-hot rows use loss='{who.replace('sparse_', '')}', or pass y.argmax(axis=-1)"
            raise ValueError(
                f"{title(self)}: {who} expects {word} of shape {_batch(shape[:-1])}, got {y.shape}; {mend}"
            )
        checked = np.where(y == ignored, 0, y) if ignored is not None else y
        row = _core.first_outside(checked, 0, shape[-1])
        if row >= 0:
            inside = np.asarray(checked[row])
            value = inside[~((inside >= 0) & (inside < shape[-1]) & (inside == np.floor(inside)))].flat[0]
            raise ValueError(
                f"{title(self)}: {word} holds the label {value} in row {row}, but the model has {shape[-1]} outputs: "
                f"labels must be whole numbers from 0 to {shape[-1] - 1}; number them from 0, or give the last layer "
                "more units"
            )
        return y

    def _targets_of(self, ys: Sequence[Array | None], x: Shapes, weights: Sequence[Array | None]) -> list[Array]:
        """The arrays for the graph's inputs after x, checked against losses and metrics."""
        outputs = self._ports()[1]
        arrays: dict[tuple[int, str], Array] = {}
        shapes = self._shapes_of_outputs(x)

        def fit(k: int, measure: losses.Loss | Metric) -> None:
            y, how = ys[k], _how(measure)
            if (k, how) in arrays or y is None:
                return
            if how == "as given":
                arrays[k, how] = y
                return
            assert isinstance(measure, (losses.Loss, NodeMetric))
            ignored = getattr(self._losses[k], "ignore_class", None)
            port = outputs[k]._replace(shape=shapes[k])
            arrays[k, how] = self._fitted(y, port, how == "labels", measure.node()[0], ignored)

        for k, loss in enumerate(self._losses):
            if loss is not None:
                fit(k, loss)
        fresh = self._measures is None
        if fresh:
            self._measures = self._resolved([None if y is None else y.shape for y in ys])
        try:
            for measure in self._measures or []:
                k = measure.output
                fit(k, measure.metric)
                if measure.weighted and measure.metric.takes_weights():
                    of_rows, y = weights[k], ys[k]
                    if of_rows is not None and of_rows.ndim > 1:
                        raise ValueError(
                            f"{title(self)}: the metric {measure.metric.name!r} takes one sample weight a row, got "
                            f"{of_rows.shape}"
                        )
                    arrays[k, "weights"] = (
                        np.ones(0 if y is None else len(y), np.float32) if of_rows is None else of_rows
                    )
        except ValueError:
            if fresh:
                # What "accuracy" means was read from a y that does not fit; the next y shall say it.
                self._measures = None
            raise
        program = self._program("test", x, tuple(None if y is None else y.shape[1:] for y in ys))
        return [arrays[target] for target in program.targets]

    def _shapes_of_outputs(self, x: Shapes) -> list[Shape]:
        """Those of the outputs for samples of these shapes."""
        known = [port.shape for port in self._ports()[1]]
        if not any(shape is None or None in shape[1:] for shape in known):
            return known  # type: ignore[return-value]
        return self._inference(x).shapes

    def _sample_weights(
        self, rows: int, ys: Sequence[Array | None], sample_weight: Any, class_weight: Any, x: Shapes
    ) -> list[Array | None]:
        """For each output the weights of its rows, or None."""
        outputs = self._ports()[1]
        if sample_weight is not None and class_weight is not None:
            raise ValueError(
                "sample_weight and class_weight cannot both be given; multiply them into one sample_weight"
            )
        if class_weight is not None:
            if len(outputs) > 1 or ys[0] is None:
                raise ValueError(
                    f"{title(self)}: class_weight is for models of one output; give sample_weight as a list or dict "
                    f"with an entry for each of the outputs {_quoted(outputs)}"
                )
            return [_from_class_weight(ys[0], class_weight, title(self))]
        if sample_weight is None:
            return [None] * len(outputs)
        if len(outputs) == 1:
            given = [sample_weight]
            if isinstance(sample_weight, Mapping) and list(sample_weight) == [outputs[0].name]:
                given = list(sample_weight.values())
        elif isinstance(sample_weight, Mapping) or (
            isinstance(sample_weight, (list, tuple)) and any(w is None or np.ndim(w) for w in sample_weight)
        ):
            given = self._by_port("sample_weight", sample_weight, outputs, True)
        else:
            given = [sample_weight] * len(outputs)
        found: list[Array | None] = []
        for one, port, shape in zip(given, outputs, self._shapes_of_outputs(x), strict=True):
            word = "sample_weight" if len(outputs) == 1 else f"sample_weight of {port.name!r}"
            if one is None:
                found.append(None)
                continue
            weights = numeric(one, f"{title(self)}: {word}")
            if weights.ndim == 2 and weights.shape[1] == 1:
                weights = weights[:, 0]
            places = tuple(shape[1:-1])
            if weights.shape != (rows,) and (not places or weights.shape != (rows, *places)):
                each = f", or {(rows, *places)}, one for each place" if places else ""
                raise ValueError(
                    f"{title(self)} expects {word} of shape ({rows},), one for each row{each}, got {weights.shape}"
                )
            found.append(weights)
        return found

    def _columns(self, x: Any, y: Any, sample_weight: Any, class_weight: Any = None, check_nan: bool = False) -> _Feed:
        """The arrays of a run, checked."""
        xs = self._inputs_of(x)
        ys = self._targets(y, len(xs[0]))
        shapes = tuple(array.shape[1:] for array in xs)
        weights = self._sample_weights(len(xs[0]), ys, sample_weight, class_weight, shapes)
        targets = self._targets_of(ys, shapes, weights)
        if check_nan and config.check_nan():
            inputs, outputs = self._ports()
            for word, arrays, ports in (("x", xs, inputs), ("y", ys, outputs), ("sample_weight", weights, outputs)):
                for array, port in zip(arrays, ports, strict=True):
                    row = -1 if array is None else _core.first_nan(array)
                    if row >= 0:
                        of = f" of {port.name!r}" if len(ports) > 1 else ""
                        raise ValueError(
                            f"{title(self)}: {word}{of} holds a NaN in row {row}, which would destroy the weights; "
                            "remove or replace it (np.nan_to_num), or lift this check with "
                            "fastnn.config.set_check_nan(False)"
                        )
        of_y = tuple(None if y is None else y.shape[1:] for y in ys)
        self._check_inputs(xs, shapes)
        return _Feed(_core.Columns([*xs, *targets], weights), xs, shapes, of_y)

    def _check_inputs(self, xs: Sequence[Array], shapes: Shapes) -> None:
        """Finds ids that no table has a row for."""
        for array, port, limits in zip(xs, self._ports()[0], self._inference(shapes).ranges, strict=True):
            if limits is None:
                continue
            low, high, who = limits
            row = _core.first_outside(array, low, high)
            if row >= 0:
                inside = np.asarray(array[row])
                value = inside[~((inside >= low) & (inside < high) & (inside == np.floor(inside)))].flat[0]
                word = "x" if len(xs) == 1 else f"x of {port.name!r}"
                raise ValueError(
                    f"{title(self)}: {word} holds {value} in row {row}, but {who} takes whole numbers from {low} to "
                    f"{high - 1}; number them so, or give that layer more rows"
                )

    def _check_batches(self, shapes: Shapes, rows: int, batch_size: int) -> None:
        """Finds batches that are not of the size for which a layer keeps states."""
        fixed = self._inference(shapes).rows
        size = min(batch_size, rows)
        if fixed is not None and (size != fixed[0] or rows % size):
            got = f"{size} rows" if size != fixed[0] else f"{rows} rows, the last batch of which would be smaller"
            raise ValueError(
                f"{title(self)}: {fixed[1]} keeps states for batches of {fixed[0]} rows, got {got}; pass "
                f"batch_size={fixed[0]} and a multiple of as many rows"
            )

    def _inference(self, x: Shapes) -> _Inference:
        """The graph that predicts, and what it demands of its inputs."""
        key = self._key("inference", x)
        found: _Inference | None = self._programs.get(key)
        if found is None:
            emission = Emission(False)
            graph = emission.graph
            inputs = _input_edges(graph, self._ports()[0], x)
            outputs = emit(self, emission, inputs)
            shapes = [tuple(graph.spec(edge)[0]) for edge in outputs]
            ranges = [graph.range(edge) for edge in inputs]
            found = self._remember(key, _Inference(graph, outputs, shapes, ranges, graph.fixed_rows()))
        return found

    def _validation_columns(self, x: Any, y: Any, sample_weight: Any) -> _Feed:
        try:
            return self._columns(x, y, sample_weight)
        except (TypeError, ValueError) as error:
            raise type(error)(f"validation data: {error}") from None

    def _next_order(self, rows: int) -> NDArray[np.int64]:
        assert self._shuffle_seed is not None
        order = _core.random_permutation(self._shuffle_seed, self._shuffle_position, rows)
        self._shuffle_position += 1
        return order

    # The loop.

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
    ) -> History:
        """Trains the model.

        After any error, and after Ctrl-C, the model is as it was after the last whole step and can go on.

        Args:
            x: Samples: an array of any numeric type, (batch, ...), read in place. For several inputs a list of arrays
                in their order, or a dict by their names.
            y: What should come out: values of the output's shape, or labels (batch,). For several outputs a list or
                dict.
            batch_size: Rows a step; None: 32.
            epochs: The number of the epoch to stop after; how many passes, where `initial_epoch` is 0.
            verbose: 0: silent; 1: a bar an epoch; 2: a line an epoch; "auto": 1. Where nobody watches, 1 prints lines.
            callbacks: Objects of `fastnn.callbacks`.
            validation_split: The share of rows, the last ones, that is kept for validation.
            validation_data: (x_val, y_val) or (x_val, y_val, sample_weight).
            shuffle: Whether rows are shuffled before each epoch.
            class_weight: For each label its weight in the loss.
            sample_weight: For each row its weight in the loss, (batch,); for several outputs one for all, or a list
                or dict.
            initial_epoch: The number of the first epoch.
            steps_per_epoch: Steps to an epoch; None: as many as it takes to see all rows.
            validation_steps: Steps to a validation; None: all rows.
            validation_batch_size: Rows a step of validation; None: `batch_size`.
            validation_freq: Validate every so many epochs, or after those of a list (counted from 1).

        Returns:
            A `History`, whose `history` holds the logs of each epoch.

        Raises:
            ValueError: The data do not fit the model or one another, or hold NaN.
            TypeError: The data are no numbers.

        Example:
            >>> model.fit(x=samples, y=labels, batch_size=10, epochs=20, validation_split=0.1, verbose=2)
        """
        self._require_compiled("fit")
        batch_size = 32 if batch_size is None else _whole("batch_size", batch_size)
        epochs = _whole("epochs", epochs, 0)
        initial_epoch = _whole("initial_epoch", initial_epoch, 0)
        verbosity = settled_verbosity(verbose)
        if x is None:
            raise ValueError(f"{title(self)}: x is missing; pass the samples as x=")
        if validation_data is not None:
            validation_data = _pair(validation_data, len(self._ports()[0]) > 1)
        elif validation_split:
            x, y, sample_weight, validation_data = self._split(x, y, sample_weight, validation_split)
        data = self._columns(x, y, sample_weight, class_weight, True)
        validation = None if validation_data is None else self._validation_columns(*validation_data)
        self._check_batches(data.x, data.rows, batch_size)
        batches = _Batches(self, data.rows, batch_size, bool(shuffle))
        steps = batches.steps if steps_per_epoch is None else _whole("steps_per_epoch", steps_per_epoch)
        validation_batch = (
            batch_size if validation_batch_size is None else _whole("validation_batch_size", validation_batch_size)
        )
        self._warn_of_thawed()
        hooks = CallbackList(callbacks, True, verbosity != 0, self, epochs=epochs, steps=steps, verbose=verbosity)
        assert hooks.history is not None
        self.history = hooks.history
        self.stop_training = False
        self._batches = batches
        logs: dict[str, float] = {}
        try:
            hooks.tell("on_train_begin")
            initial_epoch, done, place = self._resume or (initial_epoch, 0, batches.steps)
            self._resume = None
            batches.go_on(place)
            for epoch in range(initial_epoch, epochs):
                hooks.tell("on_epoch_begin", epoch)
                logs = self._epoch(data, batches, batch_size, steps, hooks, done)
                done = 0
                if validation is not None and _validates(epoch + 1, validation_freq):
                    measured = self._measure(validation, validation_batch, validation_steps, hooks)
                    logs.update({f"val_{name}": value for name, value in sorted(measured.items())})
                hooks.tell("on_epoch_end", epoch, logs=logs)
                if self.stop_training:
                    break
            hooks.tell("on_train_end", logs=logs)
        finally:
            hooks.close()
        return hooks.history

    def _epoch(
        self, data: _Feed, batches: _Batches, batch_size: int, steps: int, hooks: CallbackList, done: int
    ) -> dict[str, float]:
        """One epoch, of which some steps may be done."""
        program = self._program("train", data.x, data.y)
        program.reset()
        each = hooks.wants_batches("train")
        logs: dict[str, float] = {}
        while done < steps and not self.stop_training:
            batches.turn()
            if each:
                hooks.tell("on_train_batch_begin", done)
            last = batches.position + 1 if each else min(batches.steps, batches.position + steps - done)
            rates = self._rates(last - batches.position)
            last = last if rates is None else batches.position + len(rates)
            ran = program.trainer.run(data.columns, batches.order, batch_size, batches.position, last, _BUDGET, rates)
            batches.position += ran
            done += ran
            logs = dict(sorted(program.logs(self._loss_tracker).items()))
            if each:
                hooks.tell("on_train_batch_end", done - 1, logs=logs)
            hooks.advance(done, logs)
        return logs

    def _measure(self, data: _Feed, batch_size: int, steps: int | None, hooks: CallbackList) -> dict[str, float]:
        """One pass of evaluation."""
        program = self._program("test", data.x, data.y)
        program.reset()
        total = math.ceil(data.rows / batch_size)
        total = total if steps is None else min(total, _whole("steps", steps))
        each = hooks.wants_batches("test")
        hooks.tell("on_test_begin")
        done = 0
        logs: dict[str, float] = {}
        while done < total:
            if each:
                hooks.tell("on_test_batch_begin", done)
            done += program.trainer.run(data.columns, None, batch_size, done, done + 1 if each else total, _BUDGET)
            logs = program.logs(self._loss_tracker)
            if each:
                hooks.tell("on_test_batch_end", done - 1, logs=dict(sorted(logs.items())))
            hooks.advance(done, logs)
        hooks.tell("on_test_end", logs=dict(sorted(logs.items())))
        return logs

    def _rates(self, steps: int) -> NDArray[np.float64] | None:
        """The learning rates of the coming steps, some of them at least, where a schedule says them."""
        assert self.optimizer is not None
        return self.optimizer.coming_rates(min(steps, _MOST_RATES))

    def _warn_of_thawed(self) -> None:
        settled = self._settled_trainable()
        changed = [layer.name for layer, now in self._leaves() if settled[layer] != now]
        if changed:
            warnings.warn(
                f"{title(self)}: trainable was changed after compile() for {', '.join(changed)}; it is read by "
                "compile(), so "
                "call compile() again for it to count",
                stacklevel=3,
            )

    def _split(self, x: Any, y: Any, sample_weight: Any, share: float) -> tuple[Any, Any, Any, tuple[Any, Any, Any]]:
        """Training and validation parts; the latter are the last rows."""
        if not 0 < share < 1:
            raise ValueError(f"validation_split expects a number from 0 to 1, got {share!r}")
        xs = self._inputs_of(x)
        rows = len(xs[0])
        ys = self._targets(y, rows)
        at = math.floor(rows * (1.0 - share))
        if at in (0, rows):
            raise ValueError(
                f"validation_split={share} of {rows} rows leaves {at} to train and {rows - at} to validate with; both "
                "need at least one"
            )
        weights = self._sample_weights(rows, ys, sample_weight, None, tuple(array.shape[1:] for array in xs))

        def part(arrays: Sequence[Array | None], rows: slice) -> Any:
            cut = [None if array is None else array[rows] for array in arrays]
            return cut[0] if len(cut) == 1 else cut

        first, last = slice(None, at), slice(at, None)
        held = None if all(w is None for w in weights) else part(weights, last)
        kept = None if held is None else part(weights, first)
        return part(xs, first), part(ys, first), kept, (part(xs, last), part(ys, last), held)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss and the metrics on data; nothing of the model changes.

        Args:
            x: Samples, (batch, ...).
            y: What should come out.
            batch_size: Rows a step; None: 32.
            verbose: As in `fit`.
            sample_weight: For each row its weight, or None.
            steps: How many batches; None: all.
            callbacks: Objects of `fastnn.callbacks`.
            return_dict: Whether to return a dict.

        Returns:
            The loss as a float; [loss, metrics...] where metrics were compiled, and for several outputs [loss, loss of
            each, metrics... by name]; a dict by name with `return_dict`.

        Raises:
            ValueError: The data do not fit the model or one another.

        Example:
            >>> loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
        """
        self._require_compiled("evaluate")
        batch_size = 32 if batch_size is None else _whole("batch_size", batch_size)
        verbosity = settled_verbosity(verbose)
        data = self._columns(x, y, sample_weight)
        self._check_batches(data.x, data.rows, batch_size)
        total = math.ceil(data.rows / batch_size)
        total = total if steps is None else min(total, _whole("steps", steps))
        hooks = CallbackList(callbacks, False, verbosity != 0, self, epochs=1, steps=total, verbose=verbosity)
        try:
            logs = self._measure(data, batch_size, steps, hooks)
        finally:
            hooks.close()
        return _returned(logs, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The model's outputs; a row's do not depend on the batch it lies in.

        Args:
            x: Samples, (batch, ...).
            batch_size: Rows at a time; None: 32.
            verbose: As in `fit`.
            steps: How many batches; None: all.
            callbacks: Objects of `fastnn.callbacks`.

        Returns:
            A float32 array of as many rows, in the order of x; for several outputs a list or dict, as the model's
            outputs were given.

        Raises:
            ValueError: The data do not fit the model.

        Example:
            >>> predictions = model.predict(x=x_test, batch_size=10, verbose=0)
        """
        # One row, as a server asks for it, goes straight to the core.
        if verbose == 0 and steps is None and callbacks is None:
            result = self._at_once(x, 32 if batch_size is None else batch_size)
            if result is not None:
                return result
        batch_size = 32 if batch_size is None else _whole("batch_size", batch_size)
        verbosity = settled_verbosity(verbose)
        xs = self._inputs_of(x)
        rows = len(xs[0]) if steps is None else min(len(xs[0]), _whole("steps", steps) * batch_size)
        total = math.ceil(rows / batch_size)
        shapes = tuple(array.shape[1:] for array in xs)
        self._check_inputs(xs, shapes)
        self._check_batches(shapes, len(xs[0]), batch_size)
        predictor = self._predictor(shapes)
        outputs = [
            np.empty([rows, *(size or 0 for size in shape[1:])], dtype=dtype) for shape, dtype in predictor.outputs()
        ]
        pack = self._structures()[1].pack
        hooks = CallbackList(callbacks, False, verbosity != 0, self, epochs=1, steps=total, verbose=verbosity)
        each = hooks.wants_batches("predict")
        stride = batch_size if each else rows if verbosity != 1 else batch_size * max(1, total // 100)
        try:
            hooks.tell("on_predict_begin")
            for begin in range(0, rows, stride):
                end = min(rows, begin + stride)
                if each:
                    hooks.tell("on_predict_batch_begin", begin // batch_size)
                predictor.run(xs, begin, end, batch_size, outputs)
                if each:
                    logs = {"outputs": pack([array[begin:end] for array in outputs])}
                    hooks.tell("on_predict_batch_end", begin // batch_size, logs=logs)
                hooks.advance(math.ceil(end / batch_size), {})
            hooks.tell("on_predict_end")
        finally:
            hooks.close()
        return pack(outputs)

    def _at_once(self, x: Any, most_rows: Any) -> NDArray[np.float32] | None:
        """The outputs for an array that fits in one batch; None where the long way must be gone."""
        raise NotImplementedError

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One step on one batch.

        Args:
            x: Samples, (batch, ...).
            y: What should come out.
            sample_weight: For each row its weight, or None.
            class_weight: For each label its weight, or None.
            return_dict: Whether to return a dict.

        Returns:
            As `evaluate`: means over all batches since `fit`, `evaluate` or `reset_metrics`, as in Keras.
        """
        self._require_compiled("train_on_batch")
        data = self._columns(x, y, sample_weight, class_weight, True)
        return self._one_batch("train", data, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss and metrics of one batch; nothing of the model changes.

        Args:
            x: Samples, (batch, ...).
            y: What should come out.
            sample_weight: For each row its weight, or None.
            return_dict: Whether to return a dict.

        Returns:
            As `evaluate`: means over all batches since `fit`, `evaluate` or `reset_metrics`, as in Keras.
        """
        self._require_compiled("test_on_batch")
        return self._one_batch("test", self._columns(x, y, sample_weight), return_dict)

    def _one_batch(self, mode: str, data: _Feed, return_dict: bool) -> Any:
        self._check_batches(data.x, data.rows, data.rows)
        program = self._program(mode, data.x, data.y)
        rates = self._rates(1) if mode == "train" else None
        program.trainer.run(data.columns, None, data.rows, 0, 1, 0.0, rates)
        return _returned(program.logs(self._loss_tracker), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch.

        Args:
            x: Samples, (batch, ...).

        Returns:
            A float32 array of as many rows; for several outputs a list or dict, as the model's outputs were given.
        """
        result = self._at_once(x, math.inf)
        if result is not None:
            return result
        xs = self._inputs_of(x)
        shapes = tuple(array.shape[1:] for array in xs)
        self._check_inputs(xs, shapes)
        self._check_batches(shapes, len(xs[0]), len(xs[0]))
        return self._structures()[1].pack(self._predictor(shapes)(xs))

    def gradients(self, x: Any, y: Any, sample_weight: Any = None) -> dict[str, NDArray[np.float32]]:
        """The gradient of the loss (penalties included) for every trained weight; nothing is updated.

        Args:
            x: Samples, all as one batch.
            y: What should come out.
            sample_weight: For each row its weight, or None.

        Returns:
            Arrays of the weights' shapes, by path: {"dense/kernel": ..., "dense/bias": ...}.

        Example:
            >>> {path: np.abs(g).mean() for path, g in model.gradients(x, y).items()}
        """
        self._require_compiled("gradients")
        data = self._columns(x, y, sample_weight)
        program = self._program("train", data.x, data.y)
        found = {id(handle): gradient for handle, gradient in program.trainer.gradients(data.columns)}
        return {path: found[id(v.handle)] for path, v in self._weight_paths() if id(v.handle) in found}


def _batch(shape: Sequence[int | None]) -> str:
    return f"({', '.join(['batch', *map(str, shape)])})" if shape else "(batch,)"


def _fits(shape: Sequence[int], expected: Sequence[int | None]) -> bool:
    return len(shape) == len(expected) and all(e in (None, s) for s, e in zip(shape, expected, strict=True))


def _loss_tracker() -> Mean:
    return Mean(name="loss")


def _node_metric(
    word: Any, true_shape: Sequence[int | None] = (None, 1), output_shape: Sequence[int | None] = (None, 1)
) -> Metric:
    metric = resolve(word, true_shape, output_shape)
    if not isinstance(metric, NodeMetric) and not metric.is_custom():
        raise TypeError(f"metric {metric!r} cannot be computed from labels and outputs; use it by itself")
    return metric


def _stands_alone(value: Any) -> bool:
    return not isinstance(value, (list, tuple, Mapping)) or (isinstance(value, Mapping) and "class_name" in value)


def _quoted(ports: Sequence[Port]) -> str:
    return ", ".join(repr(port.name) for port in ports)


def _input_edges(graph: _core.Graph, inputs: Sequence[Port], x: Shapes) -> list[int]:
    edges = []
    for k, port in enumerate(inputs):
        shape = (None, *x[k]) if port.shape is None or None in port.shape[1:] else port.shape
        edges.append(graph.input(shape, port.dtype, "x" if len(inputs) == 1 else f"x of {port.name!r}"))
    return edges


def _words(given: Any, name: str) -> list[Any]:
    if given is None:
        return []
    words = list(given) if isinstance(given, (list, tuple)) else [given]
    if len(words) == 1 and isinstance(words[0], (list, tuple)):
        words = list(words[0])
    if any(isinstance(word, (list, tuple, dict)) for word in words):
        raise ValueError(f"{name} expects a list of names or objects for the model's one output, got {given!r}")
    return words


def _validates(epoch: int, frequency: int | Sequence[int]) -> bool:
    return epoch % frequency == 0 if isinstance(frequency, int) else epoch in frequency


def _pair(data: Any, several: bool = False) -> tuple[Any, Any, Any]:
    """(x, y, sample weights or None) of `validation_data`.

    Raises:
        ValueError: It is something else; a list of (sample, label) pairs is told how to become two arrays.
    """
    pairs = (
        isinstance(data, (list, tuple))
        and len(data) > 0
        and all(isinstance(item, (tuple, list)) and len(item) == 2 for item in data)
        and (isinstance(data, list) or len(data) > 3)
        and not all(np.ndim(item[0]) == 0 for item in data)
    ) or (isinstance(data, list) and len(data) > 0 and all(isinstance(item, tuple) and len(item) == 2 for item in data))
    if pairs and not several:
        raise ValueError(
            "validation_data expects (x_val, y_val), two arrays, got a list of (sample, label) pairs; convert it: "
            "samples, labels = zip(*valid_set); validation_data=(np.array(samples), np.array(labels))"
        )
    if not isinstance(data, (list, tuple)) or len(data) not in (2, 3):
        size = f" of {len(data)} entries" if isinstance(data, (list, tuple)) else ""
        raise ValueError(
            f"validation_data expects (x_val, y_val) or (x_val, y_val, sample_weight), got {type(data).__name__}{size}"
        )
    return data[0], data[1], data[2] if len(data) == 3 else None


def _from_class_weight(y: Array, class_weight: Mapping[int, float], who: str) -> Array:
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"{who}: class_weight expects a dict such as {{0: 1.0, 1: 5.0}}, got {class_weight!r}")
    if y.ndim > 2:
        raise ValueError(f"{who}: class_weight needs one label a row, got y of shape {y.shape}; use sample_weight")
    labels = y if y.ndim == 1 else y[:, 0] if y.shape[1] == 1 else y.argmax(axis=1)
    found, where = np.unique(np.round(labels).astype(np.int64), return_inverse=True)
    table = np.array([class_weight.get(int(label), 1.0) for label in found], dtype=np.float32)
    return np.take(table, where.reshape(-1))


def _returned(logs: dict[str, float], return_dict: bool) -> Any:
    if return_dict:
        return logs
    values = list(logs.values())
    return values[0] if len(values) == 1 else values
