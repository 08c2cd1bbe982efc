"""compile, fit, evaluate, predict: the loop around the core's runs of steps.

This file owns the door (every array is checked before the first step), the order of rows, the logs and when callbacks
are called. What a step computes is a graph: one to train, one to evaluate, one to predict, made when they are first
needed from the model's layers and made again after `compile` or a change of the layers.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core, config, losses, optimizers
from fastnn.callbacks import CallbackList, History, settled_verbosity
from fastnn.layer import Emission, Layer, Shape, numeric
from fastnn.metrics import Mean, Metric, NodeMetric, resolve
from fastnn.seeds import next_seed
from fastnn.variable import Variable

Array = NDArray[Any]

_BUDGET = 0.05
"""Seconds of steps between two looks at the progress bar."""
_UNWEIGHTED = -1
"""In place of an index of sample weights."""


class _Targets:
    """The inputs of a graph that carry y: whole labels, values, or both, in the order in which they were asked for."""

    def __init__(self, graph: _core.Graph, output_shape: Shape) -> None:
        self.edges: dict[bool, int] = {}
        self._graph = graph
        self._output_shape = output_shape

    def edge(self, labels: bool) -> int:
        if labels not in self.edges:
            shape = self._output_shape[:-1] if labels else self._output_shape
            self.edges[labels] = self._graph.input(shape, "int32" if labels else "float32", "y")
        return self.edges[labels]


class _Program:
    """A trainer of the core, and how its inputs and results are named."""

    def __init__(self, trainer: _core.Trainer, targets: list[bool], terms: int, metrics: list[NodeMetric]) -> None:
        self.trainer = trainer
        self.targets = targets
        self.terms = terms
        self.metrics = metrics

    def logs(self, loss: Mean) -> dict[str, float]:
        """The means since the sums were set to zero, in the order in which they were compiled."""
        total, *rest = self.trainer.results()
        loss.total, loss.count = total, 1.0
        logs = {"loss": total}
        for metric, value in zip(self.metrics, rest[self.terms :], strict=True):
            metric.total, metric.count = value, 1.0
            logs[metric.name] = metric.result()
        return logs


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


def _whole(name: str, value: Any, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} expects a whole number of at least {least}, got {value!r}")
    return int(value)


class Trainer:
    """The part of a model that trains: compile, fit, evaluate, predict and their kin."""

    name: str
    optimizer: optimizers.Optimizer | None = None
    loss: Any = None
    stop_training = False
    history: History | None = None

    _loss: losses.Loss | None = None
    _loss_weight = 1.0
    _compiled = False
    _metric_words: tuple[list[Any], list[Any]] = ([], [])
    _metric_objects: tuple[list[NodeMetric], list[NodeMetric]] | None = None
    _shuffle_seed: int | None = None
    _shuffle_position = 0

    # What the model says of itself.

    def who(self) -> str:
        raise NotImplementedError

    def _open(self, sample_shape: tuple[int, ...]) -> None:
        """Builds the model for data of this shape where it is not built."""
        raise NotImplementedError

    def _shapes(self) -> tuple[Shape, Shape]:
        """Of input and output, once built."""
        raise NotImplementedError

    def _leaves(self) -> list[tuple[Layer, bool]]:
        """Every layer that computes, and whether it is trained."""
        raise NotImplementedError

    def _emit(self, emission: Emission, edges: list[int]) -> list[int]:
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
            loss: A name, an object or a function of `fastnn.losses`.
            loss_weights: A factor of the loss, or None.
            metrics: Names or objects of `fastnn.metrics`; "accuracy" is read from the shapes of labels and outputs.
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
        new_optimizer = optimizers.get(optimizer)
        new_loss = losses.get(_only(loss, "loss"))
        weight = _only(loss_weights, "loss_weights")
        words = (_words(metrics, "metrics"), _words(weighted_metrics, "weighted_metrics"))
        for word in (*words[0], *words[1]):
            _node_metric(word)
        self.optimizer = new_optimizer
        self.loss = loss
        self._loss = new_loss
        self._loss_weight = 1.0 if weight is None else float(weight)
        self._metric_words = words
        self._metric_objects = None
        self._loss_tracker = _loss_tracker()
        self._compiled = True
        if self._shuffle_seed is None:
            self._shuffle_seed = next_seed()
        self._trained = dict(self._leaves())
        self._programs.clear()

    _programs: dict[str, Any]
    _trained: dict[Layer, bool]
    _loss_tracker: Mean

    def _require_compiled(self, what: str) -> losses.Loss:
        if not self._compiled:
            raise ValueError(
                f"{self.who()}: call compile() before {what}(), such as "
                "model.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])"
            )
        if self._loss is None:
            raise ValueError(f"{self.who()} was compiled without a loss, which {what}() needs; give compile() a loss")
        return self._loss

    def _settled_trainable(self) -> dict[Layer, bool]:
        """Which layers are trained, as it was at compile; layers added since count as they are now."""
        current = dict(self._leaves())
        self._trained = {layer: self._trained.get(layer, now) for layer, now in current.items()}
        return self._trained

    def _program(self, mode: str, y_shape: tuple[int, ...] | None = None) -> _Program:
        """The program to "train" or to "test"."""
        program: _Program | None = self._programs.get(mode)
        if program is not None:
            return program
        assert self.optimizer is not None and self._loss is not None
        input_shape, output_shape = self._shapes()
        if self._metric_objects is None:
            true_shape = (None, *(y_shape or output_shape)[1:])
            resolved = [
                [_node_metric(word, true_shape, output_shape) for word in words] for words in self._metric_words
            ]
            self._metric_objects = resolved[0], resolved[1]
        emission = Emission(mode == "train", self._settled_trainable())
        graph = emission.graph
        predicted = self._emit(emission, [graph.input(input_shape, "float32", "x")])[0]
        targets = _Targets(graph, output_shape)
        kind, arguments = self._loss.node()
        edge = graph.add(kind, self._loss.name, arguments, [targets.edge(self._loss.labels), predicted])[0]
        terms = [(edge, self._loss_weight, 0, self._loss.reduction == "sum")]
        terms += [(penalty, 1.0, _UNWEIGHTED, False) for penalty in emission.penalties]
        measured: list[tuple[int, int]] = []
        plain, weighted = self._metric_objects
        for metric in (*plain, *weighted):
            kind, arguments = metric.node()
            edge = graph.add(kind, metric.name, arguments, [targets.edge(metric.labels), predicted])[0]
            measured.append((edge, _UNWEIGHTED if len(measured) < len(plain) else 0))
        handle = None
        if mode == "train":
            self.optimizer.build([variable for layer in self._trained for variable in emission.trained(layer)])
            handle = self.optimizer.handle
        trainer = _core.Trainer(graph, terms, measured, handle)
        program = _Program(trainer, list(targets.edges), len(terms), [*plain, *weighted])
        self._programs[mode] = program
        return program

    def _predictor(self) -> tuple[_core.Predictor, Shape]:
        """What predicts, and the shape of its output."""
        found: tuple[_core.Predictor, Shape] | None = self._programs.get("predict")
        if found is None:
            input_shape, output_shape = self._shapes()
            emission = Emission(False)
            edges = self._emit(emission, [emission.graph.input(input_shape, "float32", "x")])
            found = _core.Predictor(emission.graph, edges), output_shape
            self._programs["predict"] = found
        return found

    @property
    def metrics(self) -> list[Metric]:
        """The mean of the loss and the compiled metrics."""
        if not self._compiled:
            return []
        plain, weighted = self._metric_objects or ([], [])
        return [self._loss_tracker, *plain, *weighted]

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns."""
        if not self._compiled:
            return []
        if self._metric_objects is not None:
            return [metric.name for metric in self.metrics]
        return ["loss", *(_node_metric(word).name for words in self._metric_words for word in words)]

    def reset_metrics(self) -> None:
        """Sets the sums of losses and metrics to zero, which `train_on_batch` and `test_on_batch` let grow."""
        for mode in ("train", "test"):
            if mode in self._programs:
                self._programs[mode].trainer.reset()

    # The door.

    def _input(self, x: Any) -> Array:
        """x as an array that fits the model, which is built for it where it is not built."""
        if isinstance(x, (list, tuple)) and len(x) == 1 and isinstance(x[0], np.ndarray) and x[0].ndim > 1:
            x = x[0]
        array = numeric(x, f"{self.who()}: x")
        if array.ndim == 0:
            raise ValueError(f"{self.who()} expects x of shape (batch, ...), got a single number")
        if len(array) == 0:
            raise ValueError(f"{self.who()}: x is empty, of shape {array.shape}; at least one row is needed")
        if not self._is_open():
            array = array[:, np.newaxis] if array.ndim == 1 else array
            self._open(array.shape[1:])
            return array
        expected = self._shapes()[0]
        if array.shape[1:] == expected[1:]:
            return array
        if array.ndim == len(expected) - 1 and expected[-1] == 1 and array.shape[1:] == expected[1:-1]:
            return array[..., np.newaxis]
        if array.ndim == len(expected) + 1 and array.shape[-1] == 1 and array.shape[1:-1] == expected[1:]:
            return array[..., 0]
        wanted, got = expected[1:], array.shape[1:]
        if array.shape == wanted:
            mend = "a single sample needs a batch axis: x[np.newaxis]"
        elif math.prod(size or 1 for size in wanted) == math.prod(got):
            mend = f"put Flatten() first in the model or reshape: x.reshape(len(x), {', '.join(map(str, wanted))})"
        else:
            mend = "give it data of that shape, or build the model for this one"
        raise ValueError(f"{self.who()} expects x of shape {_batch(wanted)}, got {array.shape}; {mend}")

    def _is_open(self) -> bool:
        raise NotImplementedError

    def _target(self, y: Any, rows: int) -> Array:
        """y as an array of as many rows as x has."""
        if y is None:
            raise ValueError(f"{self.who()}: y is missing; pass what should come out as y=")
        if (
            isinstance(y, (list, tuple))
            and len(y) == 1
            and isinstance(y[0], np.ndarray)
            and y[0].ndim > 0
            and rows != 1
        ):
            y = y[0]
        array = numeric(y, f"{self.who()}: y")
        if array.ndim == 0:
            raise ValueError(f"{self.who()} expects y of shape (batch, ...), got a single number")
        if len(array) != rows:
            raise ValueError(f"{self.who()}: x has {rows} rows and y has {len(array)}; they must be equal")
        return array

    def _fitted(self, y: Array, labels: bool, who: str, ignored: int | None) -> Array:
        """y as one of the graph's inputs takes it."""
        output = self._shapes()[1]
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
            raise ValueError(f"{self.who()}: {who} expects y of shape {_batch(shape)}, got {y.shape}; {mend}")
        if y.ndim == len(output) and y.shape[-1] == 1:
            y = y[..., 0]
        if y.shape[1:] != shape[:-1]:
            mend = "pass whole numbers, one for each sample"
            if y.shape[1:] == shape:
                mend = f"for one-hot rows use loss='{who.replace('sparse_', '')}', or pass y.argmax(axis=-1)"
            raise ValueError(f"{self.who()}: {who} expects y of shape {_batch(shape[:-1])}, got {y.shape}; {mend}")
        checked = np.where(y == ignored, 0, y) if ignored is not None else y
        row = _core.first_outside(checked, 0, shape[-1])
        if row >= 0:
            inside = np.asarray(checked[row])
            value = inside[~((inside >= 0) & (inside < shape[-1]) & (inside == np.floor(inside)))].flat[0]
            raise ValueError(
                f"{self.who()}: y holds the label {value} in row {row}, but the model has {shape[-1]} outputs: labels "
                f"must be whole numbers from 0 to {shape[-1] - 1}; number them from 0, or give the last layer more "
                "units"
            )
        return y

    def _targets_of(self, y: Array) -> list[Array]:
        """The arrays for the graph's inputs after x, checked against loss and metrics."""
        assert self._loss is not None
        ignored = getattr(self._loss, "ignore_class", None)
        arrays = {self._loss.labels: self._fitted(y, self._loss.labels, self._loss.node()[0], ignored)}
        fresh = self._metric_objects is None
        program = self._program("test", y.shape)
        try:
            for metric in program.metrics:
                if metric.labels not in arrays:
                    arrays[metric.labels] = self._fitted(y, metric.labels, metric.node()[0], ignored)
        except ValueError:
            if fresh:
                # What "accuracy" means was read from a y that does not fit; the next y shall say it.
                self._metric_objects = None
                self._programs.pop("test")
            raise
        return [arrays[labels] for labels in program.targets]

    def _sample_weights(self, rows: int, y: Array, sample_weight: Any, class_weight: Any) -> Array | None:
        if sample_weight is not None and class_weight is not None:
            raise ValueError(
                "sample_weight and class_weight cannot both be given; multiply them into one sample_weight"
            )
        if class_weight is not None:
            return _from_class_weight(y, class_weight, self.who())
        if sample_weight is None:
            return None
        weights = numeric(sample_weight, f"{self.who()}: sample_weight")
        if weights.ndim == 2 and weights.shape[1] == 1:
            weights = weights[:, 0]
        if weights.shape != (rows,):
            raise ValueError(
                f"{self.who()} expects sample_weight of shape ({rows},), one for each row, got {weights.shape}"
            )
        return weights

    def _columns(
        self, x: Any, y: Any, sample_weight: Any, class_weight: Any = None, check_nan: bool = False
    ) -> _core.Columns:
        """The arrays of a run, checked."""
        assert self._loss is not None
        x = self._input(x)
        y = self._target(y, len(x))
        targets = self._targets_of(y)
        weights = self._sample_weights(len(x), y, sample_weight, class_weight)
        if check_nan and config.check_nan():
            for word, array in (("x", x), ("y", y), ("sample_weight", weights)):
                row = -1 if array is None else _core.first_nan(array)
                if row >= 0:
                    raise ValueError(
                        f"{self.who()}: {word} holds a NaN in row {row}, which would destroy the weights; remove or "
                        "replace "
                        f"it (np.nan_to_num), or lift this check with fastnn.config.set_check_nan(False)"
                    )
        return _core.Columns([x, *targets], [weights])

    def _validation_columns(self, x: Any, y: Any, sample_weight: Any) -> _core.Columns:
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
            x: Samples: an array of any numeric type, (batch, ...), read in place.
            y: What should come out: values of the output's shape, or labels (batch,).
            batch_size: Rows a step; None: 32.
            epochs: The number of the epoch to stop after; how many passes, where `initial_epoch` is 0.
            verbose: 0: silent; 1: a bar an epoch; 2: a line an epoch; "auto": 1. Where nobody watches, 1 prints lines.
            callbacks: Objects of `fastnn.callbacks`.
            validation_split: The share of rows, the last ones, that is kept for validation.
            validation_data: (x_val, y_val) or (x_val, y_val, sample_weight).
            shuffle: Whether rows are shuffled before each epoch.
            class_weight: For each label its weight in the loss.
            sample_weight: For each row its weight in the loss, (batch,).
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
            raise ValueError(f"{self.who()}: x is missing; pass the samples as x=")
        if validation_data is not None:
            validation_data = _pair(validation_data)
        elif validation_split:
            x, y, sample_weight, validation_data = self._split(x, y, sample_weight, validation_split)
        columns = self._columns(x, y, sample_weight, class_weight, True)
        validation = None if validation_data is None else self._validation_columns(*validation_data)
        batches = _Batches(self, columns.rows, batch_size, bool(shuffle))
        steps = batches.steps if steps_per_epoch is None else _whole("steps_per_epoch", steps_per_epoch)
        validation_batch = (
            batch_size if validation_batch_size is None else _whole("validation_batch_size", validation_batch_size)
        )
        self._warn_of_thawed()
        hooks = CallbackList(callbacks, True, verbosity != 0, self, epochs=epochs, steps=steps, verbose=verbosity)
        assert hooks.history is not None
        self.history = hooks.history
        self.stop_training = False
        logs: dict[str, float] = {}
        try:
            hooks.tell("on_train_begin")
            for epoch in range(initial_epoch, epochs):
                hooks.tell("on_epoch_begin", epoch)
                logs = self._epoch(columns, batches, batch_size, steps, hooks)
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
        self, columns: _core.Columns, batches: _Batches, batch_size: int, steps: int, hooks: CallbackList
    ) -> dict[str, float]:
        program = self._program("train")
        program.trainer.reset()
        each = hooks.wants_batches("train")
        done = 0
        logs: dict[str, float] = {}
        while done < steps and not self.stop_training:
            batches.turn()
            if each:
                hooks.tell("on_train_batch_begin", done)
            last = batches.position + 1 if each else min(batches.steps, batches.position + steps - done)
            ran = program.trainer.run(columns, batches.order, batch_size, batches.position, last, _BUDGET)
            batches.position += ran
            done += ran
            logs = dict(sorted(program.logs(self._loss_tracker).items()))
            if each:
                hooks.tell("on_train_batch_end", done - 1, logs=logs)
            hooks.advance(done, logs)
        return logs

    def _measure(
        self, columns: _core.Columns, batch_size: int, steps: int | None, hooks: CallbackList
    ) -> dict[str, float]:
        """One pass of evaluation."""
        program = self._program("test")
        program.trainer.reset()
        total = math.ceil(columns.rows / batch_size)
        total = total if steps is None else min(total, _whole("steps", steps))
        each = hooks.wants_batches("test")
        hooks.tell("on_test_begin")
        done = 0
        logs: dict[str, float] = {}
        while done < total:
            if each:
                hooks.tell("on_test_batch_begin", done)
            done += program.trainer.run(columns, None, batch_size, done, done + 1 if each else total, _BUDGET)
            logs = program.logs(self._loss_tracker)
            if each:
                hooks.tell("on_test_batch_end", done - 1, logs=dict(sorted(logs.items())))
            hooks.advance(done, logs)
        hooks.tell("on_test_end", logs=dict(sorted(logs.items())))
        return logs

    def _warn_of_thawed(self) -> None:
        settled = self._settled_trainable()
        changed = [layer.name for layer, now in self._leaves() if settled[layer] != now]
        if changed:
            warnings.warn(
                f"{self.who()}: trainable was changed after compile() for {', '.join(changed)}; it is read by "
                "compile(), so "
                "call compile() again for it to count",
                stacklevel=3,
            )

    def _split(self, x: Any, y: Any, sample_weight: Any, share: float) -> tuple[Any, Any, Any, tuple[Any, Any, Any]]:
        """Training and validation parts; the latter are the last rows."""
        if not 0 < share < 1:
            raise ValueError(f"validation_split expects a number from 0 to 1, got {share!r}")
        x = self._input(x)
        y = self._target(y, len(x))
        at = math.floor(len(x) * (1.0 - share))
        if at in (0, len(x)):
            raise ValueError(
                f"validation_split={share} of {len(x)} rows leaves {at} to train and {len(x) - at} to validate with; "
                "both "
                "need at least one"
            )
        weights = self._sample_weights(len(x), y, sample_weight, None)
        kept, held = (None, None) if weights is None else (weights[:at], weights[at:])
        return x[:at], y[:at], kept, (x[at:], y[at:], held)

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
            The loss as a float; [loss, metrics...] where metrics were compiled; a dict by name with `return_dict`.

        Raises:
            ValueError: The data do not fit the model or one another.

        Example:
            >>> loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
        """
        self._require_compiled("evaluate")
        batch_size = 32 if batch_size is None else _whole("batch_size", batch_size)
        verbosity = settled_verbosity(verbose)
        columns = self._columns(x, y, sample_weight)
        total = math.ceil(columns.rows / batch_size)
        total = total if steps is None else min(total, _whole("steps", steps))
        hooks = CallbackList(callbacks, False, verbosity != 0, self, epochs=1, steps=total, verbose=verbosity)
        try:
            logs = self._measure(columns, batch_size, steps, hooks)
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
    ) -> NDArray[np.float32]:
        """The model's outputs; a row's do not depend on the batch it lies in.

        Args:
            x: Samples, (batch, ...).
            batch_size: Rows at a time; None: 32.
            verbose: As in `fit`.
            steps: How many batches; None: all.
            callbacks: Objects of `fastnn.callbacks`.

        Returns:
            A float32 array of as many rows, in the order of x.

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
        x = self._input(x)
        rows = len(x) if steps is None else min(len(x), _whole("steps", steps) * batch_size)
        total = math.ceil(rows / batch_size)
        predictor, output_shape = self._predictor()
        outputs = np.empty((rows, *(size or 0 for size in output_shape[1:])), dtype=np.float32)
        hooks = CallbackList(callbacks, False, verbosity != 0, self, epochs=1, steps=total, verbose=verbosity)
        each = hooks.wants_batches("predict")
        stride = batch_size if each else rows if verbosity != 1 else batch_size * max(1, total // 100)
        try:
            hooks.tell("on_predict_begin")
            for begin in range(0, rows, stride):
                end = min(rows, begin + stride)
                if each:
                    hooks.tell("on_predict_batch_begin", begin // batch_size)
                predictor.run([x], begin, end, batch_size, [outputs])
                if each:
                    hooks.tell("on_predict_batch_end", begin // batch_size, logs={"outputs": outputs[begin:end]})
                hooks.advance(math.ceil(end / batch_size), {})
            hooks.tell("on_predict_end")
        finally:
            hooks.close()
        return outputs

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
        columns = self._columns(x, y, sample_weight, class_weight, True)
        return self._one_batch("train", columns, return_dict)

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

    def _one_batch(self, mode: str, columns: _core.Columns, return_dict: bool) -> Any:
        program = self._program(mode)
        program.trainer.run(columns, None, columns.rows, 0, 1, 0.0)
        return _returned(program.logs(self._loss_tracker), return_dict)

    def predict_on_batch(self, x: Any) -> NDArray[np.float32]:
        """The outputs for one batch.

        Args:
            x: Samples, (batch, ...).

        Returns:
            A float32 array of as many rows.
        """
        x = self._input(x)
        return self._predictor()[0]([x])[0]

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
        columns = self._columns(x, y, sample_weight)
        found = {id(handle): gradient for handle, gradient in self._program("train").trainer.gradients(columns)}
        return {path: found[id(v.handle)] for path, v in self._weight_paths() if id(v.handle) in found}


def _batch(shape: Sequence[int | None]) -> str:
    return f"({', '.join(['batch', *map(str, shape)])})" if shape else "(batch,)"


def _loss_tracker() -> Mean:
    return Mean(name="loss")


def _node_metric(
    word: Any, true_shape: Sequence[int | None] = (None, 1), output_shape: Sequence[int | None] = (None, 1)
) -> NodeMetric:
    metric = resolve(word, true_shape, output_shape)
    if not isinstance(metric, NodeMetric):
        raise TypeError(f"metric {metric!r} cannot be computed from labels and outputs; use it by itself")
    return metric


def _only(value: Any, name: str) -> Any:
    """The single entry where a list was given for the single output of a model."""
    if isinstance(value, (list, tuple)):
        if len(value) != 1:
            raise ValueError(f"{name} expects one entry for the model's one output, got {len(value)}")
        return value[0]
    return value


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


def _pair(data: Any) -> tuple[Any, Any, Any]:
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
    if pairs:
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
