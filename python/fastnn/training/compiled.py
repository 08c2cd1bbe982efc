"""The outcome of `compile`: the optimizer, the losses and metrics of each output, loss weights, and what is trained.

Owns the arguments of `compile`. From them follows which targets the graphs of training and evaluation read, and in
which order; no graph is needed to know it. What "accuracy" means depends on the shapes of the first targets, so metrics
are resolved when these are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from fastnn import losses, optimizers
from fastnn.caller import warn
from fastnn.engine.contract import Part
from fastnn.engine.network import Port
from fastnn.engine.ownership import LayerChanges, TrainableChanges
from fastnn.losses.computation import computation_of
from fastnn.metrics.mean_of_function import MeanOfFunction
from fastnn.metrics.metric import Metric, direction_of
from fastnn.metrics.reduction import Mean, takes_pairs
from fastnn.metrics.registry import resolve
from fastnn.training.loss_terms import LossTerm, flat, loss_terms, stands_alone
from fastnn.training.ports import TargetShapes, Trainable, entry_for_each

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
        terms: The losses, of which the weighted sum is trained.
        losses: For each output the losses that read it alone; mostly one.
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
        self.terms: list[LossTerm] = []
        self.losses: list[list[losses.Loss]] = []
        self.loss_tracker = Mean(name="loss")
        self.measures: list[Measure] | None = None
        self.trained: dict[Part, bool] = {}
        self.reads_targets_as_given = False
        self._network = network
        self._unchanged_at = (-1, -1)
        self._targets: list[Target] = []
        self._words: tuple[list[list[Any]], list[list[Any]]] = ([], [])
        loss, loss_weights, metrics = (self.arguments[name] for name in ("loss", "loss_weights", "metrics"))
        several = not stands_alone(loss) or not stands_alone(loss_weights) or isinstance(metrics, Mapping)
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
        arguments, ports = self.arguments, self._network.ports()
        terms = loss_terms(self._network.who(), ports, arguments["loss"], arguments["loss_weights"])
        words = self._words_of("metrics"), self._words_of("weighted_metrics")
        for family in words:
            for of_output in family:
                for word in of_output:
                    _metric(word)
        self.terms = terms
        self.losses = [[term.loss for term in terms if term.outputs == (k,)] for k in range(len(ports.outputs))]
        self._words = words
        self.measures = None
        self.loss_tracker = Mean(name="loss")
        self.pending = False
        self.trained = dict(self._network.leaves())

    def _words_of(self, argument: str) -> list[list[Any]]:
        """Returns for each output the metrics that an argument names."""
        given, ports = self.arguments[argument], self._network.ports()
        if len(ports.outputs) == 1 and not isinstance(given, Mapping):
            return [flat(given)]
        return [flat(entry) for entry in entry_for_each(self._network.who(), argument, given, ports)]

    # Which layers are trained.

    def current_trained(self) -> dict[Part, bool]:
        """Returns for each layer whether it is trained, as it was at `compile`; a layer added since counts as it is."""
        return self._settled_for(self._network.leaves())

    def _settled_for(self, leaves: Iterable[tuple[Part, bool]]) -> dict[Part, bool]:
        """Does so for layers that were found, each with whether it is trained now."""
        self.trained = {layer: self.trained.get(layer, now) for layer, now in leaves}
        return self.trained

    def warn_of_changes(self) -> None:
        """Warns of layers whose `trainable` was changed since `compile`."""
        counts = LayerChanges.count, TrainableChanges.count
        if counts == self._unchanged_at:
            return
        leaves = self._network.leaves()
        settled = self._settled_for(leaves)
        changed = [layer.name for layer, now in leaves if settled[layer] != now]
        if not changed:
            self._unchanged_at = counts
        else:
            warn(
                f"{self._network.who()}: trainable was changed after compile() for {', '.join(changed)}; it is read by "
                "compile(), so call compile() again for it to count"
            )

    # Which losses and metrics, and which targets they read.

    def wanted(self) -> list[bool]:
        """Returns for each output whether it needs targets: where it has a loss or a metric."""
        read = {k for term in self.terms for k in term.outputs}
        return [k in read or any(family[k] for family in self._words) for k in range(len(self.losses))]

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
        for term in self.terms:
            for k in term.outputs:
                read[k, how_targets_are_read(term.loss)] = None
            if term.loss.reduction == "mean_with_sample_weight":
                read[term.outputs[0], how_weights_are_read(term.loss)] = None
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
        names = [f"{term.name}_loss" for term in self.terms]
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


def _metric(
    word: Any, true_shape: Sequence[int | None] = (None, 1), output_shape: Sequence[int | None] = (None, 1)
) -> Metric:
    metric = resolve(word, true_shape, output_shape)
    if not takes_pairs(metric):
        raise TypeError(f"metric {metric!r} cannot be computed from labels and outputs; use it by itself")
    return metric
