"""The outcome of `compile`: the optimizer, the losses and metrics of each output, loss weights, and what is trained.

Owns the arguments of `compile`. From them follows which targets the graphs of training and evaluation read, and in
which order; no graph is needed to know it. What "accuracy" means depends on the shapes of the first targets, so metrics
are resolved when these are known.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from fastnn import losses, optimizers
from fastnn.engine.contract import Part
from fastnn.engine.network import Port
from fastnn.losses.computation import computation_of
from fastnn.metrics.mean_of_function import MeanOfFunction
from fastnn.metrics.metric import Metric, direction_of
from fastnn.metrics.reduction import Mean, takes_pairs
from fastnn.metrics.registry import resolve
from fastnn.training.ports import TargetShapes, Trainable, entry_for_each, quoted

How = Literal["labels", "values", "as given", "weights", "weights of values"]
"""The form in which a graph reads targets: class indices, values of the output's shape, the user's own form, or the
sample weights: one for each row, or one for each value of a loss."""
Target = tuple[int, How]
"""The number of an output and the form of its targets."""


def how_targets_are_read(measure: losses.Loss | Metric) -> How:
    """Returns the form of targets that a loss or metric reads."""
    how = computation_of(measure)
    if how.by_code:
        return "as given"
    return "labels" if how.labels else "values"


def how_weights_are_read(loss: losses.Loss) -> How:
    """Returns the form of sample weights that a loss reads which divides by their sum."""
    return "weights" if computation_of(loss).by_code else "weights of values"


class Measure(NamedTuple):
    """A compiled metric.

    Attributes:
        output: The number of the output.
        name: The name in the logs.
        metric: The metric.
        weighted: True where the sample weights count.
    """

    output: int
    name: str
    metric: Metric
    weighted: bool

    @property
    def reads_weights(self) -> bool:
        """True where the code of the metric itself reads the sample weights."""
        return self.weighted and not isinstance(self.metric, MeanOfFunction)


class Compiled:
    """Arguments of `compile`, read for each output of a model.

    Args:
        network: The model.
        arguments: The arguments of `compile`: "optimizer" (an object or None), "loss", "loss_weights", "metrics" and
            "weighted_metrics".

    Attributes:
        arguments: As given.
        losses: For each output its losses, of which the sum counts; mostly one.
        loss_weights: For each output the factors of its losses.
        loss_tracker: The mean of the whole loss.
        measures: The metrics; None until their meaning is resolved.
        reads_targets_as_given: True where a loss or metric of the user's own reads targets of any shape.
        pending: True until the outputs are known for which losses or metrics were given by name or in a list.
        trained: For each layer whether it is trained, as it was at `compile`.

    Raises:
        ValueError: A name is unknown, or an argument does not fit the outputs.
    """

    def __init__(self, network: Trainable, arguments: Mapping[str, Any]) -> None:
        self.arguments = dict(arguments)
        self.losses: list[list[losses.Loss]] = []
        self.loss_weights: list[list[float]] = []
        self.loss_tracker = Mean(name="loss")
        self.measures: list[Measure] | None = None
        self.trained: dict[Part, bool] = {}
        self.reads_targets_as_given = False
        self._network = network
        self._targets: list[Target] = []
        self._words: tuple[list[list[Any]], list[list[Any]]] = ([], [])
        loss, loss_weights, metrics = (self.arguments[name] for name in ("loss", "loss_weights", "metrics"))
        several = not _stands_alone(loss) or not _stands_alone(loss_weights) or isinstance(metrics, Mapping)
        self.pending = several and not network.ports().known
        if not self.pending:
            self.settle()

    @property
    def optimizer(self) -> optimizers.Optimizer:
        """The optimizer.

        Raises:
            ValueError: There is none.
        """
        optimizer: optimizers.Optimizer | None = self.arguments["optimizer"]
        if optimizer is None:
            raise ValueError(
                f"{self._network.who()} was compiled with optimizer=None and can be evaluated, not trained; give "
                "compile() an optimizer, such as 'adam'"
            )
        return optimizer

    def who(self) -> str:
        """Returns how errors call the model."""
        return self._network.who()

    def outputs(self) -> Sequence[Port]:
        """Returns the outputs of the model, as they are known now."""
        return self._network.ports().outputs

    def settle(self) -> None:
        """Reads the arguments for the outputs of the model, which are known now.

        Raises:
            ValueError: An argument does not fit the outputs.
        """
        _check_loss_weights(self._network.who(), self.arguments["loss_weights"])
        new_losses = self._losses_given()
        new_weights = self._weights_given([len(of_output) for of_output in new_losses])
        words = self._words_of("metrics"), self._words_of("weighted_metrics")
        for family in words:
            for of_output in family:
                for word in of_output:
                    _metric(word)
        self.losses = new_losses
        self.loss_weights = new_weights
        self._words = words
        self.measures = None
        self.loss_tracker = Mean(name="loss")
        self.pending = False
        self.trained = dict(self._network.leaves())

    def _losses_given(self) -> list[list[losses.Loss]]:
        """Returns the losses of each output."""
        who, outputs, given = self._network.who(), self._network.ports().outputs, self.arguments["loss"]
        alone = _stands_alone(given)
        entries = [given] * len(outputs) if alone else entry_for_each(who, "loss", given, outputs)
        found = [[one for one in map(losses.get, _flat(entry)) if one is not None] for entry in entries]
        if len(outputs) == 1 and len(found[0]) > 1:
            raise ValueError(f"{who}: loss expects one entry for the model's one output, got {len(found[0])}")
        return found

    def _weights_given(self, counts: Sequence[int]) -> list[list[float]]:
        """Returns the factors of the losses of each output.

        Args:
            counts: The number of losses of each output.
        """
        who, outputs, given = self._network.who(), self._network.ports().outputs, self.arguments["loss_weights"]
        if given is not None and len(outputs) > 1 and _stands_alone(given):
            raise ValueError(
                f"{who}: loss_weights expects a list or dict with a number for each of the outputs {quoted(outputs)}, "
                f"got {given!r}"
            )
        if isinstance(given, (list, tuple)) and len(given) == sum(counts) != len(outputs):
            rest = iter(given)
            given = [[next(rest) for _ in range(count)] for count in counts]
        found = []
        for entry, count in zip(entry_for_each(who, "loss_weights", given, outputs), counts, strict=True):
            factors = _flat(entry) or [1.0] * count
            if count and len(factors) != count:
                raise ValueError(f"{who}: loss_weights expects {count} numbers for {count} losses, got {entry!r}")
            found.append([float(factor) for factor in factors[:count]])
        return found

    def _words_of(self, argument: str) -> list[list[Any]]:
        """Returns for each output the metrics that an argument names."""
        given, outputs = self.arguments[argument], self._network.ports().outputs
        if len(outputs) == 1 and not isinstance(given, Mapping):
            return [_flat(given)]
        return [_flat(entry) for entry in entry_for_each(self._network.who(), argument, given, outputs)]

    # Which layers are trained.

    def current_trained(self) -> dict[Part, bool]:
        """Returns for each layer whether it is trained, as it was at `compile`; a layer added since counts as it is."""
        return self._settled_for(self._network.leaves())

    def _settled_for(self, leaves: Iterable[tuple[Part, bool]]) -> dict[Part, bool]:
        """Does so for layers that were found, each with whether it is trained now."""
        self.trained = {layer: self.trained.get(layer, now) for layer, now in leaves}
        return self.trained

    def warn_of_changes(self, stacklevel: int) -> None:
        """Warns of layers whose `trainable` was changed since `compile`."""
        leaves = self._network.leaves()
        settled = self._settled_for(leaves)
        changed = [layer.name for layer, now in leaves if settled[layer] != now]
        if changed:
            warnings.warn(
                f"{self._network.who()}: trainable was changed after compile() for {', '.join(changed)}; it is read by "
                "compile(), so call compile() again for it to count",
                stacklevel=stacklevel + 1,
            )

    # Which losses and metrics, and which targets they read.

    def wanted(self) -> list[bool]:
        """Returns for each output whether it needs targets: where it has a loss or a metric."""
        return [
            bool(of_output) or any(family[k] for family in self._words) for k, of_output in enumerate(self.losses)
        ]  # fmt: skip

    def resolve(self, y: TargetShapes = ()) -> list[Measure]:
        """Returns the metrics, with the meaning of "accuracy" read from the shapes of targets and outputs.

        Args:
            y: For each output the shape of one row of its targets; None, or (), where that is not known.
        """
        if self.measures is not None:
            return self.measures
        outputs = self._network.ports().outputs
        rows = y or [None] * len(outputs)
        found: list[Measure] = []
        taken: dict[str, int] = {}
        for weighted, family in enumerate(self._words):
            for k, words in enumerate(family):
                shape = outputs[k].shape
                assert shape is not None
                row = rows[k]
                true_shape = (None, *(shape[1:] if row is None else row))
                for word in words:
                    metric = _metric(word, true_shape, shape)
                    of = "" if len(outputs) == 1 else f"{outputs[k].name}_"
                    name = f"{of}{metric.name}"
                    if name in taken and weighted:
                        name = f"{of}weighted_{metric.name}"
                    count = taken[name] = taken.get(name, -1) + 1
                    found.append(Measure(k, f"{name}_{count}" if count else name, metric, bool(weighted)))
        self.measures = found if len(outputs) == 1 else sorted(found, key=lambda measure: measure.name)
        self._targets = self._targets_read(self.measures)
        self.reads_targets_as_given = any(how == "as given" for _, how in self._targets)
        return self.measures

    def targets(self) -> list[Target]:
        """Returns the targets that a graph reads after the inputs of the model, in their order."""
        self.resolve()
        return self._targets

    def _targets_read(self, measures: list[Measure]) -> list[Target]:
        read: dict[Target, None] = {}
        for k, of_output in enumerate(self.losses):
            for loss in of_output:
                read[k, how_targets_are_read(loss)] = None
                if loss.reduction == "mean_with_sample_weight":
                    read[k, how_weights_are_read(loss)] = None
        for measure in measures:
            if measure.reads_weights:
                read[measure.output, "weights"] = None
            read[measure.output, how_targets_are_read(measure.metric)] = None
        return list(read)

    # Names.

    def loss_names(self) -> list[str]:
        """Returns the names of the losses of single outputs in the logs; none where there is one loss.

        Losses of the same output have the same name; the logs hold the last of them, as in Keras.
        """
        outputs = self._network.ports().outputs
        names = [f"{p.name}_loss" for p, of_output in zip(outputs, self.losses, strict=True) for _ in of_output]
        return names if len(names) > 1 else []

    def names(self) -> list[str]:
        """Returns the names of the values that `evaluate` returns."""
        if self.pending:
            return ["loss"]
        outputs = self._network.ports().outputs
        if self.measures is not None:
            measured = [measure.name for measure in self.measures]
        else:
            measured = [
                _metric(word).name if len(outputs) == 1 else f"{outputs[k].name}_{_metric(word).name}"
                for family in self._words
                for k, words in enumerate(family)
                for word in words
            ]
        return ["loss", *dict.fromkeys(self.loss_names()), *measured]

    def direction(self, name: str) -> str | None:
        """Returns "up" where higher values of the logs are better, "down" where lower ones are, None where unknown.

        Args:
            name: The name in the logs, without "val_"; or that of a metric.
        """
        if name == "loss" or name in self.loss_names():
            return "down"
        found = [direction_of(m.metric) for m in self.measures or [] if name in (m.name, m.metric.name)]
        return found[0] if found else None

    @property
    def metrics(self) -> list[Metric]:
        """The mean of the loss and the metrics."""
        return [self.loss_tracker, *(measure.metric for measure in self.measures or [])]


def _check_loss_weights(who: str, given: Any) -> None:
    """Raises where the argument holds something else than numbers, such as metrics given by position."""
    values = [one for entry in (given.values() if isinstance(given, Mapping) else [given]) for one in _flat(entry)]
    if any(not isinstance(value, (int, float, np.number)) for value in values):
        raise TypeError(
            f"{who}: compile expects loss_weights to be numbers, got {given!r}; metrics are given by name: "
            f"compile(optimizer, loss, metrics={given!r})"
        )


def _metric(
    word: Any, true_shape: Sequence[int | None] = (None, 1), output_shape: Sequence[int | None] = (None, 1)
) -> Metric:
    metric = resolve(word, true_shape, output_shape)
    if not takes_pairs(metric):
        raise TypeError(f"metric {metric!r} cannot be computed from labels and outputs; use it by itself")
    return metric


def _stands_alone(value: Any) -> bool:
    """True for one loss or weight, which may be described by a dict of its class and config."""
    return not isinstance(value, (list, tuple, Mapping)) or (isinstance(value, Mapping) and "class_name" in value)


def _flat(given: Any) -> list[Any]:
    """Returns the entries of nested lists; none for None."""
    if isinstance(given, (list, tuple)):
        return [one for entry in given for one in _flat(entry)]
    return [] if given is None else [given]
